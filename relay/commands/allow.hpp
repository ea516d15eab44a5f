#pragma once

#include <cstdint>

#include "huecry/result.hpp"
#include "ops/settings.hpp"

namespace huecry::relay {

/// `huecry-relay allow`: prints a code with which one partnership can be created, valid for
/// `hours`. Through the running relay, or directly when none runs.
Result<void> allow(const Settings& settings, std::uint64_t hours);

/// `huecry-relay confirm-clock`: after a jump of the clock the relay expires nothing until its
/// operator has said that the new time is right.
Result<void> confirm_clock(const Settings& settings);

}  // namespace huecry::relay
