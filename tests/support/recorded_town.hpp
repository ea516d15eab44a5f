#pragma once

#include <string>

#include "sim/memory_store.hpp"
#include "support/relay_tape.hpp"

// The partnership of the recorded sessions, as a relay's store has it once everybody has joined.
namespace huecry::test {

class RecordedTown {
public:
    /// Plays the first section of `sessions`. Throws std::runtime_error.
    RecordedTown(const std::string& sessions, const std::string& folder);

    [[nodiscard]] const Bytes& relay_seed() const { return tape_.relay_seed; }
    /// The relay's clock when it was founded, and now.
    [[nodiscard]] std::uint64_t founded_ms() const { return tape_.time_ms; }
    [[nodiscard]] std::uint64_t time_ms() const { return time_ms_; }
    /// A copy of its own.
    [[nodiscard]] sim::MemoryStore store() const { return store_; }
    [[nodiscard]] PartnershipId partnership() const { return partnership_; }
    /// A device that may post.
    [[nodiscard]] SigningKey member() const { return signing_key_from_seed(tape_.member_seed); }

private:
    Tape tape_;
    sim::MemoryStore store_;
    PartnershipId partnership_;
    std::uint64_t time_ms_ = 0;
};

}  // namespace huecry::test
