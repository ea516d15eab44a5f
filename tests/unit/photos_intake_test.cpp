#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "photos/intake.hpp"
#include "support/photos.hpp"

using namespace huecry;
using namespace huecry::test;
using photos::intake;
using photos::Rectangle;
using photos::RectangleFill;

namespace {

// The photograph at full size, decoded once.
const Pixels& sunset() {
    static const Pixels pixels = decode_jpeg(read_file(photograph(Photograph::sunset)));
    return pixels;
}
// The same, small: for what does not depend on the size.
const Pixels& small_sunset() {
    static const Pixels pixels = decode_jpeg(read_file(photograph(Photograph::sunset)), 8);
    return pixels;
}

// Every segment of a result must be one of those without which a JPEG cannot be shown.
void check_bare(BytesView jpeg) {
    REQUIRE(jpeg.size() > 4);
    CHECK(jpeg[0] == 0xFF);
    CHECK(jpeg[1] == 0xD8);
    std::size_t at = 2;
    int scans = 0;
    while (at + 4 <= jpeg.size() && scans == 0) {
        REQUIRE(jpeg[at] == 0xFF);
        const unsigned marker = jpeg[at + 1];
        const std::size_t length = std::size_t{jpeg[at + 2]} * 256 + jpeg[at + 3];
        const bool needed = marker == 0xDB || marker == 0xC0 || marker == 0xC4 || marker == 0xDA;
        const bool jfif = marker == 0xE0 && length == 16 && at == 2;
        CHECK_MESSAGE((needed || jfif), "segment ", marker);
        if (marker == 0xDA) ++scans;
        at += 2 + length;
    }
    // entropy-coded data: only stuffed bytes until the end of the image, which is the end
    std::size_t end = at;
    while (end + 1 < jpeg.size() && !(jpeg[end] == 0xFF && jpeg[end + 1] != 0)) ++end;
    CHECK(jpeg[end + 1] == 0xD9);
    CHECK(end + 2 == jpeg.size());
    for (const std::string& word : canaries) CHECK_FALSE(contains(jpeg, word));
    for (const char* word : {"Exif", "http", "GPS", "ICC_PROFILE", "Photoshop", "Adobe"}) {
        CHECK_FALSE(contains(jpeg, word));
    }
}

double spread(const Pixels& p, Rectangle r) {
    double sum = 0;
    double squares = 0;
    for (std::uint32_t y = r.y; y < r.y + r.height; ++y) {
        for (std::uint32_t x = r.x; x < r.x + r.width; ++x) {
            const double value = p.at(x, y)[1];
            sum += value;
            squares += value * value;
        }
    }
    const double count = double{1} * r.width * r.height;
    return std::sqrt(std::max(0.0, squares / count - sum / count * sum / count));
}

}  // namespace

TEST_CASE("real photographs of 12 megapixels and more come out at 1600 pixels, bare") {
    struct Expected {
        Photograph which;
        std::uint32_t width, height;
    };
    for (const Expected& e :
         {Expected{Photograph::sunset, 1600, 1067}, Expected{Photograph::dragonfly, 1600, 1200},
          Expected{Photograph::seedlings, 1600, 900}}) {
        const Bytes camera = with_metadata(read_file(photograph(e.which)), 1);
        for (const std::string& word : canaries) REQUIRE(contains(camera, word));
        const auto photo = intake(camera);
        REQUIRE(photo.ok());
        CHECK(photo->width == e.width);
        CHECK(photo->height == e.height);
        check_bare(photo->jpeg);
        CHECK(photo->jpeg.size() < 1000000);
        const Pixels pixels = decode_jpeg(photo->jpeg);
        CHECK(pixels.width == e.width);
        CHECK(pixels.height == e.height);
    }
}

TEST_CASE("all eight orientations come out as the same upright picture") {
    const auto reference_photo = intake(encode_jpeg(sunset(), JpegKind::baseline, 95));
    REQUIRE(reference_photo.ok());
    const Pixels reference = decode_jpeg(reference_photo->jpeg);
    for (unsigned orientation = 1; orientation <= 8; ++orientation) {
        CAPTURE(orientation);
        const Bytes camera = with_metadata(
            encode_jpeg(stored_as(sunset(), orientation), JpegKind::baseline, 95), orientation);
        const auto photo = intake(camera);
        REQUIRE(photo.ok());
        CHECK(photo->original_width == sunset().width);
        CHECK(photo->original_height == sunset().height);
        check_bare(photo->jpeg);
        const Pixels result = decode_jpeg(photo->jpeg);
        CHECK(difference(result, reference) < 1.5);
        // control: the comparison does notice a picture that is not upright
        if (orientation >= 2 && orientation <= 4) {
            CHECK(difference(stored_as(result, orientation), reference) > 10.0);
        }
    }
}

