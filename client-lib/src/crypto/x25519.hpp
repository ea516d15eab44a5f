#pragma once

#include <optional>

#include "huecry/wire/bytes.hpp"
#include "huecry/wire/secret.hpp"

// X25519 (RFC 7748). Keys are 32 raw bytes.
namespace huecry::crypto {

inline constexpr std::size_t x25519_size = 32;

struct X25519KeyPair {
    SecretBytes private_key;
    Bytes public_key;
};

[[nodiscard]] Bytes x25519_public(BytesView private_key);
/// Empty for a wrong length and for an all-zero result (RFC 9180 section 7.1.4).
[[nodiscard]] std::optional<SecretBytes> x25519(BytesView private_key, BytesView public_key);

}  // namespace huecry::crypto
