#include "photos/scale.hpp"

#include <algorithm>
#include <cmath>

namespace huecry::photos {

std::vector<AreaScaler::Share> AreaScaler::shares(std::uint32_t source, std::uint32_t result) {
    std::vector<Share> out;
    out.reserve(source);
    const double ratio = static_cast<double>(result) / static_cast<double>(source);
    for (std::uint32_t i = 0; i < source; ++i) {
        const double from = i * ratio;
        const double to = (i + 1.0) * ratio;
        const auto index = std::min(static_cast<std::uint32_t>(from), result - 1);
        const double border = index + 1.0;
        const double here = std::min(to, border) - from;
        const double next = std::max(0.0, to - border);
        out.push_back({index, static_cast<float>(here), static_cast<float>(next)});
    }
    return out;
}

AreaScaler::AreaScaler(std::uint32_t source_width, std::uint32_t source_height, std::uint32_t width,
                       std::uint32_t height)
    : width_(width),
      height_(height),
      columns_(shares(source_width, width)),
      rows_(shares(source_height, height)),
      row_((std::size_t{width} + 1) * 3),
      sums_(std::size_t{width} * 3 * (std::size_t{height} + 1)) {}

void AreaScaler::add_row(std::uint32_t y, const std::uint8_t* rgb, std::uint32_t count,
                         std::uint32_t first, std::uint32_t step) {
    if (y >= rows_.size()) return;
    std::fill(row_.begin(), row_.end(), 0.0F);
    for (std::size_t i = 0, x = first; i < count && x < columns_.size(); ++i, x += step) {
        const Share share = columns_[x];
        float* to = row_.data() + std::size_t{share.index} * 3;
        for (std::size_t c = 0; c < 3; ++c) {
            const auto value = static_cast<float>(rgb[i * 3 + c]);
            to[c] += share.here * value;
            to[c + 3] += share.next * value;
        }
    }
    const Share share = rows_[y];
    const std::size_t line = std::size_t{width_} * 3;
    float* here = sums_.data() + std::size_t{share.index} * line;
    for (std::size_t i = 0; i < line; ++i) here[i] += share.here * row_[i];
    if (share.next <= 0.0F) return;
    float* next = here + line;
    for (std::size_t i = 0; i < line; ++i) next[i] += share.next * row_[i];
}

Image AreaScaler::finish() {
    Image out(width_, height_);
    for (std::size_t i = 0; i < out.pixels.size(); ++i) {
        out.pixels[i] = static_cast<std::uint8_t>(std::clamp(sums_[i] + 0.5F, 0.0F, 255.0F));
    }
    return out;
}

Size fit(std::uint32_t width, std::uint32_t height, std::uint32_t edge) {
    const std::uint64_t longest = std::max(width, height);
    if (longest <= edge) return {width, height};
    const auto scaled = [&](std::uint64_t length) {
        return static_cast<std::uint32_t>(
            std::max<std::uint64_t>(1, (length * edge + longest / 2) / longest));
    };
    return {scaled(width), scaled(height)};
}

}  // namespace huecry::photos
