#pragma once

#include <cstdint>

#include "huecry/directory/roles.hpp"
#include "huecry/limits.hpp"

// What a partnership has decided about itself. One coordinator may make it stricter; making any
// part of it looser needs the quorum.
namespace huecry::directory {

/// struct { uint8 in_person_admits; uint8 members_link_devices; uint16 dormant_days;
///          uint32 max_alert_s; uint32 max_photo_s; uint32 lease_offline_s;
///          uint16 access_log_roles; uint16 access_log_days; } Policy;
struct Policy {
    bool in_person_admits = true;      // an invite handed over in person admits without approval
    bool members_link_devices = true;  // without: coordinators only
    std::uint16_t dormant_days = 45;   // unseen so long, a device may be declared dormant
    std::uint32_t max_alert_s = limits::max_life_s;           // over every channel's own ceiling
    std::uint32_t max_photo_s = limits::max_life_s;           // at most max_alert_s
    std::uint32_t lease_offline_s = limits::lease_offline_s;  // a photo's share without contact
    RoleMask access_log_roles = bit(Role::coordinator);       // who may ask who saw which photo
    std::uint16_t access_log_days = 30;
    bool operator==(const Policy&) const = default;
};

/// Is `to` looser than `from` in any field? PROTOCOL.md section 12.10 lists them.
[[nodiscard]] bool loosens(const Policy& from, const Policy& to);

}  // namespace huecry::directory
