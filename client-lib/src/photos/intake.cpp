#include "photos/intake.hpp"

#include <algorithm>
#include <array>

#include "photos/colour.hpp"
#include "photos/jpeg_read.hpp"
#include "photos/jpeg_write.hpp"
#include "photos/png_read.hpp"
#include "photos/turn.hpp"

namespace huecry::photos {
namespace {

constexpr std::array<std::uint8_t, 3> jpeg_magic{0xFF, 0xD8, 0xFF};
constexpr std::array<std::uint8_t, 8> png_magic{0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};

template <std::size_t N>
bool starts_with(BytesView file, const std::array<std::uint8_t, N>& magic) {
    return file.size() >= N && std::equal(magic.begin(), magic.end(), file.begin());
}

Result<Decoded> read(BytesView file, const Limits& limits) {
    if (file.size() > limits.file_bytes) return Error{Errc::photo_too_large, "too many bytes"};
    if (file.empty()) return Error{Errc::photo_unreadable, "the file is empty"};
    if (starts_with(file, jpeg_magic)) return read_jpeg(file, limits);
    if (starts_with(file, png_magic)) return read_png(file, limits);
    return Errc::photo_format;
}

}  // namespace

Result<Upright> decode(BytesView file, const Limits& limits) {
    HUECRY_TRY_ASSIGN(Decoded decoded, read(file, limits));
    to_srgb(decoded.image, decoded.icc);
    const bool swapped = decoded.orientation >= 5;
    Upright out;
    out.original_width = swapped ? decoded.source_height : decoded.source_width;
    out.original_height = swapped ? decoded.source_width : decoded.source_height;
    out.image = upright(std::move(decoded.image), decoded.orientation);
    return out;
}

Result<Photo> intake(BytesView file, const std::vector<Rectangle>& rectangles, RectangleFill fill,
                     const Limits& limits) {
    HUECRY_TRY_ASSIGN(Upright photo, decode(file, limits));
    HUECRY_TRY(check_rectangles(rectangles, photo.original_width, photo.original_height));
    redact(photo.image, rectangles, fill, photo.original_width, photo.original_height);
    HUECRY_TRY_ASSIGN(Bytes jpeg, write_jpeg(photo.image));
    return Photo{std::move(jpeg), photo.image.width, photo.image.height, photo.original_width,
                 photo.original_height};
}

}  // namespace huecry::photos
