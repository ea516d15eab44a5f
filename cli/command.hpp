#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "huecry/result.hpp"

// One row of the table of commands: what is typed, what it says about itself, what it runs. The
// parser, the help, the completion and the manual page are all made from these rows.
namespace huecry::cli {

class Context;

struct Option {
    enum class Kind : std::uint8_t {
        positional,  // name "CHANNEL"
        rest,        // any number of further positionals
        flag,        // name "--urgent"
        value,       // name "--place", value "PLACE"; the last one given counts
        values,      // may be repeated
        list,        // may be repeated, and takes several words each time
    };
    Kind kind = Kind::flag;
    std::string_view name;
    std::string_view value;
    std::string_view help;
    bool required = false;
};

struct Command {
    enum class Needs : std::uint8_t {
        nothing,      // no profile
        client,       // an open client, here or in the process that owns the profile
        new_profile,  // makes one
    };
    std::string_view name;  // "channel create": at most two words
    std::string_view summary;
    std::string_view example;
    std::vector<Option> options;
    Result<void> (*run)(Context&) = nullptr;
    Needs needs = Needs::client;
    /// Runs until somebody ends it: moves to its asker when the owner of the profile ends.
    bool streams = false;
    /// A coordinator's work: followed by the reminder to back up the root key.
    bool administers = false;
};

/// What was typed for one command, in order.
class Arguments {
public:
    struct Given {
        std::string option;
        std::string value;
    };
    Arguments() = default;
    explicit Arguments(std::vector<Given> given) : given_(std::move(given)) {}

    [[nodiscard]] bool has(std::string_view option) const;
    /// The last value given.
    [[nodiscard]] std::optional<std::string> get(std::string_view option) const;
    /// The last value given, or nothing.
    [[nodiscard]] std::string text(std::string_view option) const;
    [[nodiscard]] std::vector<std::string> all(std::string_view option) const;
    [[nodiscard]] const std::vector<Given>& in_order() const { return given_; }

private:
    std::vector<Given> given_;
};

/// Options that every command takes.
struct Globals {
    std::optional<std::string> profile;
    std::optional<int> passphrase_fd;
    std::optional<int> log_level;
    bool json = false;
};

struct Invocation {
    const Command* command = nullptr;
    Arguments arguments;
    Globals globals;
};

}  // namespace huecry::cli
