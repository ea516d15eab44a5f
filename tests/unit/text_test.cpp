#include <doctest/doctest.h>

#include <random>
#include <string>

#include "domain/text.hpp"
#include "huecry/limits.hpp"
#include "huecry/text.hpp"
#include "huecry/wire/utf8.hpp"

using namespace huecry;

namespace {

std::string utf8(char32_t code) {
    std::string out;
    const auto put = [&](char32_t byte) { out += static_cast<char>(byte); };
    if (code < 0x80) {
        put(code);
    } else if (code < 0x800) {
        put(0xC0U | code >> 6U), put(0x80U | (code & 0x3FU));
    } else if (code < 0x10000) {
        put(0xE0U | code >> 12U), put(0x80U | (code >> 6U & 0x3FU)), put(0x80U | (code & 0x3FU));
    } else {
        put(0xF0U | code >> 18U), put(0x80U | (code >> 12U & 0x3FU));
        put(0x80U | (code >> 6U & 0x3FU)), put(0x80U | (code & 0x3FU));
    }
    return out;
}

// The characters that a terminal must never get from others.
bool dangerous(char32_t code) {
    return code < 0x20 || (code >= 0x7F && code <= 0x9F) || (code >= 0x200B && code <= 0x200F) ||
           (code >= 0x2028 && code <= 0x202E) || (code >= 0x2060 && code <= 0x206F) ||
           code == 0xFEFF || code == 0xAD || (code >= 0xE0000 && code <= 0xE007F);
}

const std::string names[] = {
    "O'Brien & Söhne", "Zoë Łuczak",         "Ελένη", "Жанна", "محمد", "李雷", "Security 1 (night)",
    "Ŵyn ap Gŵilym",   "👮‍♀️ Guard"};

}  // namespace

