#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>

#include <zlib.h>

#include "huecry/limits.hpp"
#include "photos/intake.hpp"
#include "support/photos.hpp"

using namespace huecry;
using namespace huecry::test;
using photos::intake;

namespace {

const Pixels& picture() {
    static const Pixels pixels = [] {
        const Pixels from = decode_jpeg(read_file(photograph(Photograph::dragonfly)), 8);
        Pixels out{240, 180, {}};
        out.rgb.resize(std::size_t{240} * 180 * 3);
        for (std::uint32_t y = 0; y < out.height; ++y) {
            std::copy_n(from.at(100, 100 + y), std::size_t{240} * 3, out.at(0, y));
        }
        return out;
    }();
    return pixels;
}

void check_refused(BytesView file, Errc code, const std::string& detail = {}) {
    const auto photo = intake(file);
    REQUIRE_FALSE(photo.ok());
    CHECK(name(photo.error().code) == name(code));
    if (!detail.empty()) CHECK(photo.error().detail == detail);
}

// One of the photo errors, or a picture within the limits.
void check_sane(BytesView file) {
    const auto photo = intake(file);
    if (photo.ok()) {
        CHECK(photo->width >= 1);
        CHECK(photo->width <= limits::photo_edge);
        CHECK(photo->height <= limits::photo_edge);
        CHECK_NOTHROW((void)decode_jpeg(photo->jpeg));
    } else {
        const Errc code = photo.error().code;
        CHECK((code == Errc::photo_unreadable || code == Errc::photo_too_large ||
               code == Errc::photo_format));
    }
}

// Where the frame header's payload starts: precision, height, width.
std::size_t frame_header(BytesView jpeg) {
    std::size_t at = 2;
    while (jpeg[at + 1] < 0xC0 || jpeg[at + 1] > 0xC2) {
        at += 2 + std::size_t{jpeg[at + 2]} * 256 + jpeg[at + 3];
    }
    return at + 4;
}
Bytes resized_jpeg(Bytes jpeg, unsigned width, unsigned height) {
    const std::size_t at = frame_header(jpeg);
    jpeg[at + 1] = static_cast<std::uint8_t>(height >> 8U);
    jpeg[at + 2] = static_cast<std::uint8_t>(height);
    jpeg[at + 3] = static_cast<std::uint8_t>(width >> 8U);
    jpeg[at + 4] = static_cast<std::uint8_t>(width);
    return jpeg;
}

void put32(Bytes& out, std::uint64_t value) {
    for (unsigned shift = 32; shift > 0; shift -= 8) {
        out.push_back(static_cast<std::uint8_t>(value >> (shift - 8)));
    }
}
Bytes chunk(std::string_view type, BytesView data) {
    Bytes body = to_bytes(view(type));
    body.insert(body.end(), data.begin(), data.end());
    Bytes out;
    put32(out, data.size());
    out.insert(out.end(), body.begin(), body.end());
    put32(out, crc32(0, body.data(), static_cast<uInt>(body.size())));
    return out;
}
Bytes deflated(const Bytes& plain) {
    Bytes out(compressBound(plain.size()));
    uLongf size = out.size();
    REQUIRE(compress2(out.data(), &size, plain.data(), plain.size(), 9) == Z_OK);
    out.resize(size);
    return out;
}
Bytes header(std::uint32_t width, std::uint32_t height, std::uint8_t depth = 8,
             std::uint8_t colour = 2, std::uint8_t interlace = 0) {
    Bytes data;
    put32(data, width);
    put32(data, height);
    data.insert(data.end(), {depth, colour, 0, 0, interlace});
    return chunk("IHDR", data);
}
Bytes png(const std::vector<Bytes>& chunks) {
    Bytes out{0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
    for (const Bytes& c : chunks) out.insert(out.end(), c.begin(), c.end());
    return out;
}
const Bytes end_chunk = chunk("IEND", {});

}  // namespace

TEST_CASE("what is no photo is refused by its first bytes") {
    check_refused({}, Errc::photo_unreadable);
    for (const char* text : {"GIF89a......", "BM......", "RIFF....WEBPVP8 ", "II*\0........",
                             "....ftypheic", "<svg xmlns=''>", "x", "\xFF\xD8", "%PDF-1.4"}) {
        check_refused(view(text), Errc::photo_format);
    }
    check_refused(view("\xFF\xD8\xFF"), Errc::photo_unreadable);
    check_refused(view("\x89PNG\r\n\x1A\n"), Errc::photo_unreadable);
}

TEST_CASE("a file above the limit is refused before it is looked at") {
    Bytes big(limits::max_photo_bytes + 1, 0);
    big[0] = 0xFF, big[1] = 0xD8, big[2] = 0xFF;
    check_refused(big, Errc::photo_too_large, "too many bytes");
    big.pop_back();
    check_refused(big, Errc::photo_unreadable);
}

TEST_CASE("a cut off file is refused wherever it was cut") {
    const std::vector<Bytes> files{
        with_metadata(encode_jpeg(picture()), 6), encode_jpeg(picture(), JpegKind::progressive),
        encode_png(picture(), PngKind::rgb, false), encode_png(picture(), PngKind::palette, true)};
    for (const Bytes& whole : files) {
        REQUIRE(intake(whole).ok());
        const std::size_t step = std::max<std::size_t>(1, whole.size() / 150);
        for (std::size_t size = 9; size < whole.size(); size += step) {
            CAPTURE(size);
            check_refused(BytesView(whole).first(size), Errc::photo_unreadable);
        }
        for (std::size_t missing = 1; missing <= 2; ++missing) {
            check_refused(BytesView(whole).first(whole.size() - missing), Errc::photo_unreadable);
        }
    }
    const Bytes real = read_file(photograph(Photograph::seedlings));
    for (std::size_t part = 1; part < 12; ++part) {
        check_refused(BytesView(real).first(real.size() * part / 12), Errc::photo_unreadable);
    }
}

TEST_CASE("what follows the picture is ignored, not kept") {
    for (Bytes file : {encode_jpeg(picture()), encode_png(picture(), PngKind::rgb, false)}) {
        const Bytes clean = intake(file)->jpeg;
        const BytesView tail = view("CanaryTrailer and a hidden second file");
        file.insert(file.end(), tail.begin(), tail.end());
        const auto photo = intake(file);
        REQUIRE(photo.ok());
        CHECK(photo->jpeg == clean);
    }
}

TEST_CASE("flipped bits never do more than spoil the picture") {
    std::mt19937 random(20261122);  // NOLINT: the same run every time
    const std::vector<Bytes> files{
        with_metadata(encode_jpeg(picture()), 8), encode_jpeg(picture(), JpegKind::progressive),
        encode_jpeg(picture(), JpegKind::cmyk), encode_png(picture(), PngKind::rgb, true),
        encode_png(picture(), PngKind::palette, false)};
    std::size_t refused = 0;
    for (const Bytes& whole : files) {
        for (int round = 0; round < 150; ++round) {
            Bytes file = whole;
            // half of the rounds in the headers, where it matters most
            const std::size_t reach =
                round % 2 == 0 ? std::min<std::size_t>(file.size(), 800) : file.size();
            for (int flips = 0; flips < 1 + round % 4; ++flips) {
                file[random() % reach] ^= static_cast<std::uint8_t>(1U << random() % 8);
            }
            check_sane(file);
            if (!intake(file).ok()) ++refused;
        }
    }
    CHECK(refused > 100);
}

TEST_CASE("giant, zero and odd dimensions") {
    const Bytes jpeg = encode_jpeg(picture());
    check_refused(resized_jpeg(jpeg, 65500, 65500), Errc::photo_too_large, "too many pixels");
    check_refused(resized_jpeg(jpeg, 12000, 9001), Errc::photo_too_large, "too many pixels");
    check_refused(resized_jpeg(jpeg, 65535, 65535), Errc::photo_too_large);
    check_refused(resized_jpeg(jpeg, 0, 180), Errc::photo_unreadable);
    check_refused(resized_jpeg(jpeg, 240, 0), Errc::photo_unreadable);
    check_refused(resized_jpeg(jpeg, 240, 1800), Errc::photo_unreadable);  // rows are missing
    // a progressive file of 108 megapixels would be held as 324 MB of coefficients
    check_refused(resized_jpeg(encode_jpeg(picture(), JpegKind::progressive), 12000, 9000),
                  Errc::photo_too_large, "JPEG needs too much memory");

    check_refused(png({header(65000, 65000), end_chunk}), Errc::photo_too_large, "too many pixels");
    check_refused(png({header(0x7FFFFFFF, 0x7FFFFFFF), end_chunk}), Errc::photo_too_large);
    check_refused(png({header(0xFFFFFFFF, 1), end_chunk}), Errc::photo_too_large);
    check_refused(png({header(0x7FFFFFFF, 0), end_chunk}), Errc::photo_unreadable);
    check_refused(png({header(0, 10), end_chunk}), Errc::photo_unreadable);
    check_refused(png({header(10, 0), end_chunk}), Errc::photo_unreadable);
    check_refused(png({header(10, 10, 3), end_chunk}), Errc::photo_unreadable);
    check_refused(png({header(10, 10, 8, 3), end_chunk}), Errc::photo_unreadable);  // no palette
    check_refused(png({header(10, 10), end_chunk}), Errc::photo_unreadable);        // no pixels
}

TEST_CASE("one pixel, one row, one column") {
    for (const auto& [width, height] : {std::pair{1U, 1U}, {1U, 300U}, {300U, 1U}, {5000U, 1U}}) {
        CAPTURE(width);
        Pixels thin{width, height, Bytes(std::size_t{width} * height * 3, 77)};
        for (const Bytes& file :
             {encode_jpeg(thin), encode_jpeg(thin, JpegKind::progressive),
              encode_png(thin, PngKind::rgb, false), encode_png(thin, PngKind::rgb, true)}) {
            const auto photo = intake(file);
            REQUIRE(photo.ok());
            CHECK(photo->width == std::min<std::uint32_t>(width, 1600));
            const Pixels result = decode_jpeg(photo->jpeg);
            CHECK(std::abs(result.at(0, 0)[0] - 77) < 4);
        }
    }
}

TEST_CASE("a small file with thousands of scans is refused") {
    const Bytes jpeg = encode_jpeg(picture(), JpegKind::separate_scans);
    REQUIRE(intake(jpeg).ok());
    const Bytes scan_marker{0xFF, 0xDA};
    const auto last =
        std::find_end(jpeg.begin(), jpeg.end(), scan_marker.begin(), scan_marker.end());
    const Bytes scan(last, jpeg.end() - 2);
    for (const int scans : {20, 5000}) {
        Bytes bomb(jpeg.begin(), jpeg.end() - 2);
        for (int i = 0; i < scans; ++i) bomb.insert(bomb.end(), scan.begin(), scan.end());
        bomb.insert(bomb.end(), {0xFF, 0xD9});
        if (scans < 29) {
            CHECK(intake(bomb).ok());  // control: the repeats themselves are no error
        } else {
            check_refused(bomb, Errc::photo_unreadable, "too many scans in the JPEG");
        }
    }
}

TEST_CASE("PNG: compressed bombs stay folded") {
    const Bytes zeros = deflated(Bytes(50U << 20U, 0));  // 50 MiB in 50 KiB
    REQUIRE(zeros.size() < 100000);
    const Bytes good = encode_png(picture(), PngKind::rgb, false);
    const Bytes clean = intake(good)->jpeg;
    const auto with_chunk = [&](std::string_view type, BytesView data) {
        Bytes file(good.begin(), good.begin() + 33);  // signature and IHDR
        const Bytes extra = chunk(type, data);
        file.insert(file.end(), extra.begin(), extra.end());
        file.insert(file.end(), good.begin() + 33, good.end());
        return file;
    };
    Bytes text = to_bytes(view(std::string_view("word\0\0", 6)));
    text.insert(text.end(), zeros.begin(), zeros.end());
    for (const char* type : {"zTXt", "iCCP"}) {
        CAPTURE(type);
        const auto photo = intake(with_chunk(type, text));
        REQUIRE(photo.ok());  // neither matters to the pixels
        CHECK(photo->jpeg == clean);
    }
    Bytes international = to_bytes(view(std::string_view("word\0\1\0\0\0", 9)));
    international.insert(international.end(), zeros.begin(), zeros.end());
    CHECK(intake(with_chunk("iTXt", international)).ok());
    CHECK(intake(with_chunk("eXIf", view("MM\0*garbage"))).ok());
    CHECK(intake(with_chunk("tRNS", Bytes(6, 1))).ok());

    // far more pixel data than the header says, and far less
    check_sane(png({header(10, 10), chunk("IDAT", zeros), end_chunk}));
    check_refused(png({header(4000, 4000), chunk("IDAT", deflated(Bytes(1000, 0))), end_chunk}),
                  Errc::photo_unreadable);
    check_refused(png({header(10, 10), chunk("IDAT", view("not deflate")), end_chunk}),
                  Errc::photo_unreadable);
    // a filter type that does not exist
    check_refused(png({header(10, 10), chunk("IDAT", deflated(Bytes(310, 9))), end_chunk}),
                  Errc::photo_unreadable);
    // palette indices beyond the palette
    check_sane(png({header(4, 4, 8, 3), chunk("PLTE", Bytes(6, 50)),
                    chunk("IDAT", deflated(Bytes{0, 0, 1, 2, 255, 0, 9,   9, 9, 9,
                                                 0, 1, 1, 1, 1,   0, 200, 0, 0, 0})),
                    end_chunk}));
    // a damaged checksum on a critical chunk
    Bytes crc = good;
    crc[30] ^= 1;
    check_refused(crc, Errc::photo_unreadable);
}

TEST_CASE("more than 64 thousand rows of a narrow PNG") {
    check_refused(png({header(1, 70000), end_chunk}), Errc::photo_unreadable);
}
