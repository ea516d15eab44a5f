#include "bench/fanout/mqtt_packets.hpp"

namespace huecry::bench::mqtt {
namespace {

void add_u16(std::string& out, std::size_t value) {
    out += static_cast<char>(value >> 8 & 0xff);
    out += static_cast<char>(value & 0xff);
}

void add_text(std::string& out, std::string_view text) {
    add_u16(out, text.size());
    out += text;
}

std::string packet(Type type, std::uint8_t flags, std::size_t size) {
    std::string out(1, static_cast<char>(static_cast<unsigned>(type) << 4 | flags));
    do {
        const auto more = size >= 128 ? 0x80U : 0U;
        out += static_cast<char>((size & 0x7f) | more);
        size >>= 7;
    } while (size != 0);
    return out;
}

std::string packet(Type type, std::uint8_t flags, const std::string& body) {
    return packet(type, flags, body.size()) + body;
}

std::uint16_t u16(BytesView bytes) {
    return static_cast<std::uint16_t>(unsigned{bytes[0]} << 8 | bytes[1]);
}

}  // namespace

std::string connect(std::string_view client) {
    std::string body;
    add_text(body, "MQTT");
    body += '\x04';  // 3.1.1
    body += '\x00';  // no clean session, no will, no user
    add_u16(body, 0);
    add_text(body, client);
    return packet(Type::connect, 0, body);
}

std::string subscribe(std::uint16_t number, const std::vector<std::string>& topics) {
    std::string body;
    add_u16(body, number);
    for (const auto& topic : topics) {
        add_text(body, topic);
        body += '\x01';
    }
    return packet(Type::subscribe, 2, body);
}

std::string publish(std::string_view topic, std::uint16_t number, BytesView payload) {
    auto out = packet(Type::publish, 2, 4 + topic.size() + payload.size());
    add_text(out, topic);
    add_u16(out, number);
    out.append(reinterpret_cast<const char*>(payload.data()), payload.size());
    return out;
}

std::string disconnect() { return std::string("\xe0\x00", 2); }

void add_puback(std::string& out, std::uint16_t number) {
    out += "\x40\x02";
    add_u16(out, number);
}

int next_packet(BytesView bytes, Packet& out) {
    if (bytes.size() < 2) return 0;
    std::size_t size = 0;
    std::size_t at = 1;
    for (unsigned shift = 0;; shift += 7) {
        if (shift > 21) return -1;
        if (at == bytes.size()) return 0;
        const auto byte = bytes[at++];
        size |= std::size_t{byte & 0x7fU} << shift;
        if ((byte & 0x80) == 0) break;
    }
    if (size > longest_packet) return -1;
    if (bytes.size() - at < size) return 0;
    out.type = static_cast<Type>(bytes[0] >> 4);
    out.flags = bytes[0] & 15;
    out.body = bytes.subspan(at, size);
    return static_cast<int>(at + size);
}

bool read_publish(const Packet& packet, Publish& out) {
    const auto body = packet.body;
    if ((packet.flags >> 1 & 3) != 1 || body.size() < 4) return false;
    const std::size_t topic = u16(body);
    if (body.size() < 4 + topic) return false;
    out.topic = {reinterpret_cast<const char*>(body.data()) + 2, topic};
    out.packet = u16(body.subspan(2 + topic));
    out.payload = body.subspan(4 + topic);
    return true;
}

}  // namespace huecry::bench::mqtt
