#include "domain/responses.hpp"

namespace huecry::domain {

Result<bool> Responses::put(std::int64_t alert, const DeviceId& device, const MessageId& id,
                            Answer answer, std::uint64_t time_ms) {
    auto known = around_.db.prepare(
        "SELECT answer, time_ms, id FROM response WHERE alert = ? AND device = ?");
    HUECRY_TRY_ASSIGN(const bool any, known.bind(alert).bind(device.view()).step());
    // An own answer that still waits is newer than anything the relay has.
    const bool waits = any && known.integer(1) == 0 && id_at<MessageId>(known, 2) != id;
    if (waits && time_ms != 0) return false;
    if (any && time_ms != 0 && known.unsigned_integer(1) > time_ms) return false;
    const bool news = !any || known.integer(0) != static_cast<int>(answer);
    HUECRY_TRY(around_.db
                   .prepare("INSERT INTO response (alert, device, id, answer, time_ms) "
                            "VALUES (?, ?, ?, ?, ?) ON CONFLICT (alert, device) DO UPDATE SET "
                            "id = excluded.id, answer = excluded.answer, "
                            "time_ms = excluded.time_ms")
                   .bind(alert)
                   .bind(device.view())
                   .bind(id.view())
                   .bind(static_cast<int>(answer))
                   .bind(time_ms)
                   .run());
    return news;
}

Result<bool> Responses::accepted(const MessageId& id, std::uint64_t time_ms) {
    auto update = around_.db.prepare(
        "UPDATE response SET time_ms = ? WHERE id = ? AND device = ? RETURNING alert");
    HUECRY_TRY_ASSIGN(const bool known,
                      update.bind(time_ms).bind(id.view()).bind(around_.self.view()).step());
    if (known) HUECRY_TRY(update.run());
    return known;
}

Result<bool> Responses::refused(const MessageId& id) {
    auto gone =
        around_.db.prepare("DELETE FROM response WHERE id = ? AND device = ? RETURNING alert");
    HUECRY_TRY_ASSIGN(const bool known, gone.bind(id.view()).bind(around_.self.view()).step());
    if (known) HUECRY_TRY(gone.run());
    return known;
}

std::vector<ResponseInfo> Responses::of(std::int64_t alert) {
    std::vector<ResponseInfo> out;
    auto rows = around_.db.prepare(
        "SELECT device, answer, time_ms FROM response WHERE alert = ? ORDER BY time_ms, device");
    rows.bind(alert);
    for (auto row = rows.step(); row && *row; row = rows.step())
        out.push_back({.from = names_.person(id_at<DeviceId>(rows, 0)),
                       .answer = static_cast<Answer>(rows.integer(1)),
                       .time_ms = rows.unsigned_integer(2)});
    return out;
}

}  // namespace huecry::domain
