#include "store/database.hpp"

#include <algorithm>
#include <charconv>

#include "store/migrations.hpp"
#include "store/sqlite.hpp"

namespace huecry::store {
namespace {

// "x'…'": the key as it is, without SQLCipher's own stretching. Wiped by the caller.
std::string raw_key(const SecretBytes& key) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    out.reserve(key.size() * 2 + 3);
    out += "x'";
    for (const auto byte : key.view()) {
        out += digits[byte >> 4];
        out += digits[byte & 15];
    }
    out += '\'';
    return out;
}

int set_key(sqlite3* db, const SecretBytes& key, bool again) {
    std::string text = raw_key(key);
    const int size = static_cast<int>(text.size());
    const int result =
        again ? sqlite3_rekey(db, text.data(), size) : sqlite3_key(db, text.data(), size);
    wipe(text.data(), text.size());
    return result;
}

// "4.14.0 community" → is it at least 4.14?
bool new_enough(std::string_view version) {
    int major = 0;
    int minor = 0;
    const char* end = version.data() + version.size();
    const auto first = std::from_chars(version.data(), end, major);
    if (first.ec != std::errc{} || first.ptr == end || *first.ptr != '.') return false;
    if (std::from_chars(first.ptr + 1, end, minor).ec != std::errc{}) return false;
    return major > 4 || (major == 4 && minor >= 14);
}

Result<std::string> one_text(Connection& impl, const char* sql);

}  // namespace

Errc error_of(int result, bool opened) {
    switch (result & 0xff) {
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return Errc::busy;
        case SQLITE_NOTADB:
            return opened ? Errc::store_damaged : Errc::passphrase_wrong;
        case SQLITE_CORRUPT:
            return Errc::store_damaged;
        case SQLITE_FULL:
            return Errc::no_room;
        case SQLITE_IOERR:
        case SQLITE_CANTOPEN:
        case SQLITE_PERM:
        case SQLITE_READONLY:
        case SQLITE_AUTH:
        case SQLITE_NOLFS:
            return Errc::store_failed;
        default:
            return Errc::internal;
    }
}

Connection::~Connection() {
    for (auto& [sql, cached] : statements) sqlite3_finalize(cached.statement);
    if (db) sqlite3_close_v2(db);
}

Error Connection::failed(int result) {
    const Errc code = error_of(result, opened);
    if (opened && code == Errc::store_damaged) damaged = true;
    Error error{code, "store, " + std::to_string(sqlite3_extended_errcode(db))};
    // A constraint undoes only its own statement; after anything else the transaction is not whole.
    if (transaction && (result & 0xff) != SQLITE_CONSTRAINT && !transaction_failure)
        transaction_failure = error;
    return error;
}

std::optional<Error> Connection::blocked() const {
    if (damaged) return Error{Errc::store_damaged};
    return transaction_failure;
}

Result<void> Connection::execute(const char* sql) {
    if (auto error = blocked()) return *error;
    const int result = sqlite3_exec(db, sql, nullptr, nullptr, nullptr);
    if (result != SQLITE_OK) return failed(result);
    return {};
}

void Connection::roll_back() {
    // SQLite may have rolled back by itself (full disk).
    if (sqlite3_get_autocommit(db) == 0) sqlite3_exec(db, "ROLLBACK", nullptr, nullptr, nullptr);
    transaction = false;
    transaction_failure.reset();
}

