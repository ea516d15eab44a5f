#pragma once

#include "sim/life.hpp"

namespace huecry::sim {

struct Outcome {
    std::uint64_t seed = 0;
    std::vector<std::string> failures, diary, notes;
    Digest trace;
    Witness::Counts counts;
};

/// One world from birth to rest. The same seed gives the same outcome, to the byte.
struct Run {
    std::uint64_t seed = 1;
    StoreWrapper wrap{};
    std::function<void(Node&)> tamper{};
    bool keep_notes = false;
};
[[nodiscard]] Outcome run_seed(const Run& run);
/// As text, with how to run it again.
[[nodiscard]] std::string describe(const Outcome& outcome);

}  // namespace huecry::sim
