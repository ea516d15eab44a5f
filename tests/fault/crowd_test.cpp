#include <doctest/doctest.h>

#include <cstdlib>

#include "fault/crowd.hpp"
#include "huecry/limits.hpp"

// Many readers that ask, and then read nothing.
using namespace huecry;
using namespace huecry::fault;
using namespace huecry::test;

namespace {

std::size_t wanted_readers() {
    const char* text = std::getenv("HUECRY_FAULT_READERS");
    return text == nullptr ? 60 : std::strtoul(text, nullptr, 10);
}

constexpr std::uint64_t flood = 1800;  // alerts: half of them fill the store's cache, too

}  // namespace

TEST_CASE("readers that stop reading cost their window") {
    const auto readers = wanted_readers();
    Crowd crowd(readers);
    const auto begin = crowd.town->last_handshake(0);
    std::vector<std::unique_ptr<WireClient>> stopped;
    for (std::size_t i = 1; i < readers; ++i) {
        stopped.push_back(crowd.enter(crowd.town->device(i)));
        crowd.subscribe(*stopped.back(), begin);
    }
    const auto reader = crowd.enter(crowd.town->device(0));
    crowd.subscribe(*reader, begin);
    const auto begin_mib = crowd.resident_mib();
    // The first windows fill what the kernel and the caches take.
    crowd.post(flood / 2);
    CHECK(crowd.read_all(*reader, begin) == flood / 2);
    const auto before = crowd.resident_mib();
    crowd.post(flood / 2);
    CHECK(crowd.read_all(*reader, begin + flood / 2) == flood / 2);
    const auto after = crowd.resident_mib();
    const auto said = std::to_string(readers - 1) + " readers stopped: " + std::to_string(before) +
                      " MiB, then " + std::to_string(after) + " MiB";
    MESSAGE(said);
    // What the store's cache has still to fill is not theirs (relay/store/database.cpp).
    constexpr double cache_mib = 64;
    CHECK(after < std::max(1.1 * before, begin_mib + cache_mib) + 4);
    CHECK(metric(*crowd.relay, "huecry_relay_tail_bytes") <= limits::tail_bytes);
    CHECK(metric(*crowd.relay, "huecry_relay_net_queued_bytes") <= limits::waiting_bytes);
    CHECK(metric(*crowd.relay, "huecry_relay_net_outlet_overflow_total") == 0);

    // One asks for the same again and again, and reads nothing: no more than its window waits.
    for (int i = 0; i < 200; ++i) crowd.subscribe(*stopped.back(), begin);
    crowd.post(10);
    CHECK(metric(*crowd.relay, "huecry_relay_net_queued_bytes") <=
          static_cast<double>(limits::outlet_bytes));
    CHECK(crowd.resident_mib() < after + static_cast<double>(limits::outlet_bytes) / (1 << 20) + 4);

    // Whoever reads on has lost nothing.
    CHECK(crowd.read_all(*stopped.front(), begin) == flood + 10);
}
