#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>

#include <sys/resource.h>

#include <jpeglib.h>

#include "photos/intake.hpp"
#include "support/photos.hpp"

using namespace huecry;
using namespace huecry::test;

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HUECRY_SANITIZED  // their own memory would be measured
#endif
#endif

namespace {

long peak_kib() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

// A real photo repeated to 12000 x 9000, written row by row.
Bytes jpeg_of_108_megapixels() {
    const Pixels tile = decode_jpeg(read_file(photograph(Photograph::dragonfly)), 4);
    jpeg_compress_struct info{};
    jpeg_error_mgr errors{};
    info.err = jpeg_std_error(&errors);
    jpeg_create_compress(&info);
    unsigned char* data = nullptr;
    unsigned long size = 0;
    jpeg_mem_dest(&info, &data, &size);
    info.image_width = 12000;
    info.image_height = 9000;
    info.input_components = 3;
    info.in_color_space = JCS_RGB;
    jpeg_set_defaults(&info);
    jpeg_start_compress(&info, TRUE);
    Bytes line(std::size_t{12000} * 3);
    while (info.next_scanline < info.image_height) {
        for (std::size_t x = 0; x < line.size(); ++x) {
            line[x] = tile.at(0, info.next_scanline % tile.height)[x % (tile.width * 3)];
        }
        JSAMPROW row = line.data();
        jpeg_write_scanlines(&info, &row, 1);
    }
    jpeg_finish_compress(&info);
    jpeg_destroy_compress(&info);
    Bytes out(data, data + size);
    std::free(data);
    return out;
}

}  // namespace

TEST_CASE("a photo of 108 megapixels needs less than 150 MB") {
    const Bytes file = jpeg_of_108_megapixels();
    REQUIRE(file.size() < 40U << 20U);
    const auto photo = photos::intake(file);
    REQUIRE(photo.ok());
    CHECK(photo->width == 1600);
    CHECK(photo->height == 1200);
    MESSAGE("peak of the process, KiB: ", peak_kib());
#if !defined(HUECRY_SANITIZED)
    // with the file itself, and what this test needed to make it
    CHECK(peak_kib() < 150 * 1024);
#endif
}
