#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "huecry/result.hpp"
#include "huecry/wire/bytes.hpp"
#include "huecry/wire/header.hpp"

struct sqlite3;
struct sqlite3_stmt;

// One connection to one SQLCipher file. Everything of SQLite that the relay uses.
namespace huecry::relay {

/// A prepared statement between two runs: `bind` in order, then `step` or `run`. Resets itself at
/// the end of its life, so that no read transaction stays open.
class Query {
public:
    Query(sqlite3* db, sqlite3_stmt* statement, Errc failure) noexcept
        : db_(db), statement_(statement), failure_(failure) {}
    Query(const Query&) = delete;
    Query& operator=(const Query&) = delete;
    ~Query();

    Query& bind(std::uint64_t value);
    /// The caller keeps the bytes alive until the query ends.
    Query& bind(BytesView value);
    Query& bind(std::string_view value);
    Query& bind_null();
    template <class Tag, std::size_t N>
    Query& bind(const Id<Tag, N>& id) {
        return bind(id.view());
    }

    /// True: a row is there. False: the end.
    [[nodiscard]] Result<bool> step();
    /// To the end, rows ignored.
    [[nodiscard]] Result<void> run();

    [[nodiscard]] std::uint64_t number(int column) const;
    /// Lives until the next step.
    [[nodiscard]] BytesView bytes(int column) const;
    [[nodiscard]] std::string text(int column) const;
    /// Zero, and `damaged()`, when the column has another length.
    template <class T>
    [[nodiscard]] T id(int column) {
        const auto out = T::from(bytes(column));
        if (!out) damaged_ = true;
        return out.value_or(T{});
    }
    [[nodiscard]] bool damaged() const { return damaged_; }
    void mark_damaged() { damaged_ = true; }

private:
    sqlite3* db_;
    sqlite3_stmt* statement_;
    Errc failure_;
    int next_ = 1;
    bool damaged_ = false;
};

/// One thread at a time: SQLite does not lock it.
class Database {
public:
    enum class Mode { writer, reader };

    /// `key`: 32 bytes. Asserts SQLCipher, sets write-ahead log, full sync, secure delete.
    /// `vfs`: of SyncTimes, which outlives this; null: SQLite's own.
    [[nodiscard]] static Result<std::unique_ptr<Database>> open(const std::filesystem::path& file,
                                                                BytesView key, Mode mode,
                                                                const char* vfs = nullptr);
    ~Database();
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    /// `sql` is a literal: its address is the key of the cache of prepared statements.
    [[nodiscard]] Query query(const char* sql);
    /// One or more statements without parameters.
    [[nodiscard]] Result<void> execute(const char* sql);
    [[nodiscard]] std::uint64_t last_row() const;
    /// Truncates the write-ahead log; false when a reader is in the way.
    [[nodiscard]] Result<bool> truncate_log();
    /// After a failed write or sync: closing does not move the log into the file, for what is in
    /// memory may not be on the disk. The next start reads the log as it is there.
    void leave_log();
    /// Cipher and structure of every page (of an attached file: its structure).
    [[nodiscard]] Result<void> check();
    /// A second file, read as schema `other` until this closes. Errors: not_found,
    /// passphrase_wrong (another key, or its first page is damaged).
    [[nodiscard]] Result<void> attach(const std::filesystem::path& file, BytesView key);

private:
    explicit Database(sqlite3* db) : db_(db) {}
    [[nodiscard]] Result<void> configure(BytesView key, Mode mode);

    sqlite3* db_;
    std::map<const char*, sqlite3_stmt*> statements_;
};

/// Runs `body` between BEGIN IMMEDIATE and COMMIT; any error rolls back.
template <class F>
Result<void> transaction(Database& db, F&& body) {
    if (auto begun = db.query("BEGIN IMMEDIATE").run(); !begun) return begun;
    Result<void> done = body();
    if (done) done = db.query("COMMIT").run();
    if (!done) (void)db.execute("ROLLBACK");  // may have happened already: full disk, I/O error
    if (!done && done.error().code == Errc::store_failed) db.leave_log();
    return done;
}

}  // namespace huecry::relay
