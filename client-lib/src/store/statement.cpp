#include <limits>

#include "store/sqlite.hpp"

namespace huecry::store {
namespace {

std::size_t length_of(sqlite3_stmt* statement, int column) {
    const int n = sqlite3_column_bytes(statement, column);
    return n > 0 ? static_cast<std::size_t>(n) : 0;
}

}  // namespace

Statement::Impl::~Impl() {
    if (!statement) return;
    if (cached) {
        sqlite3_reset(statement);
        sqlite3_clear_bindings(statement);
        cached->in_use = false;
    } else {
        sqlite3_finalize(statement);
    }
}

void Statement::Impl::check(int result) {
    if (result != SQLITE_OK && !failure) failure = owner->failed(result);
}

Statement::Statement(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Statement::Statement(Statement&&) noexcept = default;
Statement::~Statement() = default;

Statement& Statement::bind(std::int64_t v) {
    if (!impl_->failure) impl_->check(sqlite3_bind_int64(impl_->statement, impl_->next++, v));
    return *this;
}

Statement& Statement::bind(std::uint64_t v) {
    constexpr auto top = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (v > top && !impl_->failure)
        impl_->failure = Error{Errc::invalid_argument, "a number is too large for the store"};
    return bind(static_cast<std::int64_t>(v));
}

// SQLite takes its own copy of blobs and texts: the caller's may go before the step.
Statement& Statement::bind(BytesView v) {
    if (impl_->failure) return *this;
    if (v.empty())
        impl_->check(sqlite3_bind_zeroblob(impl_->statement, impl_->next++, 0));
    else
        impl_->check(sqlite3_bind_blob64(impl_->statement, impl_->next++, v.data(), v.size(),
                                         SQLITE_TRANSIENT));
    return *this;
}

Statement& Statement::bind(std::string_view v) {
    if (!impl_->failure)
        impl_->check(sqlite3_bind_text64(impl_->statement, impl_->next++, v.empty() ? "" : v.data(),
                                         v.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
    return *this;
}

Statement& Statement::bind_null() {
    if (!impl_->failure) impl_->check(sqlite3_bind_null(impl_->statement, impl_->next++));
    return *this;
}

Result<bool> Statement::step() {
    if (impl_->failure) return *impl_->failure;
    if (auto blocked = impl_->owner->blocked()) return *blocked;
    const int result = sqlite3_step(impl_->statement);
    if (result == SQLITE_ROW) return true;
    if (result == SQLITE_DONE) {
        // A finished reader must not hold the write-ahead log.
        sqlite3_reset(impl_->statement);
        return false;
    }
    impl_->check(result);
    return *impl_->failure;
}

Result<void> Statement::run() {
    for (;;) {
        HUECRY_TRY_ASSIGN(const bool row, step());
        if (!row) return {};
    }
}

std::int64_t Statement::integer(int column) const {
    return sqlite3_column_int64(impl_->statement, column);
}

std::uint64_t Statement::unsigned_integer(int column) const {
    return static_cast<std::uint64_t>(integer(column));
}

Bytes Statement::blob(int column) const {
    const auto* data =
        static_cast<const std::uint8_t*>(sqlite3_column_blob(impl_->statement, column));
    if (!data) return {};
    return {data, data + length_of(impl_->statement, column)};
}

std::string Statement::text(int column) const {
    const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(impl_->statement, column));
    if (!data) return {};
    return {data, length_of(impl_->statement, column)};
}

bool Statement::is_null(int column) const {
    return sqlite3_column_type(impl_->statement, column) == SQLITE_NULL;
}

}  // namespace huecry::store
