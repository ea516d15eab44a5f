#pragma once

#include <filesystem>
#include <memory>

#include "store/store.hpp"

namespace huecry::relay {

/// The default store: one SQLCipher file, write-ahead log, full sync, secure delete.
/// `key`: 32 bytes, not kept. Makes the file if it is not there, migrates it if it is older.
/// Errors: store_unencrypted (the library is not SQLCipher ≥ 4.14), passphrase_wrong (another key,
/// or the first page is damaged), store_newer, store_damaged, store_failed, no_room.
[[nodiscard]] Result<std::unique_ptr<Store>> open_sqlcipher_store(const std::filesystem::path& file,
                                                                  BytesView key);

/// The schema as the newest migration leaves it, one object per line group, sorted: compared with
/// store/schema.sql by a test.
[[nodiscard]] Result<std::string> dump_schema(const std::filesystem::path& file, BytesView key);

}  // namespace huecry::relay
