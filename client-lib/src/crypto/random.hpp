#pragma once

#include <cstdint>
#include <span>

#include "huecry/wire/bytes.hpp"
#include "huecry/wire/secret.hpp"

// Randomness is passed in: the engine never asks the system, so that a test can repeat a run.
namespace huecry::crypto {

class Random {
public:
    virtual ~Random() = default;
    /// Fills all of `out` with bytes that nobody can predict.
    virtual void fill(std::span<std::uint8_t> out) = 0;

    [[nodiscard]] Bytes bytes(std::size_t n);
    [[nodiscard]] SecretBytes secret(std::size_t n);
    [[nodiscard]] std::uint32_t u32();
};

/// The operating system's generator (libsodium). Safe from several threads.
class SystemRandom final : public Random {
public:
    SystemRandom();
    void fill(std::span<std::uint8_t> out) override;
};

}  // namespace huecry::crypto
