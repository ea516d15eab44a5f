#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "auth/environment.hpp"
#include "huecry/result.hpp"
#include "huecry/wire/secret.hpp"
#include "huecry/wire/signing.hpp"

namespace huecry::relay {

/// The relay's folder. Everything in it is the owner's only (0700, files 0600):
///   identity.key     seed of the identity key (32 bytes): what every client trusts; back it up
///   store.key        key of relay.db (32 bytes); a restore makes a new one
///   leases.key       key of leases.db (32 bytes); never backed up
///   certificate.pem  self-signed, certificate.key its key; may be made anew at any time
///   relay.db         streams; leases.db shares of photo keys; blobs/ encrypted photos
///   lock             held while a relay runs; control.sock for `huecry-relay allow`
class DataFolder {
public:
    /// Makes what is missing in an empty folder. Errors: io_failed, no_room, not_permitted
    /// (somebody else's, or open to others), store_damaged (a key is missing or has a wrong length
    /// beside a store that needs it: never replaced in silence).
    static Result<DataFolder> prepare(const std::filesystem::path& root, Random& random);
    /// The same without making anything. Errors also: not_found.
    static Result<DataFolder> open(const std::filesystem::path& root);

    /// For as long as the returned object lives. Errors: busy (a relay is running on it).
    class Lock {
    public:
        explicit Lock(int descriptor) : descriptor_(descriptor) {}
        Lock(Lock&& other) noexcept : descriptor_(other.descriptor_) { other.descriptor_ = -1; }
        Lock& operator=(Lock&&) = delete;
        ~Lock();

    private:
        int descriptor_;
    };
    Result<Lock> lock() const;

    [[nodiscard]] const SigningKey& identity() const { return identity_; }
    [[nodiscard]] const SecretBytes& store_key() const { return store_key_; }
    [[nodiscard]] const SecretBytes& lease_key() const { return lease_key_; }
    [[nodiscard]] std::filesystem::path file(std::string_view name) const { return root_ / name; }

private:
    std::filesystem::path root_;
    SigningKey identity_;
    SecretBytes store_key_;
    SecretBytes lease_key_;
};

/// Whole file, only if its owner is we and nobody else can read it. Errors: not_found,
/// not_permitted, io_failed, malformed (another length).
Result<SecretBytes> read_secret_file(const std::filesystem::path& file, std::size_t size);
/// Through a temporary name and fsync, mode 0600. Errors: no_room, io_failed.
Result<void> write_private_file(const std::filesystem::path& file, BytesView bytes);

}  // namespace huecry::relay
