#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "huecry/result.hpp"
#include "store/database.hpp"

// By which time things expire. Two sources: this device's clock and the relay's signed time. The
// latest time that both support within a day is a mark that is kept in the store and never falls.
namespace huecry::domain {

class Clock {
public:
    /// `wall` gives milliseconds since 1970 by this device, `monotonic` by a clock that never
    /// jumps.
    Clock(store::Database& db, std::function<std::uint64_t()> wall,
          std::function<std::uint64_t()> monotonic);
    /// Reads the mark. Once, before anything else.
    Result<void> load();

    /// The relay has signed this time just now.
    void heard_relay(std::uint64_t time_ms);
    /// Raises the mark if both sources support it, and writes it (its own statement; also inside a
    /// transaction). Called at every start, connect, tick.
    Result<void> advance();

    /// The time by which things are erased: never before the mark; a lone source that is far ahead
    /// does not count.
    [[nodiscard]] std::uint64_t erase_time() const;
    /// The time by which things are hidden: also what a lone source says.
    [[nodiscard]] std::uint64_t hide_time() const;
    /// This device's clock is behind the mark and the relay has not been heard in this run: show
    /// nothing.
    [[nodiscard]] bool hidden() const;
    /// Best guess of the true time, for what is written down and asked of the relay.
    [[nodiscard]] std::uint64_t now_ms() const;

private:
    /// What the relay's clock says by now, if it has been heard in this run.
    [[nodiscard]] std::optional<std::uint64_t> relay_now() const;

    store::Database& db_;
    std::function<std::uint64_t()> wall_, monotonic_;
    std::uint64_t mark_ms_ = 0;
    std::optional<std::uint64_t> relay_at_ms_, relay_heard_ms_;
};

}  // namespace huecry::domain
