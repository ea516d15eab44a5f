#pragma once

#include <optional>

#include "huecry/wire/bytes.hpp"
#include "huecry/wire/secret.hpp"

// Ed25519 (RFC 8032).
namespace huecry::crypto {

class Random;

inline constexpr std::size_t ed25519_seed_size = 32;
inline constexpr std::size_t ed25519_public_size = 32;
inline constexpr std::size_t ed25519_signature_size = 64;

/// A device's key: the seed of 32 bytes, expanded once (signing would otherwise cost twice as
/// much).
class SigningKey {
public:
    SigningKey() = default;
    /// Empty unless the seed has exactly 32 bytes.
    [[nodiscard]] static std::optional<SigningKey> from_seed(BytesView seed);
    [[nodiscard]] static SigningKey generate(Random& random);

    [[nodiscard]] BytesView public_key() const { return public_; }
    [[nodiscard]] SecretBytes seed() const;
    [[nodiscard]] Bytes sign(BytesView message) const;
    [[nodiscard]] SigningKey clone() const;
    [[nodiscard]] bool empty() const { return public_.empty(); }

private:
    SecretBytes expanded_;
    Bytes public_;
};

/// False also for keys and signatures of a wrong length. Refuses small-order keys.
[[nodiscard]] bool ed25519_verify(BytesView public_key, BytesView message, BytesView signature);

}  // namespace huecry::crypto
