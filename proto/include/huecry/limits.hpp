#pragma once

#include <cstdint>

// Every number that the design leaves open, with its reason in limits.def.
namespace huecry::limits {

#define HUECRY_LIMIT(name, value, unit, reason) inline constexpr std::uint64_t name = value;
#include "huecry/limits.def"
#undef HUECRY_LIMIT

}  // namespace huecry::limits
