#include "photos/jpeg_read.hpp"

#include <algorithm>
#include <csetjmp>
#include <cstdio>

#include <jpeglib.h>
// after jpeglib.h
#include <jerror.h>

#include "photos/exif.hpp"
#include "photos/scale.hpp"

namespace huecry::photos {
namespace {

constexpr unsigned max_harmless_warnings = 16;

/// libjpeg reports errors by a jump. Frames that are jumped over hold no object with a destructor:
/// everything that owns memory lives here or in the caller.
struct Reader {
    jpeg_decompress_struct info{};
    jpeg_error_mgr errors{};
    jpeg_progress_mgr progress{};
    std::jmp_buf jump{};
    unsigned warnings = 0;
    int scan_limit = 0;
    Errc failure = Errc::photo_unreadable;
    const char* detail = "damaged JPEG";

    Reader() = default;
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;
    ~Reader() { jpeg_destroy_decompress(&info); }

    [[noreturn]] void fail(Errc code, const char* why) {
        failure = code;
        detail = why;
        std::longjmp(jump, 1);
    }
};

Reader& reader_of(j_common_ptr info) { return *static_cast<Reader*>(info->client_data); }

void on_error(j_common_ptr info) {
    const int code = info->err->msg_code;
    if (code == JERR_OUT_OF_MEMORY || code == JERR_NO_BACKING_STORE || code == JERR_IMAGE_TOO_BIG ||
        code == JERR_WIDTH_OVERFLOW) {
        reader_of(info).fail(Errc::photo_too_large, "JPEG needs too much memory");
    }
    reader_of(info).fail(Errc::photo_unreadable, "damaged JPEG");
}

void on_message(j_common_ptr info, int level) {
    if (level >= 0) return;  // a trace
    Reader& reader = reader_of(info);
    const int code = info->err->msg_code;
    if (code == JWRN_JPEG_EOF || code == JWRN_HIT_MARKER) {
        reader.fail(Errc::photo_unreadable, "the JPEG is cut off or damaged");
    }
    const bool harmless =
        code == JWRN_EXTRANEOUS_DATA || code == JWRN_ADOBE_XFORM || code == JWRN_JFIF_MAJOR;
    if (!harmless || ++reader.warnings > max_harmless_warnings) {
        reader.fail(Errc::photo_unreadable, "damaged JPEG");
    }
}

void on_output(j_common_ptr) {}  // never to stderr

// Each scan of a progressive file costs a pass over the whole picture: a small file could hold
// thousands.
void on_progress(j_common_ptr info) {
    Reader& reader = reader_of(info);
    if (reader.info.input_scan_number > reader.scan_limit) {
        reader.fail(Errc::photo_unreadable, "too many scans in the JPEG");
    }
}

void prepare(Reader& reader, const Limits& limits) {
    jpeg_std_error(&reader.errors);
    reader.errors.error_exit = on_error;
    reader.errors.emit_message = on_message;
    reader.errors.output_message = on_output;
    reader.info.err = &reader.errors;
    reader.info.client_data = &reader;
    reader.scan_limit = limits.scans;
    reader.progress.progress_monitor = on_progress;
}

bool read_header(Reader& reader, BytesView file, const Limits& limits) {
    if (setjmp(reader.jump) != 0) return false;
    jpeg_create_decompress(&reader.info);
    reader.info.progress = &reader.progress;
    reader.info.mem->max_memory_to_use = static_cast<long>(limits.decoder_bytes);
    jpeg_mem_src(&reader.info, file.data(), static_cast<unsigned long>(file.size()));
    jpeg_read_header(&reader.info, TRUE);
    if (reader.info.arith_code != FALSE) {
        reader.fail(Errc::photo_unreadable, "arithmetic JPEG coding is not supported");
    }
    const std::uint64_t pixels =
        std::uint64_t{reader.info.image_width} * std::uint64_t{reader.info.image_height};
    if (pixels > limits.jpeg_pixels) reader.fail(Errc::photo_too_large, "too many pixels");
    return true;
}

// The transform itself scales by 1/2, 1/4 and 1/8, at a fraction of the time and memory.
void choose_size(Reader& reader, const Limits& limits) {
    jpeg_decompress_struct& info = reader.info;
    const std::uint32_t longest = std::max(info.image_width, info.image_height);
    info.scale_num = 1;
    info.scale_denom = 1;
    while (info.scale_denom < 8 && longest / (info.scale_denom * 2) >= limits.edge) {
        info.scale_denom *= 2;
    }
    info.out_color_space = info.num_components == 4 ? JCS_CMYK : JCS_RGB;
    info.do_block_smoothing = FALSE;
}

bool start(Reader& reader) {
    if (setjmp(reader.jump) != 0) return false;
    jpeg_start_decompress(&reader.info);
    return true;
}

// Adobe writes the four inks inverted; the marker says so.
void inks_to_rgb(const std::uint8_t* inks, std::uint8_t* rgb, std::uint32_t count, bool inverted) {
    for (std::size_t i = 0; i < count; ++i) {
        const unsigned black = inverted ? inks[i * 4 + 3] : 255U - inks[i * 4 + 3];
        for (std::size_t c = 0; c < 3; ++c) {
            const unsigned ink = inverted ? inks[i * 4 + c] : 255U - inks[i * 4 + c];
            rgb[i * 3 + c] = static_cast<std::uint8_t>((ink * black + 127) / 255);
        }
    }
}

bool read_rows(Reader& reader, AreaScaler& scaler, Bytes& line, Bytes& rgb) {
    if (setjmp(reader.jump) != 0) return false;
    jpeg_decompress_struct& info = reader.info;
    const bool inks = info.output_components == 4;
    while (info.output_scanline < info.output_height) {
        const std::uint32_t y = info.output_scanline;
        JSAMPROW row = line.data();
        if (jpeg_read_scanlines(&info, &row, 1) != 1) {
            reader.fail(Errc::photo_unreadable, "the JPEG is cut off");
        }
        if (inks) {
            inks_to_rgb(line.data(), rgb.data(), info.output_width, info.saw_Adobe_marker != FALSE);
        }
        scaler.add_row(y, inks ? rgb.data() : line.data(), info.output_width);
    }
    jpeg_finish_decompress(&info);
    return true;
}

}  // namespace

Result<Decoded> read_jpeg(BytesView file, const Limits& limits) {
    Reader reader;
    prepare(reader, limits);
    const auto failed = [&] { return Error{reader.failure, reader.detail}; };
    if (!read_header(reader, file, limits)) return failed();
    choose_size(reader, limits);
    if (!start(reader)) return failed();

    const jpeg_decompress_struct& info = reader.info;
    Decoded out;
    out.source_width = info.image_width;
    out.source_height = info.image_height;
    const Size size = fit(info.image_width, info.image_height, limits.edge);
    AreaScaler scaler(info.output_width, info.output_height,
                      std::min(size.width, info.output_width),
                      std::min(size.height, info.output_height));
    const auto components = static_cast<std::size_t>(info.output_components);
    if (components != 3 && components != 4) return Errc::photo_unreadable;
    Bytes line(std::size_t{info.output_width} * components);
    Bytes rgb(components == 4 ? std::size_t{info.output_width} * 3 : 0);
    if (!read_rows(reader, scaler, line, rgb)) return failed();
    out.image = scaler.finish();

    JpegMetadata metadata = jpeg_metadata(file);
    out.orientation = metadata.orientation;
    if (info.num_components == 3) out.icc = std::move(metadata.icc);
    return out;
}

}  // namespace huecry::photos
