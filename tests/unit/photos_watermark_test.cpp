#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <string>

#include "photos/glyphs.hpp"
#include "photos/intake.hpp"
#include "photos/watermark.hpp"
#include "support/photos.hpp"

using namespace huecry;
using namespace huecry::test;

namespace {

const std::string line = "Zo\xC3\xAB \xC5\x81uczak \xC2\xB7 2026-11-22 01:02";

Pixels flat(std::uint32_t width, std::uint32_t height, std::uint8_t level) {
    return {width, height, Bytes(std::size_t{width} * height * 3, level)};
}
Pixels marked(BytesView jpeg, const std::string& text) {
    const auto out = photos::watermark(jpeg, text);
    REQUIRE(out.ok());
    return decode_jpeg(out->view());
}
// The share of pixels in an area that the mark has changed visibly.
double changed(const Pixels& a, const Pixels& b, std::uint32_t x0, std::uint32_t y0,
               std::uint32_t size) {
    std::size_t count = 0;
    for (std::uint32_t y = y0; y < y0 + size; ++y) {
        for (std::uint32_t x = x0; x < x0 + size; ++x) {
            if (std::abs(a.at(x, y)[1] - b.at(x, y)[1]) > 24) ++count;
        }
    }
    return static_cast<double>(count) / (static_cast<double>(size) * size);
}

}  // namespace

TEST_CASE("the mark is in every part of a real photo and leaves the photo recognisable") {
    const auto photo = photos::intake(read_file(photograph(Photograph::dragonfly)));
    REQUIRE(photo.ok());
    const Pixels before = decode_jpeg(photo->jpeg);
    const Pixels after = marked(photo->jpeg, line);
    REQUIRE(after.width == before.width);
    REQUIRE(after.height == before.height);
    for (std::uint32_t y = 0; y + 150 <= before.height; y += 150) {
        for (std::uint32_t x = 0; x + 150 <= before.width; x += 150) {
            CAPTURE(x);
            CAPTURE(y);
            const double part = changed(before, after, x, y, 150);
            CHECK(part > 0.02);
            CHECK(part < 0.6);
        }
    }
    CHECK(difference(before, after) < 30.0);
    if (const char* folder = std::getenv("HUECRY_TEST_KEEP")) {  // to look at
        write_file(std::filesystem::path(folder) / "watermark.jpg",
                   photos::watermark(photo->jpeg, line)->view());
    }
}

TEST_CASE("the mark is readable on black, on white and on grey") {
    for (const int level : {0, 128, 255}) {
        CAPTURE(level);
        const Bytes jpeg = encode_jpeg(flat(1600, 1200, static_cast<std::uint8_t>(level)));
        const Pixels after = marked(jpeg, line);
        int darkest = 255;
        int lightest = 0;
        for (std::size_t i = 0; i < after.rgb.size(); ++i) {
            darkest = std::min(darkest, int{after.rgb[i]});
            lightest = std::max(lightest, int{after.rgb[i]});
        }
        CHECK(lightest - darkest > 90);
    }
}

TEST_CASE("another name or another minute is another mark") {
    const Bytes jpeg = encode_jpeg(flat(800, 600, 90));
    const Pixels a = marked(jpeg, "Anna 2026-11-22 01:02");
    CHECK(difference(a, marked(jpeg, "Anna 2026-11-22 01:02")) == 0.0);
    CHECK(difference(a, marked(jpeg, "Anna 2026-11-22 01:03")) > 0.05);
    CHECK(difference(a, marked(jpeg, "Anne 2026-11-22 01:02")) > 0.05);
    // scripts that have no glyphs are still told apart
    CHECK(difference(marked(jpeg, "\xD9\x85\xD8\xB1"), marked(jpeg, "\xD9\x85\xD8\xB2")) > 0.05);
}

TEST_CASE("any size and any length of line") {
    for (const auto& [width, height] :
         {std::pair{1U, 1U}, {1U, 1600U}, {1600U, 1U}, {40U, 30U}, {300U, 200U}}) {
        CAPTURE(width);
        const Bytes jpeg = encode_jpeg(flat(width, height, 200));
        for (const std::string& text :
             {std::string("x"), std::string(photos::max_watermark, 'W')}) {
            const Pixels after = marked(jpeg, text);
            CHECK(after.width == width);
            CHECK(after.height == height);
        }
    }
    // a crop of half the edge of a small photo still holds letters
    const Bytes jpeg = encode_jpeg(flat(300, 200, 200));
    CHECK(changed(flat(300, 200, 200), marked(jpeg, line), 100, 50, 100) > 0.02);
}

TEST_CASE("a line or a photo that cannot be used is refused") {
    const Bytes jpeg = encode_jpeg(flat(60, 40, 90));
    const auto code = [&](std::string_view text) {
        return photos::watermark(jpeg, text).error().code;
    };
    CHECK(code("") == Errc::text_empty);
    CHECK(code(std::string(photos::max_watermark + 1, 'x')) == Errc::text_too_long);
    for (const char* text : {"\xFF", "\xC3", "\xC0\xAF", "\xE0\x80\x80", "\xED\xA0\x80", "a\x80",
                             "\xF5\x80\x80\x80", "\xF4\x90\x80\x80"}) {
        CHECK(code(text) == Errc::text_unprintable);
    }
    CHECK(photos::watermark({}, line).error().code == Errc::photo_unreadable);
    CHECK(photos::watermark(view("GIF89a"), line).error().code == Errc::photo_format);
}

TEST_CASE("the glyphs: ordered, and one for every letter of the languages of the region") {
    const auto glyphs = photos::glyph_set().glyphs;
    for (std::size_t i = 1; i < glyphs.size(); ++i) CHECK(glyphs[i - 1].code < glyphs[i].code);
    for (const char32_t code : std::u32string(U"AZaz09{}ÄÖÜßéèçñåøœŁżŞğŴŷΑωЖяÏ·–€")) {
        const bool found = std::any_of(glyphs.begin(), glyphs.end(),
                                       [&](const auto& glyph) { return glyph.code == code; });
        CHECK_MESSAGE(found, static_cast<unsigned>(code));
    }
}
