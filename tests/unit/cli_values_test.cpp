#include <doctest/doctest.h>

#include "output/json.hpp"
#include "output/qr.hpp"
#include "output/utf8.hpp"
#include "output/zone.hpp"
#include "values.hpp"

using namespace huecry;
using namespace huecry::cli;
using std::chrono::seconds;

TEST_CASE("durations: units add up from large to small") {
    CHECK(*parse_duration("45s") == seconds(45));
    CHECK(*parse_duration("8h") == seconds(28800));
    CHECK(*parse_duration("1h30m") == seconds(5400));
    CHECK(*parse_duration("366d") == seconds(366 * 86400));
    for (const auto* wrong : {"", "8", "h", "0s", "8x", "-8h", "+8h", "8h ", " 8h", "1.5h", "30m1h",
                              "1h1h", "367d", "99999999999999999999s", "18446744073709551615s",
                              "18446744073709551615w", "52w9w", "8H"}) {
        CAPTURE(wrong);
        const auto parsed = parse_duration(wrong);
        REQUIRE_FALSE(parsed.ok());
        CHECK(parsed.error().code == Errc::invalid_argument);
        CHECK(parsed.error().detail.find("8h") != std::string::npos);  // says what would do
    }
}

TEST_CASE("rectangles: four numbers, none of the area empty") {
    const auto rectangle = parse_rectangle("40,60,200,220");
    REQUIRE(rectangle.ok());
    CHECK(rectangle->x == 40);
    CHECK(rectangle->y == 60);
    CHECK(rectangle->width == 200);
    CHECK(rectangle->height == 220);
    for (const auto* wrong :
         {"", "1,2,3", "1,2,3,4,5", "1,2,3,", ",1,2,3", "1,2,0,4", "1,2,3,0", "-1,2,3,4",
          "1, 2,3,4", "a,b,c,d", "1,2,3,4x", "1,2,3,4294967296", "1;2;3;4"}) {
        CAPTURE(wrong);
        CHECK_FALSE(parse_rectangle(wrong).ok());
    }
}

TEST_CASE("numbers stay in their range") {
    CHECK(*parse_number("4", 1, 4) == 4);
    CHECK_FALSE(parse_number("5", 1, 4).ok());
    CHECK_FALSE(parse_number("0", 1, 4).ok());
    CHECK_FALSE(parse_number("4 ", 1, 4).ok());
    CHECK_FALSE(parse_number("0x4", 1, 4).ok());
}

TEST_CASE("a wrong word is shown without what could steer the terminal") {
    const auto error = wrong_word("role", "\x1b]0;owned\x07", "one of retailer");
    CHECK(error.detail.find('\x1b') == std::string::npos);
    CHECK(error.detail.find('\x07') == std::string::npos);
    CHECK(error.detail.find("owned") != std::string::npos);
}

TEST_CASE("exit codes are those of the list and stay what they are") {
    CHECK(exit_code(Errc::internal) == 1);
    CHECK(exit_code(Errc::invalid_argument) == 2);
    CHECK(exit_code(Errc::no_profile) == 3);
    CHECK(exit_code(Errc::passphrase_wrong) == 4);
    CHECK(exit_code(Errc::passphrase_missing) == 4);
    CHECK(exit_code(Errc::unreachable) == 5);
    CHECK(exit_code(Errc::invite_used) == 6);
    CHECK(exit_code(Errc::channel_unknown) == 7);
    CHECK(exit_code(Errc::queued) == 8);
    CHECK(exit_code(Errc::store_damaged) == 9);
    CHECK(exit_code(Errc::no_room) == 10);
    CHECK(exit_code(Errc::clock_wrong) == 11);
    CHECK(exit_code(Errc::update_needed) == 12);
    CHECK(exit_code(Errc::wrong_relay) == 13);
    CHECK(exit_code(Errc::photo_unreadable) == 14);
    CHECK(exit_code(Errc::busy) == 15);
}

