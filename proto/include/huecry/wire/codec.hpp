#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <optional>
#include <utility>

#include "huecry/wire/bytes.hpp"

// The presentation language of TLS 1.3 with the variable-size vectors of RFC 9420 section 2.1.2:
// the one encoding of everything that is signed or hashed (headers, heads, statements, transcripts)
// and of MLS itself. It is canonical: one value has one encoding, and the reader refuses any other.
namespace huecry {

/// Appends to a byte string that it owns.
class Writer {
public:
    Writer& u8(std::uint8_t v);
    Writer& u16(std::uint16_t v);
    Writer& u32(std::uint32_t v);
    Writer& u64(std::uint64_t v);
    /// Bytes as they are, for fields of fixed length.
    Writer& raw(BytesView v);
    /// opaque<V>: length as a variable-size integer, then the bytes. At most 2^30-1 bytes.
    Writer& opaque(BytesView v);
    /// The header of a vector alone (RFC 9420 section 2.1.2), minimal.
    Writer& length(std::size_t n);
    /// A vector of structures: `write` fills a writer of its own, whose bytes follow their length.
    template <class F>
        requires std::invocable<F, Writer&>
    Writer& vector(F&& write) {
        Writer inner;
        std::forward<F>(write)(inner);
        return opaque(inner.bytes_);
    }

    [[nodiscard]] const Bytes& bytes() const { return bytes_; }
    [[nodiscard]] Bytes take() { return std::move(bytes_); }
    [[nodiscard]] std::size_t size() const { return bytes_.size(); }
    void reserve(std::size_t n) { bytes_.reserve(n); }

private:
    Bytes bytes_;
};

/// Reads from bytes that it does not own. After the first failure every read fails and yields
/// zeros, so a structure is read straight through and checked once with `ok()` or `done()`.
class Reader {
public:
    explicit Reader(BytesView bytes) : rest_(bytes) {}

    std::uint8_t u8();
    std::uint16_t u16();
    std::uint32_t u32();
    std::uint64_t u64();
    /// `n` bytes; the view lives as long as the input.
    BytesView raw(std::size_t n);
    template <std::size_t N>
    std::array<std::uint8_t, N> array() {
        std::array<std::uint8_t, N> out{};
        const auto v = raw(N);
        if (v.size() == N) std::copy(v.begin(), v.end(), out.begin());
        return out;
    }
    /// opaque<V> of at most `max` bytes. A longer one, a non-minimal length or prefix 11 fails.
    BytesView opaque(std::size_t max = max_vector);
    /// A vector's contents as a reader of their own.
    Reader vector(std::size_t max = max_vector) { return inner(opaque(max)); }
    /// optional<T>'s presence octet (RFC 9420 section 2.1.1): 0 or 1, anything else fails.
    bool present();

    [[nodiscard]] bool ok() const { return ok_; }
    /// True when nothing failed and nothing is left.
    [[nodiscard]] bool done() const { return ok_ && rest_.empty(); }
    [[nodiscard]] bool empty() const { return rest_.empty() || !ok_; }
    [[nodiscard]] std::size_t left() const { return rest_.size(); }
    [[nodiscard]] BytesView rest() const { return rest_; }
    void fail() {
        ok_ = false;
        rest_ = {};
    }

    static constexpr std::size_t max_vector = (std::size_t{1} << 30) - 1;

private:
    Reader inner(BytesView bytes) {
        Reader r(bytes);
        if (!ok_) r.fail();
        return r;
    }
    std::optional<std::uint32_t> length();

    BytesView rest_;
    bool ok_ = true;
};

}  // namespace huecry
