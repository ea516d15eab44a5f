#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

// The watermark's letters: DejaVu Sans Bold, drawn once when the library is built
// (make_glyphs.cpp), so that an application needs neither the font's file nor a font engine.
namespace huecry::photos {

struct Glyph {
    char32_t code;
    /// First byte of its coverage: rows of 4-bit values, two a byte, each row starting a new byte.
    std::uint32_t offset;
    std::uint8_t width;
    std::uint8_t height;
    /// From the pen to the left edge, and from the baseline up to the top edge, pixels.
    std::int8_t left;
    std::int8_t top;
    std::uint8_t advance;
};

struct GlyphSet {
    /// Ordered by code.
    std::span<const Glyph> glyphs;
    const std::uint8_t* coverage;
    /// Pixels above and below the baseline that any glyph uses.
    int ascent;
    int descent;
};
[[nodiscard]] const GlyphSet& glyph_set();

}  // namespace huecry::photos
