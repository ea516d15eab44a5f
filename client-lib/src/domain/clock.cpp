#include "domain/clock.hpp"

#include <algorithm>
#include <array>

#include "huecry/limits.hpp"
#include "huecry/wire/codec.hpp"

namespace huecry::domain {
namespace {

constexpr std::uint64_t day_ms = limits::clock_tolerance_s * 1000;
constexpr std::string_view mark_key = "clock_mark";

// Two times support each other when they are within a day.
bool agree(std::uint64_t a, std::uint64_t b) { return std::max(a, b) - std::min(a, b) <= day_ms; }

}  // namespace

Clock::Clock(store::Database& db, std::function<std::uint64_t()> wall,
             std::function<std::uint64_t()> monotonic)
    : db_(db), wall_(std::move(wall)), monotonic_(std::move(monotonic)) {}

Result<void> Clock::load() {
    auto read = db_.prepare("SELECT value FROM setting WHERE key = ?");
    HUECRY_TRY_ASSIGN(const bool known, read.bind(mark_key).step());
    if (!known) return {};
    const Bytes value = read.blob(0);
    Reader in(value);
    const auto mark = in.u64();
    if (!in.done()) return Error{Errc::store_damaged, "the clock's mark"};
    mark_ms_ = mark;
    return {};
}

void Clock::heard_relay(std::uint64_t time_ms) {
    if (const auto relay = relay_now()) {
        // Heads of a moment ago come late and change nothing; a relay that has been set right by
        // more than a day is believed again.
        if (time_ms < *relay && agree(time_ms, *relay)) return;
    }
    relay_at_ms_ = time_ms;
    relay_heard_ms_ = monotonic_();
}

std::optional<std::uint64_t> Clock::relay_now() const {
    if (!relay_at_ms_ || !relay_heard_ms_) return std::nullopt;
    return *relay_at_ms_ + (monotonic_() - *relay_heard_ms_);
}

Result<void> Clock::advance() {
    const auto relay = relay_now();
    if (!relay) return {};
    // Within a day of each other both support the later one; else both say that it is at least as
    // late as the earlier one.
    const auto wall = wall_();
    const auto supported = agree(wall, *relay) ? std::max(wall, *relay) : std::min(wall, *relay);
    if (supported <= mark_ms_) return {};
    Writer value;
    value.u64(supported);
    HUECRY_TRY(db_.prepare("INSERT INTO setting (key, value) VALUES (?, ?) "
                           "ON CONFLICT (key) DO UPDATE SET value = excluded.value")
                   .bind(mark_key)
                   .bind(value.bytes())
                   .run());
    mark_ms_ = supported;
    return {};
}

std::uint64_t Clock::erase_time() const {
    std::uint64_t time = mark_ms_;
    const auto relay = relay_now();
    const auto wall = wall_();
    // A lone source counts as long as the mark itself supports it.
    const auto plausible = [&](std::uint64_t t) { return t <= mark_ms_ + day_ms; };
    if (plausible(wall)) time = std::max(time, wall);
    if (relay && plausible(*relay)) time = std::max(time, *relay);
    if (relay)
        time =
            std::max(time, agree(wall, *relay) ? std::max(wall, *relay) : std::min(wall, *relay));
    return time;
}

std::uint64_t Clock::hide_time() const {
    return std::max({erase_time(), wall_(), relay_now().value_or(0)});
}

bool Clock::hidden() const { return !relay_at_ms_ && wall_() < mark_ms_; }

std::uint64_t Clock::now_ms() const {
    if (const auto relay = relay_now()) return *relay;
    return std::max(wall_(), mark_ms_);
}

}  // namespace huecry::domain
