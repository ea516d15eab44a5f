#pragma once

#include <filesystem>

#include "huecry/wire/bytes.hpp"
#include "huecry/wire/secret.hpp"

// Looks beneath SQLCipher: every page of a database and of its write-ahead log, decrypted with the
// raw key by OpenSSL, free space included. What is not in here cannot be got back with the key.
namespace huecry::test {

[[nodiscard]] Bytes decrypted_pages(const std::filesystem::path& database, const SecretBytes& key);
/// The same of a database and log that are in memory.
[[nodiscard]] Bytes decrypted_pages(BytesView database, BytesView log, const SecretBytes& key);
[[nodiscard]] Bytes file_bytes(const std::filesystem::path& file);
[[nodiscard]] bool holds(BytesView bytes, std::string_view word);

}  // namespace huecry::test
