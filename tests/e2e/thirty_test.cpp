#include <doctest/doctest.h>

#include <fstream>

#include "town.hpp"

// A town of thirty: everybody listens, everybody is told, everybody is counted.
namespace huecry::test {
namespace {

constexpr int members = 30;
const char* const roles[] = {"retailer", "security", "warden", "cctv"};

std::uint64_t resident_kib(int process) {
    std::ifstream status("/proc/" + std::to_string(process) + "/status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with("VmRSS:")) return std::stoull(line.substr(6));
    return 0;
}

}  // namespace

TEST_CASE("thirty members: everybody is told, and answers are counted") {
    Town town;
    const auto olivia = town.found();
    const auto desk = town.listen(olivia);
    std::vector<Person> people;
    std::vector<std::unique_ptr<Process>> listeners;
    for (int i = 1; i < members; ++i) {
        people.push_back(town.admit(olivia, "member" + std::to_string(i), roles[i % 4]));
        listeners.push_back(town.listen(people.back()));
    }
    for (const auto& listener : listeners) (void)listener->errors();
    constexpr int rounds = 5;
    for (int round = 0; round < rounds; ++round) {
        const auto text = "round " + std::to_string(round);
        const auto sent = town.json_of(people[static_cast<std::size_t>(round)],
                                       {"send", "town", text, "--category", "violence"});
        CHECK(sent.at("readers").to_number<int>() == members - 1);
        for (std::size_t i = 0; i < listeners.size(); ++i) {
            if (i == static_cast<std::size_t>(round)) continue;
            for (;;) {
                const auto event = next_event(*listeners[i], "alert-received");
                if (text_of(event.at("alert"), "text") == text) break;
            }
        }
    }
    // Acknowledgements are lazy: each look is a command of its own, and they end.
    int delivered = 0;
    for (int looks = 0; looks < 400 && delivered < members - 1; ++looks) {
        const auto status = town.json_of(people[4], {"status", "last"});
        delivered = status.at("delivered").to_number<int>();
    }
    CHECK(delivered == members - 1);
    MESSAGE("resident memory: relay " << resident_kib(town.relay().id()) << " KiB, a client "
                                      << resident_kib(listeners.front()->id()) << " KiB");
}

}  // namespace huecry::test