namespace {

Result<std::string> one_text(Connection& impl, const char* sql) {
    sqlite3_stmt* statement = nullptr;
    int result = sqlite3_prepare_v2(impl.db, sql, -1, &statement, nullptr);
    std::string out;
    if (result == SQLITE_OK) {
        result = sqlite3_step(statement);
        if (result == SQLITE_ROW)
            if (const auto* text = sqlite3_column_text(statement, 0))
                out = reinterpret_cast<const char*>(text);
    }
    std::optional<Error> error;
    if (result != SQLITE_OK && result != SQLITE_ROW && result != SQLITE_DONE)
        error = impl.failed(result);
    sqlite3_finalize(statement);
    if (error) return *error;
    return out;
}

// Encryption first, and proof that it is there; then how the file is locked and written.
Result<void> set_up(Connection& impl, const SecretBytes& key) {
    if (key.size() != 32) return Error{Errc::invalid_argument, "the store's key has 32 bytes"};
    sqlite3_extended_result_codes(impl.db, 1);
    sqlite3_busy_timeout(impl.db, 0);
    if (set_key(impl.db, key, false) != SQLITE_OK) return Errc::store_unencrypted;
    HUECRY_TRY_ASSIGN(const auto version, one_text(impl, "PRAGMA cipher_version"));
    if (!new_enough(version)) return Error{Errc::store_unencrypted, "SQLCipher " + version};
    HUECRY_TRY(impl.execute("PRAGMA locking_mode = EXCLUSIVE"));
    HUECRY_TRY(impl.execute("PRAGMA temp_store = MEMORY"));
    HUECRY_TRY(impl.execute("PRAGMA secure_delete = ON"));
    HUECRY_TRY(impl.execute("PRAGMA foreign_keys = ON"));
    HUECRY_TRY(impl.execute("PRAGMA trusted_schema = OFF"));
    HUECRY_TRY(impl.execute("PRAGMA cell_size_check = ON"));
    HUECRY_TRY_ASSIGN(const auto mode, one_text(impl, "PRAGMA journal_mode = WAL"));
    if (mode != "wal") return Error{Errc::store_failed, "no write-ahead log"};
    // The ratchet that has sent must be on disk before its ciphertext leaves.
    HUECRY_TRY(impl.execute("PRAGMA synchronous = FULL"));
    // Takes the file for this process, and proves the key by reading the first page.
    HUECRY_TRY(impl.execute("BEGIN IMMEDIATE"));
    HUECRY_TRY(impl.execute("SELECT count(*) FROM sqlite_schema"));
    HUECRY_TRY(impl.execute("COMMIT"));
    impl.opened = true;
    return {};
}

Result<void> open_file(Connection& impl, const std::filesystem::path& file, int flags) {
    const auto name = file.u8string();
    const int result =
        sqlite3_open_v2(reinterpret_cast<const char*>(name.c_str()), &impl.db,
                        flags | SQLITE_OPEN_FULLMUTEX | SQLITE_OPEN_NOFOLLOW, nullptr);
    if (result != SQLITE_OK) return Error{error_of(result, false), "cannot open the store"};
    return {};
}

}  // namespace

