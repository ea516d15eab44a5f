#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "photos/colour.hpp"
#include "photos/exif.hpp"
#include "photos/intake.hpp"
#include "support/photos.hpp"

using namespace huecry;
using namespace huecry::test;

namespace {

struct Entry {
    unsigned tag, type, count, value;
};

// A TIFF structure with one directory at offset 8.
Bytes tiff(bool little, const std::vector<Entry>& entries, unsigned directory = 8) {
    Bytes out = to_bytes(view(little ? "II" : "MM"));
    const auto put = [&](unsigned value, unsigned size) {
        for (unsigned i = 0; i < size; ++i) {
            const unsigned shift = 8 * (little ? i : size - 1 - i);
            out.push_back(static_cast<std::uint8_t>(value >> shift));
        }
    };
    put(42, 2);
    put(directory, 4);
    put(static_cast<unsigned>(entries.size()), 2);
    for (const Entry& e : entries) {
        put(e.tag, 2);
        put(e.type, 2);
        put(e.count, 4);
        put(e.value, 2);
        put(0, 2);
    }
    return out;
}

void put32(Bytes& out, std::uint32_t value) {
    for (unsigned shift = 32; shift > 0; shift -= 8) {
        out.push_back(static_cast<std::uint8_t>(value >> (shift - 8)));
    }
}
void put_text(Bytes& out, std::string_view text) {
    out.insert(out.end(), text.begin(), text.end());
}
void put_fixed(Bytes& out, double value) {
    put32(out, static_cast<std::uint32_t>(static_cast<std::int32_t>(std::lround(value * 65536))));
}

// A matrix profile: header, tag table, three primaries, one shared curve.
Bytes profile(const double (&primaries)[3][3], const Bytes& curve) {
    Bytes out(128, 0);
    std::copy_n("RGB XYZ ", 8, out.begin() + 16);
    put32(out, 6);
    const char* names[] = {"rXYZ", "gXYZ", "bXYZ", "rTRC", "gTRC", "bTRC"};
    const std::uint32_t data = 128 + 4 + 6 * 12;
    for (std::uint32_t i = 0; i < 6; ++i) {
        put_text(out, names[i]);
        put32(out, i < 3 ? data + i * 20 : data + 60);
        put32(out, 20);
    }
    for (const auto& xyz : primaries) {
        put_text(out, "XYZ ");
        put32(out, 0);
        for (const double value : xyz) put_fixed(out, value);
    }
    out.insert(out.end(), curve.begin(), curve.end());
    return out;
}
// The curve of sRGB and Display P3, as cameras write it.
Bytes srgb_curve() {
    Bytes out;
    put_text(out, "para");
    put32(out, 0);
    put32(out, 3U << 16U);
    for (const double p : {2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045}) put_fixed(out, p);
    return out;
}
constexpr double p3[3][3] = {
    {0.5151, 0.2412, -0.0011}, {0.2919, 0.6922, 0.0419}, {0.1572, 0.0666, 0.7841}};
constexpr double srgb[3][3] = {
    {0.4361, 0.2225, 0.0139}, {0.3851, 0.7169, 0.0971}, {0.1431, 0.0606, 0.7141}};

double linear(double value) {
    value /= 255;
    return value <= 0.04045 ? value / 12.92 : std::pow((value + 0.055) / 1.055, 2.4);
}
double encoded(double value) {
    value = std::clamp(value, 0.0, 1.0);
    return 255 * (value <= 0.0031308 ? value * 12.92 : 1.055 * std::pow(value, 1 / 2.4) - 0.055);
}

Bytes with_profile(const Bytes& jpeg, const Bytes& icc) {
    Bytes out(jpeg.begin(), jpeg.begin() + 2);
    // in two pieces, the second one first
    const std::size_t half = icc.size() / 2;
    for (const std::uint8_t piece : {std::uint8_t{2}, std::uint8_t{1}}) {
        const Bytes part = piece == 1 ? Bytes(icc.begin(), icc.begin() + static_cast<long>(half))
                                      : Bytes(icc.begin() + static_cast<long>(half), icc.end());
        const std::size_t length = part.size() + 16;
        out.insert(out.end(), {0xFF, 0xE2, static_cast<std::uint8_t>(length >> 8U),
                               static_cast<std::uint8_t>(length)});
        put_text(out, std::string_view("ICC_PROFILE\0", 12));
        out.insert(out.end(), {piece, 2});
        out.insert(out.end(), part.begin(), part.end());
    }
    out.insert(out.end(), jpeg.begin() + 2, jpeg.end());
    return out;
}

}  // namespace

TEST_CASE("EXIF orientation in both byte orders, among other entries") {
    for (const bool little : {false, true}) {
        for (unsigned value = 1; value <= 8; ++value) {
            const std::vector<Entry> entries{{0x010F, 2, 4, 7}, {0x0112, 3, 1, value}};
            CHECK(photos::exif_orientation(tiff(little, entries)) == value);
        }
        CHECK(photos::exif_orientation(tiff(little, {{0x0112, 3, 1, 0}})) == 1);
        CHECK(photos::exif_orientation(tiff(little, {{0x0112, 3, 1, 9}})) == 1);
        CHECK(photos::exif_orientation(tiff(little, {{0x0112, 4, 1, 6}})) == 1);
        CHECK(photos::exif_orientation(tiff(little, {{0x0112, 3, 2, 6}})) == 1);
        CHECK(photos::exif_orientation(tiff(little, {{0x0113, 3, 1, 6}})) == 1);
        CHECK(photos::exif_orientation(tiff(little, {})) == 1);
    }
}

