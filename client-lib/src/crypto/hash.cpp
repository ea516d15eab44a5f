#include "crypto/hash.hpp"

#include <sodium.h>

#include <new>

namespace huecry::crypto {
namespace {
crypto_hash_sha256_state* state_of(std::array<std::uint8_t, 128>& memory) {
    return std::launder(reinterpret_cast<crypto_hash_sha256_state*>(memory.data()));
}
}  // namespace

static_assert(sizeof(crypto_hash_sha256_state) <= 128);

Hash256 sha256(BytesView data) {
    Hash256 out;
    crypto_hash_sha256(out.data(), data.data(), data.size());
    return out;
}

Sha256::Sha256() { crypto_hash_sha256_init(new (state_.data()) crypto_hash_sha256_state); }

Sha256& Sha256::update(BytesView data) {
    crypto_hash_sha256_update(state_of(state_), data.data(), data.size());
    return *this;
}

Hash256 Sha256::finish() {
    Hash256 out;
    crypto_hash_sha256_final(state_of(state_), out.data());
    return out;
}

}  // namespace huecry::crypto
