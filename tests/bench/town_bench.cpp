#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>

#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include "e2e/town.hpp"

// From `huecry send` to the last of thirty listening members, with the real programs on loopback.
// Every member's device is a process of its own on this machine. Prints figures, judges nothing.
namespace huecry::test {
namespace {

using Time = std::chrono::steady_clock::time_point;
constexpr int members = 30;
constexpr int rounds = 60;

std::uint64_t resident_kib(int process) {
    std::ifstream status("/proc/" + std::to_string(process) + "/status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with("VmRSS:")) return std::stoull(line.substr(6));
    return 0;
}

double milliseconds(Time from, Time to) {
    return std::chrono::duration<double, std::milli>(to - from).count();
}

void print(const char* what, std::vector<double> times) {
    std::sort(times.begin(), times.end());
    const auto at = [&](double share) {
        return times.at(static_cast<std::size_t>(share * static_cast<double>(times.size() - 1)));
    };
    std::printf("%-52s median %7.1f ms   99th percentile %7.1f ms   max %7.1f ms\n", what, at(0.5),
                at(0.99), times.back());
}

}  // namespace

TEST_CASE("thirty listening members") {
    Town town;
    const auto olivia = town.found();
    const auto desk = town.listen(olivia);
    std::vector<std::unique_ptr<Process>> listeners;
    Person sender;
    std::unique_ptr<Process> owner;
    for (int i = 1; i < members; ++i) {
        const auto person = town.admit(olivia, "member" + std::to_string(i), "retailer");
        auto listener = town.listen(person);
        if (i == 1) {
            sender = person;
            owner = std::move(listener);
        } else {
            listeners.push_back(std::move(listener));
        }
    }
    std::vector<double> all, command;
    for (int round = 0; round < rounds; ++round) {
        const auto text = "round " + std::to_string(round);
        const auto start = std::chrono::steady_clock::now();
        Process sending(town.command(sender, {"send", "town", text, "--json"}));
        for (auto& listener : listeners) {
            while (text_of(next_event(*listener, "alert-received").at("alert"), "text") != text) {
            }
        }
        all.push_back(milliseconds(start, std::chrono::steady_clock::now()));
        (void)sending.wait();
        command.push_back(milliseconds(start, std::chrono::steady_clock::now()));
    }
    std::printf("%d members listening, %d alerts\n", members, rounds);
    print("send (handed to the listening owner) to the last", all);
    print("send to its own end", command);
    std::printf("resident memory: relay %llu KiB, a client %llu KiB\n",
                static_cast<unsigned long long>(resident_kib(town.relay().id())),
                static_cast<unsigned long long>(resident_kib(listeners.front()->id())));
}

}  // namespace huecry::test

int main(int argc, char** argv) {
    doctest::Context context(argc, argv);
    return context.run();
}
