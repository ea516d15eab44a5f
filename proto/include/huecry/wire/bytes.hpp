#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// Byte strings, as they cross every boundary of huecry.
namespace huecry {

using Bytes = std::vector<std::uint8_t>;
using BytesView = std::span<const std::uint8_t>;

inline BytesView view(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline Bytes to_bytes(BytesView v) { return {v.begin(), v.end()}; }
/// For protobuf `bytes` fields, which are std::string.
inline std::string to_string(BytesView v) {
    return {reinterpret_cast<const char*>(v.data()), v.size()};
}

std::string to_hex(BytesView bytes);
/// Lower or upper case; false when the length is odd or a character is no hex digit.
[[nodiscard]] bool from_hex(std::string_view text, Bytes& out);

/// URL-safe base64 without padding (RFC 4648 section 5): for links and addresses.
std::string to_base64url(BytesView bytes);
[[nodiscard]] bool from_base64url(std::string_view text, Bytes& out);

/// Takes the same time for equal lengths wherever the first difference is; lengths may differ.
[[nodiscard]] bool equal_constant_time(BytesView a, BytesView b);

}  // namespace huecry
