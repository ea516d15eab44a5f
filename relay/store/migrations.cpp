#include "store/migrations.hpp"

#include <array>
#include <span>

namespace huecry::relay {
namespace {

// A step is never changed once released; store/schema.sql shows where they lead.
// entry.key = stream · 2^40 + seq: one tree, each stream's entries together and in order.
constexpr std::array store_steps{R"sql(
CREATE TABLE partnership (
    id      BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 32),
    created INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE stream (
    number      INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    partnership BLOB NOT NULL REFERENCES partnership (id),
    kind        INTEGER NOT NULL,
    id          BLOB NOT NULL CHECK (length(id) = 16),
    incarnation INTEGER NOT NULL,
    UNIQUE (partnership, kind, id, incarnation)
) STRICT;
CREATE TABLE shared_body (
    number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    body   BLOB NOT NULL
) STRICT;
CREATE TABLE entry (
    key      INTEGER NOT NULL PRIMARY KEY,
    kind     INTEGER NOT NULL,
    header   BLOB NOT NULL,
    previous BLOB NOT NULL CHECK (length(previous) = 32),
    accepted INTEGER NOT NULL,
    expiry   INTEGER NOT NULL,
    length   INTEGER NOT NULL,
    has_body INTEGER NOT NULL,
    body     BLOB,
    shared   INTEGER REFERENCES shared_body (number)
) STRICT;
CREATE INDEX entry_due ON entry (has_body, expiry) WHERE expiry > 0;
CREATE INDEX entry_shared ON entry (shared) WHERE shared IS NOT NULL;
CREATE INDEX entry_handshake ON entry (key) WHERE kind = 2;
CREATE TABLE reader (
    stream     INTEGER NOT NULL REFERENCES stream (number),
    device     BLOB NOT NULL CHECK (length(device) = 16),
    cursor     INTEGER NOT NULL,
    member     INTEGER NOT NULL,
    joined     INTEGER NOT NULL,
    chain_from INTEGER NOT NULL,
    PRIMARY KEY (stream, device)
) STRICT, WITHOUT ROWID;
CREATE TABLE acceptance (
    stream     INTEGER NOT NULL REFERENCES stream (number),
    device     BLOB NOT NULL CHECK (length(device) = 16),
    message_id BLOB NOT NULL CHECK (length(message_id) = 16),
    digest     BLOB NOT NULL CHECK (length(digest) = 32),
    answer     BLOB NOT NULL,
    seq        INTEGER NOT NULL,
    accepted   INTEGER NOT NULL,
    PRIMARY KEY (stream, device, message_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX acceptance_age ON acceptance (accepted);
CREATE INDEX acceptance_last ON acceptance (stream, device, seq);
CREATE TABLE key_package (
    partnership BLOB NOT NULL REFERENCES partnership (id),
    device      BLOB NOT NULL CHECK (length(device) = 16),
    digest      BLOB NOT NULL CHECK (length(digest) = 32),
    last_resort INTEGER NOT NULL,
    package     BLOB NOT NULL,
    PRIMARY KEY (partnership, device, digest)
) STRICT, WITHOUT ROWID;
CREATE TABLE blob (
    partnership BLOB NOT NULL REFERENCES partnership (id),
    id          BLOB NOT NULL CHECK (length(id) = 16),
    uploader    BLOB NOT NULL CHECK (length(uploader) = 16),
    kind        INTEGER NOT NULL,
    stream      BLOB NOT NULL CHECK (length(stream) = 16),
    incarnation INTEGER NOT NULL,
    size        INTEGER NOT NULL,
    expiry      INTEGER NOT NULL,
    digest      BLOB NOT NULL CHECK (length(digest) = 32),
    PRIMARY KEY (partnership, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE lease_access (
    number      INTEGER NOT NULL PRIMARY KEY,
    partnership BLOB NOT NULL REFERENCES partnership (id),
    device      BLOB NOT NULL CHECK (length(device) = 16),
    blob        BLOB NOT NULL CHECK (length(blob) = 16),
    time        INTEGER NOT NULL
) STRICT;
CREATE INDEX lease_access_age ON lease_access (time);
CREATE TABLE code (
    digest BLOB NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
    until  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE meta (
    name  TEXT NOT NULL PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
)sql",
                                 // A log that is appended to; AcceptanceIndex finds in it.
                                 R"sql(
CREATE TABLE acceptance_log (
    number     INTEGER NOT NULL PRIMARY KEY,
    stream     INTEGER NOT NULL REFERENCES stream (number),
    device     BLOB NOT NULL CHECK (length(device) = 16),
    message_id BLOB NOT NULL CHECK (length(message_id) = 16),
    digest     BLOB NOT NULL CHECK (length(digest) = 32),
    answer     BLOB NOT NULL,
    seq        INTEGER NOT NULL,
    accepted   INTEGER NOT NULL
) STRICT;
INSERT INTO acceptance_log (stream, device, message_id, digest, answer, seq, accepted)
    SELECT stream, device, message_id, digest, answer, seq, accepted FROM acceptance
    ORDER BY accepted, stream, seq;
DROP TABLE acceptance;
)sql",
                                 // Only what still has to go: a body that went costs no new place.
                                 R"sql(
DROP INDEX entry_due;
CREATE INDEX entry_due ON entry (expiry) WHERE has_body = 1 AND expiry > 0;
)sql",
                                 // Bodies that come together: BodyGroup.
                                 R"sql(
CREATE TABLE body_group (
    key    INTEGER NOT NULL PRIMARY KEY,
    last   INTEGER NOT NULL,
    due    INTEGER NOT NULL,
    bytes  INTEGER NOT NULL,
    parts  BLOB NOT NULL,
    bodies BLOB NOT NULL
) STRICT;
CREATE INDEX body_group_due ON body_group (due) WHERE due > 0;
)sql"};

constexpr std::array lease_steps{R"sql(
CREATE TABLE day_key (
    day INTEGER NOT NULL PRIMARY KEY,
    key BLOB NOT NULL CHECK (length(key) = 32)
) STRICT;
CREATE TABLE lease (
    partnership BLOB NOT NULL CHECK (length(partnership) = 32),
    blob        BLOB NOT NULL CHECK (length(blob) = 16),
    uploader    BLOB NOT NULL CHECK (length(uploader) = 16),
    kind        INTEGER NOT NULL,
    stream      BLOB NOT NULL CHECK (length(stream) = 16),
    incarnation INTEGER NOT NULL,
    expiry      INTEGER NOT NULL,
    nonce       BLOB NOT NULL CHECK (length(nonce) = 24),
    sealed      BLOB NOT NULL CHECK (length(sealed) = 48),
    PRIMARY KEY (partnership, blob)
) STRICT, WITHOUT ROWID;
CREATE INDEX lease_due ON lease (expiry);
)sql"};

/// Our schema has tables and indexes. A trigger or a view was put there by somebody else, and would
/// run with our writes.
Result<void> only_ours(Database& db) {
    auto q = db.query("SELECT 1 FROM sqlite_schema WHERE type NOT IN ('table', 'index') LIMIT 1");
    HUECRY_TRY_ASSIGN(const bool row, q.step());
    if (row) return Error{Errc::store_damaged, "a trigger or a view that is not ours"};
    return {};
}

Result<std::uint64_t> number_from(Database& db, const char* pragma) {
    auto q = db.query(pragma);
    HUECRY_TRY_ASSIGN(const bool row, q.step());
    return row ? q.number(0) : std::uint64_t{0};
}

Result<void> migrate(Database& db, std::span<const char* const> steps) {
    HUECRY_TRY(only_ours(db));
    HUECRY_TRY_ASSIGN(const auto version, schema_version(db));
    if (version > steps.size()) return Errc::store_newer;
    if (version == steps.size()) return {};
    return transaction(db, [&]() -> Result<void> {
        for (auto i = version; i < steps.size(); ++i) HUECRY_TRY(db.execute(steps[i]));
        return db.execute(("PRAGMA user_version = " + std::to_string(steps.size())).c_str());
    });
}

}  // namespace

Result<std::uint64_t> schema_version(Database& db) {
    return number_from(db, "PRAGMA main.user_version");
}
Result<std::uint64_t> attached_schema_version(Database& db) {
    return number_from(db, "PRAGMA other.user_version");
}
std::uint64_t newest_store_schema() { return store_steps.size(); }

Result<void> migrate_store_to(Database& db, std::uint64_t version) {
    return migrate(db, std::span(store_steps).first(version));
}
Result<void> migrate_store(Database& db) { return migrate(db, store_steps); }
Result<void> migrate_leases(Database& db) { return migrate(db, lease_steps); }

Result<std::string> schema_text(Database& db) {
    auto q = db.query(
        "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' "
        "ORDER BY name");
    std::string out;
    for (;;) {
        HUECRY_TRY_ASSIGN(const bool row, q.step());
        if (!row) return out;
        out += q.text(0) + ";\n";
    }
}

}  // namespace huecry::relay
