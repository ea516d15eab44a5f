#pragma once

#include <random>

#include "auth/environment.hpp"
#include "crypto/random.hpp"

// Randomness that comes from the seed alone: for the client's engine, the relay and the story.
namespace huecry::sim {

class SeededRandom final : public crypto::Random, public relay::Random {
public:
    SeededRandom(std::uint64_t seed, std::uint64_t stream) : engine_(mix(seed, stream)) {}

    void fill(std::span<std::uint8_t> out) override {
        std::uint64_t word = 0;
        for (std::size_t i = 0; i < out.size(); ++i) {
            if (i % 8 == 0) word = engine_();
            out[i] = static_cast<std::uint8_t>(word >> (i % 8 * 8));
        }
    }
    /// 0 … n-1; n is not 0.
    [[nodiscard]] std::uint64_t below(std::uint64_t n) { return engine_() % n; }
    /// from … to, both included.
    [[nodiscard]] std::uint64_t between(std::uint64_t from, std::uint64_t to) {
        return from + below(to - from + 1);
    }
    [[nodiscard]] bool chance(std::uint64_t percent) { return below(100) < percent; }
    template <class IdType>
    [[nodiscard]] IdType id() {
        std::array<std::uint8_t, IdType::size> bytes{};
        fill(bytes);
        return IdType(bytes);
    }

private:
    /// splitmix64: neighbouring seeds give unrelated streams.
    static std::uint64_t mix(std::uint64_t seed, std::uint64_t stream) {
        auto z = seed * 0x9E3779B97F4A7C15ULL + stream * 0xD1B54A32D192ED03ULL + 1;
        z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
        z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
        return z ^ (z >> 31U);
    }
    std::mt19937_64 engine_;
};

}  // namespace huecry::sim
