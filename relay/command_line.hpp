#pragma once

#include <cstdint>
#include <string>

#include "ops/settings.hpp"

namespace huecry::relay {

enum class Command : std::uint8_t {
    none,
    serve,
    allow,
    confirm_clock,
    check,
    backup,
    restore,
    restored,
    version
};

struct CommandLine {
    Command command = Command::none;
    Settings settings;  // configuration file and options together
    std::uint64_t hours = 168;
    std::filesystem::path file;      // of backup and restore
    std::filesystem::path config;    // of backup: goes into it
    std::filesystem::path identity;  // of restore; empty: the folder's
    /// Set when everything has been said already (--help), with what was to be printed.
    std::optional<std::string> text;
};

/// Errors: invalid_argument (with CLI11's sentence), and those of read_settings.
Result<CommandLine> parse_command_line(int argc, const char* const* argv);

}  // namespace huecry::relay
