#pragma once

#include <filesystem>

#include "crypto/passphrase.hpp"
#include "crypto/random.hpp"
#include "huecry/result.hpp"
#include "huecry/wire/secret.hpp"

// The file beside the database that holds its random 32-byte key, sealed under what the user or the
// embedder has. Changing a passphrase writes this file anew and leaves the database as it is.
//   struct { opaque magic[8] = "huecrykf"; uint8 version = 1; uint8 kind;
//            uint32 passes; uint32 memory_kib; opaque salt[16];   kind 1 only (Argon2id)
//            opaque nonce[12]; opaque sealed[48]; } KeyFile;
// sealed: ChaCha20-Poly1305 of the key; additional data: everything before the nonce.
namespace huecry::store {

/// What opens the key file, borrowed for the call: `key` (32 bytes) when it is not empty, else the
/// passphrase.
struct Unlock {
    BytesView passphrase;
    BytesView key;
};

/// Makes the file with a new random key (mode 0600) and gives the key. Errors: profile_exists,
/// passphrase_missing, invalid_argument (key not 32 bytes), io_failed, no_room.
[[nodiscard]] Result<SecretBytes> create_key_file(const std::filesystem::path& file,
                                                  const Unlock& with, crypto::Random& random,
                                                  crypto::PassphraseCost cost = {});
/// Errors: no_profile, passphrase_missing, passphrase_wrong, store_damaged, store_newer, io_failed.
[[nodiscard]] Result<SecretBytes> open_key_file(const std::filesystem::path& file,
                                                const Unlock& with);
/// Seals the same key anew and replaces the file in one step: after a crash one or the other opens.
[[nodiscard]] Result<void> change_key_file(const std::filesystem::path& file, const Unlock& now,
                                           const Unlock& next, crypto::Random& random,
                                           crypto::PassphraseCost cost = {});

}  // namespace huecry::store