TEST_CASE("hostile EXIF: nothing outside is read") {
    for (const bool little : {false, true}) {
        const Bytes good = tiff(little, {{0x0112, 3, 1, 6}});
        for (std::size_t size = 0; size < good.size(); ++size) {
            // a copy of exactly this size, so that a sanitizer sees one byte too far
            const Bytes cut(good.begin(), good.begin() + static_cast<long>(size));
            const unsigned value = photos::exif_orientation(cut);
            CHECK((value == 1 || (value == 6 && size >= 20)));
        }
        for (const unsigned offset : {0U, 7U, 9U, 21U, 0x7FFFFFFFU, 0xFFFFFFFFU, 0xFFFFFFF8U}) {
            CHECK(photos::exif_orientation(tiff(little, {{0x0112, 3, 1, 6}}, offset)) == 1);
        }
    }
    CHECK(photos::exif_orientation({}) == 1);
    CHECK(photos::exif_orientation(view("garbage that is long enough to be a header")) == 1);
}

TEST_CASE("JPEG segments: lengths that lie, fill bytes, no scan at all") {
    const auto orientation = [](std::string_view text) {
        return photos::jpeg_metadata(view(text)).orientation;
    };
    CHECK(orientation(std::string_view("\xFF\xD8\xFF\xE1\xFF\xFFxxxx", 10)) == 1);
    CHECK(orientation(std::string_view("\xFF\xD8\xFF\xE1\x00\x00xxxx", 10)) == 1);
    CHECK(orientation(std::string_view("\xFF\xD8\xFF\xFF\xFF\xFF\xFF", 7)) == 1);
    CHECK(orientation("") == 1);
    std::string file(
        "\xFF\xD8\xFF\xFF\xE1\x00\x1C"
        "Exif\0\0",
        13);
    const Bytes body = tiff(true, {{0x0112, 3, 1, 3}});
    file.append(body.begin(), body.end());
    CHECK(orientation(file) == 3);
}

TEST_CASE("Display P3 becomes sRGB; sRGB stays as it is") {
    photos::Image image(4, 1);
    const Bytes colours{200, 100, 100, 60, 180, 70, 128, 128, 128, 250, 240, 235};
    image.pixels = colours;
    photos::to_srgb(image, profile(p3, srgb_curve()));
    // the published matrix from linear Display P3 to linear sRGB
    const double m[3][3] = {{1.2249, -0.2247, 0}, {-0.0420, 1.0419, 0}, {-0.0197, -0.0786, 1.0979}};
    for (std::size_t i = 0; i < colours.size(); i += 3) {
        for (std::size_t row = 0; row < 3; ++row) {
            double value = 0;
            for (std::size_t c = 0; c < 3; ++c) value += m[row][c] * linear(colours[i + c]);
            CHECK(std::abs(encoded(value) - image.pixels[i + row]) < 2.5);
        }
    }
    CHECK(image.pixels[0] > 205);  // control: red did become stronger

    image.pixels = colours;
    photos::to_srgb(image, profile(srgb, srgb_curve()));
    CHECK(image.pixels == colours);
}

TEST_CASE("a profile in a real photo is applied and gone") {
    const Bytes plain = encode_jpeg(decode_jpeg(read_file(photograph(Photograph::sunset)), 8));
    const auto without = photos::intake(plain);
    const auto with = photos::intake(with_profile(plain, profile(p3, srgb_curve())));
    REQUIRE(without.ok());
    REQUIRE(with.ok());
    CHECK_FALSE(contains(with->jpeg, "ICC_PROFILE"));
    const double moved = difference(decode_jpeg(without->jpeg), decode_jpeg(with->jpeg));
    CHECK(moved > 1.0);
    CHECK(moved < 25.0);
    // a half of it is none
    const Bytes whole = profile(p3, srgb_curve());
    Bytes broken = with_profile(plain, whole);
    broken[2 + 4 + 12] = 3;  // the second piece calls itself the third
    const auto dropped = photos::intake(broken);
    REQUIRE(dropped.ok());
    CHECK(dropped->jpeg == without->jpeg);
}

TEST_CASE("curves of the other kinds, and nonsense, leave a picture") {
    Bytes gamma;
    put_text(gamma, "curv");
    put32(gamma, 0);
    put32(gamma, 1);
    gamma.insert(gamma.end(), {2, 51});  // 2.2
    Bytes table;
    put_text(table, "curv");
    put32(table, 0);
    put32(table, 3);
    table.insert(table.end(), {0, 0, 0x37, 0x44, 0xFF, 0xFF});
    for (const Bytes& curve : {gamma, table}) {
        photos::Image image(1, 1);
        image.pixels = {128, 128, 128};
        photos::to_srgb(image, profile(p3, curve));
        for (const auto value : image.pixels) CHECK(std::abs(value - 128) < 8);
    }
    const Bytes good = profile(p3, srgb_curve());
    photos::Image image(1, 1);
    for (std::size_t size = 0; size < good.size(); ++size) {
        image.pixels = {10, 20, 30};
        photos::to_srgb(image, Bytes(good.begin(), good.begin() + static_cast<long>(size)));
        CHECK(image.pixels == Bytes{10, 20, 30});
    }
    for (std::size_t at = 128; at < good.size(); ++at) {
        Bytes odd = good;
        odd[at] ^= 0xFF;
        image.pixels = {10, 20, 30};
        photos::to_srgb(image, odd);  // any colour, no crash
    }
}
