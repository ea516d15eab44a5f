#include "huecry/directory/roles.hpp"

namespace huecry::directory {

std::string_view name(Role role) {
    switch (role) {
        case Role::coordinator:
            return "coordinator";
        case Role::retailer:
            return "retailer";
        case Role::security:
            return "security";
        case Role::warden:
            return "warden";
        case Role::cctv:
            return "cctv";
        case Role::police:
            return "police";
        case Role::integration:
            return "integration";
    }
    return "unknown";
}

std::optional<Role> role_from_name(std::string_view text) {
    for (const auto role : all_roles)
        if (name(role) == text) return role;
    return std::nullopt;
}

std::optional<Role> role_from_number(std::uint8_t number) {
    for (const auto role : all_roles)
        if (static_cast<std::uint8_t>(role) == number) return role;
    return std::nullopt;
}

}  // namespace huecry::directory
