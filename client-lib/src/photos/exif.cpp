#include "photos/exif.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

namespace huecry::photos {
namespace {

constexpr std::size_t max_icc = 1U << 20U;
constexpr std::size_t max_entries = 512;

class Tiff {
public:
    Tiff(BytesView bytes, bool little) : bytes_(bytes), little_(little) {}

    [[nodiscard]] std::optional<std::uint32_t> number(std::size_t at, std::size_t size) const {
        if (at > bytes_.size() || bytes_.size() - at < size) return std::nullopt;
        std::uint32_t value = 0;
        for (std::size_t i = 0; i < size; ++i) {
            const std::size_t from = little_ ? at + size - 1 - i : at + i;
            value = value << 8U | bytes_[from];
        }
        return value;
    }

private:
    BytesView bytes_;
    bool little_;
};

bool starts_with(BytesView bytes, std::string_view prefix) {
    return bytes.size() >= prefix.size() &&
           std::equal(prefix.begin(), prefix.end(), bytes.begin(),
                      [](char a, std::uint8_t b) { return static_cast<std::uint8_t>(a) == b; });
}

constexpr std::string_view exif_label{"Exif\0\0", 6};
constexpr std::string_view icc_label{"ICC_PROFILE\0", 12};

/// The pieces of a profile may come in any order; each says which one it is.
class IccPieces {
public:
    void add(BytesView segment) {
        const BytesView rest = segment.subspan(icc_label.size());
        if (rest.size() < 2 || rest[0] == 0) return;
        pieces_[rest[0]] = rest.subspan(2);
        count_ = rest[1];
    }
    [[nodiscard]] Bytes join() const {
        Bytes out;
        for (std::size_t i = 1; i <= count_; ++i) {
            if (pieces_[i].empty() || out.size() + pieces_[i].size() > max_icc) return {};
            out.insert(out.end(), pieces_[i].begin(), pieces_[i].end());
        }
        return out;
    }

private:
    std::array<BytesView, 256> pieces_{};
    std::size_t count_ = 0;
};

}  // namespace

unsigned exif_orientation(BytesView tiff) {
    const bool little = starts_with(tiff, std::string_view{"II*\0", 4});
    if (!little && !starts_with(tiff, std::string_view{"MM\0*", 4})) return 1;
    const Tiff reader(tiff, little);
    const auto directory = reader.number(4, 4);
    if (!directory) return 1;
    const auto entries = reader.number(*directory, 2);
    if (!entries) return 1;
    for (std::size_t i = 0; i < std::min<std::size_t>(*entries, max_entries); ++i) {
        const std::size_t at = std::size_t{*directory} + 2 + i * 12;
        const auto tag = reader.number(at, 2);
        if (!tag) return 1;
        if (*tag != 0x0112) continue;
        const auto type = reader.number(at + 2, 2);
        const auto count = reader.number(at + 4, 4);
        const auto value = reader.number(at + 8, 2);
        const bool is_short = type && *type == 3 && count && *count == 1;
        return is_short && value && *value >= 1 && *value <= 8 ? *value : 1;
    }
    return 1;
}

JpegMetadata jpeg_metadata(BytesView file) {
    JpegMetadata out;
    IccPieces icc;
    bool oriented = false;
    std::size_t at = 2;
    while (at + 4 <= file.size() && file[at] == 0xFF) {
        const unsigned marker = file[at + 1];
        if (marker == 0xFF) {  // fill byte
            ++at;
            continue;
        }
        if (marker == 0xDA || marker == 0xD9) break;  // the first scan, or the end
        const std::size_t length = std::size_t{file[at + 2]} << 8U | file[at + 3];
        if (length < 2 || length > file.size() - at - 2) break;
        const BytesView segment = file.subspan(at + 4, length - 2);
        if (marker == 0xE1 && !oriented && starts_with(segment, exif_label)) {
            out.orientation = exif_orientation(segment.subspan(exif_label.size()));
            oriented = true;
        }
        if (marker == 0xE2 && starts_with(segment, icc_label)) icc.add(segment);
        at += 2 + length;
    }
    out.icc = icc.join();
    return out;
}

}  // namespace huecry::photos
