#pragma once

#include "sim/run_seed.hpp"

// Bugs on purpose: each shows that the witness would find its like. They are made of the
// simulation's own parts, so that the product has no place for them; one of them is built into its
// program (plant_void_applied.cpp).
namespace huecry::sim {

/// "ack_before_commit": the relay acknowledges what its store writes only with the next commit.
/// "no_dedup": the relay forgets what it has accepted. "lost_cursor": a client's place in a channel
/// does not reach its disk. "nonce_not_persisted": the sending ratchet does not. Any other name:
/// no change.
[[nodiscard]] Run planted(const std::string& bug, std::uint64_t seed);

}  // namespace huecry::sim
