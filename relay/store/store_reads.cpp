#include <algorithm>

#include "store/store_parts.hpp"

namespace huecry::relay {
namespace {

Error damaged_row() { return Error{Errc::store_damaged}; }

StreamRef stream_of(Query& q, int kind, int id, int incarnation) {
    StreamRef out;
    const auto number = q.number(kind);
    const auto bytes = q.bytes(id);
    if (number < 1 || number > 3 || bytes.size() != out.id.size()) {
        q.mark_damaged();
        return out;
    }
    out.kind = static_cast<StreamKind>(number);
    std::copy(bytes.begin(), bytes.end(), out.id.begin());
    out.incarnation = static_cast<std::uint32_t>(q.number(incarnation));
    return out;
}

/// All rows through `read`; a row that it marks as damaged ends it.
template <class F>
Result<void> each_row(Query& q, F&& read) {
    for (;;) {
        HUECRY_TRY_ASSIGN(const bool row, q.step());
        if (!row) return {};
        read();
        if (q.damaged()) return damaged_row();
    }
}

}  // namespace

Result<std::vector<PartnershipId>> StoreReader::partnerships() {
    auto q = db_.query("SELECT id FROM partnership ORDER BY created, id");
    std::vector<PartnershipId> out;
    HUECRY_TRY(each_row(q, [&] { out.push_back(q.id<PartnershipId>(0)); }));
    return out;
}

Result<void> StoreReader::newest(std::uint64_t number, StreamRow& row) {
    {
        auto q = db_.query(
            "SELECT key, header, previous, accepted FROM entry WHERE key BETWEEN ? AND ? ORDER BY "
            "key DESC LIMIT 1");
        q.bind(entry_key(number, 1)).bind(entry_key(number, max_seq));
        HUECRY_TRY_ASSIGN(const bool found, q.step());
        if (!found) return {};
        row.seq = seq_of(q.number(0));
        row.chain = chain_next(q.id<Digest>(2), q.bytes(1));
        row.accepted_ms = q.number(3);
        if (q.damaged()) return damaged_row();
    }
    {
        auto q = db_.query("SELECT max(key) FROM entry WHERE kind = 2 AND key BETWEEN ? AND ?");
        q.bind(entry_key(number, 1)).bind(entry_key(number, max_seq));
        HUECRY_TRY_ASSIGN(const bool found, q.step());
        if (found) row.last_handshake = seq_of(q.number(0));
    }
    auto q = db_.query(
        "SELECT (SELECT coalesce(sum(length), 0) FROM entry WHERE has_body = 1 AND key BETWEEN ?1 "
        "AND ?2) + (SELECT coalesce(sum(bytes), 0) FROM body_group WHERE key BETWEEN ?1 AND ?2)");
    q.bind(entry_key(number, 1)).bind(entry_key(number, max_seq));
    HUECRY_TRY_ASSIGN(const bool found, q.step());
    if (found) row.bytes = q.number(0);
    return {};
}

Result<PartnershipRows> StoreReader::load(const PartnershipId& p) {
    PartnershipRows out;
    HUECRY_TRY_ASSIGN(out.streams, streams(p));
    HUECRY_TRY_ASSIGN(out.readers, readers(p));
    HUECRY_TRY_ASSIGN(out.accepted, last_accepted(p));
    HUECRY_TRY_ASSIGN(out.key_packages, key_packages(p));
    return out;
}

Result<std::uint64_t> StoreReader::body_bytes(const PartnershipId& p, const StreamRef& stream,
                                              std::uint64_t first, std::uint64_t last) {
    HUECRY_TRY_ASSIGN(const auto number, numbers_.find(p, stream));
    const auto begin = entry_key(number, first);
    const auto end = entry_key(number, last);
    std::uint64_t out = 0;
    if (stream.kind == StreamKind::channel) {
        HUECRY_TRY_ASSIGN(const auto groups, body_groups(db_, begin, end, false));
        for (const auto& group : groups)
            for (std::size_t i = 0; i < group.parts.size(); ++i)
                if (group.first + i >= begin && group.first + i <= end)
                    out += group.parts[i].length;
    }
    auto q = db_.query(
        "SELECT coalesce(sum(length), 0) FROM entry WHERE key BETWEEN ? AND ? AND has_body = 1");
    q.bind(begin).bind(end);
    HUECRY_TRY_ASSIGN(const bool row, q.step());
    return row ? out + q.number(0) : out;
}

Result<std::vector<StreamRow>> StoreReader::streams(const PartnershipId& p) {
    std::vector<std::pair<std::uint64_t, StreamRow>> found;
    {
        auto q = db_.query(
            "SELECT number, kind, id, incarnation FROM stream WHERE partnership = ? ORDER BY "
            "number");
        q.bind(p);
        HUECRY_TRY(each_row(q, [&] {
            StreamRow row;
            row.stream = stream_of(q, 1, 2, 3);
            found.emplace_back(q.number(0), row);
        }));
    }
    std::vector<StreamRow> out;
    for (auto& [number, row] : found) {
        row.chain = chain_start(p, row.stream);
        HUECRY_TRY(newest(number, row));
        out.push_back(row);
    }
    return out;
}

Result<std::vector<ReaderRow>> StoreReader::readers(const PartnershipId& p) {
    auto q = db_.query(
        "SELECT s.kind, s.id, s.incarnation, r.device, r.cursor, r.member, r.joined, r.chain_from "
        "FROM stream s JOIN reader r ON r.stream = s.number WHERE s.partnership = ?");
    q.bind(p);
    std::vector<ReaderRow> out;
    HUECRY_TRY(each_row(q, [&] {
        out.push_back({stream_of(q, 0, 1, 2), q.id<DeviceId>(3), q.number(4), q.number(5) != 0,
                       q.number(6), q.number(7)});
    }));
    return out;
}

Result<std::vector<AcceptanceRow>> StoreReader::last_accepted(const PartnershipId& p) {
    std::vector<std::pair<std::uint64_t, StreamRef>> channels;
    {
        auto q = db_.query(
            "SELECT number, kind, id, incarnation FROM stream WHERE partnership = ? AND kind = 2");
        q.bind(p);
        HUECRY_TRY(each_row(q, [&] { channels.emplace_back(q.number(0), stream_of(q, 1, 2, 3)); }));
    }
    std::vector<AcceptanceRow> out;
    for (const auto& [stream, ref] : channels) {
        for (const auto number : acceptances_.newest(stream)) {
            auto q = db_.query(
                "SELECT device, message_id, seq, accepted FROM acceptance_log WHERE number = ?");
            q.bind(number);
            HUECRY_TRY(each_row(q, [&] {
                out.push_back(
                    {ref, q.id<DeviceId>(0), q.id<MessageId>(1), {}, {}, q.number(2), q.number(3)});
            }));
        }
    }
    return out;
}

Result<std::vector<KeyPackageRow>> StoreReader::key_packages(const PartnershipId& p) {
    auto q = db_.query("SELECT device, digest, last_resort FROM key_package WHERE partnership = ?");
    q.bind(p);
    std::vector<KeyPackageRow> out;
    HUECRY_TRY(each_row(
        q, [&] { out.push_back({q.id<DeviceId>(0), q.id<Digest>(1), q.number(2) != 0}); }));
    return out;
}

/// Into entries of one stream, in order, whose bodies are in groups. Those that went meanwhile are
/// gone from the groups as well.
Result<void> StoreReader::add_bodies(std::uint64_t stream, std::span<const std::uint64_t> lengths,
                                     std::vector<StoredEntry>& entries) {
    if (entries.empty()) return {};
    HUECRY_TRY_ASSIGN(const auto groups, body_groups(db_, entry_key(stream, entries.front().seq),
                                                     entry_key(stream, entries.back().seq), true));
    auto entry = entries.begin();
    for (const auto& group : groups) {
        std::size_t at = 0;
        for (std::size_t i = 0; i < group.parts.size(); ++i) {
            const auto& part = group.parts[i];
            const auto body = BytesView(group.bodies).subspan(at, part.length);
            at += part.length;
            const auto seq = seq_of(group.first + i);
            while (entry != entries.end() && entry->seq < seq) ++entry;
            if (entry == entries.end() || entry->seq != seq || part.length == 0) continue;
            const auto index = static_cast<std::size_t>(entry - entries.begin());
            if (lengths[index] != part.length) return damaged_row();
            entry->has_body = true;
            entry->body = to_bytes(body);
        }
    }
    return {};
}

Result<std::vector<StoredEntry>> StoreReader::entries(const PartnershipId& p,
                                                      const StreamRef& stream, std::uint64_t from,
                                                      std::size_t max_entries,
                                                      std::size_t max_bytes) {
    std::vector<StoredEntry> out;
    std::vector<std::uint64_t> lengths;
    HUECRY_TRY_ASSIGN(const auto number, numbers_.find(p, stream));
    if (from >= max_seq) return out;
    {
        auto q = db_.query(
            "SELECT e.key, e.header, e.previous, e.has_body, e.length, coalesce(e.body, s.body) "
            "FROM entry e LEFT JOIN shared_body s ON s.number = e.shared WHERE e.key BETWEEN ? AND "
            "? ORDER BY e.key LIMIT ?");
        q.bind(entry_key(number, from + 1)).bind(entry_key(number, max_seq));
        q.bind(std::uint64_t{std::min<std::size_t>(max_entries, 4096)});
        std::size_t bytes = 0;
        for (;;) {
            HUECRY_TRY_ASSIGN(const bool row, q.step());
            if (!row) break;
            bytes += q.bytes(1).size() + q.number(4);
            if (!out.empty() && bytes > max_bytes) break;
            StoredEntry e;
            e.seq = seq_of(q.number(0));
            e.header = to_bytes(q.bytes(1));
            e.previous = q.id<Digest>(2);
            e.has_body = q.number(3) != 0;
            if (e.has_body) e.body = to_bytes(q.bytes(5));
            if (q.damaged() || e.header.size() != Header::encoded_size ||
                (e.has_body && e.body.size() != q.number(4)))
                return damaged_row();
            lengths.push_back(q.number(4));
            out.push_back(std::move(e));
        }
    }
    if (stream.kind == StreamKind::channel) HUECRY_TRY(add_bodies(number, lengths, out));
    return out;
}

Result<std::optional<AcceptanceRow>> StoreReader::acceptance(const PartnershipId& p,
                                                             const StreamRef& stream,
                                                             const DeviceId& device,
                                                             const MessageId& id) {
    HUECRY_TRY_ASSIGN(const auto number, numbers_.find(p, stream));
    for (const auto row : acceptances_.find({number, device, id})) {
        auto q = db_.query(
            "SELECT digest, answer, seq, accepted FROM acceptance_log WHERE number = ? AND stream "
            "= ? AND device = ? AND message_id = ?");
        q.bind(row).bind(number).bind(device).bind(id);
        HUECRY_TRY_ASSIGN(const bool found, q.step());
        if (!found) continue;
        AcceptanceRow out{stream,      device,     id, q.id<Digest>(0), to_bytes(q.bytes(1)),
                          q.number(2), q.number(3)};
        if (q.damaged()) return damaged_row();
        return std::optional(std::move(out));
    }
    return std::optional<AcceptanceRow>{};
}

Result<std::optional<Bytes>> StoreReader::key_package(const PartnershipId& p,
                                                      const DeviceId& device,
                                                      const Digest& digest) {
    auto q = db_.query(
        "SELECT package FROM key_package WHERE partnership = ? AND device = ? AND digest = ?");
    q.bind(p).bind(device).bind(digest);
    HUECRY_TRY_ASSIGN(const bool row, q.step());
    if (!row) return std::optional<Bytes>{};
    auto package = to_bytes(q.bytes(0));
    if (sha256(package) != digest) return damaged_row();
    return std::optional(std::move(package));
}

Result<std::vector<BlobRow>> StoreReader::blobs() {
    auto q = db_.query(
        "SELECT partnership, id, uploader, kind, stream, incarnation, size, expiry, digest FROM "
        "blob");
    std::vector<BlobRow> out;
    HUECRY_TRY(each_row(q, [&] {
        out.push_back({q.id<PartnershipId>(0), q.id<BlobId>(1), q.id<DeviceId>(2),
                       stream_of(q, 3, 4, 5), q.number(6), q.number(7), q.id<Digest>(8)});
    }));
    return out;
}

/// Those of one group stand together, in the place of the first that is due.
Result<void> StoreReader::due_in_groups(std::uint64_t now_ms, std::size_t max,
                                        std::vector<Due>& out) {
    auto q = db_.query(
        "SELECT s.partnership, s.kind, s.id, s.incarnation, g.key, g.parts, g.due FROM body_group "
        "g JOIN stream s ON s.number = (g.key >> 40) WHERE g.due > 0 AND g.due <= ? ORDER BY "
        "g.due, g.key LIMIT ?");
    q.bind(now_ms).bind(std::uint64_t{max});
    std::size_t found = 0;
    while (found < max) {
        HUECRY_TRY_ASSIGN(const bool row, q.step());
        if (!row) return {};
        DueEntry entry{q.id<PartnershipId>(0), stream_of(q, 1, 2, 3), seq_of(q.number(4)), 0};
        if (q.damaged()) return damaged_row();
        HUECRY_TRY_ASSIGN(const auto parts, BodyGroup::decode_parts(q.bytes(5)));
        for (const auto& part : parts) {
            entry.length = part.length;
            if (part.length != 0 && part.expiry_ms != 0 && part.expiry_ms <= now_ms) {
                out.emplace_back(q.number(6), entry);
                ++found;
            }
            ++entry.seq;
        }
    }
    return {};
}

Result<std::vector<DueEntry>> StoreReader::due(std::uint64_t now_ms, std::size_t max) {
    std::vector<Due> found;
    {
        auto q = db_.query(
            "SELECT s.partnership, s.kind, s.id, s.incarnation, e.key, e.length, e.expiry FROM "
            "entry e JOIN stream s ON s.number = (e.key >> 40) WHERE e.has_body = 1 AND e.expiry > "
            "0 AND e.expiry <= ? ORDER BY e.expiry LIMIT ?");
        q.bind(now_ms).bind(std::uint64_t{max});
        HUECRY_TRY(each_row(q, [&] {
            found.emplace_back(q.number(6), DueEntry{q.id<PartnershipId>(0), stream_of(q, 1, 2, 3),
                                                     seq_of(q.number(4)),
                                                     static_cast<std::uint32_t>(q.number(5))});
        }));
    }
    std::vector<Due> grouped;
    HUECRY_TRY(due_in_groups(now_ms, max, grouped));
    std::vector<Due> all;
    std::merge(found.begin(), found.end(), grouped.begin(), grouped.end(), std::back_inserter(all),
               [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<DueEntry> out;
    for (const auto& [when, entry] : all)
        if (out.size() < max) out.push_back(entry);
    return out;
}

Result<std::optional<std::uint64_t>> StoreReader::code(const Digest& digest) {
    auto q = db_.query("SELECT until FROM code WHERE digest = ?");
    q.bind(digest);
    HUECRY_TRY_ASSIGN(const bool row, q.step());
    return row ? std::optional(q.number(0)) : std::nullopt;
}

Result<std::optional<std::uint64_t>> StoreReader::meta(std::string_view name) {
    auto q = db_.query("SELECT value FROM meta WHERE name = ?");
    q.bind(name);
    HUECRY_TRY_ASSIGN(const bool row, q.step());
    return row ? std::optional(q.number(0)) : std::nullopt;
}

}  // namespace huecry::relay
