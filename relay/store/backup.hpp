#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "huecry/result.hpp"
#include "huecry/wire/secret.hpp"
#include "huecry/wire/signing.hpp"

// Backups: one SQLCipher file with the store's schema and a part of its rows.
//
// In it: partnerships, streams with their places and every header, the directories whole, readers'
// cursors, the memory of submissions, the record of who asked for a photo, clock marks, and the
// operator's configuration when it is given.
// Never in it: bodies of messages and Welcomes, key packages (each is good once), photos and their
// rows, codes (each is good once), shares and their day keys (a store of their own), any key.
// So nothing that has expired or been used comes back from it.
namespace huecry::relay {

struct BackupInfo {
    PublicKey relay;              // whose it is
    std::uint64_t made_ms = 0;    // the maker's clock
    std::string program;          // its version
    std::string configuration{};  // relay.toml as it was; may be empty
    // Filled in by the functions below.
    std::uint64_t partnerships = 0;
    std::uint64_t statements = 0;  // of directories
    std::uint64_t headers = 0;     // of channels and mailboxes
};

/// Backups are encrypted under a key that follows from the relay's identity: whoever restores one
/// needs identity.key and nothing else. 32 bytes.
[[nodiscard]] SecretBytes backup_key(const SigningKey& identity);

/// Copies what belongs into a backup of the store `live` into the new file `file` (mode 0600), in
/// one read transaction: consistent, also while a relay writes. The file has its name only once it
/// is whole, on the disk, and has been read again and checked.
/// Errors: invalid_argument (the file is there), busy (its ".partial" is), no_room, io_failed,
/// not_permitted; update_needed (the store has another version's schema); the store's.
[[nodiscard]] Result<BackupInfo> write_backup(const std::filesystem::path& live, BytesView live_key,
                                              const std::filesystem::path& file, BytesView key,
                                              BackupInfo info);

/// Makes the store `fresh` (not there yet) of a backup, marked as restored. Every page of the
/// backup is checked first. What fails leaves no file.
/// Errors: not_found, passphrase_wrong (of another relay, or its first page is damaged),
/// store_damaged, store_newer; no_room and the store's about `fresh`.
[[nodiscard]] Result<BackupInfo> read_backup(const std::filesystem::path& file, BytesView key,
                                             const std::filesystem::path& fresh,
                                             BytesView fresh_key);

}  // namespace huecry::relay
