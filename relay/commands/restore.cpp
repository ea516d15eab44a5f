#include "commands/restore.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <boost/json.hpp>

#include "commands/installation.hpp"
#include "store/backup.hpp"

namespace huecry::relay {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t key_size = 32;

/// What may be in a folder that becomes a relay's: what was brought, and what a restore that was
/// cut off has left (the store comes last).
bool allowed(const fs::path& folder, const fs::path& entry) {
    const auto name = entry.filename().string();
    for (const auto* known : {"identity.key", "store.key", "leases.key", "lock", "lost+found"})
        if (name == known) return true;
    if (name.starts_with("relay.db.partial")) return true;
    std::error_code error;
    return name == "blobs" && fs::is_empty(folder / name, error) && !error;
}

Result<void> make_room(const fs::path& folder) {
    std::error_code error;
    if (folder.has_parent_path()) fs::create_directories(folder.parent_path(), error);
    if (mkdir(folder.c_str(), 0700) == 0) return {};
    for (const auto& entry : fs::directory_iterator(folder, error))
        if (!allowed(folder, entry.path()))
            return Error{Errc::invalid_argument,
                         folder.string() + " is not empty (" + entry.path().filename().string() +
                             "): stop the relay, move its folder away, and restore into a new one"};
    if (error) return Error{Errc::io_failed, folder.string() + ": " + error.message()};
    return {};
}

/// The folder's own, or the one that is given, which is put there.
Result<void> bring_identity(const fs::path& folder, const fs::path& identity) {
    const auto own = folder / "identity.key";
    std::error_code error;
    const bool there = fs::exists(own, error);
    if (!there && identity.empty())
        return Error{Errc::not_found,
                     "the relay's identity.key, without which clients do not know it and the "
                     "backup cannot be read: give --identity FILE"};
    if (identity.empty()) return {};
    auto given = read_secret_file(identity, key_size);
    if (!given && given.error().code == Errc::malformed)
        return Error{Errc::invalid_argument, identity.string() + " is no identity.key"};
    if (!given) return given.error();
    if (!there) return write_private_file(own, given->view());
    HUECRY_TRY_ASSIGN(const auto found, read_secret_file(own, key_size));
    if (found == *given) return {};
    return Error{Errc::invalid_argument, own.string() + " is another relay's"};
}

Error about(const fs::path& file, const Error& error) {
    if (error.code == Errc::passphrase_wrong)
        return Error{Errc::store_damaged,
                     file.string() +
                         " is not a backup of the relay with this identity.key, or is damaged at "
                         "its beginning: try another backup"};
    if (error.code == Errc::store_damaged)
        return Error{Errc::store_damaged, file.string() + " is damaged" +
                                              (error.detail.empty() ? "" : ": " + error.detail) +
                                              ". Nothing of it was used; try another backup"};
    if (error.code == Errc::store_newer)
        return Error{Errc::store_newer, file.string() +
                                            ": restore it with a relay as new as the "
                                            "one that made it"};
    return error;
}

void print(const Settings& settings, const BackupInfo& info, bool configured) {
    if (settings.json) {
        boost::json::object line;
        line["restored"] = true;
        line["made_ms"] = info.made_ms;
        line["relay"] = to_base64url(info.relay.view());
        line["partnerships"] = info.partnerships;
        line["configuration"] = configured;
        fmt::print("{}\n", boost::json::serialize(line));
        return;
    }
    fmt::print("Restored: {} partnerships, each directory verified.\n", info.partnerships);
    if (configured)
        fmt::print("The configuration of then is in {}.\n",
                   (settings.data / "relay.toml").string());
    fmt::print(
        "The next start tells every partnership: their devices bring back what was lost of the "
        "directory,\nand begin their channels anew. Codes of huecry-relay allow are gone; make "
        "new ones.\n");
}

}  // namespace

Result<void> restore(const Settings& settings, const fs::path& file, const fs::path& identity) {
    std::error_code error;
    if (!fs::is_regular_file(file, error)) return Error{Errc::not_found, file.string()};
    HUECRY_TRY(make_room(settings.data));
    HUECRY_TRY(bring_identity(settings.data, identity));
    SystemRandom random;
    HUECRY_TRY_ASSIGN(auto folder, DataFolder::prepare(settings.data, random));
    const auto store = folder.file("relay.db");
    BackupInfo info;
    {
        HUECRY_TRY_ASSIGN(const auto lock, folder.lock());
        auto read = read_backup(file, backup_key(folder.identity()).view(), store,
                                folder.store_key().view());
        if (!read) return about(file, read.error());
        info = std::move(read).value();
    }
    HUECRY_TRY_ASSIGN(const auto log, Logger::open(LogLevel::error, {}));
    if (const auto opened = Installation::open(settings, std::move(folder), log); !opened) {
        fs::remove(store, error);  // what does not follow from its beginning is not served
        return about(file, Error{Errc::store_damaged, opened.error().text()});
    }
    const bool configured = !info.configuration.empty();
    if (configured)
        HUECRY_TRY(write_private_file(settings.data / "relay.toml", view(info.configuration)));
    print(settings, info, configured);
    return {};
}

}  // namespace huecry::relay
