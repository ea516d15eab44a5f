#pragma once

#include "store/database.hpp"

namespace huecry::relay {

/// Brings the store up to the newest schema, in one transaction.
/// Errors: store_newer, and the store's.
[[nodiscard]] Result<void> migrate_store(Database& db);
[[nodiscard]] Result<void> migrate_leases(Database& db);
/// Every object of the schema, sorted by name.
[[nodiscard]] Result<std::string> schema_text(Database& db);

}  // namespace huecry::relay
