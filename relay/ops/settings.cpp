#include "ops/settings.hpp"

#include <unistd.h>

#include <array>
#include <charconv>

namespace huecry::relay {
namespace {

bool is_loopback_name(std::string_view host) {
    return host == "localhost" || host == "::1" || host.starts_with("127.");
}

}  // namespace

Result<Endpoint> Endpoint::parse(std::string_view text) {
    const Error bad{Errc::invalid_argument,
                    "an address is written HOST:PORT, for instance 127.0.0.1:8443"};
    const auto colon = text.rfind(':');
    if (colon == text.npos || colon == 0) return bad;
    auto host = text.substr(0, colon);
    const auto port = text.substr(colon + 1);
    if (host.front() == '[' && host.back() == ']') {
        host = host.substr(1, host.size() - 2);
    } else if (host.find(':') != host.npos) {
        return bad;
    }
    unsigned value = 0;
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), value);
    if (host.empty() || host.size() > 253 || port.empty() || error != std::errc() ||
        end != port.data() + port.size() || value > 65535)
        return bad;
    return Endpoint{std::string(host), static_cast<std::uint16_t>(value)};
}

std::string Endpoint::text() const {
    const auto shown = host.find(':') == host.npos ? host : "[" + host + "]";
    return shown + ":" + std::to_string(port);
}

std::string Settings::public_name() const {
    if (!name.empty()) return name;
    if (listen.host != "0.0.0.0" && listen.host != "::") return listen.host;
    std::array<char, 256> host{};
    if (gethostname(host.data(), host.size() - 1) != 0 || host[0] == '\0') return "localhost";
    return host.data();
}

bool Settings::creation_open_on_loopback() const {
    return open_on_loopback.value_or(name.empty() || is_loopback_name(name));
}

Result<LogLevel> parse_log_level(std::string_view text) {
    if (text == "debug") return LogLevel::debug;
    if (text == "info") return LogLevel::info;
    if (text == "warning") return LogLevel::warning;
    if (text == "error") return LogLevel::error;
    return Error{Errc::invalid_argument, "log level: debug, info, warning or error"};
}

}  // namespace huecry::relay
