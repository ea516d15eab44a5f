#pragma once

#include <algorithm>
#include <cstdint>

namespace huecry::relay {

/// So many a minute, with a burst of the same number. Time is the steady clock's.
class TokenBucket {
public:
    /// True when one more is allowed now; takes it.
    [[nodiscard]] bool take(std::uint64_t now_ms, std::uint64_t per_minute) {
        const auto full = per_minute * unit;
        if (!started_) {
            level_ = full;
            started_ = true;
        } else if (now_ms > last_ms_) {
            const auto elapsed = std::min(now_ms - last_ms_, unit);  // a minute fills it
            level_ = std::min(full, level_ + elapsed * per_minute);
        }
        last_ms_ = std::max(last_ms_, now_ms);
        if (level_ < unit) return false;
        level_ -= unit;
        return true;
    }
    /// Milliseconds until the next one is allowed.
    [[nodiscard]] std::uint64_t wait_ms(std::uint64_t per_minute) const {
        return level_ >= unit ? 0 : (unit - level_ + per_minute - 1) / per_minute;
    }

private:
    static constexpr std::uint64_t unit = 60'000;  // one token, in token-milliseconds per minute
    std::uint64_t level_ = 0;
    std::uint64_t last_ms_ = 0;
    bool started_ = false;
};

}  // namespace huecry::relay
