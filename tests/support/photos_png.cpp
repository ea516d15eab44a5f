#include <algorithm>
#include <stdexcept>

#include <png.h>

#include "support/photos.hpp"

namespace huecry::test {
namespace {

[[noreturn]] void on_error(png_structp, png_const_charp text) { throw std::runtime_error(text); }
void on_warning(png_structp, png_const_charp) {}
void on_write(png_structp png, png_bytep data, std::size_t size) {
    Bytes& out = *static_cast<Bytes*>(png_get_io_ptr(png));
    out.insert(out.end(), data, data + size);
}
void on_flush(png_structp) {}

int colour_type(PngKind kind) {
    switch (kind) {
        case PngKind::rgba:
            return PNG_COLOR_TYPE_RGB_ALPHA;
        case PngKind::grey:
            return PNG_COLOR_TYPE_GRAY;
        case PngKind::palette:
            return PNG_COLOR_TYPE_PALETTE;
        default:
            return PNG_COLOR_TYPE_RGB;
    }
}

std::uint8_t step(std::uint8_t value) { return static_cast<std::uint8_t>((value * 5 + 127) / 255); }

void add_pixel(Bytes& line, const std::uint8_t* rgb, PngKind kind, std::uint8_t alpha) {
    switch (kind) {
        case PngKind::grey:
            line.push_back(rgb[1]);
            break;
        case PngKind::palette:
            line.push_back(
                static_cast<std::uint8_t>(step(rgb[0]) * 36 + step(rgb[1]) * 6 + step(rgb[2])));
            break;
        case PngKind::rgb16:
            for (int c = 0; c < 3; ++c) line.insert(line.end(), 2, rgb[c]);
            break;
        default:
            line.insert(line.end(), rgb, rgb + 3);
            if (kind == PngKind::rgba) line.push_back(alpha);
    }
}

}  // namespace

Bytes encode_png(const Pixels& pixels, PngKind kind, bool interlaced) {
    Bytes out;
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, on_error, on_warning);
    png_infop info = png_create_info_struct(png);
    png_set_write_fn(png, &out, on_write, on_flush);
    png_set_compression_level(png, 1);
    png_set_IHDR(png, info, pixels.width, pixels.height, kind == PngKind::rgb16 ? 16 : 8,
                 colour_type(kind), interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    if (kind == PngKind::palette) {
        std::vector<png_color> colours;
        for (int i = 0; i < 216; ++i) {
            colours.push_back({static_cast<png_byte>(i / 36 * 51),
                               static_cast<png_byte>(i / 6 % 6 * 51),
                               static_cast<png_byte>(i % 6 * 51)});
        }
        png_set_PLTE(png, info, colours.data(), static_cast<int>(colours.size()));
    }
    png_write_info(png, info);
    std::vector<Bytes> lines(pixels.height);
    std::vector<png_bytep> rows;
    for (std::uint32_t y = 0; y < pixels.height; ++y) {
        for (std::uint32_t x = 0; x < pixels.width; ++x) {
            const std::uint32_t last = std::max(pixels.width - 1, 1U);
            add_pixel(lines[y], pixels.at(x, y), kind,
                      static_cast<std::uint8_t>(255 - x * 255 / last));
        }
        rows.push_back(lines[y].data());
    }
    png_write_image(png, rows.data());
    png_write_end(png, nullptr);
    png_destroy_write_struct(&png, &info);
    return out;
}

}  // namespace huecry::test
