#pragma once

#include "huecry/result.hpp"
#include "photos/image.hpp"
#include "photos/limits.hpp"

namespace huecry::photos {

/// Decodes a PNG file of any kind (palette, grey, 16 bit, interlaced; transparency laid on white)
/// row by row, scaled to `limits.edge`. Chunks that do not change the pixels are skipped unread.
/// Errors: photo_unreadable, photo_too_large.
[[nodiscard]] Result<Decoded> read_png(BytesView file, const Limits& limits);

}  // namespace huecry::photos
