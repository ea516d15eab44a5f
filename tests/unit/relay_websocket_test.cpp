#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "huecry/wire/bytes.hpp"
#include "net/websocket_reader.hpp"

using namespace huecry;
using huecry::relay::WebSocketReader;
using Kind = WebSocketReader::Kind;

namespace {

/// A client's frame, masked; `length_bytes` forces a longer form of the length.
std::string frame(int first, const std::string& payload, std::size_t length_bytes = 0) {
    const auto size = payload.size();
    if (length_bytes == 0) length_bytes = size < 126 ? 1 : size < 65536 ? 2 : 8;
    std::string out(1, static_cast<char>(first));
    out += static_cast<char>(0x80 | (length_bytes == 1 ? size : length_bytes == 2 ? 126 : 127));
    for (std::size_t i = length_bytes; length_bytes > 1 && i-- > 0;)
        out += static_cast<char>(size >> (8 * i) & 0xff);
    const std::string mask = "\x11\x22\x33\x44";
    out += mask;
    for (std::size_t i = 0; i < size; ++i) out += static_cast<char>(payload[i] ^ mask[i % 4]);
    return out;
}

/// What comes of the bytes when they arrive in pieces of this size: kinds as letters, messages
/// whole, codes in brackets.
std::string read(const std::string& bytes, std::size_t step, std::size_t limit = 100'000) {
    WebSocketReader reader;
    std::string out;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
        const auto piece = bytes.substr(at, step);
        auto input = view(piece);
        for (;;) {
            const auto event = reader.next(input, limit);
            if (event.kind == Kind::more) break;
            if (event.kind == Kind::message) out += "m:" + to_string(event.payload) + ";";
            if (event.kind == Kind::ping) out += "i:" + to_string(event.payload) + ";";
            if (event.kind == Kind::pong) out += "o;";
            if (event.kind == Kind::close) return out + "c" + std::to_string(event.code);
            if (event.kind == Kind::fault) return out + "f" + std::to_string(event.code);
        }
        CHECK(input.empty());
    }
    return out;
}

}  // namespace

TEST_CASE("messages, fragments and control frames between them, however they arrive") {
    const auto bytes = frame(0x82, "one") + frame(0x02, "tw") + frame(0x89, "ping") +
                       frame(0x00, "") + frame(0x80, "o") + frame(0x8a, "") +
                       frame(0x82, std::string(300, 'x')) + frame(0x82, std::string(70'000, 'y')) +
                       frame(0x82, "") +
                       frame(0x88,
                             "\x03\xe8"
                             "bye");
    const auto expected = "m:one;i:ping;m:two;o;m:" + std::string(300, 'x') +
                          ";m:" + std::string(70'000, 'y') + ";m:;c1000";
    for (const std::size_t step : {std::size_t{1000}, std::size_t{4096}, bytes.size()}) {
        CAPTURE(step);
        CHECK(read(bytes, step) == expected);
    }
    // Byte by byte as far as that is no flood.
    CHECK(read(frame(0x82, "one") + frame(0x89, "p") + frame(0x88, ""), 1) == "m:one;i:p;c1005");
}

TEST_CASE("what a client must not send ends it with RFC 6455's code") {
    struct Case {
        std::string bytes;
        const char* result;
    };
    const std::vector<Case> cases = {
        {frame(0x81, "text"), "f1003"},
        {frame(0xc2, "compressed"), "f1002"},
        {frame(0x92, "reserved"), "f1002"},
        {std::string("\x82\x05hello"), "f1002"},
        {std::string("\x82\x00", 2), "f1002"},
        {frame(0x83, "opcode 3"), "f1002"},
        {frame(0x8b, "opcode 11"), "f1002"},
        {frame(0x80, "nothing to go on with"), "f1002"},
        {frame(0x02, "a") + frame(0x82, "b"), "f1002"},
        {frame(0x02, "a") + frame(0x81, "b"), "f1002"},
        {frame(0x09, "a fragmented ping"), "f1002"},
        {frame(0x89, std::string(126, 'p')), "f1002"},
        {frame(0x82, "short", 2), "f1002"},
        {frame(0x82, std::string(200, 'x'), 8), "f1002"},
        {std::string("\x82\xff\x80\x00\x00\x00\x00\x00\x00\x00\x01\x02\x03\x04", 14), "f1002"},
        {std::string("\x82\xff\x40\x00\x00\x00\x00\x00\x00\x00\x01\x02\x03\x04", 14), "f1009"},
        {frame(0x82, std::string(1001, 'x')).substr(0, 8), "f1009"},
        {frame(0x02, std::string(600, 'x')) + frame(0x80, std::string(401, 'x')), "f1009"},
        {frame(0x88, "x"), "f1002"},
        {frame(0x88, std::string("\x03\xed", 2)), "f1002"},  // 1005 is for no code at all
        {frame(0x88, std::string("\x00\x00", 2)), "f1002"},
        {frame(0x88, std::string("\x13\x88", 2)), "f1002"},
        {frame(0x88, std::string("\x0f\xa1", 2)), "c4001"},
    };
    for (const auto& one : cases) {
        CAPTURE(to_hex(view(one.bytes.substr(0, 16))));
        CHECK(read(one.bytes, one.bytes.size(), 1000) == one.result);
    }
}

TEST_CASE("crumbs and floods of control frames are bounded") {
    std::string crumbs = frame(0x02, "x");
    for (int i = 0; i < 100; ++i) crumbs += frame(0x00, "x");
    CHECK(read(crumbs, crumbs.size()) == "f1008");
    CHECK(read(frame(0x82, std::string(400, 'x')), 1) == "f1008");
    std::string pings;
    for (int i = 0; i < 200; ++i) pings += frame(0x8a, "");
    CHECK(read(pings, pings.size()).ends_with("o;f1008"));
    // A message in between begins the count anew.
    std::string fair;
    for (int i = 0; i < 200; ++i) fair += frame(0x8a, "") + frame(0x82, "");
    CHECK(read(fair, fair.size()).ends_with("m:;"));
}
