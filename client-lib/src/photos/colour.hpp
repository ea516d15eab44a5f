#pragma once

#include "photos/image.hpp"

namespace huecry::photos {

/// Converts from the colours of an RGB matrix profile (ICC.1:2010; Display P3, Adobe RGB and the
/// like) to sRGB, in which a picture without a profile is shown. A profile of another kind, or one
/// that makes no sense, leaves the pixels as they are.
void to_srgb(Image& image, BytesView icc);

}  // namespace huecry::photos
