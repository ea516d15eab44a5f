#include "domain/projection_impl.hpp"

// Deleting on time.
namespace huecry::domain {

Result<bool> Projection::expire() {
    const auto now = impl_->around.clock.erase_time();
    auto gone = [this](const Alerts::Key& key) {
        Events::Row event;
        event.kind = Event::Kind::alert_expired;
        event.message = key.id;
        event.channel = key.channel;
        return impl_->events.add(event);
    };
    HUECRY_TRY_ASSIGN(const bool alerts, impl_->alerts.expire(now, gone));
    HUECRY_TRY_ASSIGN(const bool offenders, impl_->offenders.expire(now));
    HUECRY_TRY(impl_->events.expire(now));
    return alerts || offenders;
}

std::optional<std::uint64_t> Projection::next_expiry() {
    auto row = impl_->around.db.prepare(
        "SELECT min(expiry_ms) FROM (SELECT min(expiry_ms) AS expiry_ms FROM alert UNION ALL "
        "SELECT min(expiry_ms) FROM photo WHERE item IS NOT NULL UNION ALL "
        "SELECT min(expiry_ms) FROM said UNION ALL "
        "SELECT min(expiry_ms) FROM offender)");
    const auto found = row.step();
    if (!found || !*found || row.is_null(0)) return std::nullopt;
    return row.unsigned_integer(0);
}

}  // namespace huecry::domain
