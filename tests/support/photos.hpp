#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "huecry/wire/bytes.hpp"

// Real photographs for the tests, from Debian's lomiri-wallpapers-16.04, and what exiftool and the
// encoders make of them. Does not link huecry's own photo code: an independent second look.
namespace huecry::test {

/// Removed with everything in it when it goes.
class TemporaryFolder {
public:
    TemporaryFolder();
    ~TemporaryFolder();
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

[[nodiscard]] Bytes read_file(const std::filesystem::path& path);
void write_file(const std::filesystem::path& path, BytesView bytes);

/// Three photographs of 12 megapixels and more: 4272 x 2848, 4224 x 3168, 5312 x 2988.
/// Looked for in HUECRY_TEST_PHOTOS, then where the package puts them; throws when missing.
enum class Photograph { sunset, dragonfly, seedlings };
[[nodiscard]] std::filesystem::path photograph(Photograph which);

/// RGB, rows from the top.
struct Pixels {
    std::uint32_t width = 0;
    std::uint32_t height = 0;
    Bytes rgb{};
    [[nodiscard]] const std::uint8_t* at(std::uint32_t x, std::uint32_t y) const {
        return rgb.data() + (std::size_t{y} * width + x) * 3;
    }
    [[nodiscard]] std::uint8_t* at(std::uint32_t x, std::uint32_t y) {
        return rgb.data() + (std::size_t{y} * width + x) * 3;
    }
};
/// `denominator` 1, 2, 4 or 8. Throws on anything but a clean JPEG.
[[nodiscard]] Pixels decode_jpeg(BytesView jpeg, unsigned denominator = 1);

enum class JpegKind { baseline, progressive, separate_scans, cmyk, grey };
[[nodiscard]] Bytes encode_jpeg(const Pixels& pixels, JpegKind kind = JpegKind::baseline,
                                int quality = 92);

enum class PngKind { rgb, rgb16, rgba, grey, palette };
/// rgba: alpha falls from 255 at the left edge to 0 at the right one. palette: 6 x 6 x 6 colours.
[[nodiscard]] Bytes encode_png(const Pixels& pixels, PngKind kind, bool interlaced);

/// Pixels as a camera held in EXIF orientation `orientation` stores an upright picture.
[[nodiscard]] Pixels stored_as(const Pixels& upright, unsigned orientation);

/// Words that are in the metadata of every file from with_metadata and must be in no result.
inline const std::vector<std::string> canaries = {
    "CanaryMake", "CanaryModel", "CanaryArtist", "CanaryComment",
    "CanaryXmp",  "CanaryIptc",  "CanarySerial", "CanaryUserComment"};
/// The same photo with EXIF (camera, owner, serial number, GPS position, orientation), XMP, IPTC, a
/// comment and an embedded thumbnail, written by exiftool.
[[nodiscard]] Bytes with_metadata(BytesView jpeg, unsigned orientation);

/// Mean absolute difference of two pictures of the same size, in levels of 255.
[[nodiscard]] double difference(const Pixels& a, const Pixels& b);
[[nodiscard]] bool contains(BytesView bytes, std::string_view word);

}  // namespace huecry::test