TEST_CASE("what is scaled is what is in the picture") {
    // 1/2 by the decoder's transform must agree with full decoding and averaging by hand
    const auto photo = intake(encode_jpeg(small_sunset(), JpegKind::baseline, 95));
    REQUIRE(photo.ok());
    CHECK(photo->width == small_sunset().width);  // never enlarged
    CHECK(difference(decode_jpeg(photo->jpeg), small_sunset()) < 3.0);

    photos::Limits limits;
    limits.edge = sunset().width / 2;
    const auto half = intake(read_file(photograph(Photograph::sunset)), {}, {}, limits);
    REQUIRE(half.ok());
    Pixels averaged{sunset().width / 2, sunset().height / 2, {}};
    averaged.rgb.resize(std::size_t{averaged.width} * averaged.height * 3);
    for (std::uint32_t y = 0; y < averaged.height; ++y) {
        for (std::uint32_t x = 0; x < averaged.width; ++x) {
            for (int c = 0; c < 3; ++c) {
                const int sum = sunset().at(2 * x, 2 * y)[c] + sunset().at(2 * x + 1, 2 * y)[c] +
                                sunset().at(2 * x, 2 * y + 1)[c] +
                                sunset().at(2 * x + 1, 2 * y + 1)[c];
                averaged.at(x, y)[c] = static_cast<std::uint8_t>(sum / 4);
            }
        }
    }
    CHECK(difference(decode_jpeg(half->jpeg), averaged) < 3.0);
}

TEST_CASE("progressive, separate scans, grey and CMYK files are the same picture") {
    for (const JpegKind kind : {JpegKind::progressive, JpegKind::separate_scans, JpegKind::cmyk}) {
        CAPTURE(static_cast<int>(kind));
        const auto photo = intake(encode_jpeg(small_sunset(), kind));
        REQUIRE(photo.ok());
        check_bare(photo->jpeg);
        CHECK(difference(decode_jpeg(photo->jpeg), small_sunset()) < 4.0);
    }
    const auto grey = intake(encode_jpeg(small_sunset(), JpegKind::grey));
    REQUIRE(grey.ok());
    const Pixels pixels = decode_jpeg(grey->jpeg);
    const std::uint8_t* middle = pixels.at(pixels.width / 2, pixels.height / 2);
    CHECK(std::abs(middle[0] - middle[2]) <= 2);
}

TEST_CASE("PNG of every kind, interlaced or not, is the same picture") {
    const Pixels& source = small_sunset();
    for (const bool interlaced : {false, true}) {
        for (const PngKind kind : {PngKind::rgb, PngKind::rgb16}) {
            CAPTURE(static_cast<int>(kind));
            const auto photo = intake(encode_png(source, kind, interlaced));
            REQUIRE(photo.ok());
            check_bare(photo->jpeg);
            CHECK(difference(decode_jpeg(photo->jpeg), source) < 3.0);
        }
        const auto palette = intake(encode_png(source, PngKind::palette, interlaced));
        REQUIRE(palette.ok());
        CHECK(difference(decode_jpeg(palette->jpeg), source) < 20.0);

        Pixels grey = source;
        for (std::size_t i = 0; i < grey.rgb.size(); ++i) grey.rgb[i] = source.rgb[i / 3 * 3 + 1];
        const auto g = intake(encode_png(source, PngKind::grey, interlaced));
        REQUIRE(g.ok());
        CHECK(difference(decode_jpeg(g->jpeg), grey) < 3.0);

        const auto alpha = intake(encode_png(source, PngKind::rgba, interlaced));
        REQUIRE(alpha.ok());
        const Pixels faded = decode_jpeg(alpha->jpeg);
        for (int c = 0; c < 3; ++c) {
            CHECK(faded.at(source.width - 1, source.height / 2)[c] > 245);
            CHECK(std::abs(faded.at(1, 5)[c] - source.at(1, 5)[c]) < 24);
        }
    }
    // larger than what is sent: interlaced and plain give the same scaled picture
    const Pixels large = decode_jpeg(read_file(photograph(Photograph::sunset)), 2);
    const auto plain = intake(encode_png(large, PngKind::rgb, false));
    const auto woven = intake(encode_png(large, PngKind::rgb, true));
    REQUIRE(plain.ok());
    REQUIRE(woven.ok());
    CHECK(plain->width == 1600);
    CHECK(difference(decode_jpeg(plain->jpeg), decode_jpeg(woven->jpeg)) < 0.2);
}

