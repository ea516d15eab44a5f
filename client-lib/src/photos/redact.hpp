#pragma once

#include <vector>

#include "huecry/result.hpp"
#include "photos/image.hpp"

namespace huecry::photos {

/// Pixels of the upright original, from its top left corner.
struct Rectangle {
    std::uint32_t x = 0;
    std::uint32_t y = 0;
    std::uint32_t width = 0;
    std::uint32_t height = 0;
};

/// How a rectangle is made unrecognisable. Coarse blocks hide a face; text can be guessed back from
/// them, so number plates and papers need the solid fill.
enum class RectangleFill { pixelate, solid };

/// Error: photo_rectangle when one is empty or reaches outside, or there are more than
/// limits::max_rectangles.
[[nodiscard]] Result<void> check_rectangles(const std::vector<Rectangle>& rectangles,
                                            std::uint32_t width, std::uint32_t height);

/// Covers every pixel of `image` that shows any part of a rectangle; `width` and `height` are the
/// upright original's.
void redact(Image& image, const std::vector<Rectangle>& rectangles, RectangleFill fill,
            std::uint32_t width, std::uint32_t height);

}  // namespace huecry::photos
