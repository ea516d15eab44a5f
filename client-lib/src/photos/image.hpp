#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "huecry/wire/bytes.hpp"

namespace huecry::photos {

/// Pixels in memory: 8-bit sRGB, three bytes a pixel, rows from the top, no padding.
struct Image {
    std::uint32_t width = 0;
    std::uint32_t height = 0;
    Bytes pixels{};

    Image() = default;
    Image(std::uint32_t w, std::uint32_t h)
        : width(w), height(h), pixels(std::size_t{w} * std::size_t{h} * 3) {}
    [[nodiscard]] std::size_t row_bytes() const { return std::size_t{width} * 3; }
    [[nodiscard]] std::uint8_t* at(std::uint32_t x, std::uint32_t y) {
        return pixels.data() + std::size_t{y} * row_bytes() + std::size_t{x} * 3;
    }
    [[nodiscard]] const std::uint8_t* at(std::uint32_t x, std::uint32_t y) const {
        return pixels.data() + std::size_t{y} * row_bytes() + std::size_t{x} * 3;
    }
};

/// What a file's decoder hands on: the picture as stored (not yet upright), already scaled.
struct Decoded {
    Image image{};
    /// Size as stored in the file, before scaling.
    std::uint32_t source_width = 0;
    std::uint32_t source_height = 0;
    /// EXIF orientation, 1 to 8.
    unsigned orientation = 1;
    /// An RGB colour profile, empty when there is none that counts.
    Bytes icc{};
};

}  // namespace huecry::photos
