#pragma once

#include <filesystem>
#include <memory>

#include "delivery/observe.hpp"

namespace huecry::relay {

/// The relay's log: one line an event, to standard error or a file:
///     2026-01-31T12:00:00.123Z info batch_failed code=no_room
/// Events and texts are literals of the program, ids are cut to 8 characters, and there is no way
/// to log anything else: no address, no name, no byte that somebody sent. Any thread.
class Logger {
public:
    /// `file` empty: standard error. Errors: io_failed.
    static Result<Logger> open(LogLevel level, const std::filesystem::path& file);
    Logger(Logger&&) noexcept;
    Logger& operator=(Logger&&) noexcept;
    ~Logger();

    void operator()(LogLevel level, std::string_view event,
                    std::initializer_list<LogField> fields = {}) const;
    /// For the core and net; valid for as long as the logger lives.
    [[nodiscard]] Log callback() const;

private:
    struct Impl;
    explicit Logger(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace huecry::relay
