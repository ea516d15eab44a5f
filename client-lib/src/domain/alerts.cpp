#include "domain/alerts.hpp"

#include <algorithm>

namespace huecry::domain {

std::uint64_t Alerts::photo_expiry(const Key& key, const Life& life) const {
    const auto* channel = around_.directory ? around_.directory->channel(key.channel) : nullptr;
    if (!channel) return life.expiry_ms;
    return std::min(life.expiry_ms,
                    life.sent_ms + std::uint64_t{channel->settings.max_photo_s} * 1000);
}

Result<std::optional<std::int64_t>> Alerts::add(const Key& key, const Life& life,
                                                const content::v1::Alert& alert) {
    auto known =
        around_.db.prepare("SELECT number FROM alert WHERE channel = ? AND device = ? AND id = ?");
    known.bind(key.channel.view()).bind(key.device.view()).bind(key.id.view());
    HUECRY_TRY_ASSIGN(const bool repeated, known.step());
    if (repeated) return std::optional<std::int64_t>{};

    // Photos and the offender's record have rows of their own, with lives of their own.
    content::v1::Alert body = alert;
    body.clear_photos();
    body.clear_new_offender();
    HUECRY_TRY_ASSIGN(const auto sealed, items_.seal(view(body.SerializeAsString())));
    auto insert = around_.db.prepare(
        "INSERT INTO alert (channel, device, id, item, sealed, offender, sent_ms, expiry_ms, "
        "state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING number");
    insert.bind(key.channel.view())
        .bind(key.device.view())
        .bind(key.id.view())
        .bind(sealed.item)
        .bind(BytesView(sealed.bytes));
    if (alert.offender().empty())
        insert.bind_null();
    else
        insert.bind(view(alert.offender()));
    insert.bind(life.sent_ms).bind(life.expiry_ms).bind(static_cast<int>(life.state));
    HUECRY_TRY_ASSIGN(const bool row, insert.step());
    if (!row) return Errc::internal;
    const std::int64_t number = insert.integer(0);
    HUECRY_TRY(insert.run());
    for (int i = 0; i < alert.photos_size(); ++i)
        HUECRY_TRY(add_photo(number, i + 1, alert.photos(i), photo_expiry(key, life)));
    return std::optional(number);
}

Result<void> Alerts::add_photo(std::int64_t alert, int number, const content::v1::Photo& photo,
                               std::uint64_t expiry_ms) {
    HUECRY_TRY_ASSIGN(const auto sealed, items_.seal(view(photo.SerializeAsString())));
    return around_.db
        .prepare(
            "INSERT INTO photo (alert, number, item, sealed, width, height, expiry_ms) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)")
        .bind(alert)
        .bind(number)
        .bind(sealed.item)
        .bind(BytesView(sealed.bytes))
        .bind(photo.width())
        .bind(photo.height())
        .bind(expiry_ms)
        .run();
}

Result<std::optional<std::int64_t>> Alerts::accepted(const MessageId& id, std::uint64_t accepted_ms,
                                                     std::uint64_t expiry_ms,
                                                     std::uint64_t directory_index) {
    auto update = around_.db.prepare(
        "UPDATE alert SET state = ?, sent_ms = ?, expiry_ms = ?, failure = NULL, "
        "failure_detail = NULL WHERE id = ? AND device = ? AND state <> ? "
        "RETURNING number, channel");
    const auto state = static_cast<int>(SendState::accepted);
    update.bind(state).bind(accepted_ms).bind(expiry_ms);
    update.bind(id.view()).bind(around_.self.view()).bind(state);
    HUECRY_TRY_ASSIGN(const bool news, update.step());
    if (!news) return std::optional<std::int64_t>{};
    const std::int64_t number = update.integer(0);
    const Key key{id_at<ChannelId>(update, 1), around_.self, id};
    HUECRY_TRY(update.run());
    HUECRY_TRY(around_.db.prepare("UPDATE photo SET expiry_ms = ? WHERE alert = ?")
                   .bind(photo_expiry(key, {accepted_ms, expiry_ms, SendState::accepted}))
                   .bind(number)
                   .run());
    HUECRY_TRY(around_.db
                   .prepare("UPDATE said SET directory_index = ?, expiry_ms = "
                            "(SELECT min(a.expiry_ms, coalesce(min(p.expiry_ms), "
                            "a.expiry_ms)) FROM alert a LEFT JOIN photo p ON p.alert = "
                            "a.number WHERE a.number = said.alert) WHERE alert = ?")
                   .bind(directory_index)
                   .bind(number)
                   .run());
    return std::optional(number);
}

Result<std::optional<std::int64_t>> Alerts::refused(const MessageId& id, const Error& why) {
    auto update = around_.db.prepare(
        "UPDATE alert SET state = ?, failure = ?, failure_detail = ? "
        "WHERE id = ? AND device = ? AND state = ? RETURNING number");
    update.bind(static_cast<int>(SendState::failed))
        .bind(static_cast<int>(why.code))
        .bind(std::string_view(why.detail))
        .bind(id.view())
        .bind(around_.self.view())
        .bind(static_cast<int>(SendState::queued));
    HUECRY_TRY_ASSIGN(const bool news, update.step());
    if (!news) return std::optional<std::int64_t>{};
    const std::int64_t number = update.integer(0);
    HUECRY_TRY(update.run());
    return std::optional(number);
}

Result<void> Alerts::erase_keys_of(std::int64_t alert) {
    HUECRY_TRY(around_.db
                   .prepare("DELETE FROM item_key WHERE id IN "
                            "(SELECT item FROM photo WHERE alert = ?1 UNION ALL "
                            "SELECT item FROM said WHERE alert = ?1)")
                   .bind(alert)
                   .run());
    return around_.db
        .prepare("DELETE FROM item_key WHERE id IN (SELECT item FROM alert WHERE number = ?)")
        .bind(alert)
        .run();
}

Result<bool> Alerts::expire(std::uint64_t now_ms,
                            const std::function<Result<void>(const Key& key)>& gone) {
    std::vector<std::pair<std::int64_t, Key>> due;
    auto rows = around_.db.prepare(
        "SELECT number, channel, device, id FROM alert WHERE expiry_ms <= ? ORDER BY number");
    rows.bind(now_ms);
    for (;;) {
        HUECRY_TRY_ASSIGN(const bool row, rows.step());
        if (!row) break;
        due.emplace_back(rows.integer(0), Key{id_at<ChannelId>(rows, 1), id_at<DeviceId>(rows, 2),
                                              id_at<MessageId>(rows, 3)});
    }
    for (const auto& [number, key] : due) {
        HUECRY_TRY(erase_keys_of(number));
        HUECRY_TRY(around_.db.prepare("DELETE FROM alert WHERE number = ?").bind(number).run());
        HUECRY_TRY(gone(key));
    }
    HUECRY_TRY_ASSIGN(const bool said, expire_said(now_ms));
    HUECRY_TRY_ASSIGN(const bool photos, expire_photos(now_ms));
    return said || photos || !due.empty();
}

// A photo may go before its alert: what it was stays known (its size), what opens it does not.
Result<bool> Alerts::expire_photos(std::uint64_t now_ms) {
    auto due =
        around_.db.prepare("SELECT 1 FROM photo WHERE expiry_ms <= ? AND item IS NOT NULL LIMIT 1");
    HUECRY_TRY_ASSIGN(const bool any, due.bind(now_ms).step());
    if (!any) return false;
    HUECRY_TRY(around_.db
                   .prepare("DELETE FROM item_key WHERE id IN "
                            "(SELECT item FROM photo WHERE expiry_ms <= ?)")
                   .bind(now_ms)
                   .run());
    HUECRY_TRY(
        around_.db.prepare("UPDATE photo SET item = NULL, sealed = NULL WHERE expiry_ms <= ?")
            .bind(now_ms)
            .run());
    return true;
}

Result<void> Alerts::erase_all() { return around_.db.execute("DELETE FROM alert"); }

}  // namespace huecry::domain
