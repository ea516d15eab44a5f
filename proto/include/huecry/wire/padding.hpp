#pragma once

#include <array>

#include "huecry/result.hpp"
#include "huecry/wire/bytes.hpp"

namespace huecry {

/// Room that MLS framing, signature, authenticated data and tag take of an entry's body.
inline constexpr std::size_t message_overhead = 512;
/// Lengths of padded contents: entries of 1, 4, 16 and 64 KiB less the overhead.
inline constexpr std::array<std::size_t, 4> padded_sizes{
    1024 - message_overhead, 4096 - message_overhead, 16384 - message_overhead,
    65536 - message_overhead};

/// struct { opaque content<V>; opaque zeros[...]; } PaddedContent;
/// filled to the smallest of `padded_sizes` that holds it, so that lengths say little.
/// `too_large` when none does.
Result<Bytes> pad(BytesView content);
/// `malformed` unless it is exactly what `pad` makes of its content. The view is into `padded`.
Result<BytesView> unpad(BytesView padded);

}  // namespace huecry
