#include <doctest/doctest.h>

#include <random>

#include "owner/frame.hpp"
#include "owner/request.hpp"

using namespace huecry;
using namespace huecry::cli;

namespace {

Request sample() {
    Request request;
    request.version = "0.1.0";
    request.arguments = {"send", "town", "text with \xff and \n", ""};
    request.in_terminal = true;
    request.width = 80;
    request.zone = Zone({{0, 3600}, {1000, -7200}});
    request.message = MessageId({1, 2, 3});
    request.resume = 77;
    request.again = true;
    return request;
}

}  // namespace

TEST_CASE("frames: cut anywhere, they come out whole and in order") {
    const auto bytes = encode(FrameType::request, "first") + encode(FrameType::done, "") +
                       encode(FrameType::out, std::string(3000, 'x'));
    for (const std::size_t step : {1UL, 2UL, 5UL, 7UL, 1000UL, bytes.size()}) {
        FrameReader reader;
        std::vector<Frame> frames;
        for (std::size_t at = 0; at < bytes.size(); at += step) {
            reader.feed(std::string_view(bytes).substr(at, step));
            while (true) {
                auto next = reader.next();
                REQUIRE(next.ok());
                if (!*next) break;
                frames.push_back(std::move(**next));
            }
        }
        REQUIRE(frames.size() == 3);
        CHECK(frames[0].payload == "first");
        CHECK(frames[1].type == FrameType::done);
        CHECK(frames[2].payload.size() == 3000);
    }
}

TEST_CASE("frames: a length beyond the limit is refused from the header alone") {
    FrameReader reader;
    reader.feed(std::string("\x00\x10\x00\x01\x01", 5));  // 1 MiB + 1
    const auto next = reader.next();
    REQUIRE_FALSE(next.ok());
    CHECK(next.error().code == Errc::too_large);
    CHECK(encode(FrameType::out, std::string(max_frame + 1, 'x')).empty());
    CHECK(encode(FrameType::out, std::string(max_frame, 'x')).size() == max_frame + 5);
}

TEST_CASE("frames: unknown types are refused") {
    for (const char type : {'\0', '\x08', '\x1f', '\x30', '\xff'}) {
        FrameReader reader;
        reader.feed(std::string(4, '\0') + type);
        CHECK(reader.next().error().code == Errc::malformed);
    }
}

TEST_CASE("frames: random bytes never yield more than they hold") {
    std::mt19937 random(7);
    for (int round = 0; round < 2000; ++round) {
        FrameReader reader;
        std::string bytes(random() % 64, '\0');
        for (auto& c : bytes) c = static_cast<char>(random() % 4);
        reader.feed(bytes);
        std::size_t taken = 0;
        while (true) {
            const auto next = reader.next();
            if (!next || !*next) break;
            taken += (*next)->payload.size() + 5;
        }
        CHECK(taken <= bytes.size());
    }
}

TEST_CASE("request: there and back, also with words that are no UTF-8") {
    const auto request = sample();
    const auto back = Request::decode(request.encode());
    REQUIRE(back.ok());
    CHECK(back->version == request.version);
    CHECK(back->arguments == request.arguments);
    CHECK(back->in_terminal);
    CHECK_FALSE(back->out_terminal);
    CHECK(back->width == 80);
    CHECK(back->zone.rules().size() == 2);
    CHECK(back->zone.rules()[1].offset_s == -7200);
    CHECK(back->message == request.message);
    CHECK(back->resume == 77);
    CHECK(back->again);
}

TEST_CASE("request: every missing or changed member is refused") {
    const auto text = sample().encode();
    for (const auto* key :
         {"version", "argv", "in_terminal", "out_terminal", "err_terminal", "width", "zone_from",
          "zone_offset", "message", "resume", "again", "protocol"}) {
        auto broken = text;
        const auto at = broken.find("\"" + std::string(key) + "\"");
        REQUIRE(at != std::string::npos);
        broken[at + 1] = 'X';
        CAPTURE(key);
        CHECK(Request::decode(broken).error().code == Errc::malformed);
    }
    CHECK_FALSE(Request::decode("").ok());
    CHECK_FALSE(Request::decode("{}").ok());
    CHECK_FALSE(Request::decode("[]").ok());
    CHECK(Request::decode(R"({"protocol":2})").error().code == Errc::update_needed);
}

TEST_CASE("request: too many words, a wrong id, a wrong zone are refused") {
    auto request = sample();
    request.arguments.assign(Request::max_arguments + 1, "x");
    CHECK_FALSE(Request::decode(request.encode()).ok());
    request = sample();
    request.width = 20'000;
    CHECK_FALSE(Request::decode(request.encode()).ok());
    auto text = sample().encode();
    const auto id = sample().message.hex();
    text.replace(text.find(id), 4, "zzzz");
    CHECK_FALSE(Request::decode(text).ok());
    text = sample().encode();
    text.replace(text.find("-7200"), 5, "-720000000000000");
    CHECK_FALSE(Request::decode(text).ok());
}

TEST_CASE("request: no prefix and no flipped byte of it does harm") {
    const auto text = sample().encode();
    for (std::size_t size = 0; size < text.size(); ++size)
        CHECK_FALSE(Request::decode(text.substr(0, size)).ok());
    for (std::size_t at = 0; at < text.size(); ++at) {
        auto flipped = text;
        flipped[at] = static_cast<char>(flipped[at] ^ 0x55);
        (void)Request::decode(flipped);  // any answer, but no crash and no more than the limits
    }
}

TEST_CASE("errors keep their code and detail on the way") {
    const auto back = decode_error(encode_error({Errc::photo_too_large, "door.jpg"}));
    CHECK(back.code == Errc::photo_too_large);
    CHECK(back.detail == "door.jpg");
    CHECK(decode_error("nonsense").code == Errc::internal);
    CHECK(decode_error(R"({"error":{"code":-5}})").code == Errc::internal);
    CHECK(decode_error(R"({"error":{"code":65000}})").code == Errc::internal);
}
