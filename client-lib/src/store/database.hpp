#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "huecry/result.hpp"
#include "huecry/wire/bytes.hpp"
#include "huecry/wire/secret.hpp"

// One SQLCipher database, owned by one process and used from one thread. Opening takes the file for
// this process alone (locking_mode=EXCLUSIVE): a second opener gets Errc::busy.
namespace huecry::store {

class Database;

/// A prepared statement: bind in order, then step through rows. Columns count from 0. Any failure
/// is kept and comes out of `step`/`run`; later calls do nothing.
class Statement {
public:
    Statement(Statement&&) noexcept;
    Statement& operator=(Statement&&) = delete;
    ~Statement();

    Statement& bind(std::int64_t v);
    Statement& bind(std::uint64_t v);  // stored as int64; all our numbers are below 2^63
    Statement& bind(std::uint32_t v) { return bind(static_cast<std::int64_t>(v)); }
    Statement& bind(int v) { return bind(static_cast<std::int64_t>(v)); }
    Statement& bind(bool v) { return bind(static_cast<std::int64_t>(v)); }
    Statement& bind(BytesView v);         // blob
    Statement& bind(std::string_view v);  // text
    Statement& bind_null();

    /// True: a row is there. False: no more rows.
    Result<bool> step();
    /// For statements without rows: steps to the end.
    Result<void> run();

    [[nodiscard]] std::int64_t integer(int column) const;
    [[nodiscard]] std::uint64_t unsigned_integer(int column) const;
    [[nodiscard]] Bytes blob(int column) const;
    [[nodiscard]] std::string text(int column) const;
    [[nodiscard]] bool is_null(int column) const;

private:
    friend class Database;
    struct Impl;
    explicit Statement(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

/// BEGIN IMMEDIATE … COMMIT; rolls back when it goes without `commit`.
class Transaction {
public:
    Transaction(Transaction&&) noexcept;
    ~Transaction();
    Result<void> commit();

private:
    friend class Database;
    explicit Transaction(Database& db);
    Database* db_;
};

class Database {
public:
    /// A new file with the current schema; 32-byte key. Errors: profile_exists, store_failed,
    /// no_room.
    static Result<Database> create(const std::filesystem::path& file, const SecretBytes& key);
    /// Runs the migrations that are missing. Errors: no_profile, busy, passphrase_wrong,
    /// store_damaged, store_newer, store_unencrypted.
    static Result<Database> open(const std::filesystem::path& file, const SecretBytes& key);
    Database(Database&&) noexcept;
    Database& operator=(Database&&) noexcept;
    ~Database();

    /// A cached prepared statement, reset and without bindings. `sql` must be a literal.
    Statement prepare(std::string_view sql);
    Result<void> execute(std::string_view sql);
    /// Transactions do not nest.
    Result<Transaction> begin();
    [[nodiscard]] bool in_transaction() const;
    /// After rows were deleted for good: nothing of them stays in the write-ahead log. False:
    /// blocked by a reader, to be tried again.
    Result<bool> truncate_log();
    Result<void> rekey(const SecretBytes& key);
    /// Every page's HMAC and SQLite's own check: for `doctor`.
    Result<void> check_integrity();
    /// The schema as SQL text, to be compared with the checked-in dump.
    Result<std::string> dump_schema();

private:
    friend class Transaction;
    struct Impl;
    explicit Database(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace huecry::store
