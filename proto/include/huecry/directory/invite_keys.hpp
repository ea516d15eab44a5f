#pragma once

#include "huecry/result.hpp"
#include "huecry/wire/signing.hpp"

namespace huecry::directory {

/// The two one-time key pairs of an invite, from the 32-byte secret in its link:
/// HMAC-SHA-256(key = secret, message = label), labels "huecry/1 invite signing" (an Ed25519 seed)
/// and "huecry/1 invite sealing" (an X25519 private key).
struct InviteKeys {
    SigningKey signing;
    PublicKey seal_public;     // X25519
    SecretBytes seal_private;  // 32 bytes
    [[nodiscard]] InviteId id() const { return invite_id_of(signing.public_key); }
};

/// `invalid_argument` unless the secret has 32 bytes.
Result<InviteKeys> invite_keys(BytesView secret);

}  // namespace huecry::directory
