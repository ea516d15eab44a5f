#pragma once

#include "crypto/hash.hpp"
#include "huecry/wire/bytes.hpp"
#include "huecry/wire/secret.hpp"

// HKDF-SHA-256 (RFC 5869) over libsodium's HMAC: 1.0.18 has no HKDF of its own.
namespace huecry::crypto {

/// HKDF-Extract. An empty salt is the same as 32 zero bytes.
[[nodiscard]] SecretBytes hkdf_extract(BytesView salt, BytesView ikm);
/// HKDF-Expand; `length` at most 255 * 32 (a longer one is a bug and throws).
[[nodiscard]] SecretBytes hkdf_expand(BytesView prk, BytesView info, std::size_t length);

}  // namespace huecry::crypto
