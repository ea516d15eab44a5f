#pragma once

#include "photos/image.hpp"

namespace huecry::photos {

/// The picture upright, from its EXIF orientation (1 to 8: CIPA DC-008 section 4.6.4).
[[nodiscard]] Image upright(Image stored, unsigned orientation);

}  // namespace huecry::photos
