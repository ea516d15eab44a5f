#pragma once

#include <span>
#include <string>

#include "command.hpp"

// What is made from the table of commands for other programs to show.
namespace huecry::cli {

/// A script that completes commands and options in bash.
std::string bash_completion(std::span<const Command> table);
/// The manual page, huecry(1), in man format.
std::string manual_page(std::span<const Command> table);

}  // namespace huecry::cli
