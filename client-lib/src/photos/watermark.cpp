#include "photos/watermark.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "huecry/wire/utf8.hpp"
#include "photos/glyphs.hpp"
#include "photos/intake.hpp"
#include "photos/jpeg_write.hpp"

namespace huecry::photos {
namespace {

constexpr int edge_width = 2;       // dark rim around the letters, mask pixels
constexpr float ink = 0.5F;         // how much of the letter covers the picture
constexpr float rim = 0.4F;         // how much of its rim does
constexpr double slant_x = 0.9063;  // cosine and sine of 25 degrees
constexpr double slant_y = 0.4226;

/// The line drawn once, upright: how much letter and how much rim each pixel has, 0 to 1.
struct Mask {
    int width = 0;
    int height = 0;
    std::vector<float> letter{};
    std::vector<float> shade{};

    [[nodiscard]] std::size_t at(int x, int y) const {
        return static_cast<std::size_t>(y) * static_cast<std::size_t>(width) +
               static_cast<std::size_t>(x);
    }
};

// An empty result means that it is not UTF-8.
std::u32string code_points(std::string_view text) {
    std::u32string out;
    while (!text.empty()) {
        const CodePoint code = first_code_point(text);
        if (!code.valid) return {};
        out += code.value;
        text.remove_prefix(code.size);
    }
    return out;
}

const Glyph* find(char32_t code) {
    const auto glyphs = glyph_set().glyphs;
    const auto at = std::lower_bound(glyphs.begin(), glyphs.end(), code,
                                     [](const Glyph& g, char32_t c) { return g.code < c; });
    return at != glyphs.end() && at->code == code ? &*at : nullptr;
}

// A letter without a glyph is still told apart from every other.
std::vector<const Glyph*> spelled(const std::u32string& text) {
    std::vector<const Glyph*> out;
    for (const char32_t code : text) {
        if (const Glyph* glyph = find(code)) {
            out.push_back(glyph);
            continue;
        }
        std::u32string number;
        for (char32_t rest = code; rest != 0; rest /= 16) {
            number.insert(number.begin(), U"0123456789ABCDEF"[rest % 16]);
        }
        for (const char32_t c : U"{" + number + U"}") {
            if (const Glyph* glyph = find(c)) out.push_back(glyph);
        }
    }
    return out;
}

void draw(Mask& mask, const Glyph& glyph, int pen, int baseline) {
    const std::size_t row_bytes = (std::size_t{glyph.width} + 1) / 2;
    for (int y = 0; y < glyph.height; ++y) {
        for (int x = 0; x < glyph.width; ++x) {
            const int to_x = pen + glyph.left + x;
            const int to_y = baseline - glyph.top + y;
            if (to_x < 0 || to_y < 0 || to_x >= mask.width || to_y >= mask.height) continue;
            const std::uint8_t pair =
                glyph_set().coverage[glyph.offset + static_cast<std::size_t>(y) * row_bytes +
                                     static_cast<std::size_t>(x / 2)];
            const unsigned value = x % 2 == 0 ? pair >> 4U : pair & 15U;
            float& to = mask.letter[mask.at(to_x, to_y)];
            to = std::max(to, static_cast<float>(value) / 15.0F);
        }
    }
}

// The rim: the strongest letter within reach.
void shade(Mask& mask) {
    for (int y = 0; y < mask.height; ++y) {
        for (int x = 0; x < mask.width; ++x) {
            float most = 0;
            for (int v = std::max(0, y - edge_width);
                 v <= std::min(mask.height - 1, y + edge_width); ++v) {
                for (int u = std::max(0, x - edge_width);
                     u <= std::min(mask.width - 1, x + edge_width); ++u) {
                    most = std::max(most, mask.letter[mask.at(u, v)]);
                }
            }
            mask.shade[mask.at(x, y)] = most;
        }
    }
}

Mask draw_line(const std::u32string& text) {
    const std::vector<const Glyph*> glyphs = spelled(text);
    Mask mask;
    mask.width = 2 * edge_width;
    for (const Glyph* glyph : glyphs) mask.width += glyph->advance;
    const GlyphSet& set = glyph_set();
    mask.height = set.ascent + set.descent + 2 * edge_width;
    const std::size_t size =
        static_cast<std::size_t>(mask.width) * static_cast<std::size_t>(mask.height);
    mask.letter.resize(size);
    mask.shade.resize(size);
    int pen = edge_width;
    for (const Glyph* glyph : glyphs) {
        draw(mask, *glyph, pen, set.ascent + edge_width);
        pen += glyph->advance;
    }
    shade(mask);
    return mask;
}

struct Ink {
    float letter;
    float shade;
};

Ink sample(const Mask& mask, double x, double y) {
    const int left = static_cast<int>(std::floor(x));
    const int top = static_cast<int>(std::floor(y));
    Ink out{0, 0};
    for (int v = 0; v < 2; ++v) {
        for (int u = 0; u < 2; ++u) {
            const int at_x = left + u;
            const int at_y = top + v;
            if (at_x < 0 || at_y < 0 || at_x >= mask.width || at_y >= mask.height) continue;
            const auto part = static_cast<float>((u == 0 ? 1 - (x - left) : x - left) *
                                                 (v == 0 ? 1 - (y - top) : y - top));
            out.letter += part * mask.letter[mask.at(at_x, at_y)];
            out.shade += part * mask.shade[mask.at(at_x, at_y)];
        }
    }
    return out;
}

// Mask pixels per picture pixel: letters of about 1/50 of the longest edge, smaller for a long line
// (so that a crop of half the picture holds all of it), but never too small to read.
double density(const Mask& mask, const Image& image) {
    const double longest = std::max(image.width, image.height);
    const double wanted = longest / 50.0 / 24.0;
    const double fitting = longest * 0.45 / mask.width;
    return 1.0 / std::clamp(std::min(wanted, fitting), 0.5, 2.0);
}

void burn(Image& image, const Mask& mask) {
    const double scale = density(mask, image);
    const double column = mask.width + 40;
    const double line = mask.height * 3.2;
    for (std::uint32_t y = 0; y < image.height; ++y) {
        for (std::uint32_t x = 0; x < image.width; ++x) {
            const double along = (x * slant_x - y * slant_y) * scale;
            const double across = (x * slant_y + y * slant_x) * scale;
            const double row = std::floor(across / line);
            // each line starts a third further on, so that no column of gaps runs through
            const double shifted = along + row * column / 3.0;
            const double in_line = shifted - std::floor(shifted / column) * column;
            const Ink here = sample(mask, in_line, across - row * line);
            if (here.shade <= 0.0F) continue;
            std::uint8_t* pixel = image.at(x, y);
            for (std::size_t c = 0; c < 3; ++c) {
                float value = static_cast<float>(pixel[c]);
                value *= 1.0F - rim * here.shade;
                value += (255.0F - value) * ink * here.letter;
                pixel[c] = static_cast<std::uint8_t>(std::clamp(value + 0.5F, 0.0F, 255.0F));
            }
        }
    }
}

}  // namespace

Result<SecretBytes> watermark(BytesView jpeg, std::string_view line, const Limits& limits) {
    if (line.empty()) return Errc::text_empty;
    if (line.size() > max_watermark) return Errc::text_too_long;
    const std::u32string text = code_points(line);
    if (text.empty()) return Errc::text_unprintable;
    HUECRY_TRY_ASSIGN(Upright photo, decode(jpeg, limits));
    burn(photo.image, draw_line(text));
    HUECRY_TRY_ASSIGN(Bytes out, write_jpeg(photo.image));
    SecretBytes marked{BytesView(out)};
    wipe(out.data(), out.size());
    wipe(photo.image.pixels.data(), photo.image.pixels.size());
    return marked;
}

}  // namespace huecry::photos