TEST_CASE("rectangles are in the upright original's pixels, whatever the orientation") {
    const Pixels source = decode_jpeg(read_file(photograph(Photograph::sunset)), 2);
    const Rectangle face{500, 300, 400, 320};  // of 2136 x 1424
    const auto clear_photo = intake(encode_jpeg(source, JpegKind::baseline, 95));
    REQUIRE(clear_photo.ok());
    const Pixels clear = decode_jpeg(clear_photo->jpeg);
    for (const unsigned orientation : {1U, 3U, 5U, 6U, 7U, 8U}) {
        CAPTURE(orientation);
        const Bytes camera = with_metadata(
            encode_jpeg(stored_as(source, orientation), JpegKind::baseline, 95), orientation);
        const auto photo = intake(camera, {face}, RectangleFill::solid);
        REQUIRE(photo.ok());
        const Pixels result = decode_jpeg(photo->jpeg);
        REQUIRE(result.width == 1600);
        std::size_t wrong_inside = 0;
        std::size_t wrong_outside = 0;
        for (std::uint32_t y = 0; y < result.height; ++y) {
            for (std::uint32_t x = 0; x < result.width; ++x) {
                const double ox = (x + 0.5) * source.width / result.width;
                const double oy = (y + 0.5) * source.height / result.height;
                const bool inside = ox > face.x && ox < face.x + face.width && oy > face.y &&
                                    oy < face.y + face.height;
                const bool far = ox < face.x - 30.0 || ox > face.x + face.width + 30.0 ||
                                 oy < face.y - 30.0 || oy > face.y + face.height + 30.0;
                const auto* pixel = result.at(x, y);
                if (inside && std::max({pixel[0], pixel[1], pixel[2]}) > 12) ++wrong_inside;
                if (far && std::abs(pixel[1] - clear.at(x, y)[1]) > 40) ++wrong_outside;
            }
        }
        CHECK(wrong_inside == 0);
        CHECK(wrong_outside < 20);
    }
}

TEST_CASE("pixelated: blocks of at least 16 pixels and an eighth of the edge, nothing finer") {
    // a rectangle full of detail
    const Pixels source = decode_jpeg(read_file(photograph(Photograph::dragonfly)), 4);
    const Bytes jpeg = encode_jpeg(source, JpegKind::baseline, 95);
    const Rectangle area{300, 200, 320, 320};
    const auto photo = intake(jpeg, {area});
    REQUIRE(photo.ok());
    const Pixels result = decode_jpeg(photo->jpeg);
    // the covered area starts 2 pixels outside: blocks of (320 + 4) / 8 = 41 pixels
    double worst = 0;
    double detail = 0;
    for (std::uint32_t row = 0; row < 7; ++row) {
        for (std::uint32_t column = 0; column < 7; ++column) {
            // well inside a block: JPEG rings at its borders
            const Rectangle inner{298 + column * 41 + 16, 198 + row * 41 + 16, 9, 9};
            worst = std::max(worst, spread(result, inner));
            detail = std::max(detail, spread(source, inner));
        }
    }
    CHECK(worst < 4.0);
    CHECK(detail > 8.0);

    // all of it, and a corner of one pixel
    CHECK(intake(jpeg, {{0, 0, source.width, source.height}}).ok());
    CHECK(intake(jpeg, {{source.width - 1, source.height - 1, 1, 1}}).ok());
}

TEST_CASE("rectangles that do not lie inside are refused") {
    const Pixels& p = small_sunset();
    const Bytes jpeg = encode_jpeg(p);
    for (const Rectangle& r :
         {Rectangle{0, 0, 0, 5}, Rectangle{0, 0, 5, 0}, Rectangle{p.width, 0, 1, 1},
          Rectangle{0, p.height, 1, 1}, Rectangle{0, 0, p.width + 1, 1},
          Rectangle{5, 5, 0xFFFFFFFF, 5}, Rectangle{0xFFFFFFFF, 0xFFFFFFFF, 2, 2}}) {
        const auto photo = intake(jpeg, {r});
        REQUIRE_FALSE(photo.ok());
        CHECK(photo.error().code == Errc::photo_rectangle);
    }
    const std::vector<Rectangle> many(33, Rectangle{0, 0, 1, 1});
    CHECK(intake(jpeg, many).error().code == Errc::photo_rectangle);
}
