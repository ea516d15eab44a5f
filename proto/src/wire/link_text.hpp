#pragma once

#include <string>
#include <string_view>
#include <vector>

// What chat and mail programs do to a link, undone.
namespace huecry {

/// A link as it may have been meant: what it is for, and the characters after it.
struct LinkText {
    bool device = false;  // huecry://device/
    std::string payload;  // URL-safe base64, if nothing else was done to it
};

/// Every reading of the text, the plainest first; its check decides between them. Empty when there
/// is no link in it. Bounded: a few readings of at most `max_text` bytes.
std::vector<LinkText> link_readings(std::string_view text);

inline constexpr std::size_t max_link_text = 8192;

}  // namespace huecry
