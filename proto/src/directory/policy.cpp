#include "huecry/directory/policy.hpp"

namespace huecry::directory {

bool loosens(const Policy& from, const Policy& to) {
    return (to.in_person_admits && !from.in_person_admits) ||
           (to.members_link_devices && !from.members_link_devices) ||
           to.dormant_days > from.dormant_days || to.max_alert_s > from.max_alert_s ||
           to.max_photo_s > from.max_photo_s || to.lease_offline_s > from.lease_offline_s ||
           (to.access_log_roles & ~from.access_log_roles) != 0 ||
           to.access_log_days > from.access_log_days;
}

}  // namespace huecry::directory
