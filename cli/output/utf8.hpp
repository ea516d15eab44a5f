#pragma once

#include <cstddef>
#include <string_view>

namespace huecry::cli {

struct Decoded {
    char32_t character;
    std::size_t size;  // bytes taken, at least 1
};
/// The first character of a text that is not empty; U+FFFD and one byte where it is not UTF-8.
Decoded decode_utf8(std::string_view text);

/// Control characters, and format characters that turn, hide or join what stands beside them; also
/// U+FFFD, which stands for bytes that are not UTF-8.
bool steers_terminal(char32_t character);

}  // namespace huecry::cli
