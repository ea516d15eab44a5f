#pragma once

#include "auth/environment.hpp"

namespace huecry::relay {

/// The machine's clocks. Any thread.
class SystemClock final : public Clock {
public:
    [[nodiscard]] std::uint64_t wall_ms() const override;
    [[nodiscard]] std::uint64_t steady_ms() const override;
    [[nodiscard]] std::uint64_t steady_us() const override;
};

/// libsodium's generator, fed by the kernel. Any thread.
class SystemRandom final : public Random {
public:
    void fill(std::span<std::uint8_t> out) override;
};

}  // namespace huecry::relay
