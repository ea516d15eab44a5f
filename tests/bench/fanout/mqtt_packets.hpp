#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "huecry/wire/bytes.hpp"

// MQTT 3.1.1 (OASIS, 2014), as much of it as a reader and a poster with QoS 1 need.
namespace huecry::bench::mqtt {

enum class Type : std::uint8_t {
    connect = 1,
    connack = 2,
    publish = 3,
    puback = 4,
    subscribe = 8,
    suback = 9,
};

/// A persistent session (clean session 0), no keep-alive.
std::string connect(std::string_view client);
std::string subscribe(std::uint16_t packet, const std::vector<std::string>& topics);
/// QoS 1.
std::string publish(std::string_view topic, std::uint16_t packet, BytesView payload);
std::string disconnect();
void add_puback(std::string& out, std::uint16_t packet);

struct Packet {
    Type type{};
    std::uint8_t flags = 0;
    BytesView body;  // after the fixed header
};
/// The first whole packet of `bytes`, and how long it is; 0: more is needed. Longer than the bound
/// below, or malformed: −1.
inline constexpr std::size_t longest_packet = 1 << 20;
[[nodiscard]] int next_packet(BytesView bytes, Packet& out);

struct Publish {
    std::string_view topic;
    std::uint16_t packet = 0;
    BytesView payload;
};
/// Of a QoS 1 publish; false when malformed.
[[nodiscard]] bool read_publish(const Packet& packet, Publish& out);

}  // namespace huecry::bench::mqtt
