#include "photos/turn.hpp"

#include <algorithm>

namespace huecry::photos {

Image upright(Image stored, unsigned orientation) {
    if (orientation <= 1 || orientation > 8) return stored;
    const bool swapped = orientation >= 5;
    const std::uint32_t right = stored.width - 1;
    const std::uint32_t bottom = stored.height - 1;
    Image out(swapped ? stored.height : stored.width, swapped ? stored.width : stored.height);
    for (std::uint32_t y = 0; y < stored.height; ++y) {
        for (std::uint32_t x = 0; x < stored.width; ++x) {
            std::uint32_t to_x = x;
            std::uint32_t to_y = y;
            switch (orientation) {  // where the stored row 0 and column 0 lie, seen upright
                case 2:
                    to_x = right - x;
                    break;  // top, right
                case 3:
                    to_x = right - x, to_y = bottom - y;
                    break;  // bottom, right
                case 4:
                    to_y = bottom - y;
                    break;  // bottom, left
                case 5:
                    to_x = y, to_y = x;
                    break;  // left, top
                case 6:
                    to_x = bottom - y, to_y = x;
                    break;  // right, top
                case 7:
                    to_x = bottom - y, to_y = right - x;
                    break;  // right, bottom
                default:
                    to_x = y, to_y = right - x;
                    break;  // 8: left, bottom
            }
            std::copy_n(stored.at(x, y), 3, out.at(to_x, to_y));
        }
    }
    return out;
}

}  // namespace huecry::photos
