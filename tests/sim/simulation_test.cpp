#include <doctest/doctest.h>

#include <chrono>
#include <cstdlib>
#include <iostream>

#include "sim/run_seed.hpp"

using namespace huecry;
using namespace huecry::sim;

namespace {

std::uint64_t from_environment(const char* name, std::uint64_t fallback) {
    const char* text = std::getenv(name);
    return text == nullptr ? fallback : std::strtoull(text, nullptr, 10);
}

constexpr std::uint64_t first_seed = 1;
constexpr std::uint64_t default_seeds = 300;  // about 45 s on one core

}  // namespace

TEST_CASE("as many lives as there are seeds") {
    if (const auto one = from_environment("HUECRY_SIM_SEED", 0); one != 0) {
        const auto outcome = run_seed({.seed = one, .keep_notes = true});
        std::cout << describe(outcome);
        REQUIRE(outcome.failures.empty());
        return;
    }
    const auto count = from_environment("HUECRY_SIM_SEEDS", default_seeds);
    const auto first = from_environment("HUECRY_SIM_FIRST", first_seed);
    Witness::Counts sum;
    const auto begun = std::chrono::steady_clock::now();
    const std::chrono::seconds box(from_environment("HUECRY_SIM_SECONDS", 0));
    auto seed = first;
    for (; seed < first + count; ++seed) {
        // Only when it is asked for: otherwise the content is the same on every machine.
        if (box.count() != 0 && std::chrono::steady_clock::now() - begun > box) break;
        const auto outcome = run_seed({.seed = seed});
        sum.alerts += outcome.counts.alerts;
        sum.shown += outcome.counts.shown;
        sum.entries += outcome.counts.entries;
        sum.commits += outcome.counts.commits;
        if (outcome.failures.empty()) continue;
        const auto again = run_seed({.seed = seed, .keep_notes = true});
        CHECK_MESSAGE(outcome.failures.empty(), describe(again));
    }
    const auto run = seed - first;
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
    std::cout << run << " seeds from " << first << " in " << took.count() << " s, "
              << static_cast<double>(run) / took.count() << " a second; " << sum.alerts
              << " alerts sent, " << sum.shown << " shown, " << sum.entries
              << " entries kept by the relay, " << sum.commits << " epochs compared\n";
    CHECK(sum.alerts > run);
    CHECK(sum.shown > run);
}

TEST_CASE("a seed replays exactly") {
    for (const std::uint64_t seed : {1U, 2U, 10U, 17U}) {
        const auto once = run_seed({.seed = seed});
        const auto twice = run_seed({.seed = seed});
        CHECK(once.trace.hex() == twice.trace.hex());
        CHECK(once.diary == twice.diary);
    }
    CHECK(run_seed({.seed = 1}).trace != run_seed({.seed = 2}).trace);
}
