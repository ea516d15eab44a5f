#pragma once

#include "huecry/result.hpp"
#include "photos/image.hpp"
#include "photos/limits.hpp"

namespace huecry::photos {

/// Decodes a JPEG file (baseline or progressive; grey, RGB, YCbCr, CMYK, YCCK) at the smallest size
/// that libjpeg offers above `limits.edge`, then scales to it. A file that is cut off or damaged is
/// refused, not repaired: what is missing could be what matters.
/// Errors: photo_unreadable, photo_too_large.
[[nodiscard]] Result<Decoded> read_jpeg(BytesView file, const Limits& limits);

}  // namespace huecry::photos
