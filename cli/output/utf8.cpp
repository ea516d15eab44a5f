#include "output/utf8.hpp"

#include <cstdint>

namespace huecry::cli {

Decoded decode_utf8(std::string_view text) {
    constexpr Decoded wrong{0xfffd, 1};
    const auto byte = [&](std::size_t i) {
        return static_cast<char32_t>(static_cast<std::uint8_t>(text[i]));
    };
    const auto first = byte(0);
    if (first < 0x80) return {first, 1};
    const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
    if (size == 0 || first > 0xf4 || text.size() < size) return wrong;
    auto character = first & (size == 2 ? 0x1fU : size == 3 ? 0x0fU : 0x07U);
    for (std::size_t i = 1; i < size; ++i) {
        if ((byte(i) & 0xc0U) != 0x80U) return wrong;
        character = character << 6 | (byte(i) & 0x3fU);
    }
    const char32_t least = size == 2 ? 0x80 : size == 3 ? 0x800 : 0x10000;
    const bool surrogate = character >= 0xd800 && character <= 0xdfff;
    if (character < least || surrogate || character > 0x10ffff) return wrong;
    return {character, size};
}

bool steers_terminal(char32_t c) {
    const auto in = [c](char32_t first, char32_t last) { return c >= first && c <= last; };
    return c < 0x20 || in(0x7f, 0x9f) || c == 0xad || c == 0x61c || c == 0x115f || c == 0x1160 ||
           in(0x17b4, 0x17b5) || in(0x180b, 0x180f) || in(0x200b, 0x200f) || in(0x2028, 0x202e) ||
           in(0x2060, 0x206f) || c == 0x3164 || in(0xfe00, 0xfe0f) || c == 0xfeff || c == 0xffa0 ||
           in(0xfff0, 0xfffd) || in(0xe0000, 0xe0fff);
}

}  // namespace huecry::cli
