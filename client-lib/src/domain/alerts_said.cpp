#include "domain/alerts.hpp"

// Alerts as their authors signed them. They hold what opens their photos, and so live no longer
// than the first of those.
namespace huecry::domain {

Result<void> Alerts::keep_said(std::int64_t number, BytesView said, std::uint64_t directory_index) {
    HUECRY_TRY_ASSIGN(const auto sealed, items_.seal(said));
    return around_.db
        .prepare(
            "INSERT INTO said (alert, item, sealed, directory_index, expiry_ms) "
            "SELECT a.number, ?2, ?3, ?4, min(a.expiry_ms, coalesce(min(p.expiry_ms), "
            "a.expiry_ms)) FROM alert a LEFT JOIN photo p ON p.alert = a.number "
            "WHERE a.number = ?1 GROUP BY a.number")
        .bind(number)
        .bind(sealed.item)
        .bind(BytesView(sealed.bytes))
        .bind(directory_index)
        .run();
}

std::vector<Alerts::Said> Alerts::said_in(const ChannelId& channel) {
    std::vector<Said> out;
    auto rows = around_.db.prepare(
        "SELECT a.device, a.id, a.sent_ms, a.expiry_ms, s.directory_index, s.item, s.sealed "
        "FROM said s JOIN alert a ON a.number = s.alert "
        "WHERE a.channel = ?1 AND s.expiry_ms > ?2 AND a.state = ?3 ORDER BY a.number");
    rows.bind(channel.view()).bind(around_.clock.hide_time());
    rows.bind(static_cast<int>(SendState::accepted));
    for (auto row = rows.step(); row && *row; row = rows.step()) {
        auto content = items_.open(rows.integer(5), rows.blob(6));
        if (!content) continue;
        Said said;
        said.key = {channel, id_at<DeviceId>(rows, 0), id_at<MessageId>(rows, 1)};
        said.sent_ms = rows.unsigned_integer(2);
        said.expiry_ms = rows.unsigned_integer(3);
        said.directory_index = rows.unsigned_integer(4);
        said.content = std::move(*content);
        out.push_back(std::move(said));
    }
    return out;
}

Result<bool> Alerts::expire_said(std::uint64_t now_ms) {
    auto due = around_.db.prepare("SELECT 1 FROM said WHERE expiry_ms <= ? LIMIT 1");
    HUECRY_TRY_ASSIGN(const bool any, due.bind(now_ms).step());
    if (!any) return false;
    HUECRY_TRY(around_.db
                   .prepare("DELETE FROM item_key WHERE id IN "
                            "(SELECT item FROM said WHERE expiry_ms <= ?)")
                   .bind(now_ms)
                   .run());
    HUECRY_TRY(around_.db.prepare("DELETE FROM said WHERE expiry_ms <= ?").bind(now_ms).run());
    return true;
}

}  // namespace huecry::domain
