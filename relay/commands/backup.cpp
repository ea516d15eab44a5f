#include "commands/backup.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <fstream>
#include <iterator>

#include "ops/clock.hpp"
#include "ops/data_folder.hpp"
#include "store/backup.hpp"

namespace huecry::relay {
namespace {

/// Already read once, and found good, for the settings in it.
Result<std::string> text_of(const std::filesystem::path& file) {
    if (file.empty()) return std::string();
    std::ifstream in(file, std::ios::binary);
    std::string out{std::istreambuf_iterator<char>(in), {}};
    if (!in) return Error{Errc::io_failed, file.string()};
    return out;
}

void print(const Settings& settings, const std::filesystem::path& file, const BackupInfo& info) {
    std::error_code error;
    const auto size = std::filesystem::file_size(file, error);
    if (settings.json) {
        boost::json::object line;
        line["file"] = file.string();
        line["bytes"] = size;
        line["made_ms"] = info.made_ms;
        line["relay"] = to_base64url(info.relay.view());
        line["partnerships"] = info.partnerships;
        line["statements"] = info.statements;
        line["headers"] = info.headers;
        line["configuration"] = !info.configuration.empty();
        fmt::print("{}\n", boost::json::serialize(line));
        return;
    }
    fmt::print(
        "{}: {} partnerships, {} statements of directories, {} headers, {} bytes; read again and "
        "found whole.\nTo restore it, identity.key is needed, which is not in it: keep a copy of "
        "that apart from the backups.\n",
        file.string(), info.partnerships, info.statements, info.headers, size);
}

}  // namespace

Result<void> backup(const Settings& settings, const std::filesystem::path& file,
                    const std::filesystem::path& config) {
    HUECRY_TRY_ASSIGN(const auto folder, DataFolder::open(settings.data));
    const auto live = folder.file("relay.db");
    std::error_code error;
    if (!std::filesystem::exists(live, error))
        return Error{Errc::not_found, live.string() + ": start the relay once"};
    BackupInfo info;
    info.relay = folder.identity().public_key;
    info.made_ms = SystemClock().wall_ms();
    info.program = HUECRY_VERSION;
    HUECRY_TRY_ASSIGN(info.configuration, text_of(config));
    auto done = write_backup(live, folder.store_key().view(), file,
                             backup_key(folder.identity()).view(), std::move(info));
    if (!done && (done.error().code == Errc::passphrase_wrong ||
                  (done.error().code == Errc::store_damaged && done.error().detail.empty())))
        return Error{Errc::store_damaged,
                     "the store is damaged and was not backed up: run huecry-relay check"};
    if (!done) return done.error();
    print(settings, file, *done);
    return {};
}

}  // namespace huecry::relay
