#include "domain/offenders.hpp"

#include "domain/nickname.hpp"
#include "huecry/limits.hpp"

namespace huecry::domain {
namespace {

constexpr std::uint64_t tolerance_ms = limits::clock_tolerance_s * 1000;
constexpr std::uint64_t life_ms = limits::record_expiry_s * 1000;

}  // namespace

bool Offenders::authentic(const OffenderRecord& record) const {
    if (!around_.directory || record.created_ms > around_.clock.now_ms() + tolerance_ms)
        return false;
    const auto* author = around_.directory->device(record.author);
    return author && record.signed_by(author->signing_key);
}

Result<Offenders::Kept> Offenders::keep(const content::v1::OffenderRecord& message,
                                        const ChannelId& channel) {
    const auto record = OffenderRecord::from(message);
    if (!record || !authentic(*record)) return Kept::refused;
    if (record->expiry_ms <= around_.clock.erase_time()) return Kept::expired;
    HUECRY_TRY_ASSIGN(const auto known, find(record->id));
    if (known && known->nickname != record->nickname) return Kept::refused;
    if (!known || known->expiry_ms < record->expiry_ms) HUECRY_TRY(put(*record));
    HUECRY_TRY(share(record->id, channel));
    return Kept::yes;
}

Result<OffenderRecord> Offenders::for_alert(std::string_view nickname, const ChannelId& channel,
                                            std::uint64_t now_ms, std::uint64_t alert_expiry_ms) {
    HUECRY_TRY_ASSIGN(const auto known, find(nickname, channel));
    if (known && known->expiry_ms >= alert_expiry_ms) return *known;
    OffenderRecord record;
    record.id = known ? known->id : around_.new_id<OffenderId>();
    record.nickname = known ? known->nickname : std::string(nickname);
    record.created_ms = now_ms;
    record.expiry_ms = now_ms + life_ms;
    record.sign(around_.device_key);
    return record;
}

Result<void> Offenders::put(const OffenderRecord& record) {
    auto old = around_.db.prepare("SELECT item FROM offender WHERE id = ?");
    HUECRY_TRY_ASSIGN(const bool replaced, old.bind(record.id.view()).step());
    if (replaced) HUECRY_TRY(items_.erase(old.integer(0)));
    HUECRY_TRY_ASSIGN(const auto sealed, items_.seal(view(record.message().SerializeAsString())));
    return around_.db
        .prepare(
            "INSERT INTO offender (id, item, sealed, created_ms, expiry_ms) "
            "VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET item = excluded.item, "
            "sealed = excluded.sealed, created_ms = excluded.created_ms, "
            "expiry_ms = excluded.expiry_ms")
        .bind(record.id.view())
        .bind(sealed.item)
        .bind(BytesView(sealed.bytes))
        .bind(record.created_ms)
        .bind(record.expiry_ms)
        .run();
}

Result<void> Offenders::share(const OffenderId& id, const ChannelId& channel) {
    return around_.db
        .prepare(
            "INSERT INTO offender_channel (offender, channel) VALUES (?, ?) "
            "ON CONFLICT DO NOTHING")
        .bind(id.view())
        .bind(channel.view())
        .run();
}

Result<OffenderRecord> Offenders::open(const store::Statement& row) {
    HUECRY_TRY_ASSIGN(const auto content, items_.open(row.integer(0), row.blob(1)));
    content::v1::OffenderRecord message;
    if (!message.ParseFromArray(content.view().data(), static_cast<int>(content.size())))
        return Errc::store_damaged;
    auto record = OffenderRecord::from(message);
    if (!record) return Errc::store_damaged;
    return std::move(*record);
}

Result<std::optional<OffenderRecord>> Offenders::find(const OffenderId& id) {
    auto row = around_.db.prepare("SELECT item, sealed FROM offender WHERE id = ?");
    HUECRY_TRY_ASSIGN(const bool known, row.bind(id.view()).step());
    if (!known) return std::optional<OffenderRecord>{};
    HUECRY_TRY_ASSIGN(auto record, open(row));
    return std::optional(std::move(record));
}

Result<std::optional<OffenderRecord>> Offenders::find(std::string_view nickname,
                                                      const ChannelId& channel) {
    const std::string wanted = nickname_key(nickname);
    auto rows = around_.db.prepare(
        "SELECT item, sealed FROM offender WHERE expiry_ms > ? ORDER BY "
        "EXISTS (SELECT 1 FROM offender_channel WHERE offender = id AND channel = ?) DESC, "
        "created_ms DESC");
    rows.bind(around_.clock.hide_time()).bind(channel.view());
    for (;;) {
        HUECRY_TRY_ASSIGN(const bool row, rows.step());
        if (!row) return std::optional<OffenderRecord>{};
        HUECRY_TRY_ASSIGN(auto record, open(rows));
        if (nickname_key(record.nickname) == wanted) return std::optional(std::move(record));
    }
}

std::string Offenders::nickname(const OffenderId& id) {
    const auto record = find(id);
    return record && *record && (*record)->expiry_ms > around_.clock.hide_time()
               ? (*record)->nickname
               : std::string{};
}

bool Offenders::nickname_known(std::string_view nickname) {
    const auto found = find(nickname, ChannelId{});
    return found && *found;
}

std::vector<OffenderRecord> Offenders::in_channel(const ChannelId& channel) {
    std::vector<OffenderRecord> out;
    auto rows = around_.db.prepare(
        "SELECT item, sealed FROM offender JOIN offender_channel ON offender = id "
        "WHERE channel = ? AND expiry_ms > ? ORDER BY created_ms");
    rows.bind(channel.view()).bind(around_.clock.hide_time());
    for (auto row = rows.step(); row && *row; row = rows.step())
        if (auto record = open(rows)) out.push_back(std::move(*record));
    return out;
}

Result<bool> Offenders::expire(std::uint64_t now_ms) {
    auto due = around_.db.prepare("SELECT 1 FROM offender WHERE expiry_ms <= ? LIMIT 1");
    HUECRY_TRY_ASSIGN(const bool any, due.bind(now_ms).step());
    if (!any) return false;
    HUECRY_TRY(around_.db
                   .prepare("DELETE FROM item_key WHERE id IN "
                            "(SELECT item FROM offender WHERE expiry_ms <= ?)")
                   .bind(now_ms)
                   .run());
    HUECRY_TRY(around_.db.prepare("DELETE FROM offender WHERE expiry_ms <= ?").bind(now_ms).run());
    return true;
}

Result<void> Offenders::erase_all() { return around_.db.execute("DELETE FROM offender"); }

}  // namespace huecry::domain
