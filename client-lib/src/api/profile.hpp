#pragma once

#include <filesystem>

#include "crypto/random.hpp"
#include "domain/context.hpp"
#include "huecry/client.hpp"
#include "huecry/directory/statement.hpp"
#include "store/database.hpp"

// A profile's folder: `profile.key` (the database's key under the passphrase) and `profile.db`.
namespace huecry::api {

/// What a new profile starts with.
struct NewProfile {
    PartnershipId partnership;
    RelayAddress relay;  // with its key
    SigningKey device;
    SecretBytes sealing_key;  // X25519 private key
    /// The partnership's root key and the one after it; only where it was created.
    std::optional<SecretBytes> root_seed, next_root_seed;
    struct Name {
        std::uint32_t kind;  // as in NameRecord
        Bytes id, salt;
        std::string name;
    };
    std::vector<Name> names;
    /// The agreement's document key, when the invite held one.
    std::optional<SecretBytes> document_key;
    std::uint32_t agreement_version = 0;
    BlobId agreement_blob;
};

/// Errors: profile_exists.
Result<void> check_no_profile(const std::filesystem::path& folder);
/// Writes folder, key file and database; on an error nothing is left behind.
Result<void> write_profile(const std::filesystem::path& folder, const ProfileSecret& secret,
                           const NewProfile& profile, crypto::Random& random);
/// Takes away what `write_profile` has made.
void erase_profile(const std::filesystem::path& folder);

/// Who this device is and where its relay is, as the store says.
struct Identified {
    domain::Self self;
    RelayAddress relay;
};
Result<Identified> read_self(store::Database& db);

struct OpenProfile {
    store::Database db;
    domain::Self self;
    RelayAddress relay;
};
/// Errors: no_profile, passphrase_wrong, busy, store_damaged, store_newer.
Result<OpenProfile> open_profile(const std::filesystem::path& folder, const ProfileSecret& secret);

Result<void> change_profile_secret(const std::filesystem::path& folder, const ProfileSecret& now,
                                   const ProfileSecret& next, crypto::Random& random);

}  // namespace huecry::api
