#include "profile.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>

namespace huecry::cli {
namespace {

constexpr std::size_t key_size = 32;

std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value ? value : "";
}

/// From a file or descriptor that was named; nothing when a person has to be asked.
Result<std::optional<ProfileSecret>> given_secret(const Globals& globals) {
    ProfileSecret out;
    if (globals.passphrase_fd) {
        HUECRY_TRY_ASSIGN(out.passphrase, passphrase_from(*globals.passphrase_fd));
        return std::optional(std::move(out));
    }
    if (const auto path = environment("HUECRY_KEY_FILE"); !path.empty()) {
        HUECRY_TRY_ASSIGN(out.key, key_from(path));
        return std::optional(std::move(out));
    }
    const auto path = environment("HUECRY_PASSPHRASE_FILE");
    if (path.empty()) return std::optional<ProfileSecret>();
    const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
    if (!file.open())
        return Error{Errc::passphrase_missing,
                     "HUECRY_PASSPHRASE_FILE " + path + " cannot be read"};
    HUECRY_TRY_ASSIGN(out.passphrase, passphrase_from(file.fd()));
    return std::optional(std::move(out));
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

Result<SecretBytes> key_from(const std::string& path) {
    const auto named = "the key file " + path;
    const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
    if (!file.open()) return Error{Errc::passphrase_missing, named + " cannot be read"};
    // One more, so that a longer file is not taken for its beginning.
    SecretBytes bytes(key_size + 1);
    std::size_t have = 0;
    while (have < bytes.size()) {
        const auto got = ::read(file.fd(), bytes.span().data() + have, bytes.size() - have);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return Error{Errc::passphrase_missing, named + " cannot be read"};
        if (got == 0) break;
        have += static_cast<std::size_t>(got);
    }
    if (have != key_size)
        return Error{Errc::passphrase_missing,
                     named + " must have exactly 32 bytes: head -c 32 /dev/urandom"};
    return SecretBytes(bytes.view().first(key_size));
}

Result<ProfileSecret> secret_of(const Globals& globals, Terminal& terminal, std::string_view what) {
    HUECRY_TRY_ASSIGN(auto given, given_secret(globals));
    if (given) return std::move(*given);
    ProfileSecret out;
    HUECRY_TRY_ASSIGN(out.passphrase, terminal.ask_passphrase(what));
    return out;
}

Result<ProfileSecret> secret_for_new(const Globals& globals, Terminal& terminal) {
    HUECRY_TRY_ASSIGN(auto given, given_secret(globals));
    if (given) {
        if (given->key.empty()) HUECRY_TRY(check_new_passphrase(given->passphrase));
        return std::move(*given);
    }
    ProfileSecret out;
    HUECRY_TRY_ASSIGN(out.passphrase, terminal.passphrase("New passphrase for this profile",
                                                          std::nullopt, Passphrase::chosen));
    return out;
}

const SecretBytes& proof_of(const ProfileSecret& secret) {
    return secret.key.empty() ? secret.passphrase : secret.key;
}

ProfileSecret copy_of(const ProfileSecret& secret) {
    return {secret.passphrase.clone(), secret.key.clone()};
}

}  // namespace huecry::cli
