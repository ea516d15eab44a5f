#include "huecry/wire/signing.hpp"

#include <sodium.h>

#include "huecry/wire/codec.hpp"
#include "huecry/wire/hash_function.hpp"

namespace huecry {
namespace {

crypto_hash_sha256_state* state_of(std::array<std::uint8_t, 128>& storage) {
    static_assert(sizeof(crypto_hash_sha256_state) <= 128);
    return reinterpret_cast<crypto_hash_sha256_state*>(storage.data());
}

HashFunction faster_sha256 = nullptr;

Bytes labelled(std::string_view label, BytesView bytes) {
    Writer w;
    w.opaque(view(label)).raw(bytes);
    return w.take();
}

}  // namespace

bool initialise_crypto() { return sodium_init() >= 0; }

Sha256::Sha256() : state_{} { crypto_hash_sha256_init(state_of(state_)); }
Sha256& Sha256::add(BytesView bytes) {
    crypto_hash_sha256_update(state_of(state_), bytes.data(), bytes.size());
    return *this;
}
Digest Sha256::finish() {
    std::array<std::uint8_t, 32> out{};
    crypto_hash_sha256_final(state_of(state_), out.data());
    return Digest(out);
}

Digest sha256(BytesView bytes) {
    std::array<std::uint8_t, 32> out;
    if (faster_sha256 != nullptr && faster_sha256(bytes, out)) return Digest(out);
    return Sha256().add(bytes).finish();
}

bool use_hash_function(HashFunction function) {
    const Bytes sample(1000, 0x5c);  // several blocks and a rest
    std::array<std::uint8_t, 32> out{};
    if (!function(sample, out) || Digest(out) != Sha256().add(sample).finish()) return false;
    faster_sha256 = function;
    return true;
}

Digest labelled_hash(std::string_view label, BytesView bytes) {
    return sha256(labelled(label, bytes));
}

SigningKey signing_key_from_seed(BytesView seed) {
    std::array<std::uint8_t, 32> public_key{};
    std::array<std::uint8_t, crypto_sign_SECRETKEYBYTES> secret{};
    SecretBytes kept(seed);
    if (seed.size() == crypto_sign_SEEDBYTES)
        crypto_sign_seed_keypair(public_key.data(), secret.data(), seed.data());
    wipe(secret.data(), secret.size());
    return {PublicKey(public_key), std::move(kept)};
}

Signature sign_labelled(const SigningKey& key, std::string_view label, BytesView bytes) {
    std::array<std::uint8_t, crypto_sign_SECRETKEYBYTES> secret{};
    std::array<std::uint8_t, 64> signature{};
    // libsodium's secret key is seed and public key side by side.
    const auto seed = key.seed.view();
    const auto pub = key.public_key.view();
    if (seed.size() != 32) return Signature{};
    std::copy(seed.begin(), seed.end(), secret.begin());
    std::copy(pub.begin(), pub.end(), secret.begin() + 32);
    const auto input = labelled(label, bytes);
    crypto_sign_detached(signature.data(), nullptr, input.data(), input.size(), secret.data());
    wipe(secret.data(), secret.size());
    return Signature(signature);
}

bool verify_labelled(const PublicKey& key, std::string_view label, BytesView bytes,
                     const Signature& signature) {
    const auto input = labelled(label, bytes);
    return crypto_sign_verify_detached(signature.view().data(), input.data(), input.size(),
                                       key.view().data()) == 0;
}

DeviceId device_id_of(const PublicKey& key) {
    return *DeviceId::prefix_of(labelled_hash("huecry/1 device id", key.view()).view());
}
InviteId invite_id_of(const PublicKey& key) {
    return *InviteId::prefix_of(labelled_hash("huecry/1 invite id", key.view()).view());
}

}  // namespace huecry
