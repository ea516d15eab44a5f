#pragma once

#include <span>

#include "huecry/wire/bytes.hpp"

namespace huecry {

/// Computes SHA-256 of `bytes`; false when it could not, and libsodium does it.
using HashFunction = bool (*)(BytesView bytes, std::span<std::uint8_t, 32> out);

/// Has `sha256` of huecry/wire/signing.hpp computed by a library that uses the processor's own
/// instructions, where a program links one anyway; libsodium's is portable. The result is the same,
/// which is tried here once: false, and nothing changes, when it is not. Before other threads
/// start.
[[nodiscard]] bool use_hash_function(HashFunction function);

}  // namespace huecry
