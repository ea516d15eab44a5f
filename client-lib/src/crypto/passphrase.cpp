#include "crypto/passphrase.hpp"

#include <sodium.h>

namespace huecry::crypto {

Result<SecretBytes> passphrase_key(BytesView passphrase, BytesView salt, PassphraseCost cost) {
    static_assert(passphrase_salt_size == crypto_pwhash_argon2id_SALTBYTES);
    if (salt.size() != passphrase_salt_size || cost.passes < 1 || cost.passes > 64 ||
        cost.memory_kib < 8 || cost.memory_kib > 4U << 20)
        return Errc::invalid_argument;
    SecretBytes key(32);
    if (crypto_pwhash_argon2id(key.span().data(), key.size(),
                               reinterpret_cast<const char*>(passphrase.data()), passphrase.size(),
                               salt.data(), cost.passes, std::size_t{cost.memory_kib} * 1024,
                               crypto_pwhash_argon2id_ALG_ARGON2ID13) != 0)
        return Error{Errc::internal, "not enough memory for the passphrase"};
    return key;
}

}  // namespace huecry::crypto
