#include "store/database.hpp"

#include <sqlite3.h>

#include <cerrno>
#include <charconv>

#include "huecry/wire/secret.hpp"

namespace huecry::relay {
namespace {

constexpr int lock_wait_ms = 2000;
constexpr int truncation_wait_ms = 50;  // it is tried again; commits must not wait for a reader

Error error_of(sqlite3* db, int code) {
    if (sqlite3_system_errno(db) == ENOSPC) return Error{Errc::no_room};
    switch (code & 0xff) {
        case SQLITE_FULL:
            return Error{Errc::no_room};
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
        case SQLITE_MISMATCH:
            return Error{Errc::store_damaged};
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return Error{Errc::busy};
        case SQLITE_CONSTRAINT:  // a mistake of ours; the disk is all right
            return Error{Errc::internal, "sqlite " + std::to_string(code)};
        default:
            return Error{Errc::store_failed, "sqlite " + std::to_string(code)};
    }
}

/// SQLCipher's raw form: x'…' with 64 hexadecimal characters, no derivation.
SecretBytes raw_key(BytesView key) {
    static constexpr std::string_view digits = "0123456789abcdef";
    SecretBytes out(key.size() * 2 + 3);
    const auto s = out.span();
    s[0] = 'x';
    s[1] = '\'';
    for (std::size_t i = 0; i < key.size(); ++i) {
        s[2 + 2 * i] = static_cast<std::uint8_t>(digits[key[i] >> 4]);
        s[3 + 2 * i] = static_cast<std::uint8_t>(digits[key[i] & 15]);
    }
    s[s.size() - 1] = '\'';
    return out;
}

bool new_enough(std::string_view version) {
    int major = 0;
    int minor = 0;
    const char* end = version.data() + version.size();
    const auto first = std::from_chars(version.data(), end, major);
    if (first.ptr != end) std::from_chars(first.ptr + 1, end, minor);
    return major > 4 || (major == 4 && minor >= 14);
}

}  // namespace

Query::~Query() {
    if (statement_ == nullptr) return;
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
}

// Without a statement SQLite binds nothing; `step` says why there is none.
Query& Query::bind(std::uint64_t value) {
    sqlite3_bind_int64(statement_, next_++, static_cast<sqlite3_int64>(value));
    return *this;
}
Query& Query::bind(BytesView value) {
    if (value.empty()) {
        sqlite3_bind_zeroblob(statement_, next_++, 0);
    } else {
        sqlite3_bind_blob64(statement_, next_++, value.data(), value.size(), SQLITE_STATIC);
    }
    return *this;
}
Query& Query::bind(std::string_view value) {
    sqlite3_bind_text64(statement_, next_++, value.data(), value.size(), SQLITE_STATIC,
                        SQLITE_UTF8);
    return *this;
}
Query& Query::bind_null() {
    sqlite3_bind_null(statement_, next_++);
    return *this;
}

Result<bool> Query::step() {
    if (statement_ == nullptr) return failure_;
    const int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    return error_of(db_, sqlite3_extended_errcode(db_));
}

Result<void> Query::run() {
    for (;;) {
        HUECRY_TRY_ASSIGN(const bool row, step());
        if (!row) return {};
    }
}

std::uint64_t Query::number(int column) const {
    return static_cast<std::uint64_t>(sqlite3_column_int64(statement_, column));
}
BytesView Query::bytes(int column) const {
    const auto* data = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement_, column));
    const int size = sqlite3_column_bytes(statement_, column);
    return {data, data == nullptr ? 0 : static_cast<std::size_t>(size)};
}
std::string Query::text(int column) const { return to_string(bytes(column)); }

Result<std::unique_ptr<Database>> Database::open(const std::filesystem::path& file, BytesView key,
                                                 Mode mode, const char* vfs) {
    sqlite3* handle = nullptr;
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE |
                      (mode == Mode::writer ? SQLITE_OPEN_CREATE : 0);
    const int code = sqlite3_open_v2(file.c_str(), &handle, flags, vfs);
    if (handle == nullptr) throw std::bad_alloc();
    std::unique_ptr<Database> db(new Database(handle));
    if (code != SQLITE_OK) return error_of(handle, code);
    HUECRY_TRY(db->configure(key, mode));
    return db;
}

