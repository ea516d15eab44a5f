#pragma once

#include "huecry/result.hpp"
#include "ops/settings.hpp"

namespace huecry::relay {

/// `huecry-relay check`: says of each part of an installation whether it is sound; changes
/// nothing. The stores are read whole when no relay runs on them. Errors: the first that was
/// found, after all have been printed.
Result<void> check(const Settings& settings);

}  // namespace huecry::relay
