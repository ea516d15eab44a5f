// Any bytes at all as a photo: a result within the limits or an error, never a crash, a leak or
// more memory than the limits say.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "photos/intake.hpp"
#include "photos/watermark.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace huecry;
    photos::Limits limits;
    limits.jpeg_pixels = 4'000'000;  // small enough for many runs a second
    limits.png_pixels = 4'000'000;
    limits.edge = 200;
    const BytesView file(data, size);
    const auto photo = photos::intake(file, {{0, 0, 1, 1}, {2, 3, 40, 50}},
                                      photos::RectangleFill::pixelate, limits);
    if (photo.ok()) {
        if (photo->width > limits.edge || photo->height > limits.edge || photo->jpeg.empty()) {
            std::abort();
        }
        if (!photos::watermark(photo->jpeg, "name", limits).ok()) std::abort();
    }
    (void)photos::decode(file, limits);
    return 0;
}
