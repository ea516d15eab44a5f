#pragma once

#include <filesystem>

#include "huecry/result.hpp"
#include "ops/settings.hpp"

namespace huecry::relay {

/// `huecry-relay restore FILE`: makes a relay's folder of a backup and the relay's identity, with
/// new keys for its stores, and marks it as `restored` does. Each directory in it is replayed
/// before this returns. The folder may be absent, or hold identity.key alone (and a lock file).
/// Errors: invalid_argument (the folder holds a relay, or another identity), not_found (no
/// identity), busy (a relay runs there), store_damaged (the backup), store_newer; no_room,
/// io_failed.
Result<void> restore(const Settings& settings, const std::filesystem::path& file,
                     const std::filesystem::path& identity);

}  // namespace huecry::relay