Result<void> Database::configure(BytesView key, Mode mode) {
    if (key.size() != 32) return Error{Errc::invalid_argument, "store key"};
    sqlite3_extended_result_codes(db_, 1);
    sqlite3_busy_timeout(db_, lock_wait_ms);
    // A file that somebody has had in hand brings no functions and no writable schema with it.
    sqlite3_db_config(db_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(db_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    const auto raw = raw_key(key);
    if (sqlite3_key(db_, raw.view().data(), static_cast<int>(raw.size())) != SQLITE_OK)
        return Errc::store_unencrypted;
    {
        auto q = query("PRAGMA cipher_version");
        HUECRY_TRY_ASSIGN(const bool row, q.step());
        if (!row || !new_enough(q.text(0))) return Errc::store_unencrypted;
    }
    {
        auto q = query("SELECT count(*) FROM sqlite_schema");
        if (auto row = q.step(); !row) {
            // Only the first page says "no database"; a later one that fails its check is damage.
            if (sqlite3_errcode(db_) == SQLITE_NOTADB) return Errc::passphrase_wrong;
            return row.error();
        }
    }
    HUECRY_TRY(
        execute("PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY;"
                "PRAGMA foreign_keys = ON; PRAGMA mmap_size = 0;"
                "PRAGMA cache_size = -16384;"));
    if (mode == Mode::writer) {
        HUECRY_TRY(
            execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                    "PRAGMA journal_size_limit = 4194304; PRAGMA cache_size = -65536;"));
        auto q = query("PRAGMA journal_mode");
        HUECRY_TRY_ASSIGN(const bool row, q.step());
        if (!row || q.text(0) != "wal") return Error{Errc::store_failed, "no write-ahead log"};
    } else {
        HUECRY_TRY(execute("PRAGMA query_only = ON"));
    }
    return {};
}

Database::~Database() {
    for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
    sqlite3_close_v2(db_);
}

Query Database::query(const char* sql) {
    auto& statement = statements_[sql];
    if (statement != nullptr) return {db_, statement, Errc::internal};
    const int code =
        sqlite3_prepare_v3(db_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (code == SQLITE_OK) return {db_, statement, Errc::internal};
    return {db_, nullptr, error_of(db_, code).code};
}

Result<void> Database::execute(const char* sql) {
    const int code = sqlite3_exec(db_, sql, nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return error_of(db_, code);
    return {};
}

std::uint64_t Database::last_row() const {
    return static_cast<std::uint64_t>(sqlite3_last_insert_rowid(db_));
}

Result<bool> Database::truncate_log() {
    sqlite3_busy_timeout(db_, truncation_wait_ms);
    const int code =
        sqlite3_wal_checkpoint_v2(db_, nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
    sqlite3_busy_timeout(db_, lock_wait_ms);
    if (code == SQLITE_OK) return true;
    if ((code & 0xff) == SQLITE_BUSY || (code & 0xff) == SQLITE_LOCKED) return false;
    auto error = error_of(db_, code);
    if (error.code == Errc::store_failed) leave_log();
    return error;
}

Result<void> Database::attach(const std::filesystem::path& file, BytesView key) {
    std::error_code error;
    if (!std::filesystem::is_regular_file(file, error))  // it would be made
        return Error{Errc::not_found, file.string()};
    const auto raw = raw_key(key);
    auto q = query("ATTACH DATABASE ? AS other KEY ?");
    auto done = q.bind(std::string_view(file.native())).bind(raw.view()).run();
    if ((sqlite3_errcode(db_) & 0xff) == SQLITE_NOTADB) return Errc::passphrase_wrong;
    return done;
}

void Database::leave_log() { sqlite3_db_config(db_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr); }

Result<void> Database::check() {
    {
        auto q = query("PRAGMA cipher_integrity_check");  // one row per bad page
        HUECRY_TRY_ASSIGN(const bool row, q.step());
        if (row) return Error{Errc::store_damaged, "a page fails its check"};
    }
    auto q = query("PRAGMA integrity_check(1)");
    HUECRY_TRY_ASSIGN(const bool row, q.step());
    if (!row || q.text(0) != "ok") return Error{Errc::store_damaged, "structure"};
    return {};
}

}  // namespace huecry::relay
