#include "store/backup.hpp"

#include <fcntl.h>
#include <sodium.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>

#include "store/migrations.hpp"

namespace huecry::relay {
namespace {

namespace fs = std::filesystem;
constexpr std::uint64_t file_mark = 0x68756562;  // application_id: "hueb"
constexpr std::uint64_t file_format = 1;
constexpr std::size_t max_text = 65536;  // as a configuration file

// Row by row what belongs into a backup; what is not named stays out. Streams: 1 is a directory.
constexpr std::array copy_steps{
    "INSERT INTO main.partnership (id, created) SELECT id, created FROM other.partnership",
    "INSERT INTO main.stream (number, partnership, kind, id, incarnation) SELECT number, "
    "partnership, kind, id, incarnation FROM other.stream",
    "UPDATE main.sqlite_sequence SET seq = (SELECT seq FROM other.sqlite_sequence WHERE name = "
    "'stream') WHERE name = 'stream'",
    "INSERT INTO main.entry (key, kind, header, previous, accepted, expiry, length, has_body, "
    "body, shared) SELECT e.key, e.kind, e.header, e.previous, e.accepted, e.expiry, e.length, "
    "s.kind = 1, CASE s.kind WHEN 1 THEN e.body END, NULL FROM other.entry e JOIN other.stream s "
    "ON s.number = (e.key >> 40)",
    "INSERT INTO main.reader (stream, device, cursor, member, joined, chain_from) SELECT stream, "
    "device, cursor, member, joined, chain_from FROM other.reader",
    "INSERT INTO main.acceptance_log (number, stream, device, message_id, digest, answer, seq, "
    "accepted) SELECT number, stream, device, message_id, digest, answer, seq, accepted FROM "
    "other.acceptance_log",
    "INSERT INTO main.lease_access (number, partnership, device, blob, time) SELECT number, "
    "partnership, device, blob, time FROM other.lease_access",
    "INSERT INTO main.meta (name, value) SELECT name, value FROM other.meta WHERE name IN ('time', "
    "'clock_held')"};

Error failed(const fs::path& path, int error) {
    if (error == ENOSPC || error == EDQUOT) return Error{Errc::no_room, path.string()};
    if (error == EACCES || error == EPERM || error == EROFS)
        return Error{Errc::not_permitted, "no right to write " + path.string()};
    return Error{Errc::io_failed, path.string()};
}

/// A file that is being made, with what SQLite keeps beside it; gone at the end.
class Unfinished {
public:
    explicit Unfinished(fs::path file) : file_(std::move(file)) {}
    Unfinished(const Unfinished&) = delete;
    Unfinished& operator=(const Unfinished&) = delete;
    ~Unfinished() { remove_all(); }
    void remove_all() const {
        for (const auto* end : {"", "-wal", "-shm", "-journal"}) {
            std::error_code ignored;
            fs::remove(file_.string() + end, ignored);
        }
    }
    [[nodiscard]] const fs::path& path() const { return file_; }

private:
    fs::path file_;
};

/// Bytes and name on the disk.
Result<void> sync(const fs::path& file) {
    const auto folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
    for (const auto& path : {file, folder}) {
        const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
        const bool done = fd >= 0 && fsync(fd) == 0;
        const int error = errno;
        if (fd >= 0) close(fd);
        if (!done) return failed(path, error);
    }
    return {};
}

Result<void> make_empty(const fs::path& file) {
    const int fd = open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return failed(file, errno);
    close(fd);
    return {};
}

/// Under its own name, if that is still free.
Result<void> give_name(const Unfinished& from, const fs::path& file) {
    HUECRY_TRY(sync(from.path()));
    if (link(from.path().c_str(), file.c_str()) != 0) {
        if (errno == EEXIST) return Error{Errc::invalid_argument, file.string() + " is there"};
        return failed(file, errno);
    }
    return sync(file);
}

Result<std::uint64_t> count(Database& db, const char* sql) {
    auto q = db.query(sql);
    HUECRY_TRY_ASSIGN(const bool row, q.step());
    return row ? q.number(0) : std::uint64_t{0};
}

Result<void> write_info(Database& db, const BackupInfo& info) {
    HUECRY_TRY(
        db.execute("CREATE TABLE backup (format INTEGER NOT NULL, relay BLOB NOT NULL, made "
                   "INTEGER NOT NULL, program TEXT NOT NULL, configuration TEXT NOT NULL) STRICT"));
    auto q = db.query(
        "INSERT INTO backup (format, relay, made, program, configuration) VALUES (?, ?, ?, ?, ?)");
    q.bind(file_format).bind(info.relay.view()).bind(info.made_ms);
    return q.bind(std::string_view(info.program)).bind(std::string_view(info.configuration)).run();
}

/// Of the main file, or of the one attached to it while the main one is empty.
Result<BackupInfo> read_info(Database& db) {
    BackupInfo out;
    {
        auto q = db.query("SELECT format, relay, made, program, configuration FROM backup");
        HUECRY_TRY_ASSIGN(const bool row, q.step());
        if (!row) return Error{Errc::store_damaged, "not a backup"};
        if (q.number(0) > file_format) return Errc::store_newer;
        out.relay = q.id<PublicKey>(1);
        out.made_ms = q.number(2);
        if (q.damaged() || q.bytes(3).size() > max_text || q.bytes(4).size() > max_text)
            return Error{Errc::store_damaged, "not a backup"};
        out.program = q.text(3);
        out.configuration = q.text(4);
    }
    HUECRY_TRY_ASSIGN(out.partnerships, count(db, "SELECT count(*) FROM partnership"));
    HUECRY_TRY_ASSIGN(out.statements, count(db, "SELECT count(*) FROM entry WHERE has_body = 1"));
    HUECRY_TRY_ASSIGN(out.headers, count(db, "SELECT count(*) FROM entry WHERE has_body = 0"));
    return out;
}

Result<void> fill(Database& db, const BackupInfo& info) {
    HUECRY_TRY_ASSIGN(const auto schema, attached_schema_version(db));
    if (schema > newest_store_schema()) return Errc::store_newer;
    if (schema < newest_store_schema())
        return Error{Errc::update_needed,
                     "the store is of an older version: start this version's relay on it once"};
    HUECRY_TRY(migrate_store(db));
    HUECRY_TRY(transaction(db, [&]() -> Result<void> {
        for (const auto* step : copy_steps) HUECRY_TRY(db.query(step).run());
        return write_info(db, info);
    }));
    HUECRY_TRY(db.execute("PRAGMA main.application_id = 1752524130"));
    // One file, that can be read where nothing can be written.
    return db.execute("DETACH DATABASE other; PRAGMA journal_mode = DELETE");
}
static_assert(file_mark == 1752524130);

Result<void> unpack(Database& db) {
    HUECRY_TRY_ASSIGN(const auto schema, attached_schema_version(db));
    if (schema > newest_store_schema()) return Errc::store_newer;
    HUECRY_TRY(db.check());
    return transaction(db, [&]() -> Result<void> {
        HUECRY_TRY(db.query("SELECT sqlcipher_export('main', 'other')").run());
        HUECRY_TRY(db.execute(("PRAGMA main.user_version = " + std::to_string(schema)).c_str()));
        HUECRY_TRY(db.execute("DROP TABLE main.backup"));
        return db.query("INSERT OR REPLACE INTO main.meta (name, value) VALUES ('restored', 1)")
            .run();
    });
}

}  // namespace

SecretBytes backup_key(const SigningKey& identity) {
    static_assert(crypto_kdf_KEYBYTES == 32);
    SecretBytes out(32);
    crypto_kdf_derive_from_key(out.span().data(), out.size(), 1, "hcbackup",
                               identity.seed.view().data());
    return out;
}

Result<BackupInfo> write_backup(const fs::path& live, BytesView live_key, const fs::path& file,
                                BytesView key, BackupInfo info) {
    std::error_code error;
    if (fs::exists(fs::symlink_status(file, error)))
        return Error{Errc::invalid_argument, file.string() + " is there; it is not replaced"};
    auto partial = file;
    partial += ".partial";
    if (fs::exists(fs::symlink_status(partial, error)))
        return Error{Errc::busy, partial.string() +
                                     " is there: another backup is being made, or one was cut "
                                     "off; remove it then"};
    HUECRY_TRY(make_empty(partial));
    const Unfinished unfinished(partial);
    {
        HUECRY_TRY_ASSIGN(auto db, Database::open(partial, key, Database::Mode::writer));
        HUECRY_TRY(db->attach(live, live_key));
        HUECRY_TRY(fill(*db, info));
    }
    {
        HUECRY_TRY_ASSIGN(auto db, Database::open(partial, key, Database::Mode::reader));
        HUECRY_TRY(db->check());
        HUECRY_TRY_ASSIGN(info, read_info(*db));
    }
    HUECRY_TRY(give_name(unfinished, file));
    return info;
}

Result<BackupInfo> read_backup(const fs::path& file, BytesView key, const fs::path& fresh,
                               BytesView fresh_key) {
    std::error_code error;
    if (fs::exists(fs::symlink_status(fresh, error)))
        return Error{Errc::invalid_argument, fresh.string() + " is there; it is not replaced"};
    auto partial = fresh;
    partial += ".partial";
    const Unfinished unfinished(partial);
    unfinished.remove_all();  // of a restore that was cut off
    HUECRY_TRY(make_empty(partial));
    BackupInfo info;
    {
        HUECRY_TRY_ASSIGN(auto db, Database::open(partial, fresh_key, Database::Mode::writer));
        HUECRY_TRY(db->attach(file, key));
        HUECRY_TRY_ASSIGN(const auto mark, count(*db, "PRAGMA other.application_id"));
        if (mark != file_mark) return Error{Errc::store_damaged, "not a backup of a relay"};
        HUECRY_TRY_ASSIGN(info, read_info(*db));
        HUECRY_TRY(unpack(*db));
        HUECRY_TRY_ASSIGN(const bool whole, db->truncate_log());
        if (!whole) return Errc::busy;
    }
    HUECRY_TRY(give_name(unfinished, fresh));
    return info;
}

}  // namespace huecry::relay
