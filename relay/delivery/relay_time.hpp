#pragma once

#include <algorithm>
#include <cstdint>

#include "auth/environment.hpp"
#include "huecry/limits.hpp"

namespace huecry::relay {

/// The relay's own time: the wall clock, made non-decreasing. When the wall clock leaves the steady
/// clock's track by more than relay_clock_jump_s, time goes on by the steady clock and is `held`
/// until an operator has confirmed the new one.
class RelayTime {
public:
    /// `floor_ms`: the latest time that the store has seen; 0: none. A wall clock more than the
    /// jump below it, or more than relay_clock_gap_s above, is held at once; so is one that was
    /// `held` when the relay stopped: a restart confirms nothing.
    RelayTime(const Clock& clock, std::uint64_t floor_ms, bool held)
        : clock_(clock),
          held_(held || clock.wall_ms() + jump_ms < floor_ms ||
                (floor_ms != 0 && clock.wall_ms() > floor_ms + gap_ms)),
          last_(held_ ? floor_ms : std::max(clock.wall_ms(), floor_ms)),
          anchor_wall_(last_),
          anchor_steady_(clock.steady_ms()) {}

    /// Something in the store is later than `floor_ms` was.
    void raise(std::uint64_t seen_ms) {
        if (seen_ms <= last_) return;
        if (clock_.wall_ms() + jump_ms < seen_ms) held_ = true;
        last_ = anchor_wall_ = seen_ms;
        anchor_steady_ = clock_.steady_ms();
    }

    [[nodiscard]] std::uint64_t now() {
        const auto track = anchor_wall_ + (clock_.steady_ms() - anchor_steady_);
        const auto wall = clock_.wall_ms();
        if (!held_ && (wall > track + jump_ms || wall + jump_ms < track)) held_ = true;
        last_ = std::max(last_, held_ ? track : wall);
        return last_;
    }
    /// Follows the small corrections of the wall clock; once a second or so.
    void tick() {
        const auto time = now();
        if (held_) return;
        anchor_wall_ = std::max(time, clock_.wall_ms());
        anchor_steady_ = clock_.steady_ms();
    }
    [[nodiscard]] bool held() const { return held_; }
    void confirm() {
        held_ = false;
        last_ = std::max(last_, clock_.wall_ms());
        anchor_wall_ = clock_.wall_ms();
        anchor_steady_ = clock_.steady_ms();
    }

private:
    static constexpr std::uint64_t jump_ms = limits::relay_clock_jump_s * 1000;
    static constexpr std::uint64_t gap_ms = limits::relay_clock_gap_s * 1000;

    const Clock& clock_;
    bool held_;
    std::uint64_t last_;
    std::uint64_t anchor_wall_;
    std::uint64_t anchor_steady_;
};

}  // namespace huecry::relay
