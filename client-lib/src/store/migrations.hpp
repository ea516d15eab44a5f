#pragma once

#include "store/database.hpp"

namespace huecry::store {

/// Runs what is missing, each step in a transaction of its own. `store_newer` when the file knows
/// more steps than this program.
Result<void> migrate(Database& db);

}  // namespace huecry::store
