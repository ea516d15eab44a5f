#include "domain/events.hpp"

#include "huecry/wire/codec.hpp"

namespace huecry::domain {
namespace {

constexpr std::string_view shown_key = "events_shown";

void bind_id(store::Statement& statement, BytesView id, bool zero) {
    if (zero)
        statement.bind_null();
    else
        statement.bind(id);
}

}  // namespace

Result<void> Events::add(const Row& row) {
    auto insert = around_.db.prepare(
        "INSERT INTO event (kind, time_ms, alert, message, device, channel, answer, note) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
    insert.bind(static_cast<int>(row.kind)).bind(around_.clock.now_ms());
    if (row.alert)
        insert.bind(*row.alert);
    else
        insert.bind_null();
    bind_id(insert, row.message.view(), row.message.is_zero());
    bind_id(insert, row.device.view(), row.device.is_zero());
    bind_id(insert, row.channel.view(), row.channel.is_zero());
    if (row.answer)
        insert.bind(static_cast<int>(*row.answer));
    else
        insert.bind_null();
    HUECRY_TRY(insert.bind(std::string_view(row.note)).run());
    news_ = true;
    return around_.db
        .prepare("DELETE FROM event WHERE number <= (SELECT max(number) FROM event) - ?")
        .bind(max_events)
        .run();
}

std::optional<Events::Row> Events::next(std::uint64_t after) {
    auto rows = around_.db.prepare(
        "SELECT number, kind, time_ms, alert, message, device, channel, answer, note FROM event "
        "WHERE number > ? ORDER BY number LIMIT 1");
    const auto found = rows.bind(after).step();
    if (!found || !*found) return std::nullopt;
    Row out;
    out.number = rows.unsigned_integer(0);
    out.kind = static_cast<Event::Kind>(rows.integer(1));
    out.time_ms = rows.unsigned_integer(2);
    if (!rows.is_null(3)) out.alert = rows.integer(3);
    out.message = id_at<MessageId>(rows, 4);
    out.device = id_at<DeviceId>(rows, 5);
    out.channel = id_at<ChannelId>(rows, 6);
    if (!rows.is_null(7)) out.answer = static_cast<Answer>(rows.integer(7));
    out.note = rows.text(8);
    return out;
}

Result<void> Events::mark_shown(std::uint64_t number) {
    auto newest = around_.db.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'event'");
    HUECRY_TRY_ASSIGN(const bool any, newest.step());
    // An event that does not exist yet cannot have been shown.
    const auto upto = std::min(number, any ? newest.unsigned_integer(0) : 0);
    if (upto <= shown()) return {};
    Writer value;
    value.u64(upto);
    return around_.db
        .prepare(
            "INSERT INTO setting (key, value) VALUES (?, ?) "
            "ON CONFLICT (key) DO UPDATE SET value = excluded.value")
        .bind(shown_key)
        .bind(BytesView(value.bytes()))
        .run();
}

std::uint64_t Events::shown() {
    auto read = around_.db.prepare("SELECT value FROM setting WHERE key = ?");
    const auto known = read.bind(shown_key).step();
    if (!known || !*known) return 0;
    const Bytes value = read.blob(0);
    Reader in(value);
    return in.u64();
}

Result<void> Events::expire(std::uint64_t now_ms) {
    if (now_ms <= max_age_ms) return {};
    return around_.db.prepare("DELETE FROM event WHERE time_ms < ?")
        .bind(now_ms - max_age_ms)
        .run();
}

Result<void> Events::erase_all() { return around_.db.execute("DELETE FROM event"); }

}  // namespace huecry::domain
