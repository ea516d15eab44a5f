#pragma once

#include "huecry/result.hpp"
#include "ops/settings.hpp"

namespace huecry::relay {

/// `huecry-relay restored`: the data was put back to a backup. At its next start the relay enters
/// it into every partnership's directory, so that devices hand in what was lost; without it they
/// see a relay that forgot what it had signed. Errors: busy while a relay runs on the folder; those
/// of the store.
Result<void> restored(const Settings& settings);

}  // namespace huecry::relay
