#pragma once

#include "huecry/result.hpp"
#include "photos/image.hpp"

namespace huecry::photos {

/// Baseline JPEG, 4:2:0, quality 82, with the 18 bytes of JFIF and no other application segment.
[[nodiscard]] Result<Bytes> write_jpeg(const Image& image);

}  // namespace huecry::photos
