#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

// How long to wait before the next attempt.
namespace huecry::net {

/// A source of evenly distributed 64-bit numbers.
using Draw = std::function<std::uint64_t()>;

/// Exponential backoff with full jitter: the n-th delay is drawn evenly from 0 to
/// min(max, first * 2^n). Full jitter, because after a relay's restart all clients of a town begin
/// at the same moment and must not come back at the same moment.
class Backoff {
public:
    Backoff(std::chrono::milliseconds first, std::chrono::milliseconds max, Draw draw);

    [[nodiscard]] std::chrono::milliseconds next();
    /// After a success that lasted.
    void reset() { ceiling_ = first_; }
    /// How many milliseconds the next delay has at most.
    [[nodiscard]] std::chrono::milliseconds ceiling() const { return ceiling_; }

private:
    std::chrono::milliseconds first_;
    std::chrono::milliseconds max_;
    std::chrono::milliseconds ceiling_;
    Draw draw_;
};

}  // namespace huecry::net
