#pragma once

#include "crypto/hash.hpp"
#include "huecry/wire/bytes.hpp"

// HMAC-SHA-256 (RFC 2104); keys of any length, also empty.
namespace huecry::crypto {

[[nodiscard]] Hash256 hmac_sha256(BytesView key, BytesView data);
[[nodiscard]] bool hmac_sha256_verify(BytesView key, BytesView data, BytesView tag);

}  // namespace huecry::crypto
