#pragma once

#include <atomic>
#include <functional>

#include "console.hpp"
#include "files.hpp"

namespace huecry::cli {

inline constexpr std::size_t min_passphrase = 8;
inline constexpr std::size_t max_passphrase = 1024;

/// The console of this process: standard output and error, questions on the terminal.
class Terminal : public Console {
public:
    Terminal();

    void out(std::string_view text) override;
    void err(std::string_view text) override;
    [[nodiscard]] bool deliver(std::uint64_t position) override;
    [[nodiscard]] bool gone() override { return out_broken_.load(); }

    [[nodiscard]] bool out_is_terminal() const override { return out_terminal_; }
    [[nodiscard]] bool err_is_terminal() const override { return err_terminal_; }
    [[nodiscard]] bool can_ask() const override { return tty_.open(); }
    std::optional<std::string> ask(std::string_view question) override;
    Result<SecretBytes> passphrase(std::string_view what, std::optional<int> fd,
                                   Passphrase kind) override;

    Result<std::string> input(std::size_t limit) override;
    Result<Bytes> read_file(const std::string& path, std::size_t limit) override;
    Result<void> write_file(const std::string& path, BytesView bytes, bool replace) override;

    /// Asked once, without echo. Errors: passphrase_missing without a terminal.
    Result<SecretBytes> ask_passphrase(std::string_view what);
    /// The last position passed to `deliver`.
    [[nodiscard]] std::uint64_t position() const { return position_.load(); }
    /// errno of the first write to the standard output that failed; 0: none did.
    [[nodiscard]] int out_error() const { return out_error_.load(); }
    [[nodiscard]] unsigned width() const;

private:
    File tty_;
    std::optional<std::string> input_;  // kept: a command that is run again cannot read it twice
    bool out_terminal_ = false, err_terminal_ = false;
    std::atomic<bool> out_broken_{false};
    std::atomic<int> out_error_{0};
    std::atomic<std::uint64_t> position_{0};
};

/// Undoes what a passphrase prompt did to the terminal; safe at any time, for the end by a signal.
void restore_terminal();

/// A passphrase from an open file, or from the first line of a file's contents.
Result<SecretBytes> passphrase_from(int fd);
Result<void> check_new_passphrase(const SecretBytes& passphrase);

}  // namespace huecry::cli
