#include <sys/resource.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "bench/fanout/huecry_side.hpp"
#include "bench/fanout/mosquitto_side.hpp"
#include "bench/fanout/world.hpp"

// The relay under load beside mosquitto, in one run on one machine. Prints figures; whoever reads
// them judges. Exits with 1 when a delivery was missing or wrong.
using namespace huecry::bench;

namespace {

constexpr const char* usage =
    "fanout_bench [SCENARIO...] [options]\n"
    "  A        one channel, 100, 600 and 2000 readers, 64 alerts not yet accepted\n"
    "  A1       the same with 600 readers and a lone alert in flight\n"
    "  B        10 alerts a second to 600 readers: latency\n"
    "  C        600 readers away for 1000 alerts, all back at once\n"
    "  D        2000 and 9000 idle connections: memory, handshakes\n"
    "  E        200 channels of 50 readers\n"
    "  ingest   1, 8, 64, 512 senders at a time, and one with 256 in flight\n"
    "  F        a mixed day: 20 alerts, 20 reconnects, a photo a second to 600 readers\n"
    "  growth   readers, channels and backlog doubled three times\n"
    "  without any: A1 A B C E F ingest\n"
    "  --rounds N      interleaved rounds (5)\n"
    "  --readers N,N   in place of the scenario's own numbers (ingest: of its senders, these)\n"
    "  --scale X       of the number of alerts (1)\n"
    "  --alone         without mosquitto\n"
    "  --json          one JSON document in place of tables\n"
    "  --smoke         a tiny run of A, A1 and C: it works at all\n";

[[noreturn]] void quit(bool help) {
    std::fputs(usage, help ? stdout : stderr);
    std::exit(help ? 0 : 2);
}

std::vector<std::size_t> numbers(const char* text) {
    std::vector<std::size_t> out;
    char* end = nullptr;
    for (; *text != '\0'; text = *end == ',' ? end + 1 : end) {
        out.push_back(std::strtoul(text, &end, 10));
        if (end == text || out.back() == 0 || (*end != ',' && *end != '\0')) quit(false);
    }
    return out;
}

Options parse(int argc, char** argv) {
    Options out;
    for (int i = 1; i < argc; ++i) {
        const std::string arg = argv[i];
        const auto value = [&] { return i + 1 < argc ? argv[++i] : (quit(false), ""); };
        if (arg == "--rounds") {
            out.rounds = numbers(value()).at(0);
        } else if (arg == "--readers") {
            out.readers = numbers(value());
        } else if (arg == "--scale") {
            out.scale = std::strtod(value(), nullptr);
        } else if (arg == "--alone") {
            out.alone = true;
        } else if (arg == "--json") {
            out.json = true;
        } else if (arg == "--smoke") {
            out.scenarios = {"A", "A1", "C"};
            out.readers = {10};
            out.rounds = 1;
            out.scale = 0.02;
        } else if (arg == "--help" || arg.starts_with("-")) {
            quit(arg == "--help");
        } else {
            out.scenarios.push_back(arg);
        }
    }
    if (out.scenarios.empty()) out.scenarios = {"A1", "A", "B", "C", "E", "F", "ingest"};
    return out;
}

void run(World& world, const std::string& scenario) {
    if (scenario == "A") return fan_out(world, 64);
    if (scenario == "A1") return fan_out(world, 1);
    if (scenario == "B") return light_load(world);
    if (scenario == "C") return catch_up(world);
    if (scenario == "D") return idle(world);
    if (scenario == "E") return many_channels(world);
    if (scenario == "F") return mixed_day(world);
    if (scenario == "growth") return growth(world);
    if (scenario == "ingest") return ingest(world);
    quit(false);
}

void explain(World& world) {
    auto& report = world.report;
    const auto& cores = world.cores;
    report.note(cores.server < 0 ? "one core only: nothing is pinned, wall times mean little"
                                 : "servers on core " + std::to_string(cores.server) +
                                       ", generator on core " + std::to_string(cores.generator));
    report.note("relay.toml:\n" + relay_configuration());
    if (world.options.alone) {
        report.note("mosquitto is not installed or not wanted: the relay alone");
    } else {
        report.note("mosquitto.conf:\n" + mosquitto_configuration(0, "FOLDER"));
    }
}

}  // namespace

int main(int argc, char** argv) {
    auto options = parse(argc, argv);
    if (mosquitto_program().empty()) options.alone = true;
    std::signal(SIGPIPE, SIG_IGN);
    catch_interruptions();
    rlimit files{};
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    World world(std::move(options));
    pin(0, world.cores.generator);
    explain(world);
    try {
        for (const auto& scenario : world.options.scenarios) run(world, scenario);
    } catch (const Interrupted&) {
        return 130;
    }
    world.report.end();
    return world.report.whole() ? 0 : 1;
}
