#pragma once

#include <filesystem>

#include "huecry/result.hpp"
#include "ops/settings.hpp"

namespace huecry::relay {

/// `huecry-relay backup FILE`: what store/backup.hpp says, under a key that follows from
/// identity.key; `config`, if not empty, is the configuration file that goes into it. Changes
/// nothing, and the relay may run. Errors: those of DataFolder::open and write_backup.
Result<void> backup(const Settings& settings, const std::filesystem::path& file,
                    const std::filesystem::path& config);

}  // namespace huecry::relay
