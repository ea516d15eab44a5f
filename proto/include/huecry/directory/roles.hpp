#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

// What a member is in the partnership. The numbers are on the wire; each role is one bit of a mask.
namespace huecry::directory {

enum class Role : std::uint8_t {
    coordinator = 0,  // runs the partnership: invites, approves, revokes, channels, agreements
    retailer = 1,
    security = 2,
    warden = 3,
    cctv = 4,
    police = 5,       // reads and posts; can never administer
    integration = 6,  // a machine
};

inline constexpr std::array all_roles{Role::coordinator, Role::retailer, Role::security,
                                      Role::warden,      Role::cctv,     Role::police,
                                      Role::integration};

/// A set of roles: bit n stands for the role with number n.
using RoleMask = std::uint16_t;
inline constexpr RoleMask every_role = 0x7f;

constexpr RoleMask bit(Role role) {
    return static_cast<RoleMask>(1U << static_cast<unsigned>(role));
}
constexpr bool contains(RoleMask mask, Role role) { return (mask & bit(role)) != 0; }

/// Roles whose devices always wait for approval, however the invite was handed over.
constexpr bool privileged(Role role) { return role == Role::coordinator || role == Role::police; }

/// Whose members take part in exclusions (bans, orders). Police may not: a ban is the partnership's
/// own decision; machines decide nothing.
constexpr bool may_exclude(Role role) { return role != Role::police && role != Role::integration; }

std::string_view name(Role role);
std::optional<Role> role_from_name(std::string_view text);
std::optional<Role> role_from_number(std::uint8_t number);

}  // namespace huecry::directory
