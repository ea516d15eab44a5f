#include <doctest/doctest.h>

#include <iostream>

#include "sim/plants.hpp"

// One program for each bug, HUECRY_PLANT: it must be found soon.
using namespace huecry::sim;

TEST_CASE("the planted bug is found") {
    constexpr std::uint64_t patience = 1000;
    for (std::uint64_t seed = 1; seed <= patience; ++seed) {
        const auto outcome = run_seed(planted(HUECRY_PLANT, seed));
        if (outcome.failures.empty()) continue;
        std::cout << HUECRY_PLANT << " is found by seed " << seed << ": "
                  << outcome.failures.front() << "\n";
        return;
    }
    FAIL("not found: " HUECRY_PLANT);
}
