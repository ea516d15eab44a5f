#include "photos/redact.hpp"

#include <algorithm>
#include <array>

#include "huecry/limits.hpp"

namespace huecry::photos {
namespace {

constexpr std::uint32_t smallest_block = 16;
constexpr std::uint32_t blocks_per_edge = 8;
// Scaling and colour subsampling carry a little of each pixel into its neighbours.
constexpr std::uint32_t margin = 2;

struct Span {
    std::uint32_t begin;
    std::uint32_t end;
};

// From the original's pixels to the result's, outwards.
Span mapped(std::uint32_t from, std::uint32_t length, std::uint32_t original, std::uint32_t size) {
    const std::uint64_t begin = std::uint64_t{from} * size / original;
    const std::uint64_t end = ((std::uint64_t{from} + length) * size + original - 1) / original;
    return {static_cast<std::uint32_t>(begin > margin ? begin - margin : 0),
            static_cast<std::uint32_t>(std::min<std::uint64_t>(end + margin, size))};
}

void fill_area(Image& image, Span xs, Span ys, const std::array<std::uint8_t, 3>& colour) {
    for (std::uint32_t y = ys.begin; y < ys.end; ++y) {
        for (std::uint32_t x = xs.begin; x < xs.end; ++x) {
            std::copy(colour.begin(), colour.end(), image.at(x, y));
        }
    }
}

std::array<std::uint8_t, 3> mean(const Image& image, Span xs, Span ys) {
    std::array<std::uint64_t, 3> sums{};
    for (std::uint32_t y = ys.begin; y < ys.end; ++y) {
        for (std::uint32_t x = xs.begin; x < xs.end; ++x) {
            for (std::size_t c = 0; c < 3; ++c) sums[c] += image.at(x, y)[c];
        }
    }
    const std::uint64_t count = std::uint64_t{xs.end - xs.begin} * (ys.end - ys.begin);
    std::array<std::uint8_t, 3> out{};
    for (std::size_t c = 0; c < 3; ++c) out[c] = static_cast<std::uint8_t>(sums[c] / count);
    return out;
}

void pixelate(Image& image, Span xs, Span ys) {
    const std::uint32_t edge = std::max(xs.end - xs.begin, ys.end - ys.begin);
    const std::uint32_t block =
        std::max(smallest_block, (edge + blocks_per_edge - 1) / blocks_per_edge);
    for (std::uint32_t y = ys.begin; y < ys.end; y += block) {
        for (std::uint32_t x = xs.begin; x < xs.end; x += block) {
            const Span block_xs{x, std::min(x + block, xs.end)};
            const Span block_ys{y, std::min(y + block, ys.end)};
            fill_area(image, block_xs, block_ys, mean(image, block_xs, block_ys));
        }
    }
}

}  // namespace

Result<void> check_rectangles(const std::vector<Rectangle>& rectangles, std::uint32_t width,
                              std::uint32_t height) {
    if (rectangles.size() > limits::max_rectangles) {
        return Error{Errc::photo_rectangle, "too many rectangles"};
    }
    for (const Rectangle& r : rectangles) {
        const bool inside = r.width > 0 && r.height > 0 && r.x < width && r.y < height &&
                            r.width <= width - r.x && r.height <= height - r.y;
        if (!inside) {
            return Error{Errc::photo_rectangle, "the photo has " + std::to_string(width) + " x " +
                                                    std::to_string(height) + " pixels"};
        }
    }
    return {};
}

void redact(Image& image, const std::vector<Rectangle>& rectangles, RectangleFill fill,
            std::uint32_t width, std::uint32_t height) {
    for (const Rectangle& r : rectangles) {
        const Span xs = mapped(r.x, r.width, width, image.width);
        const Span ys = mapped(r.y, r.height, height, image.height);
        if (fill == RectangleFill::solid) {
            fill_area(image, xs, ys, {0, 0, 0});
        } else {
            pixelate(image, xs, ys);
        }
    }
}

}  // namespace huecry::photos
