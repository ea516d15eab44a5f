#include "crypto/x25519.hpp"

#include <sodium.h>

#include <stdexcept>

namespace huecry::crypto {

Bytes x25519_public(BytesView private_key) {
    if (private_key.size() != x25519_size) throw std::invalid_argument("X25519: private key");
    Bytes out(x25519_size);
    if (crypto_scalarmult_curve25519_base(out.data(), private_key.data()) != 0)
        throw std::invalid_argument("X25519: private key");
    return out;
}

std::optional<SecretBytes> x25519(BytesView private_key, BytesView public_key) {
    if (private_key.size() != x25519_size || public_key.size() != x25519_size) return std::nullopt;
    SecretBytes out(x25519_size);
    if (crypto_scalarmult_curve25519(out.span().data(), private_key.data(), public_key.data()) != 0)
        return std::nullopt;
    return out;
}

}  // namespace huecry::crypto
