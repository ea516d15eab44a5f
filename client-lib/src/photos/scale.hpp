#pragma once

#include <cstdint>
#include <vector>

#include "photos/image.hpp"

namespace huecry::photos {

/// Scales down by area: each source pixel adds to the one to four result pixels that it covers, so
/// rows may come in any order (interlaced files) and the source is never held whole.
class AreaScaler {
public:
    /// A result larger than the source is a bug.
    AreaScaler(std::uint32_t source_width, std::uint32_t source_height, std::uint32_t width,
               std::uint32_t height);
    /// `count` RGB pixels of source row `y`, at x = first, first + step, first + 2 * step, ...
    /// Pixels outside the source are ignored.
    void add_row(std::uint32_t y, const std::uint8_t* rgb, std::uint32_t count,
                 std::uint32_t first = 0, std::uint32_t step = 1);
    [[nodiscard]] Image finish();

private:
    /// How a source row or column is shared by two neighbours in the result.
    struct Share {
        std::uint32_t index;
        float here;
        float next;
    };
    static std::vector<Share> shares(std::uint32_t source, std::uint32_t result);

    std::uint32_t width_;
    std::uint32_t height_;
    std::vector<Share> columns_;
    std::vector<Share> rows_;
    std::vector<float> row_;
    std::vector<float> sums_;  // one row more than the result, for the last share's neighbour
};

/// The size with the longest edge at most `edge`, the same proportions, and no edge below 1.
struct Size {
    std::uint32_t width;
    std::uint32_t height;
};
[[nodiscard]] Size fit(std::uint32_t width, std::uint32_t height, std::uint32_t edge);

}  // namespace huecry::photos
