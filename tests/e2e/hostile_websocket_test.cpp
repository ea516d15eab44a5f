#include "e2e/hostile_world.hpp"

// Frames that break RFC 6455, or keep to it and are too many: the close code of each.
using namespace huecry;
using namespace huecry::test;

namespace {

const std::string mask("\x01\x02\x03\x04", 4);

/// A masked frame with a length field of our choice.
std::string frame(int first, int length_field, const std::string& extra, const std::string& rest) {
    std::string out(1, static_cast<char>(first));
    out += static_cast<char>(0x80 | length_field);
    return out + extra + mask + rest;
}
std::string big_endian(std::uint64_t value, int bytes) {
    std::string out;
    for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(value >> (8 * i));
    return out;
}

struct Case {
    std::string what;
    std::string bytes;
    unsigned code;       // that the relay closes with; 0: it closes without one
    bool inside = true;  // by a member, after its proof; otherwise by a stranger
};

std::vector<Case> broken_frames() {
    const std::string none;
    return {
        {"not masked", std::string("\x82\x05hello", 7), 1002},
        {"RSV1: compressed", frame(0xc2, 5, none, "hello"), 1002},
        {"RSV2", frame(0xa2, 5, none, "hello"), 1002},
        {"RSV3", frame(0x92, 5, none, "hello"), 1002},
        {"the reserved opcode 3", frame(0x83, 5, none, "hello"), 1002},
        {"the reserved opcode 11", frame(0x8b, 5, none, "hello"), 1002},
        {"the reserved opcode 15", frame(0x8f, 0, none, none), 1002},
        {"a ping in fragments", frame(0x09, 1, none, "x"), 1002},
        {"a ping of 126 bytes", frame(0x89, 126, big_endian(126, 2), std::string(126, 'x')), 1002},
        {"a close of one byte", frame(0x88, 1, none, "x"), 1002},
        {"a close with code 1005", frame(0x88, 2, none, "\x02\xef"), 1002},  // 0x03ed, masked
        {"a continuation of nothing", frame(0x80, 5, none, "hello"), 1002},
        {"a message within another", frame(0x02, 1, none, "x") + frame(0x82, 1, none, "x"), 1002},
        {"text", frame(0x81, 5, none, "hello"), 1003},
        {"an empty text", frame(0x81, 0, none, none), 1003},
        {"a length of 5 in two bytes", frame(0x82, 126, big_endian(5, 2), "hello"), 1002},
        {"a length of 200 in eight bytes", frame(0x82, 127, big_endian(200, 8), none), 1002},
        {"a length of 2^63", frame(0x82, 127, big_endian(1ULL << 63, 8), none), 1009},
        {"a length of 2^63 − 1", frame(0x82, 127, big_endian((1ULL << 63) - 1, 8), none), 1009},
        {"a length of 2^62", frame(0x82, 127, big_endian(1ULL << 62, 8), none), 1009},
        {"a length of 2^31", frame(0x82, 127, big_endian(1ULL << 31, 8), none), 1009},
        {"a length of 2^31 + 1", frame(0x82, 127, big_endian((1ULL << 31) + 1, 8), none), 1009},
        {"a length of 2^31 − 1", frame(0x82, 127, big_endian((1ULL << 31) - 1, 8), none), 1009},
        {"one byte above the limit", frame(0x82, 127, big_endian(limits::max_frame + 1, 8), none),
         1009},
        {"one byte above the limit, in two fragments",
         frame(0x02, 127, big_endian(limits::max_frame, 8), std::string(limits::max_frame, 'x')) +
             frame(0x80, 1, none, "x"),
         1009},
        {"a stranger's byte above the limit",
         frame(0x82, 126, big_endian(limits::max_frame_before_proof + 1, 2), none), 1009, false},
        {"a stranger's text", frame(0x81, 5, none, "hello"), 1003, false},
        {"a stranger's length of 2^31", frame(0x82, 127, big_endian(1ULL << 31, 8), none), 1009,
         false},
    };
}

std::string repeated(const std::string& text, std::size_t count) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) out += text;
    return out;
}

std::vector<Case> floods() {
    const std::string none;
    return {
        {"300,000 empty continuations",
         frame(0x02, 0, none, none) + repeated(frame(0x00, 0, none, none), 300'000), 1008},
        {"a stranger's empty continuations",
         frame(0x02, 0, none, none) + repeated(frame(0x00, 0, none, none), 10'000), 1008, false},
        {"64 KiB in fragments of a byte",
         frame(0x02, 1, none, "x") + repeated(frame(0x00, 1, none, "x"), 65'536), 1008},
        {"a stranger's fragments",
         frame(0x02, 1, none, "x") + repeated(frame(0x00, 1, none, "x"), 1000), 1008, false},
        {"10,000 pings", repeated(frame(0x89, 4, none, "ping"), 10'000), 1008},
        {"10,000 pongs that nobody asked for", repeated(frame(0x8a, 4, none, "pong"), 10'000),
         1008},
        {"a stranger's pings", repeated(frame(0x89, 0, none, none), 10'000), 1008, false},
        {"pings between fragments",
         frame(0x02, 1, none, "x") +
             repeated(frame(0x00, 1, none, "x") + frame(0x89, 0, none, none), 1000),
         1008},
    };
}

void go_through(const std::vector<Case>& cases) {
    auto& world = hostile_world();
    for (const auto& one : cases) {
        CAPTURE(one.what);
        std::unique_ptr<WireClient> client;
        if (one.inside) {
            client = world.inside();
        } else {
            client = std::make_unique<WireClient>(world.relay().port());
            REQUIRE(client->upgrade());
        }
        client->send(one.bytes);
        CHECK(end_of(*client) == one.code);
    }
    world.unharmed();
}

}  // namespace

TEST_CASE("hostile WebSocket: frames that RFC 6455 has a close code for") {
    go_through(broken_frames());
}

TEST_CASE("hostile WebSocket: fragments and control frames without end") {
    auto& world = hostile_world();
    const auto fragments = world.metric("net_fragments_refused_total");
    const auto controls = world.metric("net_controls_refused_total");
    go_through(floods());
    CHECK(world.metric("net_fragments_refused_total") > fragments);
    CHECK(world.metric("net_controls_refused_total") > controls);
}

TEST_CASE("hostile WebSocket: what is allowed goes on working") {
    auto& world = hostile_world();
    const auto client = world.inside();
    v1::Frame ping;
    ping.mutable_ping()->set_number(5);
    const auto text = ping.SerializeAsString();
    SUBCASE("fragments, and a ping between them") {
        client->send_websocket(0x02, text.substr(0, 1));
        client->send_websocket(0x89, "between");
        client->send_websocket(0x00, "");
        client->send_websocket(0x80, text.substr(1));
    }
    SUBCASE("a ping of 125 bytes") {
        client->send_websocket(0x89, std::string(125, 'p'));
        client->send_websocket(0x82, text);
    }
    SUBCASE("an empty message is a frame without a body, and refused as such") {
        client->send_websocket(0x82, "");
        const auto refused = client->receive_message(v1::Frame::kFailure);
        REQUIRE(refused);
        CHECK(refused->failure().code() == static_cast<unsigned>(Errc::bad_frame));
        client->send_websocket(0x82, text);
    }
    const auto pong = client->receive_message(v1::Frame::kPong);
    REQUIRE(pong);
    CHECK(pong->pong().number() == 5);
    client->send_websocket(0x88, std::string("\x03\xe8", 2));
    CHECK(end_of(*client) == 1000);
}
