#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// One attacker process: as many connections as it is told to hold, all of one kind, from many
// addresses of loopback. It comes back whenever it is thrown out, and ends by itself.
namespace huecry::fault {

enum class Attack : std::uint8_t {
    idle_tcp,          // connects and says nothing
    byte_a_second,     // a ClientHello, one byte a second
    half_hello,        // half a ClientHello, then nothing
    silent_tls,        // TLS, then nothing
    dribbled_upgrade,  // TLS, then the upgrade, one byte a second
    silent_websocket,  // TLS and upgrade, then nothing
    refused_hello,     // TLS, upgrade and a hello that is refused, again and again
};
inline constexpr std::size_t attacks = 7;

[[nodiscard]] std::string_view name(Attack attack);
[[nodiscard]] std::optional<Attack> attack_named(std::string_view name);

struct AttackPlan {
    Attack kind = Attack::idle_tcp;
    std::uint16_t port = 0;
    std::size_t connections = 0;
    std::size_t number = 0;  // of this process: it has addresses of its own
    unsigned seconds = 0;    // then it ends
};

/// What came of it, as the line that the process prints at its end.
struct AttackReport {
    std::uint64_t connected = 0;  // TCP
    std::uint64_t secured = 0;    // TLS
    std::uint64_t upgraded = 0;
    std::uint64_t thrown_out = 0;
    std::uint64_t most = 0;  // connections held at the same time
    [[nodiscard]] std::string text() const;
    [[nodiscard]] static std::optional<AttackReport> parse(const std::string& line);
};

/// Attacks loopback until the time is over, or standard input ends: then whoever started it is
/// gone.
AttackReport attack(const AttackPlan& plan);

}  // namespace huecry::fault
