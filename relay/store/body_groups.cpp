#include "store/body_groups.hpp"

#include <algorithm>
#include <numeric>

#include "huecry/wire/codec.hpp"
#include "store/store_parts.hpp"

namespace huecry::relay {
namespace {

constexpr std::size_t part_bytes = 13;

bool goes(const BodyPart& part, std::uint64_t key, std::uint64_t first, std::uint64_t last,
          unsigned kinds) {
    return key >= first && key <= last && ((1U << part.kind) & kinds) != 0;
}

std::uint64_t bytes_of(std::span<const BodyPart> parts) {
    return std::accumulate(parts.begin(), parts.end(), std::uint64_t{0},
                           [](auto sum, const auto& part) { return sum + part.length; });
}

/// The first expiry of those that are left; 0 when none of them expires.
std::uint64_t due_of(std::span<const BodyPart> parts) {
    std::uint64_t out = 0;
    for (const auto& part : parts)
        if (part.length != 0 && part.expiry_ms != 0 && (out == 0 || part.expiry_ms < out))
            out = part.expiry_ms;
    return out;
}

/// The same without what goes: its bodies, and entries at either end that have none.
BodyGroup without(const BodyGroup& from, std::uint64_t first, std::uint64_t last, unsigned kinds) {
    BodyGroup out;
    out.bodies.reserve(from.bodies.size());
    std::size_t at = 0;
    for (std::size_t i = 0; i < from.parts.size(); ++i) {
        auto part = from.parts[i];
        const auto key = from.first + i;
        const auto body = BytesView(from.bodies).subspan(at, part.length);
        at += part.length;
        if (goes(part, key, first, last, kinds)) part.length = 0;
        if (part.length == 0 && out.parts.empty()) continue;
        if (out.parts.empty()) out.first = key;
        if (part.length != 0) out.bodies.insert(out.bodies.end(), body.begin(), body.end());
        out.parts.push_back(part);
    }
    while (!out.parts.empty() && out.parts.back().length == 0) out.parts.pop_back();
    return out;
}

}  // namespace

Bytes BodyGroup::encode_parts() const {
    Writer w;
    w.reserve(parts.size() * part_bytes);
    for (const auto& part : parts) w.u32(part.length).u64(part.expiry_ms).u8(part.kind);
    return w.take();
}

Result<std::vector<BodyPart>> BodyGroup::decode_parts(BytesView bytes) {
    if (bytes.empty() || bytes.size() % part_bytes != 0 ||
        bytes.size() > max_group_entries * part_bytes)
        return Error{Errc::store_damaged};
    std::vector<BodyPart> out(bytes.size() / part_bytes);
    ::huecry::Reader r(bytes);
    for (auto& part : out) {
        part.length = r.u32();
        part.expiry_ms = r.u64();
        part.kind = r.u8();
        if (part.kind >= 32) return Error{Errc::store_damaged};
    }
    return out;
}

Result<std::vector<BodyGroup>> body_groups(Database& db, std::uint64_t first, std::uint64_t last,
                                           bool with_bodies) {
    const auto stream = first >> seq_bits;
    const auto begin =
        std::max(entry_key(stream, 0), first - std::min(first, max_group_entries - 1));
    auto q = db.query(with_bodies ? "SELECT key, last, parts, bodies FROM body_group WHERE key "
                                    "BETWEEN ? AND ? AND last >= ? ORDER BY key"
                                  : "SELECT key, last, parts FROM body_group WHERE key BETWEEN ? "
                                    "AND ? AND last >= ? ORDER BY key");
    q.bind(begin).bind(last).bind(first);
    std::vector<BodyGroup> out;
    for (;;) {
        HUECRY_TRY_ASSIGN(const bool row, q.step());
        if (!row) return out;
        BodyGroup group;
        group.first = q.number(0);
        HUECRY_TRY_ASSIGN(group.parts, BodyGroup::decode_parts(q.bytes(2)));
        if (group.last() != q.number(1)) return Error{Errc::store_damaged};
        if (with_bodies) {
            group.bodies = to_bytes(q.bytes(3));
            if (group.bodies.size() != bytes_of(group.parts)) return Error{Errc::store_damaged};
        }
        out.push_back(std::move(group));
    }
}

Result<void> BodyWriter::add(std::uint64_t stream, std::uint64_t key, const write::Entry& entry) {
    auto& group = open_[stream];
    const bool full = group.parts.size() == max_group_entries ||
                      group.bodies.size() + entry.body.size() > max_group_bytes;
    if (full || key != group.last() + 1) HUECRY_TRY(write_open(stream));
    if (group.parts.empty()) group.first = key;
    group.parts.push_back({static_cast<std::uint32_t>(entry.body.size()), entry.header.expiry_ms,
                           static_cast<std::uint8_t>(entry.header.kind)});
    group.bodies.insert(group.bodies.end(), entry.body.begin(), entry.body.end());
    return {};
}

Result<void> BodyWriter::write_open(std::uint64_t stream) {
    const auto found = open_.find(stream);
    if (found == open_.end() || found->second.parts.empty()) return {};
    HUECRY_TRY(insert(found->second));
    found->second.parts.clear();
    found->second.bodies.clear();
    return {};
}

Result<void> BodyWriter::insert(const BodyGroup& group) {
    const auto parts = group.encode_parts();
    auto q = db_.query(
        "INSERT INTO body_group (key, last, due, bytes, parts, bodies) VALUES (?, ?, ?, ?, ?, ?)");
    q.bind(group.first).bind(group.last()).bind(due_of(group.parts)).bind(bytes_of(group.parts));
    return q.bind(BytesView(parts)).bind(BytesView(group.bodies)).run();
}

Result<void> BodyWriter::remove(std::uint64_t key) {
    return db_.query("DELETE FROM body_group WHERE key = ?").bind(key).run();
}

Result<void> BodyWriter::drop_some(std::uint64_t key, std::uint64_t first, std::uint64_t last,
                                   unsigned kinds) {
    HUECRY_TRY_ASSIGN(const auto found, body_groups(db_, key, key, true));
    if (found.size() != 1) return Error{Errc::store_damaged};  // rows overlap
    const auto left = without(found.front(), first, last, kinds);
    HUECRY_TRY(remove(key));
    return left.parts.empty() ? Result<void>{} : insert(left);
}

Result<void> BodyWriter::drop(std::uint64_t stream, std::uint64_t first, std::uint64_t last,
                              unsigned kinds, bool whole) {
    HUECRY_TRY(write_open(stream));
    HUECRY_TRY_ASSIGN(const auto found, body_groups(db_, first, last, false));
    for (const auto& group : found) {
        if (whole && group.last() > last) continue;
        const auto from = whole ? group.first : first;
        std::size_t going = 0;
        std::size_t staying = 0;
        for (std::size_t i = 0; i < group.parts.size(); ++i) {
            if (group.parts[i].length == 0) continue;
            goes(group.parts[i], group.first + i, from, last, kinds) ? ++going : ++staying;
        }
        if (going == 0) continue;
        HUECRY_TRY(staying == 0 ? remove(group.first) : drop_some(group.first, from, last, kinds));
    }
    return {};
}

Result<void> BodyWriter::end() {
    for (const auto& [stream, group] : open_) HUECRY_TRY(write_open(stream));
    return {};
}

}  // namespace huecry::relay
