#include "ops/clock.hpp"

#include <sodium.h>

#include <chrono>

namespace huecry::relay {
namespace {

template <class Unit, class TheClock>
std::uint64_t since_epoch() {
    const auto now = TheClock::now().time_since_epoch();
    return static_cast<std::uint64_t>(std::chrono::duration_cast<Unit>(now).count());
}

}  // namespace

std::uint64_t SystemClock::wall_ms() const {
    return since_epoch<std::chrono::milliseconds, std::chrono::system_clock>();
}
std::uint64_t SystemClock::steady_ms() const {
    return since_epoch<std::chrono::milliseconds, std::chrono::steady_clock>();
}
std::uint64_t SystemClock::steady_us() const {
    return since_epoch<std::chrono::microseconds, std::chrono::steady_clock>();
}

void SystemRandom::fill(std::span<std::uint8_t> out) { randombytes_buf(out.data(), out.size()); }

}  // namespace huecry::relay
