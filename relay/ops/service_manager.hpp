#pragma once

#include <string_view>

namespace huecry::relay {

/// Tells systemd how the service stands (sd_notify(3)): "READY=1", "STOPPING=1", "STATUS=…".
/// Without a service manager, nothing happens.
void notify_service_manager(std::string_view state);

}  // namespace huecry::relay
