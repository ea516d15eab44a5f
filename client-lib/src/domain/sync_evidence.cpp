#include "domain/sync_store.hpp"

// What the relay signed, and what it lost.
namespace huecry::domain {

Result<std::optional<SignedHead>> SyncStore::signed_head(const StreamRef& channel) {
    auto s = db_.prepare("SELECT head FROM signed_head WHERE channel = ? AND incarnation = ?");
    s.bind(BytesView(channel.id)).bind(channel.incarnation);
    HUECRY_TRY_ASSIGN(const bool known, s.step());
    if (!known) return std::optional<SignedHead>{};
    HUECRY_TRY_ASSIGN(auto head, SignedHead::decode(s.blob(0)));
    return std::optional(std::move(head));
}

Result<void> SyncStore::set_signed_head(const StreamRef& channel, const SignedHead& head) {
    return db_
        .prepare("INSERT OR REPLACE INTO signed_head(channel, incarnation, head) VALUES(?, ?, ?)")
        .bind(BytesView(channel.id))
        .bind(channel.incarnation)
        .bind(BytesView(head.encode()))
        .run();
}

Result<std::vector<SyncStore::EvidenceRow>> SyncStore::evidence() {
    std::vector<EvidenceRow> out;
    auto s = db_.prepare(
        "SELECT number, kind, id, incarnation, time_ms, proven, file FROM evidence ORDER BY "
        "number");
    for (;;) {
        HUECRY_TRY_ASSIGN(const bool row, s.step());
        if (!row) return out;
        EvidenceRow one;
        one.number = s.unsigned_integer(0);
        one.stream.kind = static_cast<StreamKind>(s.integer(1));
        const auto id = s.blob(2);
        if (id.size() != one.stream.id.size()) return Error{Errc::store_damaged, "evidence"};
        std::copy(id.begin(), id.end(), one.stream.id.begin());
        one.stream.incarnation = static_cast<std::uint32_t>(s.unsigned_integer(3));
        one.time_ms = s.unsigned_integer(4);
        one.proven = s.integer(5) != 0;
        one.file = s.blob(6);
        out.push_back(std::move(one));
    }
}

Result<void> SyncStore::put_evidence(const EvidenceRow& row) {
    return db_
        .prepare(
            "INSERT INTO evidence(kind, id, incarnation, time_ms, proven, file) "
            "VALUES(?, ?, ?, ?, ?, ?) ON CONFLICT(kind, id, incarnation) "
            "DO UPDATE SET proven = excluded.proven, file = excluded.file")
        .bind(static_cast<std::uint32_t>(row.stream.kind))
        .bind(BytesView(row.stream.id))
        .bind(row.stream.incarnation)
        .bind(row.time_ms)
        .bind(row.proven ? 1U : 0U)
        .bind(BytesView(row.file))
        .run();
}

Result<void> SyncStore::lose_directory_after(std::uint64_t after) {
    HUECRY_TRY(db_.prepare("INSERT OR REPLACE INTO directory_lost(seq, header, body) "
                           "SELECT seq, header, body FROM directory_entry WHERE seq > ?")
                   .bind(after)
                   .run());
    HUECRY_TRY(db_.prepare("DELETE FROM directory_entry WHERE seq > ?").bind(after).run());
    return db_.execute("DELETE FROM directory_state");
}

Result<std::vector<SyncStore::DirectoryEntry>> SyncStore::directory_lost() {
    std::vector<DirectoryEntry> out;
    auto s = db_.prepare("SELECT header, body FROM directory_lost ORDER BY seq");
    for (;;) {
        HUECRY_TRY_ASSIGN(const bool row, s.step());
        if (!row) return out;
        out.push_back({s.blob(0), s.blob(1)});
    }
}

Result<void> SyncStore::erase_directory_lost(BytesView header) {
    return db_.prepare("DELETE FROM directory_lost WHERE header = ?").bind(header).run();
}

}  // namespace huecry::domain
