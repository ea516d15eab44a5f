#include "crypto/random.hpp"

#include <sodium.h>

#include <stdexcept>

namespace huecry::crypto {

Bytes Random::bytes(std::size_t n) {
    Bytes out(n);
    fill(out);
    return out;
}

SecretBytes Random::secret(std::size_t n) {
    SecretBytes out(n);
    fill(out.span());
    return out;
}

std::uint32_t Random::u32() {
    std::uint8_t b[4];
    fill(b);
    return (std::uint32_t{b[0]} << 24) | (std::uint32_t{b[1]} << 16) | (std::uint32_t{b[2]} << 8) |
           b[3];
}

SystemRandom::SystemRandom() {
    if (sodium_init() < 0) throw std::runtime_error("libsodium cannot start");
}

void SystemRandom::fill(std::span<std::uint8_t> out) {
    if (!out.empty()) randombytes_buf(out.data(), out.size());
}

}  // namespace huecry::crypto
