#include "support/photos.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <random>
#include <stdexcept>

#include <jpeglib.h>

namespace huecry::test {
namespace {

[[noreturn]] void on_jpeg_error(j_common_ptr info) {
    char text[JMSG_LENGTH_MAX];
    info->err->format_message(info, text);
    throw std::runtime_error(text);
}
void on_jpeg_message(j_common_ptr info, int level) {
    if (level < 0) on_jpeg_error(info);
}

const char* file_name(Photograph which) {
    switch (which) {
        case Photograph::sunset:
            return "sunset_by_Aitzol_Berasategi.jpg";
        case Photograph::dragonfly:
            return "Dragonfly_by_Bolly.jpg";
        default:
            return "seeding_by_Clements_Engelhardt.jpg";
    }
}

}  // namespace

TemporaryFolder::TemporaryFolder() {
    std::random_device random;
    const auto base = std::filesystem::temp_directory_path();
    do {
        path_ = base / ("huecry-test-" + std::to_string(random()));
    } while (!std::filesystem::create_directory(path_));
}
TemporaryFolder::~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

Bytes read_file(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    if (!in) throw std::runtime_error("cannot read " + path.string());
    return Bytes(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
}
void write_file(const std::filesystem::path& path, BytesView bytes) {
    std::ofstream out(path, std::ios::binary);
    out.write(reinterpret_cast<const char*>(bytes.data()),
              static_cast<std::streamsize>(bytes.size()));
    if (!out.flush()) throw std::runtime_error("cannot write " + path.string());
}

std::filesystem::path photograph(Photograph which) {
    std::vector<std::filesystem::path> folders{"/usr/share/backgrounds"};
    if (const char* chosen = std::getenv("HUECRY_TEST_PHOTOS"))
        folders.insert(folders.begin(), chosen);
    for (const auto& folder : folders) {
        if (std::filesystem::exists(folder / file_name(which))) return folder / file_name(which);
    }
    throw std::runtime_error(std::string("no ") + file_name(which) +
                             ": install lomiri-wallpapers-16.04 or set HUECRY_TEST_PHOTOS");
}

Pixels decode_jpeg(BytesView jpeg, unsigned denominator) {
    jpeg_decompress_struct info{};
    jpeg_error_mgr errors{};
    info.err = jpeg_std_error(&errors);
    errors.error_exit = on_jpeg_error;
    errors.emit_message = on_jpeg_message;
    jpeg_create_decompress(&info);
    jpeg_mem_src(&info, jpeg.data(), static_cast<unsigned long>(jpeg.size()));
    jpeg_read_header(&info, TRUE);
    info.out_color_space = JCS_RGB;
    info.scale_num = 1;
    info.scale_denom = denominator;
    jpeg_start_decompress(&info);
    Pixels out{info.output_width, info.output_height, {}};
    out.rgb.resize(std::size_t{out.width} * out.height * 3);
    while (info.output_scanline < info.output_height) {
        JSAMPROW row = out.at(0, info.output_scanline);
        jpeg_read_scanlines(&info, &row, 1);
    }
    jpeg_finish_decompress(&info);
    jpeg_destroy_decompress(&info);
    return out;
}

Bytes encode_jpeg(const Pixels& pixels, JpegKind kind, int quality) {
    jpeg_compress_struct info{};
    jpeg_error_mgr errors{};
    info.err = jpeg_std_error(&errors);
    errors.error_exit = on_jpeg_error;
    jpeg_create_compress(&info);
    unsigned char* data = nullptr;
    unsigned long size = 0;
    jpeg_mem_dest(&info, &data, &size);
    const bool inks = kind == JpegKind::cmyk;
    info.image_width = pixels.width;
    info.image_height = pixels.height;
    info.input_components = inks ? 4 : 3;
    info.in_color_space = inks ? JCS_CMYK : JCS_RGB;
    jpeg_set_defaults(&info);
    if (kind == JpegKind::grey) jpeg_set_colorspace(&info, JCS_GRAYSCALE);
    if (inks) jpeg_set_colorspace(&info, JCS_YCCK);
    jpeg_set_quality(&info, quality, TRUE);
    if (kind == JpegKind::progressive) jpeg_simple_progression(&info);
    static const jpeg_scan_info separate[3] = {
        {1, {0}, 0, 63, 0, 0}, {1, {1}, 0, 63, 0, 0}, {1, {2}, 0, 63, 0, 0}};
    if (kind == JpegKind::separate_scans) {
        info.scan_info = separate;
        info.num_scans = 3;
    }
    jpeg_start_compress(&info, TRUE);
    Bytes line(std::size_t{pixels.width} * 4);
    while (info.next_scanline < info.image_height) {
        const std::uint8_t* rgb = pixels.at(0, info.next_scanline);
        for (std::size_t x = 0; inks && x < pixels.width; ++x) {  // as Adobe does: inverted inks
            const std::uint8_t black = std::max({rgb[x * 3], rgb[x * 3 + 1], rgb[x * 3 + 2]});
            for (std::size_t c = 0; c < 3; ++c) {
                line[x * 4 + c] = static_cast<std::uint8_t>(
                    black == 0 ? 255 : (rgb[x * 3 + c] * 255 + black / 2) / black);
            }
            line[x * 4 + 3] = black;
        }
        JSAMPROW row = inks ? line.data() : const_cast<JSAMPROW>(rgb);
        jpeg_write_scanlines(&info, &row, 1);
    }
    jpeg_finish_compress(&info);
    jpeg_destroy_compress(&info);
    Bytes out(data, data + size);
    std::free(data);
    return out;
}

Pixels stored_as(const Pixels& upright, unsigned orientation) {
    const bool swapped = orientation >= 5;
    Pixels out{
        swapped ? upright.height : upright.width, swapped ? upright.width : upright.height, {}};
    out.rgb.resize(upright.rgb.size());
    // Where EXIF says that the stored row 0 is (1, 2: top; 3, 4: bottom; 5, 8: left; 6, 7: right)
    // and the stored column 0 (1, 4: left; 2, 3: right; 5, 6: top; 7, 8: bottom).
    const bool row_far =
        orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    const bool column_far =
        orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    for (std::uint32_t y = 0; y < out.height; ++y) {
        for (std::uint32_t x = 0; x < out.width; ++x) {
            const std::uint32_t down = row_far ? out.height - 1 - y : y;
            const std::uint32_t along = column_far ? out.width - 1 - x : x;
            const std::uint8_t* from = swapped ? upright.at(down, along) : upright.at(along, down);
            std::copy_n(from, 3, out.at(x, y));
        }
    }
    return out;
}

Bytes with_metadata(BytesView jpeg, unsigned orientation) {
    const TemporaryFolder folder;
    const auto photo = folder.path() / "photo.jpg";
    const auto thumbnail = folder.path() / "thumbnail.jpg";
    write_file(photo, jpeg);
    Pixels small = decode_jpeg(jpeg, 8);
    Bytes reduced = encode_jpeg(small, JpegKind::baseline, 30);
    if (reduced.size() > 60000) reduced = encode_jpeg(small, JpegKind::baseline, 5);
    write_file(thumbnail, reduced);
    const std::string command =
        "exiftool -q -q -n -overwrite_original -Orientation=" + std::to_string(orientation) +
        " -Make=CanaryMake -Model=CanaryModel -Artist=CanaryArtist -SerialNumber=CanarySerial"
        " -UserComment=CanaryUserComment -GPSLatitude=51.5007 -GPSLatitudeRef=N"
        " -GPSLongitude=0.1246 -GPSLongitudeRef=W -XMP:Description=CanaryXmp"
        " -IPTC:Caption-Abstract=CanaryIptc -Comment=CanaryComment '-ThumbnailImage<=" +
        thumbnail.string() + "' '" + photo.string() + "'";
    if (std::system(command.c_str()) != 0) {
        throw std::runtime_error("exiftool failed: install libimage-exiftool-perl");
    }
    return read_file(photo);
}

double difference(const Pixels& a, const Pixels& b) {
    if (a.width != b.width || a.height != b.height) return 255.0;
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < a.rgb.size(); ++i) {
        sum += static_cast<std::uint64_t>(std::abs(int{a.rgb[i]} - int{b.rgb[i]}));
    }
    return static_cast<double>(sum) / static_cast<double>(a.rgb.size());
}

bool contains(BytesView bytes, std::string_view word) {
    const BytesView wanted = view(word);
    return std::search(bytes.begin(), bytes.end(), wanted.begin(), wanted.end()) != bytes.end();
}

}  // namespace huecry::test
