#pragma once

#include <optional>
#include <string>
#include <vector>

#include "huecry/result.hpp"
#include "huecry/wire/ids.hpp"
#include "output/zone.hpp"

namespace huecry::cli {

/// A command on its way from where it was typed to the process that owns the profile.
///   {"protocol":1,"version":"…","argv":[…],…}: one member for each below
struct Request {
    static constexpr std::int64_t protocol = 1;
    static constexpr std::size_t max_arguments = 1024;

    std::string version;  // of huecry: two versions do not share work
    std::vector<std::string> arguments;
    bool in_terminal = false, out_terminal = false, err_terminal = false;
    unsigned width = 0;
    Zone zone;
    /// Chosen where the command was typed: running it twice sends one message.
    MessageId message;
    /// Events up to this number have been printed already.
    std::uint64_t resume = 0;
    /// It ran elsewhere before and its end is not known.
    bool again = false;

    [[nodiscard]] std::string encode() const;
    /// Errors: malformed, update_needed (another protocol).
    static Result<Request> decode(std::string_view payload);
};

/// An error as a payload: {"error":{…}} as it is printed with --json.
std::string encode_error(const Error& error);
Error decode_error(std::string_view payload);

}  // namespace huecry::cli
