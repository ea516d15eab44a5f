#pragma once

#include "store/database.hpp"

namespace huecry::relay {

/// Brings the store up to the newest schema, in one transaction.
/// Errors: store_newer, and the store's.
[[nodiscard]] Result<void> migrate_store(Database& db);
[[nodiscard]] Result<void> migrate_leases(Database& db);
/// Only as far as schema `version`: what an older relay has left, for tests of migrations.
[[nodiscard]] Result<void> migrate_store_to(Database& db, std::uint64_t version);
/// The schema's number as it is on disk: of the store, or of the file attached to it.
[[nodiscard]] Result<std::uint64_t> schema_version(Database& db);
[[nodiscard]] Result<std::uint64_t> attached_schema_version(Database& db);
[[nodiscard]] std::uint64_t newest_store_schema();
/// Every object of the schema, sorted by name.
[[nodiscard]] Result<std::string> schema_text(Database& db);

}  // namespace huecry::relay
