#pragma once

#include <span>

#include "command.hpp"

namespace huecry::cli {

/// All commands, in the order of the help.
std::span<const Command> table();

}  // namespace huecry::cli
