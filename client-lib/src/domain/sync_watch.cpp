#include "domain/sync_store.hpp"

// What was seen when: of devices, for dormancy; of epochs, for anchors.
namespace huecry::domain {

Result<void> SyncStore::saw_device(const DeviceId& device, std::uint64_t at_ms) {
    constexpr std::uint64_t day_ms = 86'400'000;
    auto& written = seen_[device];
    if (written != 0 && at_ms < written + day_ms) return {};
    written = at_ms;
    return db_
        .prepare(
            "INSERT INTO device_seen(device, seen_ms) VALUES(?, ?) "
            "ON CONFLICT(device) DO UPDATE SET seen_ms = max(seen_ms, excluded.seen_ms)")
        .bind(device.view())
        .bind(at_ms)
        .run();
}

Result<std::uint64_t> SyncStore::device_seen(const DeviceId& device) {
    auto s = db_.prepare("SELECT seen_ms FROM device_seen WHERE device = ?");
    s.bind(device.view());
    HUECRY_TRY_ASSIGN(const bool known, s.step());
    return known ? s.unsigned_integer(0) : 0;
}

Result<void> SyncStore::add_epoch(const StreamRef& channel, std::uint64_t epoch,
                                  BytesView authenticator, std::uint64_t now_ms) {
    return db_
        .prepare(
            "INSERT OR IGNORE INTO epoch_seen(channel, incarnation, epoch, authenticator, seen_ms) "
            "VALUES(?, ?, ?, ?, ?)")
        .bind(BytesView(channel.id))
        .bind(channel.incarnation)
        .bind(epoch)
        .bind(authenticator)
        .bind(now_ms)
        .run();
}

Result<std::optional<Bytes>> SyncStore::epoch(const StreamRef& channel, std::uint64_t epoch) {
    auto s = db_.prepare(
        "SELECT authenticator FROM epoch_seen WHERE channel = ? AND incarnation = ? AND epoch = ?");
    s.bind(BytesView(channel.id)).bind(channel.incarnation).bind(epoch);
    HUECRY_TRY_ASSIGN(const bool known, s.step());
    if (!known) return std::optional<Bytes>{};
    return std::optional(s.blob(0));
}

Result<void> SyncStore::erase_epochs_before(std::uint64_t ms) {
    return db_.prepare("DELETE FROM epoch_seen WHERE seen_ms < ?").bind(ms).run();
}

Result<void> SyncStore::erase_epochs(const StreamRef& channel) {
    return db_.prepare("DELETE FROM epoch_seen WHERE channel = ? AND incarnation = ?")
        .bind(BytesView(channel.id))
        .bind(channel.incarnation)
        .run();
}

}  // namespace huecry::domain
