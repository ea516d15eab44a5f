#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "huecry/result.hpp"
#include "huecry/wire/secret.hpp"

// Where a command's words go and where its input comes from: the terminal of this process, or that
// of the process that handed the command over. All files that a command names are opened by the
// side where it was typed, with its folder, its rights and its open files.
namespace huecry::cli {

enum class Passphrase : std::uint8_t { known, chosen };

class Console {
public:
    virtual ~Console() = default;
    Console() = default;
    Console(const Console&) = delete;
    Console& operator=(const Console&) = delete;

    virtual void out(std::string_view text) = 0;
    virtual void err(std::string_view text) = 0;
    /// Returns when all that was written so far is out; remembers `position` for whoever takes the
    /// command over. False: nobody reads it any more.
    [[nodiscard]] virtual bool deliver(std::uint64_t position) = 0;
    /// Nobody waits for this command any more, or it is to go on elsewhere: end it soon.
    [[nodiscard]] virtual bool gone() = 0;

    [[nodiscard]] virtual bool out_is_terminal() const = 0;
    [[nodiscard]] virtual bool err_is_terminal() const = 0;
    /// A person can be asked.
    [[nodiscard]] virtual bool can_ask() const = 0;
    /// One line; nothing without a terminal or at its end.
    virtual std::optional<std::string> ask(std::string_view question) = 0;
    /// A passphrase: from the open file `fd`, else asked; one that is being chosen twice.
    virtual Result<SecretBytes> passphrase(std::string_view what, std::optional<int> fd,
                                           Passphrase kind) = 0;

    /// All of the standard input. Errors: too_large, io_failed.
    virtual Result<std::string> input(std::size_t limit) = 0;
    /// Errors: not_found, too_large, io_failed.
    virtual Result<Bytes> read_file(const std::string& path, std::size_t limit) = 0;
    /// A new file with mode 0600, whole or not at all. Errors: invalid_argument (there is one),
    /// no_room, io_failed.
    virtual Result<void> write_file(const std::string& path, BytesView bytes, bool replace) = 0;
};

}  // namespace huecry::cli
