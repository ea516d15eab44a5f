#pragma once

#include "huecry/wire/bytes.hpp"

// The two things in a photo's metadata that change how its pixels look: which way is up, and the
// colour profile. Everything else is never even parsed.
namespace huecry::photos {

/// Orientation (tag 0x0112) from a TIFF structure as in EXIF: 1 to 8, and 1 when there is none or
/// anything is out of bounds. Reads only inside `tiff`; does not loop or follow other directories.
[[nodiscard]] unsigned exif_orientation(BytesView tiff);

struct JpegMetadata {
    unsigned orientation = 1;
    /// Joined from its APP2 pieces; empty when incomplete or larger than 1 MiB.
    Bytes icc{};
};
/// Walks the segments before the first scan.
[[nodiscard]] JpegMetadata jpeg_metadata(BytesView file);

}  // namespace huecry::photos
