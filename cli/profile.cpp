#include "profile.hpp"

#include <fcntl.h>

#include <cstdlib>
#include <system_error>

namespace huecry::cli {
namespace {

std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value ? value : "";
}

/// From a file or descriptor that was named; nothing when a person has to be asked.
Result<std::optional<SecretBytes>> given_passphrase(const Globals& globals) {
    if (globals.passphrase_fd) {
        HUECRY_TRY_ASSIGN(auto secret, passphrase_from(*globals.passphrase_fd));
        return std::optional(std::move(secret));
    }
    const auto path = environment("HUECRY_PASSPHRASE_FILE");
    if (path.empty()) return std::optional<SecretBytes>();
    const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
    if (!file.open())
        return Error{Errc::passphrase_missing,
                     "HUECRY_PASSPHRASE_FILE " + path + " cannot be read"};
    HUECRY_TRY_ASSIGN(auto secret, passphrase_from(file.fd()));
    return std::optional(std::move(secret));
}

}  // namespace

Result<std::filesystem::path> profile_path(const Globals& globals) {
    std::string named = globals.profile.value_or(environment("HUECRY_PROFILE"));
    if (globals.profile && named.empty())
        return Error{Errc::invalid_argument, "--profile is empty"};
    if (named.empty()) {
        if (const auto data = environment("XDG_DATA_HOME"); !data.empty())
            named = data + "/huecry";
        else if (const auto home = environment("HOME"); !home.empty())
            named = home + "/.local/share/huecry";
        else
            return Error{Errc::invalid_argument, "no home folder; name one with --profile"};
    }
    std::error_code error;
    auto path = std::filesystem::absolute(named, error);
    if (error) return Error{Errc::invalid_argument, "--profile: " + error.message()};
    return path;
}

Result<void> profile_exists(const std::filesystem::path& profile) {
    std::error_code error;
    if (!std::filesystem::is_directory(profile, error)) return Errc::no_profile;
    if (std::filesystem::is_empty(profile, error) && !error) return Errc::no_profile;
    return {};
}

Result<SecretBytes> passphrase_of(const Globals& globals, Terminal& terminal,
                                  std::string_view what) {
    HUECRY_TRY_ASSIGN(auto given, given_passphrase(globals));
    if (given) return std::move(*given);
    return terminal.ask_passphrase(what);
}

Result<SecretBytes> passphrase_for_new(const Globals& globals, Terminal& terminal) {
    HUECRY_TRY_ASSIGN(auto given, given_passphrase(globals));
    if (!given) return terminal.new_passphrase("New passphrase for this profile", std::nullopt);
    HUECRY_TRY(check_new_passphrase(*given));
    return std::move(*given);
}

}  // namespace huecry::cli
