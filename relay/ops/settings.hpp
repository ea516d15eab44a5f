#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "delivery/observe.hpp"
#include "huecry/result.hpp"

namespace huecry::relay {

/// A host and a port, as in "127.0.0.1:8443" or "[::1]:8443".
struct Endpoint {
    std::string host;  // without brackets
    std::uint16_t port = 0;
    [[nodiscard]] static Result<Endpoint> parse(std::string_view text);
    [[nodiscard]] std::string text() const;
};

/// Everything that the operator decides. deploy/relay.toml explains each key; the command line
/// goes before the file, the file before these defaults.
struct Settings {
    std::filesystem::path data;
    Endpoint listen{"127.0.0.1", 8443};
    std::string name;  // empty: the host of `listen`, or this machine's name
    std::optional<Endpoint> admin = Endpoint{"127.0.0.1", 0};
    std::filesystem::path certificate;  // empty: self-signed, made at the first start
    std::filesystem::path key;
    LogLevel log_level = LogLevel::info;
    std::filesystem::path log_file;  // empty: standard error
    /// Whether anybody on loopback may create a partnership without a code. Unset: yes, unless
    /// `name` says that clients come from elsewhere (a proxy in front makes all look local).
    std::optional<bool> open_on_loopback;

    std::uint64_t partnership_bytes = 0;  // 0 here only: limits.def's
    std::uint64_t submissions_per_minute = 0;
    std::uint64_t statements_per_minute = 0;
    std::uint64_t max_connections = 0;
    std::uint64_t connections_per_address = 0;
    std::chrono::seconds proof_deadline{0};
    std::chrono::seconds idle_ping{0};
    std::chrono::seconds idle_close{0};
    std::chrono::seconds drain_time{25};
    std::chrono::milliseconds reconnect_spread{5000};

    bool json = false;
    bool allow_core = false;

    /// The name that clients connect to.
    [[nodiscard]] std::string public_name() const;
    [[nodiscard]] bool creation_open_on_loopback() const;
};

/// Reads a configuration file into `settings`. Nothing of it is taken when there is an error.
/// Errors: not_found, not_permitted (others may write it), too_large (above 64 KiB),
/// invalid_argument with file, line and key (a key that is not known, a value out of its bounds).
Result<void> read_settings(const std::filesystem::path& file, Settings& settings);

/// "debug", "info", "warning" or "error".
Result<LogLevel> parse_log_level(std::string_view text);

}  // namespace huecry::relay
