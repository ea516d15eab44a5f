#include "bench/fanout/ledger.hpp"

#include <cstring>

namespace huecry::bench {
namespace {

// Long enough that each number begins at a place of its own.
const std::array<std::uint8_t, 2 * payload_size>& pattern() {
    static const auto bytes = [] {
        std::array<std::uint8_t, 2 * payload_size> out{};
        std::uint32_t x = 0x9e3779b9;
        for (auto& b : out) {
            x = x * 1664525 + 1013904223;
            b = static_cast<std::uint8_t>(x >> 24);
        }
        return out;
    }();
    return bytes;
}

}  // namespace

void write_payload(std::uint64_t number, std::span<std::uint8_t> out) {
    std::memcpy(out.data(), &number, sizeof number);
    std::memcpy(out.data() + sizeof number, pattern().data() + number % payload_size,
                out.size() - sizeof number);
}

std::uint64_t read_payload(BytesView payload) {
    std::uint64_t number = 0;
    if (payload.size() < sizeof number || payload.size() > payload_size) return 0;
    std::memcpy(&number, payload.data(), sizeof number);
    const bool same =
        std::memcmp(payload.data() + sizeof number, pattern().data() + number % payload_size,
                    payload.size() - sizeof number) == 0;
    return same ? number : 0;
}

void Ledger::delivered(std::size_t reader, std::size_t slot, std::uint64_t number) {
    auto& next = next_[reader * slots_ + slot];
    if (number != next) {
        return fault("reader " + std::to_string(reader) + " was given " + std::to_string(number) +
                     " in place of " + std::to_string(next));
    }
    ++next;
    ++count_;
    if (trace == nullptr || number < trace_from || number - trace_from >= trace->size()) return;
    auto& alert = (*trace)[number - trace_from];
    ++alert.received;
    if (alert.received == (trace_readers + 1) / 2) alert.median = std::chrono::steady_clock::now();
    if (alert.received == trace_readers) alert.last = std::chrono::steady_clock::now();
}

}  // namespace huecry::bench
