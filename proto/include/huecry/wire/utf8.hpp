#pragma once

#include <cstddef>
#include <string_view>

namespace huecry {

/// One character of a text: its code point, and how many bytes it takes.
struct CodePoint {
    /// U+FFFD with `size` 1 where the bytes are not UTF-8 (RFC 3629: shortest form, no surrogates).
    char32_t value = 0xFFFD;
    std::size_t size = 1;
    bool valid = false;
};

/// The first character of a text that is not empty.
constexpr CodePoint first_code_point(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned lead = byte(0);
    if (lead < 0x80) return {lead, 1, true};
    if (lead < 0xC2 || lead > 0xF4) return {};
    const std::size_t size = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (text.size() < size) return {};
    char32_t value = lead & (0x7FU >> size);
    for (std::size_t i = 1; i < size; ++i) {
        if ((byte(i) & 0xC0U) != 0x80) return {};
        value = value << 6U | (byte(i) & 0x3FU);
    }
    const bool shortest = size == 2 || value >= (size == 3 ? 0x800U : 0x10000U);
    if (!shortest || value > 0x10FFFF || (value >= 0xD800 && value < 0xE000)) return {};
    return {value, size, true};
}

}  // namespace huecry
