#pragma once

#include <vector>

#include "huecry/result.hpp"
#include "huecry/wire/bytes.hpp"
#include "photos/image.hpp"
#include "photos/limits.hpp"
#include "photos/redact.hpp"

// From the file that a camera made to the photo that is sent: decoded under hard limits, scaled,
// turned upright, bystanders hidden, encoded anew from nothing but its pixels. A pure function.
namespace huecry::photos {

struct Photo {
    /// Baseline JPEG without metadata.
    Bytes jpeg;
    std::uint32_t width = 0;
    std::uint32_t height = 0;
    /// The upright original's size, the frame of the rectangles.
    std::uint32_t original_width = 0;
    std::uint32_t original_height = 0;
};

/// `file` is a whole JPEG or PNG file. Errors: photo_format, photo_unreadable, photo_too_large,
/// photo_rectangle.
[[nodiscard]] Result<Photo> intake(BytesView file, const std::vector<Rectangle>& rectangles = {},
                                   RectangleFill fill = RectangleFill::pixelate,
                                   const Limits& limits = {});

/// The first half of it: upright sRGB pixels at the size that is sent, under the same limits.
struct Upright {
    Image image;
    std::uint32_t original_width = 0;
    std::uint32_t original_height = 0;
};
[[nodiscard]] Result<Upright> decode(BytesView file, const Limits& limits = {});

}  // namespace huecry::photos
