#include "photos/png_read.hpp"

#include <csetjmp>
#include <cstring>

#include <png.h>

#include "photos/exif.hpp"
#include "photos/scale.hpp"

namespace huecry::photos {
namespace {

constexpr png_uint_32 max_png_edge = 65500;  // JPEG's own bound
constexpr png_alloc_size_t max_chunk = 4U << 20U;

/// libpng reports errors by a jump: see jpeg_read.cpp.
struct Reader {
    png_structp png = nullptr;
    png_infop info = nullptr;
    std::jmp_buf jump{};
    BytesView file{};
    std::size_t at = 0;
    Errc failure = Errc::photo_unreadable;
    const char* detail = "damaged PNG";

    Reader() = default;
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;
    ~Reader() { png_destroy_read_struct(&png, &info, nullptr); }

    [[noreturn]] void fail(Errc code, const char* why) {
        failure = code;
        detail = why;
        std::longjmp(jump, 1);
    }
};

[[noreturn]] void on_error(png_structp png, png_const_charp) {
    static_cast<Reader*>(png_get_error_ptr(png))->fail(Errc::photo_unreadable, "damaged PNG");
}
void on_warning(png_structp, png_const_charp) {}

void on_read(png_structp png, png_bytep out, std::size_t size) {
    Reader& reader = *static_cast<Reader*>(png_get_io_ptr(png));
    if (reader.file.size() - reader.at < size) {
        reader.fail(Errc::photo_unreadable, "the PNG is cut off");
    }
    std::memcpy(out, reader.file.data() + reader.at, size);
    reader.at += size;
}

// Compressed texts are the classic bomb, and nothing in them is wanted.
void skip_chunks(png_structp png) {
    static constexpr png_byte names[] =
        "tEXt\0zTXt\0iTXt\0tIME\0pHYs\0sPLT\0hIST\0oFFs\0pCAL\0sCAL\0"
        "bKGD\0sBIT\0sRGB\0gAMA\0cHRM";
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, nullptr, 0);
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, names,
                                static_cast<int>(sizeof(names) / 5));
}

// From the first chunk's fixed place, before libpng allocates anything by it.
bool too_many_pixels(BytesView file, const Limits& limits) {
    if (file.size() < 24) return false;
    const auto number = [&](std::size_t at) {
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < 4; ++i) value = value << 8U | file[at + i];
        return value;
    };
    const std::uint64_t width = number(16);
    const std::uint64_t height = number(20);
    return height != 0 && width > limits.png_pixels / height;
}

bool read_header(Reader& reader) {
    if (setjmp(reader.jump) != 0) return false;
    png_set_read_fn(reader.png, &reader, on_read);
    png_set_user_limits(reader.png, max_png_edge, max_png_edge);
    png_set_chunk_malloc_max(reader.png, max_chunk);
    png_set_chunk_cache_max(reader.png, 64);
    skip_chunks(reader.png);
    png_read_info(reader.png, reader.info);
    png_set_expand(reader.png);
    png_set_scale_16(reader.png);
    png_set_gray_to_rgb(reader.png);
    png_set_add_alpha(reader.png, 0xFF, PNG_FILLER_AFTER);
    png_read_update_info(reader.png, reader.info);
    return true;
}

void lay_on_white(const std::uint8_t* rgba, std::uint8_t* rgb, std::uint32_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        const unsigned alpha = rgba[i * 4 + 3];
        for (std::size_t c = 0; c < 3; ++c) {
            const unsigned mixed = rgba[i * 4 + c] * alpha + 255U * (255U - alpha);
            rgb[i * 3 + c] = static_cast<std::uint8_t>((mixed + 127) / 255);
        }
    }
}

// Interlaced files come as seven sparse pictures; the scaler takes rows in any order, so that no
// full picture is ever held.
bool read_rows(Reader& reader, AreaScaler& scaler, Bytes& line, Bytes& rgb) {
    if (setjmp(reader.jump) != 0) return false;
    const std::uint32_t width = png_get_image_width(reader.png, reader.info);
    const std::uint32_t height = png_get_image_height(reader.png, reader.info);
    const bool interlaced = png_get_interlace_type(reader.png, reader.info) == PNG_INTERLACE_ADAM7;
    for (int pass = 0; pass < (interlaced ? 7 : 1); ++pass) {
        const std::uint32_t columns = interlaced ? PNG_PASS_COLS(width, pass) : width;
        const std::uint32_t rows = interlaced ? PNG_PASS_ROWS(height, pass) : height;
        if (columns == 0) continue;
        const std::uint32_t first = interlaced ? PNG_PASS_START_COL(pass) : 0;
        const std::uint32_t step = interlaced ? 1U << PNG_PASS_COL_SHIFT(pass) : 1;
        for (std::uint32_t row = 0; row < rows; ++row) {
            png_read_row(reader.png, line.data(), nullptr);
            lay_on_white(line.data(), rgb.data(), columns);
            scaler.add_row(interlaced ? PNG_ROW_FROM_PASS_ROW(row, pass) : row, rgb.data(), columns,
                           first, step);
        }
    }
    png_read_end(reader.png, reader.info);
    return true;
}

void read_metadata(Reader& reader, Decoded& out) {
    png_uint_32 size = 0;
    png_bytep exif = nullptr;
    if (png_get_eXIf_1(reader.png, reader.info, &size, &exif) != 0 && exif != nullptr) {
        out.orientation = exif_orientation({exif, size});
    }
    png_charp name = nullptr;
    int compression = 0;
    png_bytep profile = nullptr;
    png_uint_32 length = 0;
    const bool grey = (png_get_color_type(reader.png, reader.info) & PNG_COLOR_MASK_COLOR) == 0;
    if (!grey &&
        png_get_iCCP(reader.png, reader.info, &name, &compression, &profile, &length) != 0) {
        out.icc.assign(profile, profile + length);
    }
}

}  // namespace

Result<Decoded> read_png(BytesView file, const Limits& limits) {
    if (too_many_pixels(file, limits)) return Error{Errc::photo_too_large, "too many pixels"};
    Reader reader;
    reader.file = file;
    reader.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &reader, on_error, on_warning);
    if (reader.png == nullptr) return Errc::internal;
    reader.info = png_create_info_struct(reader.png);
    if (reader.info == nullptr) return Errc::internal;
    if (!read_header(reader)) return Error{reader.failure, reader.detail};

    Decoded out;
    out.source_width = png_get_image_width(reader.png, reader.info);
    out.source_height = png_get_image_height(reader.png, reader.info);
    if (png_get_rowbytes(reader.png, reader.info) != std::size_t{out.source_width} * 4) {
        return Error{Errc::photo_unreadable, "unusual PNG"};
    }
    const Size size = fit(out.source_width, out.source_height, limits.edge);
    AreaScaler scaler(out.source_width, out.source_height, size.width, size.height);
    Bytes line(std::size_t{out.source_width} * 4);
    Bytes rgb(std::size_t{out.source_width} * 3);
    if (!read_rows(reader, scaler, line, rgb)) return Error{reader.failure, reader.detail};
    out.image = scaler.finish();
    read_metadata(reader, out);
    return out;
}

}  // namespace huecry::photos
