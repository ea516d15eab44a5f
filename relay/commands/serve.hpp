#pragma once

#include "huecry/result.hpp"
#include "ops/settings.hpp"

namespace huecry::relay {

/// `huecry-relay serve`: runs until SIGTERM or SIGINT, then drains. Prints one address (or one
/// line of JSON) when clients can connect.
Result<void> serve(const Settings& settings);

}  // namespace huecry::relay
