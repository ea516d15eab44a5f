#include "domain/names.hpp"

#include <algorithm>

#include "domain/text.hpp"

namespace huecry::domain {
namespace {

using content::v1::NameRecord;

bool well_formed(const NameRecord& record) {
    const auto size = record.id().size();
    const bool id_fits = record.kind() == static_cast<std::uint32_t>(NameKind::partnership)
                             ? size == PartnershipId::size
                             : size == MemberId::size;
    return record.kind() >= 1 && record.kind() <= 4 && id_fits && record.salt().size() == 16 &&
           check_name(record.name()).ok();
}

NameRecord record_at(const store::Statement& row) {
    NameRecord out;
    out.set_kind(static_cast<std::uint32_t>(row.integer(0)));
    out.set_id(to_string(row.blob(1)));
    out.set_salt(to_string(row.blob(2)));
    out.set_name(row.text(3));
    return out;
}

Result<std::vector<NameRecord>> records(store::Statement rows) {
    std::vector<NameRecord> out;
    for (;;) {
        HUECRY_TRY_ASSIGN(const bool row, rows.step());
        if (!row) return out;
        out.push_back(record_at(rows));
    }
}

// An invited member or organisation is named before it has come: its hash is in the invite.
template <class Field, class Hash, class IdType>
bool in_invites(const directory::State& state, Field field, Hash hash, const IdType& id,
                const Digest& wanted) {
    return std::any_of(state.invites().begin(), state.invites().end(), [&](const auto& entry) {
        const directory::InviteIssued& terms = entry.second.terms;
        return terms.*field == id && terms.*hash == wanted;
    });
}

}  // namespace

bool Names::believed(const NameRecord& record) const {
    if (!around_.directory) return false;
    const directory::State& state = *around_.directory;
    const Digest hash = directory::name_hash(view(record.salt()), record.name());
    switch (static_cast<NameKind>(record.kind())) {
        case NameKind::member: {
            const auto id = id_in<MemberId>(record.id()).value_or(MemberId{});
            if (const auto* member = state.member(id)) return member->name_hash == hash;
            return in_invites(state, &directory::InviteIssued::member,
                              &directory::InviteIssued::member_name_hash, id, hash);
        }
        case NameKind::organisation: {
            const auto id = id_in<OrganisationId>(record.id()).value_or(OrganisationId{});
            const auto known = state.organisations().find(id);
            if (known != state.organisations().end()) return known->second == hash;
            return in_invites(state, &directory::InviteIssued::organisation,
                              &directory::InviteIssued::organisation_name_hash, id, hash);
        }
        case NameKind::channel: {
            const auto* channel =
                state.channel(id_in<ChannelId>(record.id()).value_or(ChannelId{}));
            return channel && channel->settings.name_hash == hash;
        }
        case NameKind::partnership:
            return id_in<PartnershipId>(record.id()) == state.partnership() &&
                   state.genesis().partnership_name_hash == hash;
    }
    return false;
}

Result<bool> Names::keep(const NameRecord& record) {
    if (!well_formed(record)) return false;
    if (believed(record)) {
        HUECRY_TRY(believe(record));
    } else {
        HUECRY_TRY(put_aside(record));
    }
    return true;
}

Result<void> Names::believe(const NameRecord& record) {
    return around_.db
        .prepare(
            "INSERT INTO name (kind, id, salt, name) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (kind, id) DO UPDATE SET salt = excluded.salt, name = excluded.name")
        .bind(record.kind())
        .bind(view(record.id()))
        .bind(view(record.salt()))
        .bind(std::string_view(record.name()))
        .run();
}

Result<void> Names::put_aside(const NameRecord& record) {
    HUECRY_TRY(around_.db
                   .prepare("INSERT INTO name_aside (kind, id, salt, name) VALUES (?, ?, ?, ?) "
                            "ON CONFLICT DO NOTHING")
                   .bind(record.kind())
                   .bind(view(record.id()))
                   .bind(view(record.salt()))
                   .bind(std::string_view(record.name()))
                   .run());
    return around_.db
        .prepare(
            "DELETE FROM name_aside WHERE number IN "
            "(SELECT number FROM name_aside ORDER BY number DESC LIMIT -1 OFFSET ?)")
        .bind(max_aside)
        .run();
}

Result<void> Names::recheck(NameKind kind, BytesView id) {
    auto known =
        around_.db.prepare("SELECT kind, id, salt, name FROM name WHERE kind = ? AND id = ?");
    known.bind(static_cast<int>(kind)).bind(id);
    HUECRY_TRY_ASSIGN(const auto old, records(std::move(known)));
    for (const auto& record : old) {
        if (believed(record)) continue;
        HUECRY_TRY(around_.db.prepare("DELETE FROM name WHERE kind = ? AND id = ?")
                       .bind(static_cast<int>(kind))
                       .bind(id)
                       .run());
        HUECRY_TRY(put_aside(record));
    }
    auto waiting =
        around_.db.prepare("SELECT kind, id, salt, name FROM name_aside WHERE kind = ? AND id = ?");
    waiting.bind(static_cast<int>(kind)).bind(id);
    HUECRY_TRY_ASSIGN(const auto aside, records(std::move(waiting)));
    for (const auto& record : aside) HUECRY_TRY(believe_if_due(record));
    return {};
}

Result<void> Names::recheck_all() {
    HUECRY_TRY_ASSIGN(
        const auto aside,
        records(around_.db.prepare("SELECT kind, id, salt, name FROM name_aside ORDER BY number")));
    for (const auto& record : aside) HUECRY_TRY(believe_if_due(record));
    return {};
}

Result<void> Names::believe_if_due(const NameRecord& record) {
    if (!believed(record)) return {};
    HUECRY_TRY(believe(record));
    return around_.db
        .prepare("DELETE FROM name_aside WHERE kind = ? AND id = ? AND salt = ? AND name = ?")
        .bind(record.kind())
        .bind(view(record.id()))
        .bind(view(record.salt()))
        .bind(std::string_view(record.name()))
        .run();
}

Result<void> Names::erase_all() {
    HUECRY_TRY(around_.db.execute("DELETE FROM name"));
    return around_.db.execute("DELETE FROM name_aside");
}

std::vector<NameRecord> Names::all() {
    auto known = records(around_.db.prepare("SELECT kind, id, salt, name FROM name"));
    if (!known) return {};
    return std::move(*known);
}

}  // namespace huecry::domain
