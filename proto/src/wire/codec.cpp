#include "huecry/wire/codec.hpp"

#include <stdexcept>

namespace huecry {

Writer& Writer::u8(std::uint8_t v) {
    bytes_.push_back(v);
    return *this;
}
Writer& Writer::u16(std::uint16_t v) {
    return u8(static_cast<std::uint8_t>(v >> 8)).u8(static_cast<std::uint8_t>(v));
}
Writer& Writer::u32(std::uint32_t v) {
    return u16(static_cast<std::uint16_t>(v >> 16)).u16(static_cast<std::uint16_t>(v));
}
Writer& Writer::u64(std::uint64_t v) {
    return u32(static_cast<std::uint32_t>(v >> 32)).u32(static_cast<std::uint32_t>(v));
}
Writer& Writer::raw(BytesView v) {
    bytes_.insert(bytes_.end(), v.begin(), v.end());
    return *this;
}
Writer& Writer::opaque(BytesView v) { return length(v.size()).raw(v); }

Writer& Writer::length(std::size_t n) {
    if (n < 0x40) return u8(static_cast<std::uint8_t>(n));
    if (n < 0x4000) return u16(static_cast<std::uint16_t>(0x4000 | n));
    if (n <= Reader::max_vector) return u32(static_cast<std::uint32_t>(0x80000000U | n));
    throw std::length_error("a vector of 2^30 bytes or more cannot be encoded");
}

BytesView Reader::raw(std::size_t n) {
    if (!ok_ || n > rest_.size()) {
        fail();
        return {};
    }
    const auto out = rest_.first(n);
    rest_ = rest_.subspan(n);
    return out;
}
std::uint8_t Reader::u8() {
    const auto v = raw(1);
    return v.empty() ? std::uint8_t{0} : v[0];
}
std::uint16_t Reader::u16() {
    const auto v = raw(2);
    return v.empty() ? std::uint16_t{0} : static_cast<std::uint16_t>(v[0] << 8 | v[1]);
}
std::uint32_t Reader::u32() {
    const auto high = u16();
    const auto low = u16();
    return ok_ ? static_cast<std::uint32_t>(high) << 16 | low : 0;
}
std::uint64_t Reader::u64() {
    const auto high = u32();
    const auto low = u32();
    return ok_ ? static_cast<std::uint64_t>(high) << 32 | low : 0;
}

// RFC 9420 section 2.1.2: the two top bits say how long the length is; it must be minimal.
std::optional<std::uint32_t> Reader::length() {
    const std::uint8_t first = u8();
    if (!ok_) return std::nullopt;
    std::uint32_t v = first & 0x3f;
    const unsigned prefix = first >> 6;
    if (prefix == 3) return std::nullopt;
    for (unsigned more = (1U << prefix) - 1; more > 0; --more) v = v << 8 | u8();
    const bool minimal = prefix == 0 || (prefix == 1 && v >= 0x40) || (prefix == 2 && v >= 0x4000);
    if (!ok_ || !minimal) return std::nullopt;
    return v;
}

BytesView Reader::opaque(std::size_t max) {
    const auto n = length();
    if (!n || *n > max) {
        fail();
        return {};
    }
    return raw(*n);
}

bool Reader::present() {
    const auto v = u8();
    if (v > 1) fail();
    return ok_ && v == 1;
}

}  // namespace huecry
