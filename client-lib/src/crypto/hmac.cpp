#include "crypto/hmac.hpp"

#include <sodium.h>

namespace huecry::crypto {

Hash256 hmac_sha256(BytesView key, BytesView data) {
    crypto_auth_hmacsha256_state state;
    Hash256 out;
    // libsodium wants an address even for an empty key.
    const std::uint8_t none = 0;
    crypto_auth_hmacsha256_init(&state, key.empty() ? &none : key.data(), key.size());
    crypto_auth_hmacsha256_update(&state, data.data(), data.size());
    crypto_auth_hmacsha256_final(&state, out.data());
    sodium_memzero(&state, sizeof state);
    return out;
}

bool hmac_sha256_verify(BytesView key, BytesView data, BytesView tag) {
    return equal_constant_time(hmac_sha256(key, data), tag);
}

}  // namespace huecry::crypto
