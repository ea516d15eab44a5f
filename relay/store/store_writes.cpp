#include "store/store_parts.hpp"

namespace huecry::relay {
namespace {

std::uint64_t number_of(StreamKind kind) { return static_cast<std::uint64_t>(kind); }

}  // namespace

Result<std::uint64_t> StreamNumbers::find(const PartnershipId& p, const StreamRef& s) {
    const auto known = known_.find({p, s});
    if (known != known_.end()) return known->second;
    auto q = db_.query(
        "SELECT number FROM stream WHERE partnership = ? AND kind = ? AND id = ? AND "
        "incarnation = ?");
    q.bind(p).bind(number_of(s.kind)).bind(BytesView(s.id)).bind(std::uint64_t{s.incarnation});
    HUECRY_TRY_ASSIGN(const bool row, q.step());
    if (!row) return std::uint64_t{0};
    return known_[{p, s}] = q.number(0);
}

Result<std::uint64_t> StreamNumbers::find_or_make(const PartnershipId& p, const StreamRef& s) {
    HUECRY_TRY_ASSIGN(const auto number, find(p, s));
    if (number != 0) return number;
    auto q =
        db_.query("INSERT INTO stream (partnership, kind, id, incarnation) VALUES (?, ?, ?, ?)");
    q.bind(p).bind(number_of(s.kind)).bind(BytesView(s.id)).bind(std::uint64_t{s.incarnation});
    HUECRY_TRY(q.run());
    return known_[{p, s}] = db_.last_row();
}

Result<void> StoreWriter::apply(const Write& change) {
    return std::visit([this](const auto& w) { return one(w); }, change);
}

Result<void> StoreWriter::one(const write::Partnership& w) {
    auto q = db_.query("INSERT INTO partnership (id, created) VALUES (?, ?)");
    return q.bind(w.partnership).bind(w.created_ms).run();
}

/// A group is one page more than a body beside its header; from here on it saves more than that.
constexpr std::size_t enough_for_group = 4;

Result<void> StoreWriter::one(const write::Entry& w) {
    if (w.header.seq == 0 || w.header.seq > max_seq) return Error{Errc::internal, "seq"};
    HUECRY_TRY_ASSIGN(const auto stream, numbers_.find_or_make(w.partnership, w.header.stream));
    if (w.header.stream.kind != StreamKind::channel) return insert(stream, w, BodyPlace::row);
    auto& held = held_[stream];
    if (held.many) return insert(stream, w, BodyPlace::group);
    held.entries.push_back(&w);
    if (held.entries.size() < enough_for_group) return {};
    held.many = true;
    for (const auto* entry : held.entries) HUECRY_TRY(insert(stream, *entry, BodyPlace::group));
    held.entries.clear();
    return {};
}

/// Before anything else looks at what is there.
Result<void> StoreWriter::write_held() {
    for (const auto& [stream, held] : held_)
        for (const auto* entry : held.entries) HUECRY_TRY(insert(stream, *entry, BodyPlace::row));
    held_.clear();
    return {};
}

Result<void> StoreWriter::insert(std::uint64_t stream, const write::Entry& w, BodyPlace place) {
    const auto& h = w.header;
    const auto key = entry_key(stream, h.seq);
    auto q = db_.query(
        "INSERT INTO entry (key, kind, header, previous, accepted, expiry, length, has_body, body, "
        "shared) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    q.bind(key).bind(static_cast<std::uint64_t>(h.kind));
    q.bind(BytesView(w.header_bytes)).bind(w.previous).bind(h.accepted_ms).bind(h.expiry_ms);
    q.bind(std::uint64_t{h.length}).bind(std::uint64_t{place == BodyPlace::row});
    if (place == BodyPlace::group) {
        HUECRY_TRY(q.bind_null().bind_null().run());
        return bodies_.add(stream, key, w);
    }
    if (w.shared) {
        const auto found = shared_.find(*w.shared);
        if (found == shared_.end()) return Error{Errc::internal, "shared body"};
        q.bind_null().bind(found->second);
    } else {
        q.bind(BytesView(w.body)).bind_null();
    }
    return q.run();
}

Result<void> StoreWriter::one(const write::SharedBody& w) {
    auto q = db_.query("INSERT INTO shared_body (body) VALUES (?)");
    HUECRY_TRY(q.bind(BytesView(w.body)).run());
    shared_[w.id] = db_.last_row();
    return {};
}

Result<void> StoreWriter::end() {
    HUECRY_TRY(write_held());
    HUECRY_TRY(bodies_.end());
    if (!mailbox_bodies_went_) return {};
    return db_
        .query(
            "DELETE FROM shared_body WHERE NOT EXISTS (SELECT 1 FROM entry WHERE entry.shared = "
            "shared_body.number)")
        .run();
}

Result<void> StoreWriter::one(const write::DropBodies& w) {
    HUECRY_TRY(write_held());
    HUECRY_TRY_ASSIGN(const auto stream, numbers_.find(w.partnership, w.stream));
    const auto first = entry_key(stream, w.first);
    const auto last = entry_key(stream, w.last);
    if (w.stream.kind == StreamKind::channel)
        HUECRY_TRY(bodies_.drop(stream, first, last, w.kinds, w.roughly));
    const bool mailbox = w.stream.kind == StreamKind::mailbox;
    mailbox_bodies_went_ |= mailbox;
    // Only mailboxes share bodies. OR ROLLBACK: whatever fails undoes the whole transaction anyway,
    // and so no page is copied first to undo only this statement.
    auto q = db_.query(
        mailbox
            ? "UPDATE entry SET has_body = 0, body = NULL, shared = NULL WHERE key BETWEEN ? "
              "AND ? AND has_body = 1 AND ((1 << kind) & ?) != 0"
            : "UPDATE OR ROLLBACK entry SET has_body = 0, body = NULL WHERE key BETWEEN ? AND ? "
              "AND has_body = 1 AND ((1 << kind) & ?) != 0");
    q.bind(first).bind(last);
    return q.bind(std::uint64_t{w.kinds}).run();
}

Result<void> StoreWriter::one(const write::DropEntries& w) {
    HUECRY_TRY(write_held());
    HUECRY_TRY_ASSIGN(const auto stream, numbers_.find(w.partnership, w.stream));
    const auto first = entry_key(stream, w.first);
    const auto last = entry_key(stream, w.last);
    {
        auto q = db_.query("DELETE FROM entry WHERE key BETWEEN ? AND ?");
        HUECRY_TRY(q.bind(first).bind(last).run());
    }
    if (w.stream.kind == StreamKind::mailbox) mailbox_bodies_went_ = true;
    if (w.stream.kind != StreamKind::channel) return {};
    return bodies_.drop(stream, first, last, ~0U, false);
}

Result<void> StoreWriter::one(const write::Reader& w) {
    HUECRY_TRY_ASSIGN(const auto stream, numbers_.find_or_make(w.partnership, w.row.stream));
    auto q = db_.query(
        "INSERT INTO reader (stream, device, cursor, member, joined, chain_from) VALUES (?, ?, ?, "
        "?, ?, ?) ON CONFLICT DO UPDATE SET cursor = excluded.cursor, member = excluded.member, "
        "joined = excluded.joined, chain_from = excluded.chain_from");
    q.bind(stream).bind(w.row.device).bind(w.row.cursor).bind(std::uint64_t{w.row.member});
    return q.bind(w.row.joined).bind(w.row.chain_from).run();
}

Result<void> StoreWriter::one(const write::DropReader& w) {
    HUECRY_TRY_ASSIGN(const auto stream, numbers_.find(w.partnership, w.stream));
    auto q = db_.query("DELETE FROM reader WHERE stream = ? AND device = ?");
    return q.bind(stream).bind(w.device).run();
}

Result<void> StoreWriter::one(const write::DropDevice& w) {
    {
        auto q = db_.query(
            "DELETE FROM reader WHERE device = ?2 AND stream IN (SELECT number FROM stream WHERE "
            "partnership = ?1)");
        HUECRY_TRY(q.bind(w.partnership).bind(w.device).run());
    }
    {
        auto q = db_.query("DELETE FROM key_package WHERE partnership = ? AND device = ?");
        HUECRY_TRY(q.bind(w.partnership).bind(w.device).run());
    }
    return one(write::DropEntries{w.partnership, StreamRef::mailbox(w.device), 1, max_seq});
}

Result<void> StoreWriter::one(const write::Acceptance& w) {
    HUECRY_TRY_ASSIGN(const auto stream, numbers_.find_or_make(w.partnership, w.row.stream));
    const AcceptanceIndex::Key key{stream, w.row.device, w.row.message_id};
    if (!acceptances_.find(key).empty()) return Error{Errc::internal, "accepted twice"};
    auto q = db_.query(
        "INSERT INTO acceptance_log (stream, device, message_id, digest, answer, seq, accepted) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)");
    q.bind(stream).bind(w.row.device).bind(w.row.message_id).bind(w.row.digest);
    HUECRY_TRY(q.bind(BytesView(w.row.answer)).bind(w.row.seq).bind(w.row.accepted_ms).run());
    acceptances_.stage(key, db_.last_row());
    return {};
}

Result<void> StoreWriter::one(const write::KeyPackage& w) {
    if (w.row.last_resort) {
        auto q = db_.query(
            "DELETE FROM key_package WHERE partnership = ? AND device = ? AND last_resort = 1");
        HUECRY_TRY(q.bind(w.partnership).bind(w.row.device).run());
    }
    auto q = db_.query(
        "INSERT OR IGNORE INTO key_package (partnership, device, digest, last_resort, package) "
        "VALUES (?, ?, ?, ?, ?)");
    q.bind(w.partnership).bind(w.row.device).bind(w.row.digest);
    return q.bind(std::uint64_t{w.row.last_resort}).bind(BytesView(w.package)).run();
}

Result<void> StoreWriter::one(const write::DropKeyPackage& w) {
    auto q =
        db_.query("DELETE FROM key_package WHERE partnership = ? AND device = ? AND digest = ?");
    return q.bind(w.partnership).bind(w.device).bind(w.digest).run();
}

Result<void> StoreWriter::one(const write::Blob& w) {
    auto q = db_.query(
        "INSERT OR REPLACE INTO blob (partnership, id, uploader, kind, stream, incarnation, size, "
        "expiry, digest) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
    const auto& r = w.row;
    q.bind(r.partnership).bind(r.blob).bind(r.uploader).bind(number_of(r.audience.kind));
    q.bind(BytesView(r.audience.id)).bind(std::uint64_t{r.audience.incarnation}).bind(r.size);
    return q.bind(r.expiry_ms).bind(r.digest).run();
}

Result<void> StoreWriter::one(const write::DropBlob& w) {
    auto q = db_.query("DELETE FROM blob WHERE partnership = ? AND id = ?");
    return q.bind(w.partnership).bind(w.blob).run();
}

Result<void> StoreWriter::one(const write::LeaseAccess& w) {
    auto q =
        db_.query("INSERT INTO lease_access (partnership, device, blob, time) VALUES (?, ?, ?, ?)");
    return q.bind(w.partnership).bind(w.device).bind(w.blob).bind(w.time_ms).run();
}

Result<void> StoreWriter::one(const write::Code& w) {
    auto q = db_.query("INSERT OR REPLACE INTO code (digest, until) VALUES (?, ?)");
    return q.bind(w.digest).bind(w.until_ms).run();
}

Result<void> StoreWriter::one(const write::DropCode& w) {
    auto q = db_.query("DELETE FROM code WHERE digest = ?");
    return q.bind(w.digest).run();
}

Result<void> StoreWriter::one(const write::Meta& w) {
    auto q = db_.query("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)");
    return q.bind(std::string_view(w.name)).bind(w.value).run();
}

/// The log is in the order of time. The newest of each device stays: it is named to the device when
/// it connects.
Result<void> StoreWriter::prune_acceptances(std::uint64_t before_ms) {
    std::vector<std::pair<std::uint64_t, AcceptanceIndex::Key>> old;
    {
        auto q = db_.query(
            "SELECT number, stream, device, message_id, accepted FROM acceptance_log ORDER BY "
            "number");
        for (;;) {
            HUECRY_TRY_ASSIGN(const bool row, q.step());
            if (!row || q.number(4) >= before_ms) break;
            const AcceptanceIndex::Key key{q.number(1), q.id<DeviceId>(2), q.id<MessageId>(3)};
            if (q.damaged()) return Error{Errc::store_damaged};
            if (!acceptances_.is_newest(key, q.number(0))) old.emplace_back(q.number(0), key);
        }
    }
    for (const auto& [number, key] : old) {
        auto q = db_.query("DELETE FROM acceptance_log WHERE number = ?");
        HUECRY_TRY(q.bind(number).run());
        acceptances_.stage_removal(key, number);
    }
    return {};
}

/// The rows of a stream that go: it is in the order of time, and nothing expires before it was
/// accepted, so what is newer than `before_ms` is not looked at. The newest of each stream stays:
/// it carries the running hash.
Result<std::vector<std::uint64_t>> StoreWriter::old_headers(std::uint64_t stream,
                                                            std::uint64_t before_ms) {
    auto q = db_.query(
        "SELECT key, accepted, expiry, has_body FROM entry WHERE key BETWEEN ? AND ? ORDER BY key");
    q.bind(entry_key(stream, 1)).bind(entry_key(stream, max_seq));
    std::vector<std::uint64_t> out;
    std::uint64_t last = 0;  // to go, unless nothing follows
    for (;;) {
        HUECRY_TRY_ASSIGN(const bool row, q.step());
        if (row && last != 0) out.push_back(last);
        if (!row || q.number(1) >= before_ms) break;
        const bool over = q.number(2) > 0 && q.number(2) < before_ms;
        last = over && q.number(3) == 0 ? q.number(0) : 0;
    }
    if (out.empty()) return out;
    HUECRY_TRY_ASSIGN(const auto groups, body_groups(db_, out.front(), out.back(), false));
    for (const auto& group : groups)
        std::erase_if(out, [&](auto key) {
            return key >= group.first && key <= group.last() &&
                   group.parts[key - group.first].length != 0;
        });
    return out;
}

Result<void> StoreWriter::prune_headers(std::uint64_t before_ms) {
    if (before_ms == 0) return {};
    HUECRY_TRY(write_held());
    HUECRY_TRY(bodies_.end());
    std::vector<std::uint64_t> streams;
    {
        auto q = db_.query("SELECT number FROM stream WHERE kind != 1");  // no directory's
        for (;;) {
            HUECRY_TRY_ASSIGN(const bool row, q.step());
            if (!row) break;
            streams.push_back(q.number(0));
        }
    }
    for (const auto stream : streams) {
        HUECRY_TRY_ASSIGN(const auto old, old_headers(stream, before_ms));
        for (const auto key : old) {
            auto q = db_.query("DELETE FROM entry WHERE key = ?");
            HUECRY_TRY(q.bind(key).run());
        }
    }
    return {};
}

Result<void> StoreWriter::one(const write::Prune& w) {
    HUECRY_TRY(prune_acceptances(w.acceptances_before_ms));
    HUECRY_TRY(prune_headers(w.headers_expired_before_ms));
    {
        auto q = db_.query("DELETE FROM lease_access WHERE time < ?");
        HUECRY_TRY(q.bind(w.accesses_before_ms).run());
    }
    auto q = db_.query("DELETE FROM code WHERE until < ?");
    return q.bind(w.codes_before_ms).run();
}

}  // namespace huecry::relay
