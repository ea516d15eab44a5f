#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "huecry/wire/bytes.hpp"

namespace huecry::bench {

using Time = std::chrono::steady_clock::time_point;
inline constexpr std::size_t payload_size = 1024;

/// The alerts' contents, the same bytes for both servers: `number` and a pattern made from it.
void write_payload(std::uint64_t number, std::span<std::uint8_t> out);
/// The number, or 0 when a byte is not as it was written.
[[nodiscard]] std::uint64_t read_payload(BytesView payload);

/// Who has been given what. A reader's alerts of a channel must come as 1, 2, 3 … without a gap,
/// a repeat or a wrong byte; the first fault makes the run worthless.
class Ledger {
public:
    /// Each reader has `slots` channels.
    Ledger(std::size_t readers, std::size_t slots) : slots_(slots), next_(readers * slots, 1) {}

    void delivered(std::size_t reader, std::size_t slot, std::uint64_t number);
    void fault(std::string what) {
        if (fault_.empty()) fault_ = std::move(what);
    }
    [[nodiscard]] const std::string& fault() const { return fault_; }
    [[nodiscard]] std::uint64_t count() const { return count_; }
    [[nodiscard]] std::uint64_t had(std::size_t reader, std::size_t slot) const {
        return next_[reader * slots_ + slot] - 1;
    }

    /// One alert's way to its readers; kept only while `trace` is not null.
    struct Alert {
        Time posted, accepted, median, last;
        std::size_t received = 0;
    };
    std::vector<Alert>* trace = nullptr;  // number − trace_from is the place
    std::uint64_t trace_from = 0;
    std::size_t trace_readers = 0;

private:
    std::size_t slots_;
    std::vector<std::uint64_t> next_;
    std::uint64_t count_ = 0;
    std::string fault_;
};

}  // namespace huecry::bench
