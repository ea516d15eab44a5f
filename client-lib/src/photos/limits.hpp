#pragma once

#include <cstddef>
#include <cstdint>

#include "huecry/limits.hpp"

namespace huecry::photos {

/// What a decoder may be made to do by a file. The defaults are the product's.
struct Limits {
    std::size_t file_bytes = limits::max_photo_bytes;
    std::uint64_t jpeg_pixels = limits::max_photo_pixels;
    std::uint64_t png_pixels = limits::max_png_pixels;
    /// Longest edge of the result, pixels.
    std::uint32_t edge = limits::photo_edge;
    /// What libjpeg may hold at once; only progressive files need more than a few MiB.
    std::size_t decoder_bytes = limits::photo_decoder_bytes;
    /// Scans of one progressive file; encoders write about 10.
    int scans = limits::photo_scans;
};

}  // namespace huecry::photos
