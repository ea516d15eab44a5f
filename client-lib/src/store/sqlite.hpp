#pragma once

#include <sqlite3.h>

#include <string>
#include <string_view>
#include <unordered_map>

#include "store/database.hpp"

// One connection and its cached statements: what database.cpp and statement.cpp share.
namespace huecry::store {

/// The code of errors.def for a result of SQLite. `opened` tells whether the key has been proved.
Errc error_of(int result, bool opened);

struct Cached {
    sqlite3_stmt* statement = nullptr;
    bool in_use = false;
};

struct Connection {
    sqlite3* db = nullptr;
    std::unordered_map<std::string, Cached> statements;
    bool opened = false;  // the key has been proved
    /// A page was not authentic: nothing is read or written any more.
    bool damaged = false;
    /// Between BEGIN and its end, and what went wrong in between: such a transaction cannot commit,
    /// even where SQLite would let it.
    bool transaction = false;
    std::optional<Error> transaction_failure;

    Connection() = default;
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection();

    /// Keeps what must be remembered of a failure and gives it as an error.
    Error failed(int result);
    /// Nothing may be done: damaged, or inside a transaction that failed.
    [[nodiscard]] std::optional<Error> blocked() const;
    Result<void> execute(const char* sql);
    void roll_back();
};

struct Database::Impl : Connection {};

struct Statement::Impl {
    Connection* owner = nullptr;
    sqlite3_stmt* statement = nullptr;
    Cached* cached = nullptr;  // null: finalised here
    int next = 1;
    std::optional<Error> failure;

    ~Impl();
    void check(int result);
};

}  // namespace huecry::store