Database::Database(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Database::Database(Database&&) noexcept = default;
Database& Database::operator=(Database&&) noexcept = default;
Database::~Database() = default;

Result<Database> Database::create(const std::filesystem::path& file, const SecretBytes& key) {
    std::error_code code;
    if (std::filesystem::exists(file, code)) return Errc::profile_exists;
    auto impl = std::make_unique<Impl>();
    HUECRY_TRY(open_file(*impl, file, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE));
    // The log takes the file's mode, so this comes before anything is written.
    std::filesystem::permissions(
        file, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write, code);
    HUECRY_TRY(set_up(*impl, key));
    Database out(std::move(impl));
    HUECRY_TRY(migrate(out));
    return out;
}

Result<Database> Database::open(const std::filesystem::path& file, const SecretBytes& key) {
    std::error_code code;
    if (!std::filesystem::exists(file, code)) return Errc::no_profile;
    auto impl = std::make_unique<Impl>();
    HUECRY_TRY(open_file(*impl, file, SQLITE_OPEN_READWRITE));
    HUECRY_TRY(set_up(*impl, key));
    Database out(std::move(impl));
    HUECRY_TRY(migrate(out));
    return out;
}

Statement Database::prepare(std::string_view sql) {
    auto statement = std::make_unique<Statement::Impl>();
    statement->owner = impl_.get();
    if (auto error = impl_->blocked()) {
        statement->failure = *error;
        return Statement(std::move(statement));
    }
    auto& cached = impl_->statements[std::string(sql)];
    if (cached.statement && !cached.in_use) {
        cached.in_use = true;
        statement->statement = cached.statement;
        statement->cached = &cached;
        return Statement(std::move(statement));
    }
    const bool keep = !cached.statement;
    const int result =
        sqlite3_prepare_v3(impl_->db, sql.data(), static_cast<int>(sql.size()),
                           keep ? SQLITE_PREPARE_PERSISTENT : 0, &statement->statement, nullptr);
    if (result != SQLITE_OK) {
        statement->failure = impl_->failed(result);
    } else if (keep) {
        cached = {statement->statement, true};
        statement->cached = &cached;
    }
    return Statement(std::move(statement));
}

Result<void> Database::execute(std::string_view sql) {
    return impl_->execute(std::string(sql).c_str());
}

Result<Transaction> Database::begin() {
    if (impl_->transaction) return Error{Errc::internal, "transactions do not nest"};
    HUECRY_TRY(impl_->execute("BEGIN IMMEDIATE"));
    impl_->transaction = true;
    return Transaction(*this);
}

bool Database::in_transaction() const { return impl_->transaction; }

Result<bool> Database::truncate_log() {
    auto checkpoint = prepare("PRAGMA wal_checkpoint(TRUNCATE)");
    auto row = checkpoint.step();
    if (!row) {
        if (row.error().code == Errc::busy) return false;
        return row.error();
    }
    return checkpoint.integer(0) == 0;
}

Result<void> Database::rekey(const SecretBytes& key) {
    if (key.size() != 32) return Error{Errc::invalid_argument, "the store's key has 32 bytes"};
    if (impl_->transaction) return Error{Errc::internal, "rekey inside a transaction"};
    if (auto error = impl_->blocked()) return *error;
    const int result = set_key(impl_->db, key, true);
    if (result != SQLITE_OK) return impl_->failed(result);
    return {};
}

Result<void> Database::check_integrity() {
    // SQLCipher's check reads the file itself: what is in the log must be there first.
    HUECRY_TRY_ASSIGN(const bool whole, truncate_log());
    if (!whole) return Errc::busy;
    HUECRY_TRY_ASSIGN(const auto page, one_text(*impl_, "PRAGMA cipher_integrity_check"));
    if (!page.empty()) {
        impl_->damaged = true;
        return Error{Errc::store_damaged, "a page is not authentic"};
    }
    HUECRY_TRY_ASSIGN(const auto verdict, one_text(*impl_, "PRAGMA integrity_check(1)"));
    if (verdict == "ok") return {};
    impl_->damaged = true;
    return Error{Errc::store_damaged, "SQLite's own check"};
}

Result<std::string> Database::dump_schema() {
    std::string out;
    auto version = prepare("PRAGMA user_version");
    HUECRY_TRY_ASSIGN(const bool known, version.step());
    if (known) out = "PRAGMA user_version = " + std::to_string(version.integer(0)) + ";\n";
    auto parts = prepare(
        "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' "
        "ORDER BY rowid");
    for (;;) {
        HUECRY_TRY_ASSIGN(const bool row, parts.step());
        if (!row) return out;
        out += "\n" + parts.text(0) + ";\n";
    }
}

Transaction::Transaction(Database& db) : db_(&db) {}
Transaction::Transaction(Transaction&& other) noexcept : db_(std::exchange(other.db_, nullptr)) {}

Transaction::~Transaction() {
    if (db_) db_->impl_->roll_back();
}

Result<void> Transaction::commit() {
    if (!db_) return Error{Errc::internal, "the transaction is over"};
    auto& impl = *std::exchange(db_, nullptr)->impl_;
    if (auto error = impl.blocked()) {
        impl.roll_back();
        return *error;
    }
    const int result = sqlite3_exec(impl.db, "COMMIT", nullptr, nullptr, nullptr);
    if (result == SQLITE_OK) {
        impl.transaction = false;
        return {};
    }
    const Error error = impl.failed(result);
    impl.roll_back();
    return error;
}

}  // namespace huecry::store
