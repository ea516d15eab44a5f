#include "photos/jpeg_write.hpp"

#include <csetjmp>
#include <cstdio>
#include <cstdlib>

#include <jpeglib.h>

#include "huecry/wire/secret.hpp"

namespace huecry::photos {
namespace {

constexpr int quality = 82;

struct Writer {
    jpeg_compress_struct info{};
    jpeg_error_mgr errors{};
    std::jmp_buf jump{};
    unsigned char* out = nullptr;  // libjpeg's, by malloc
    unsigned long size = 0;

    Writer() = default;
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;
    ~Writer() {
        jpeg_destroy_compress(&info);
        if (out != nullptr) wipe(out, size);
        std::free(out);
    }
};

void on_error(j_common_ptr info) { std::longjmp(static_cast<Writer*>(info->client_data)->jump, 1); }
void on_output(j_common_ptr) {}

bool write(Writer& writer, const Image& image) {
    if (setjmp(writer.jump) != 0) return false;
    jpeg_compress_struct& info = writer.info;
    jpeg_create_compress(&info);
    jpeg_mem_dest(&info, &writer.out, &writer.size);
    info.image_width = image.width;
    info.image_height = image.height;
    info.input_components = 3;
    info.in_color_space = JCS_RGB;
    jpeg_set_defaults(&info);
    jpeg_set_quality(&info, quality, TRUE);
    info.optimize_coding = TRUE;
    jpeg_start_compress(&info, TRUE);
    while (info.next_scanline < info.image_height) {
        // libjpeg's interface takes pointers to non-const rows and only reads them
        JSAMPROW row = const_cast<JSAMPROW>(image.at(0, info.next_scanline));
        jpeg_write_scanlines(&info, &row, 1);
    }
    jpeg_finish_compress(&info);
    return true;
}

}  // namespace

Result<Bytes> write_jpeg(const Image& image) {
    Writer writer;
    jpeg_std_error(&writer.errors);
    writer.errors.error_exit = on_error;
    writer.errors.output_message = on_output;
    writer.info.err = &writer.errors;
    writer.info.client_data = &writer;
    if (!write(writer, image)) return Error{Errc::internal, "JPEG encoder"};
    return Bytes(writer.out, writer.out + writer.size);
}

}  // namespace huecry::photos
