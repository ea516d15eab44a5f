#pragma once

#include <filesystem>

#include "command.hpp"
#include "terminal.hpp"

namespace huecry::cli {

/// --profile, else HUECRY_PROFILE, else $XDG_DATA_HOME/huecry, else ~/.local/share/huecry.
/// Errors: invalid_argument when none of them says where.
Result<std::filesystem::path> profile_path(const Globals& globals);
/// Errors: no_profile. Only looks for the folder, so that nobody is asked for a passphrase in vain.
Result<void> profile_exists(const std::filesystem::path& profile);

/// --passphrase-fd, else HUECRY_PASSPHRASE_FILE, else asked. Errors: passphrase_missing.
Result<SecretBytes> passphrase_of(const Globals& globals, Terminal& terminal,
                                  std::string_view what);
/// The same for a new profile: long enough, and asked twice.
Result<SecretBytes> passphrase_for_new(const Globals& globals, Terminal& terminal);

}  // namespace huecry::cli
