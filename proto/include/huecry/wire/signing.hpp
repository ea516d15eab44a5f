#pragma once

#include "huecry/wire/ids.hpp"
#include "huecry/wire/secret.hpp"

// Hashing and signing as both sides need them: SHA-256 and Ed25519, from libsodium.
namespace huecry {

/// libsodium must be initialised once per process before anything else here; false is fatal.
[[nodiscard]] bool initialise_crypto();

Digest sha256(BytesView bytes);

/// SHA-256 over several pieces without joining them.
class Sha256 {
public:
    Sha256();
    Sha256& add(BytesView bytes);
    [[nodiscard]] Digest finish();

private:
    alignas(16) std::array<std::uint8_t, 128> state_;
};

/// A domain-separation label comes first in everything that is hashed or signed, as opaque<V>,
/// so that no two kinds of input can ever be the same bytes.
Digest labelled_hash(std::string_view label, BytesView bytes);

/// Ed25519 (RFC 8032). Keys are 32 bytes: the public key, and the seed as private key.
struct SigningKey {
    PublicKey public_key;
    SecretBytes seed;  // 32 bytes
    [[nodiscard]] SigningKey clone() const { return {public_key, seed.clone()}; }
};
/// `seed` is 32 bytes of good randomness or of a derived key.
SigningKey signing_key_from_seed(BytesView seed);
/// Signs opaque<V> label ‖ bytes.
Signature sign_labelled(const SigningKey& key, std::string_view label, BytesView bytes);
[[nodiscard]] bool verify_labelled(const PublicKey& key, std::string_view label, BytesView bytes,
                                   const Signature& signature);

/// The device id that belongs to a signature key.
DeviceId device_id_of(const PublicKey& signature_key);
/// The invite id that belongs to a one-time key.
InviteId invite_id_of(const PublicKey& one_time_key);

}  // namespace huecry
