#include "crypto/ed25519.hpp"

#include <sodium.h>

#include "crypto/random.hpp"

namespace huecry::crypto {

std::optional<SigningKey> SigningKey::from_seed(BytesView seed) {
    if (seed.size() != ed25519_seed_size) return std::nullopt;
    SigningKey key;
    key.expanded_ = SecretBytes(crypto_sign_SECRETKEYBYTES);
    key.public_.resize(ed25519_public_size);
    crypto_sign_seed_keypair(key.public_.data(), key.expanded_.span().data(), seed.data());
    return key;
}

SigningKey SigningKey::generate(Random& random) {
    const auto seed = random.secret(ed25519_seed_size);
    return std::move(*from_seed(seed.view()));
}

SecretBytes SigningKey::seed() const {
    // libsodium's secret key is the seed, then the public key.
    return SecretBytes(expanded_.view().first(expanded_.empty() ? 0 : ed25519_seed_size));
}

Bytes SigningKey::sign(BytesView message) const {
    Bytes out(ed25519_signature_size);
    crypto_sign_detached(out.data(), nullptr, message.data(), message.size(),
                         expanded_.view().data());
    return out;
}

SigningKey SigningKey::clone() const {
    SigningKey key;
    key.expanded_ = expanded_.clone();
    key.public_ = public_;
    return key;
}

bool ed25519_verify(BytesView public_key, BytesView message, BytesView signature) {
    if (public_key.size() != ed25519_public_size || signature.size() != ed25519_signature_size)
        return false;
    return crypto_sign_verify_detached(signature.data(), message.data(), message.size(),
                                       public_key.data()) == 0;
}

}  // namespace huecry::crypto