TEST_CASE("JSON: everything that could steer a terminal is escaped, and nothing is lost") {
    const std::string hostile =
        "plain \x1b[2J\x07\x7f \xc2\x9b"
        "31m \xe2\x80\xae right to left \xf3\xa0\x81\x81 tag \xe2\x80\xa8 line \"quote\" \\ ü 漢 "
        "\n";
    const auto text = Object().set("text", hostile).text();
    CHECK(text.find('\n') == std::string::npos);
    for (std::size_t i = 0; i < text.size();) {
        const auto [character, size] = decode_utf8(std::string_view(text).substr(i));
        CAPTURE(i);
        CHECK_FALSE(steers_terminal(character));
        i += size;
    }
    CHECK(text.find("\\u202e") != std::string::npos);
    CHECK(text.find("\\udb40\\udc41") != std::string::npos);
    CHECK(text.find("漢") != std::string::npos);
    const auto back = Object::parse(text);
    REQUIRE(back.has_value());
    CHECK(*back->string("text") == hostile);
}

TEST_CASE("JSON: bytes that are no UTF-8 become the replacement character") {
    const auto text = Object().set("text", std::string("a\xff\xc0\x80\xed\xa0\x80z")).text();
    const auto back = Object::parse(text);
    REQUIRE(back.has_value());
    const auto read = *back->string("text");
    CHECK(read.front() == 'a');
    CHECK(read.back() == 'z');
    CHECK(read.find('\xff') == std::string::npos);
}

TEST_CASE("JSON: reading minds types, depth and rubbish") {
    CHECK_FALSE(Object::parse("").has_value());
    CHECK_FALSE(Object::parse("[1]").has_value());
    CHECK_FALSE(Object::parse("{\"a\":1").has_value());
    CHECK_FALSE(Object::parse("{\"a\":" + std::string(5000, '[') + "}").has_value());
    const auto object = Object::parse(R"({"s":"x","n":7,"b":true,"l":["a",1],"f":1.5})");
    REQUIRE(object.has_value());
    CHECK(object->string("s") == "x");
    CHECK(object->number("n") == 7);
    CHECK(object->boolean("b") == true);
    CHECK_FALSE(object->strings("l").has_value());
    CHECK_FALSE(object->number("f").has_value());
    CHECK_FALSE(object->string("n").has_value());
    CHECK_FALSE(object->string("missing").has_value());
}

TEST_CASE("times: UTC for programs, the asking side's zone for people") {
    constexpr std::uint64_t noon = 1'795'348'800'000;  // 2026-11-22 12:00:00 UTC
    CHECK(iso_utc(noon + 7) == "2026-11-22T12:00:00.007Z");
    CHECK(iso_utc(UINT64_MAX) == "9999-12-31T23:59:59.999Z");
    CHECK(Object().set_time("t", 0).text() == R"({"t":null})");

    const Zone utc;
    CHECK(utc.clock(noon) == "12:00:00");
    CHECK(utc.short_time(noon, noon) == "12:00");
    CHECK(utc.short_time(0, noon) == "-");
    // One hour ahead until 12:30 UTC, two hours after it.
    const Zone turning({{0, 3600}, {static_cast<std::int64_t>(noon / 1000) + 1800, 7200}});
    CHECK(turning.clock(noon) == "13:00:00");
    CHECK(turning.clock(noon + 1'800'000) == "14:30:00");
    // Half past eleven in the evening and half past midnight are different days there.
    CHECK(turning.short_time(noon, noon + 11 * 3'600'000) == "2026-11-22 13:00");
    CHECK(turning.short_time(noon, noon + 9 * 3'600'000) == "13:00");
}

TEST_CASE("times: a hostile zone table counts as UTC") {
    CHECK(Zone({{0, 100'000}}).rules().empty());
    CHECK(Zone({{5, 0}, {5, 0}}).rules().empty());
    CHECK(Zone(std::vector<Zone::Rule>(Zone::max_rules + 1)).rules().empty());
    const Zone here = Zone::of_process(1'795'348'800);
    CHECK_FALSE(here.rules().empty());
    CHECK(Zone(here.rules()).rules().size() == here.rules().size());
}

TEST_CASE("QR code: a square of half blocks with a quiet border") {
    const auto picture = qr_code("huecry://join/" + std::string(300, 'A'));
    REQUIRE(picture.ok());
    CHECK(picture->find("▀") != std::string::npos);
    CHECK(qr_code(std::string(4000, 'A')).error().code == Errc::too_large);
}
