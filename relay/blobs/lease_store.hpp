#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "auth/environment.hpp"
#include "huecry/result.hpp"
#include "huecry/wire/header.hpp"
#include "huecry/wire/secret.hpp"

// The relay's shares of photo keys, in an encrypted file of their own that is never backed up.
//
// Key space:
//   day_key  day (expiry / 86,400,000)  → 32 random bytes      with the day's first share; shredded
//                                                              when the day is over
//   lease    P blob                     → audience, uploader, expiry, nonce, share sealed under
//                                         the day key (XChaCha20-Poly1305, all other columns as
//                                         associated data)     by PutLease; at expiry or DropBlob
namespace huecry::relay {

class Database;

struct Lease {
    PartnershipId partnership;
    BlobId blob;
    StreamRef audience;
    DeviceId uploader;
    std::uint64_t expiry_ms = 0;
    SecretBytes share;  // 32
};

/// The same threads as Store: `commit` and `truncate_log` on one, reading on another.
class LeaseStore {
public:
    struct Drop {
        PartnershipId partnership;
        BlobId blob;
    };
    /// Everything that expires at or before this.
    struct Expire {
        std::uint64_t now_ms = 0;
    };
    using Change = std::variant<Lease, Drop, Expire>;

    /// `key`: 32 bytes. Errors as Store's, and store_unencrypted, passphrase_wrong.
    [[nodiscard]] static Result<std::unique_ptr<LeaseStore>> open(const std::filesystem::path& file,
                                                                  BytesView key, Random& random);
    ~LeaseStore();

    /// One transaction, on disk when this returns.
    [[nodiscard]] Result<void> commit(std::span<const Change> changes);
    [[nodiscard]] Result<bool> truncate_log();
    [[nodiscard]] Result<std::optional<Lease>> find(const PartnershipId& partnership,
                                                    const BlobId& blob);
    /// How many shares are due at `now_ms`.
    [[nodiscard]] Result<std::size_t> due(std::uint64_t now_ms);

private:
    LeaseStore(std::unique_ptr<Database> writer, std::unique_ptr<Database> reader, Random& random);
    [[nodiscard]] Result<void> put(const Lease& lease);
    [[nodiscard]] Result<SecretBytes> day_key(std::uint64_t day);

    std::unique_ptr<Database> writer_;
    std::unique_ptr<Database> reader_;
    Random& random_;
};

}  // namespace huecry::relay
