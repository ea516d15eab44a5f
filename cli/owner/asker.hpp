#pragma once

#include <chrono>
#include <filesystem>

#include "owner/request.hpp"
#include "owner/socket.hpp"
#include "terminal.hpp"

// The asking half: hands a command to the process that owns the profile, and answers for it.
namespace huecry::cli {

struct Forwarded {
    enum class End : std::uint8_t {
        finished,  // `exit_code`
        refused,   // `error`
        no_owner,  // nobody listens, or it went away before it took the work
        lost,      // the owner died in the middle: take over
        moved,     // the owner ends in an orderly way: take over
    } end = End::no_owner;
    int exit_code = 0;
    Error error{Errc::internal};
};

/// Hands the command over and stays until it has ended. Output reaches the terminal when the owner
/// says so (deliver, finished), so that a command that has to be run again prints nothing twice.
Forwarded forward(const std::filesystem::path& profile, const Request& request,
                  const SecretBytes& passphrase, Terminal& terminal,
                  std::chrono::milliseconds begin_limit);

}  // namespace huecry::cli
