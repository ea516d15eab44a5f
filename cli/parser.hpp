#pragma once

#include "command.hpp"

namespace huecry::cli {

/// Either something to run, or a help text that was asked for.
struct Parsed {
    std::optional<Invocation> invocation;
    std::string help;
};

/// `arguments` without the program's name. Errors: invalid_argument, with a sentence that says
/// which word is wrong. The invocation points into `table`.
Result<Parsed> parse(std::span<const Command> table, const std::vector<std::string>& arguments);

/// True when `--json` stands before any `--`: for errors found before or while parsing.
bool wants_json(const std::vector<std::string>& arguments);

}  // namespace huecry::cli
