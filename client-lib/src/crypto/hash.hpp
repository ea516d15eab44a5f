#pragma once

#include <array>
#include <cstdint>

#include "huecry/wire/bytes.hpp"

// SHA-256 (FIPS 180-4).
namespace huecry::crypto {

using Hash256 = std::array<std::uint8_t, 32>;

[[nodiscard]] Hash256 sha256(BytesView data);

/// SHA-256 over bytes that come in pieces (files).
class Sha256 {
public:
    Sha256();
    Sha256& update(BytesView data);
    /// Call once.
    [[nodiscard]] Hash256 finish();

private:
    alignas(64) std::array<std::uint8_t, 128> state_;  // crypto_hash_sha256_state
};

}  // namespace huecry::crypto
