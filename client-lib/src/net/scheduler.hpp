#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

// Where and when things run, as the domain sees it: one thread, two clocks, timers. The product's
// is net/runtime.hpp; a simulation brings its own with a virtual clock.
namespace huecry::net {

/// A pending call. Destroying it cancels: after that the function never runs. It may be destroyed
/// inside its own function.
class Timer {
public:
    virtual ~Timer() = default;
};

/// All functions handed in run on one thread, one after the other, never inside the call that
/// hands them in. Only `post` may be called from another thread.
class Scheduler {
public:
    virtual ~Scheduler() = default;

    /// Runs `f` soon, in the order of the calls. After the scheduler has stopped it is dropped.
    virtual void post(std::function<void()> f) = 0;

    /// Runs `f` once, not earlier than `delay` from now. Keep the timer: dropping it cancels.
    [[nodiscard]] virtual std::unique_ptr<Timer> after(std::chrono::milliseconds delay,
                                                       std::function<void()> f) = 0;

    /// Never goes back, says nothing about the date.
    [[nodiscard]] virtual std::chrono::milliseconds monotonic() const = 0;

    /// This device's clock: milliseconds since 1970 UTC. May be wrong and may jump.
    [[nodiscard]] virtual std::uint64_t wall_ms() const = 0;
};

}  // namespace huecry::net
