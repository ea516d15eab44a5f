#pragma once

#include <cstdint>
#include <span>

// What the relay's decisions take from outside: time and randomness. Nothing in store, blobs, auth
// or delivery reads a clock or a random device by itself.
namespace huecry::relay {

class Clock {
public:
    virtual ~Clock() = default;
    /// Milliseconds since 1970 UTC; may jump.
    [[nodiscard]] virtual std::uint64_t wall_ms() const = 0;
    /// Milliseconds since some fixed moment; never falls.
    [[nodiscard]] virtual std::uint64_t steady_ms() const = 0;
    /// Microseconds on the steady clock, for histograms only.
    [[nodiscard]] virtual std::uint64_t steady_us() const { return steady_ms() * 1000; }
};

class Random {
public:
    virtual ~Random() = default;
    /// Fills all of `out` with bytes fit for keys and nonces.
    virtual void fill(std::span<std::uint8_t> out) = 0;
};

}  // namespace huecry::relay
