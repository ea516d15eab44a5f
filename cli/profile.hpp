#pragma once

#include <filesystem>

#include "command.hpp"
#include "huecry/client.hpp"
#include "terminal.hpp"

namespace huecry::cli {

/// --profile, else HUECRY_PROFILE, else $XDG_DATA_HOME/huecry, else ~/.local/share/huecry.
/// Errors: invalid_argument when none of them says where.
Result<std::filesystem::path> profile_path(const Globals& globals);
/// Errors: no_profile. Only looks for the folder, so that nobody is asked for a passphrase in vain.
Result<void> profile_exists(const std::filesystem::path& profile);

/// What opens the profile: --passphrase-fd, else HUECRY_KEY_FILE (32 bytes), else
/// HUECRY_PASSPHRASE_FILE, else asked. Errors: passphrase_missing.
Result<ProfileSecret> secret_of(const Globals& globals, Terminal& terminal, std::string_view what);
/// The same for a new profile: a passphrase is long enough, and asked twice.
Result<ProfileSecret> secret_for_new(const Globals& globals, Terminal& terminal);
/// The key, where there is one, else the passphrase: what whoever owns the profile is shown.
[[nodiscard]] const SecretBytes& proof_of(const ProfileSecret& secret);
[[nodiscard]] ProfileSecret copy_of(const ProfileSecret& secret);
/// A key for profiles: a file of exactly 32 bytes. Errors: passphrase_missing.
Result<SecretBytes> key_from(const std::string& path);

}  // namespace huecry::cli