TEST_CASE("UTF-8: every code point goes through, nothing else does") {
    for (char32_t code = 0; code <= 0x10FFFF; ++code) {
        if (code == 0xD800) code = 0xE000;
        const std::string text = utf8(code) + "x";
        const CodePoint first = first_code_point(text);
        if (!first.valid || first.value != code || first.size != text.size() - 1) {
            FAIL("code point ", static_cast<unsigned>(code));
        }
    }
    for (const char* bad :
         {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xC3", "\xC3(", "\xE0\x80\x80", "\xE0\x9F\xBF",
          "\xE2\x82", "\xED\xA0\x80", "\xED\xBF\xBF", "\xF0\x80\x80\x80", "\xF0\x8F\xBF\xBF",
          "\xF0\x9F\x98", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFE", "\xFF"}) {
        CHECK_FALSE(domain::is_utf8(bad));
        CHECK_FALSE(domain::is_utf8(std::string("ok") + bad + "ok"));
        CHECK(domain::check_line(bad, 100).error().code == Errc::text_unprintable);
        CHECK(domain::check_paragraphs(bad, 100).error().code == Errc::text_unprintable);
    }
    CHECK(domain::is_utf8(""));
    CHECK(domain::is_utf8("Łódź 👮"));
}

TEST_CASE("printable: what a terminal would obey becomes visible") {
    CHECK(printable("\x1B[2J\x1B]0;title\x07") == "\\u{1B}[2J\\u{1B}]0;title\\u{07}");
    CHECK(printable("a\rb") == "a\\u{0D}b");
    CHECK(printable("a\xC2\x9B"
                    "31m") == "a\\u{9B}31m");  // CSI as one character
    CHECK(printable("cod\xE2\x80\xAE"
                    "exe") == "cod\\u{202E}exe");
    CHECK(printable("a\xE2\x80\x8B"
                    "b") == "a\\u{200B}b");
    CHECK(printable("a\xE2\x80\xA8"
                    "b") == "a\\u{2028}b");
    CHECK(printable(std::string_view("a\0b", 3)) == "a\\u{00}b");
    CHECK(printable("\xFF"
                    "a\xC3") == "\\x{FF}a\\x{C3}");
    CHECK(printable("one\ntwo\tthree") == "one\\ntwo\\tthree");
    CHECK(printable("one\r\ntwo\tthree", LineBreaks::keep) == "one\\u{0D}\ntwo\tthree");
    CHECK(printable("\x1B[31m\n", LineBreaks::keep) == "\\u{1B}[31m\n");
    CHECK(printable("") == "");
}

TEST_CASE("printable: ordinary text stays as it is") {
    for (const char* text : {"O'Brien & Söhne", "Zoë Łuczak", "Ελένη", "Жанна", "محمد", "李雷",
                             "back\\slash", "50 % off — “today” only…", "👮 ❤️"}) {
        CHECK(printable(text) == text);
    }
}

TEST_CASE("printable: no dangerous character gets through, whatever stands around it") {
    for (char32_t code = 0; code <= 0xE0FFF; ++code) {
        if (code == 0xD800) code = 0xE000;
        if (!dangerous(code)) continue;
        const std::string raw = utf8(code);
        const std::string shown = printable("ä" + raw + "z");
        CHECK(shown.find(raw) == std::string::npos);
        CHECK(shown.substr(0, 3) == "ä\\");
        CHECK(domain::check_line(raw, 100).ok() == (code == 0x200C || code == 0x200D));
    }
}

TEST_CASE("printable: any bytes give safe UTF-8, and once is enough") {
    std::mt19937 random(7);  // NOLINT: the same run every time
    for (int round = 0; round < 3000; ++round) {
        std::string bytes(random() % 40, '\0');
        for (char& c : bytes) {
            // much of it near the interesting ranges
            static constexpr unsigned char often[] = {0xE2, 0x80, 0xAE, 0x8B,
                                                      0xC2, 0x9B, 0x1B, 0xF3};
            c = static_cast<char>(round % 2 == 0 ? random() % 256 : often[random() % 8]);
        }
        for (const LineBreaks mode : {LineBreaks::show, LineBreaks::keep}) {
            const std::string shown = printable(bytes, mode);
            CHECK(domain::is_utf8(shown));
            CHECK(printable(shown, mode) == shown);
            for (std::string_view rest = shown; !rest.empty();) {
                const CodePoint code = first_code_point(rest);
                const bool kept =
                    mode == LineBreaks::keep && (code.value == '\n' || code.value == '\t');
                CHECK((kept || !dangerous(code.value)));
                rest.remove_prefix(code.size);
            }
        }
    }
}

TEST_CASE("names, places and texts: what is accepted") {
    for (const std::string& name : names) {
        CHECK(domain::check_name(name).ok());
        CHECK(domain::check_place(name).ok());
        CHECK(domain::check_alert_text(name).ok());
    }
    CHECK(domain::check_place("").ok());
    CHECK(domain::check_alert_text("").ok());
    CHECK(domain::check_alert_text("two men\n\tblue jacket\n").ok());
    CHECK(domain::check_name(std::string(limits::max_name, 'x')).ok());
    CHECK(domain::check_alert_text(std::string(limits::max_text, 'x')).ok());
}

TEST_CASE("names, places and texts: what is refused") {
    const auto code = [](const Result<void>& result) {
        REQUIRE_FALSE(result.ok());
        return result.error().code;
    };
    CHECK(code(domain::check_name(std::string(limits::max_name + 1, 'x'))) == Errc::text_too_long);
    CHECK(code(domain::check_place(std::string(limits::max_place + 1, 'x'))) ==
          Errc::text_too_long);
    CHECK(code(domain::check_alert_text(std::string(limits::max_text + 1, 'x'))) ==
          Errc::text_too_long);
    for (const char* text : {"a\nb", "a\tb"}) {
        CHECK(code(domain::check_name(text)) == Errc::text_unprintable);
        CHECK(code(domain::check_place(text)) == Errc::text_unprintable);
    }
    for (const char* text : {"\x1B[0m", "a\rb", "a\x7F", "a\xC2\x85",
                             "\xE2\x80\xAE"
                             "a",
                             "\xE2\x81\xA6"
                             "a",
                             "\xE2\x80\xA9", "\xEF\xBF\xBF"}) {
        CHECK(code(domain::check_alert_text(text)) == Errc::text_unprintable);
        CHECK(code(domain::check_name(text)) == Errc::text_unprintable);
    }
    CHECK(code(domain::check_name("An\xE2\x80\x8Bna")) == Errc::text_unprintable);
    CHECK(code(domain::check_name("An\xC2\xADna")) == Errc::text_unprintable);
    for (const char* text : {"", " ", "  ", " Anna", "Anna ", "Anna\xC2\xA0",
                             "\xE3\x80\x80"
                             "Anna"}) {
        CHECK(code(domain::check_name(text)) == Errc::invalid_argument);
    }
}
