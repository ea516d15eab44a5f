#include <poll.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#include "bench/fanout/server.hpp"
#include "fault/attackers/attack.hpp"
#include "fault/attackers/honest.hpp"
#include "fault/attackers/tenant.hpp"
#include "huecry/limits.hpp"

// Ten thousand attackers of one kind at a time, from two processes and hundreds of addresses,
// against the real relay with the limits that it has by default; meanwhile members go on with
// their day, and are measured with and without them in turn.
using namespace huecry;
using namespace huecry::fault;
using namespace std::chrono_literals;

namespace {

constexpr const char* usage =
    "attackers_test [KIND...] [options]\n"
    "  idle-tcp byte-a-second half-hello silent-tls dribbled-upgrade silent-websocket\n"
    "  refused-hello, or tenant: another partnership at ten times its quota; without any: all\n"
    "  --connections N  of both processes together (10000)\n"
    "  --rounds N       with and without, in turn (3)\n"
    "  --seconds N      of each (6)\n"
    "  --smoke          600 connections of three kinds, one second each, latencies unjudged\n";

struct Options {
    std::vector<Attack> kinds;
    std::size_t connections = 10'000;
    std::size_t rounds = 3;
    unsigned seconds = 6;
    bool smoke = false;
    bool tenant = false;
    std::optional<AttackPlan> attack;  // this is an attacker
};

[[noreturn]] void quit(int code) {
    std::fputs(usage, code == 0 ? stdout : stderr);
    std::exit(code);
}

Options parse(int argc, char** argv) {
    Options out;
    AttackPlan plan;
    for (int i = 1; i < argc; ++i) {
        const std::string arg = argv[i];
        const auto text = [&] { return std::string(i + 1 < argc ? argv[++i] : (quit(2), "")); };
        const auto number = [&] { return std::strtoul(text().c_str(), nullptr, 10); };
        if (arg == "--connections") {
            out.connections = number();
        } else if (arg == "--rounds") {
            out.rounds = number();
        } else if (arg == "--seconds") {
            out.seconds = static_cast<unsigned>(number());
        } else if (arg == "--smoke") {
            out.smoke = true;
            out.connections = 600;
            out.rounds = 1;
            out.seconds = 1;
        } else if (arg == "--port") {
            plan.port = static_cast<std::uint16_t>(number());
            out.attack = plan;
        } else if (arg == "--number") {
            plan.number = number();
            out.attack = plan;
        } else if (arg == "tenant") {
            out.tenant = true;
        } else if (const auto kind = attack_named(arg)) {
            out.kinds.push_back(*kind);
        } else {
            quit(arg == "--help" ? 0 : 2);
        }
    }
    if (out.kinds.empty() && !out.tenant) {
        out.tenant = true;
        out.kinds = {Attack::byte_a_second, Attack::silent_tls, Attack::refused_hello};
        for (std::size_t i = 0; i < attacks && !out.smoke; ++i)
            if (!std::ranges::count(out.kinds, static_cast<Attack>(i)))
                out.kinds.push_back(static_cast<Attack>(i));
    }
    if (out.attack) {
        out.attack->kind = out.kinds.front();
        out.attack->connections = out.connections;
        out.attack->seconds = out.seconds;
    }
    return out;
}

void raise_file_limit() {
    rlimit files{};
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
}

/// Two processes of this program that attack for as long as it lives.
class Attackers {
public:
    Attackers(const Options& options, Attack kind, std::uint16_t port) {
        for (std::size_t i = 0; i < 2; ++i) {
            test::Process::Options process;
            process.program = std::filesystem::read_symlink("/proc/self/exe");
            process.arguments = {std::string(name(kind)),
                                 "--port",
                                 std::to_string(port),
                                 "--number",
                                 std::to_string(i),
                                 "--connections",
                                 std::to_string(options.connections / 2),
                                 "--seconds",
                                 "120"};
            processes_.push_back(std::make_unique<test::Process>(process));
        }
    }
    AttackReport end() {
        AttackReport sum;
        for (auto& process : processes_) process->close_input();
        for (auto& process : processes_) {
            const auto line = process->read_line(60s);
            const auto report = line ? AttackReport::parse(*line) : std::nullopt;
            if (!report) throw std::runtime_error("an attacker has failed: " + process->errors());
            sum.connected += report->connected;
            sum.secured += report->secured;
            sum.upgraded += report->upgraded;
            sum.thrown_out += report->thrown_out;
            sum.most += report->most;
        }
        return sum;
    }

private:
    std::vector<std::unique_ptr<test::Process>> processes_;
};

std::size_t open_files(int process) {
    const auto folder = "/proc/" + std::to_string(process) + "/fd";
    std::size_t out = 0;
    for ([[maybe_unused]] const auto& file : std::filesystem::directory_iterator(folder)) ++out;
    return out;
}

struct Row {
    Measured without, with;
    AttackReport attack;
    double resident_before_kib = 0, resident_most_kib = 0;
    std::size_t files_before = 0, files_after = 0;
    double unproved_most = 0;
};

/// One of the members' values is at most twice the other, or both too small to tell.
bool within(double with, double without, double floor_ms) {
    return with <= std::max(2 * without, floor_ms);
}

/// What else this machine does is not what is measured: the relay goes before it, with attackers
/// and without. False without the right to it.
bool served_before_others(int process) {
    bool done = true;
    for (const auto& task :
         std::filesystem::directory_iterator("/proc/" + std::to_string(process) + "/task")) {
        const auto id = static_cast<id_t>(std::stoul(task.path().filename().string()));
        done = setpriority(PRIO_PROCESS, id, -15) == 0 && done;
    }
    return done;
}

class Trial {
public:
    Trial(const Options& options, const test::RelayProcess& relay, Honest& honest, int id)
        : options_(options), relay_(relay), honest_(honest), process_(id) {}

    bool run(Attack kind) {
        Row row;
        row.files_before = open_files(process_);
        row.resident_before_kib = bench::resident_kib(process_);
        for (std::size_t round = 0; round < options_.rounds; ++round) one_round(kind, row);
        row.files_after = files_return_to(row.files_before);
        return judge(kind, row);
    }

private:
    static void add(Measured& to, const Measured& more) {
        to.alerts.add(more.alerts);
        to.logins.add(more.logins);
        to.lost += more.lost;
    }
    void watch(Row& row) const {
        row.resident_most_kib = std::max(row.resident_most_kib, bench::resident_kib(process_));
        row.unproved_most =
            std::max(row.unproved_most, metric(relay_, "huecry_relay_net_unproved"));
    }
    void one_round(Attack kind, Row& row) {
        const std::chrono::seconds time(options_.seconds);
        add(row.without, honest_.measure(time, 20ms));
        Attackers attackers(options_, kind, relay_.port());
        (void)honest_.measure(options_.smoke ? 1s : 2s, 50ms);  // until all are there
        watch(row);
        add(row.with, honest_.measure(time, 20ms));
        watch(row);
        const auto report = attackers.end();
        row.attack.connected += report.connected;
        row.attack.secured += report.secured;
        row.attack.upgraded += report.upgraded;
        row.attack.thrown_out += report.thrown_out;
        row.attack.most = std::max(row.attack.most, report.most);
        if (!metric_becomes(relay_, "huecry_relay_net_unproved", 0))
            throw std::runtime_error("the attackers are gone, their connections stay");
    }
    [[nodiscard]] std::size_t files_return_to(std::size_t before) const {
        std::size_t now = 0;
        for (int i = 0; i < 100; ++i) {
            now = open_files(process_);
            if (now <= before) break;
            poll(nullptr, 0, 50);  // sockets that the kernel still closes
        }
        return now;
    }
    [[nodiscard]] bool judge(Attack kind, const Row& row) const {
        const auto& a = row.without;
        const auto& b = row.with;
        const auto bound_kib =
            resident_at_start_kib_ +
            static_cast<double>(limits::max_unproved * limits::unproved_bytes) / 1024;
        std::printf(
            "%-17s alerts %zu/%zu  p50 %.2f → %.2f ms (%.2f)  p99 %.2f → %.2f ms (%.2f)  "
            "logins p99 %.0f → %.0f ms, lost %zu/%zu  connected %llu secured %llu thrown out %llu  "
            "unproved ≤ %.0f  RSS %.1f → %.1f MiB (bound %.0f)  files %zu → %zu\n",
            std::string(name(kind)).c_str(), a.alerts.size(), b.alerts.size(),
            a.alerts.quantile(0.5), b.alerts.quantile(0.5),
            b.alerts.quantile(0.5) / a.alerts.quantile(0.5), a.alerts.quantile(0.99),
            b.alerts.quantile(0.99), b.alerts.quantile(0.99) / a.alerts.quantile(0.99),
            a.logins.quantile(0.99), b.logins.quantile(0.99), a.lost, b.lost,
            static_cast<unsigned long long>(row.attack.connected),
            static_cast<unsigned long long>(row.attack.secured),
            static_cast<unsigned long long>(row.attack.thrown_out), row.unproved_most,
            row.resident_before_kib / 1024, row.resident_most_kib / 1024, bound_kib / 1024,
            row.files_before, row.files_after);
        std::fflush(stdout);
        bool good = true;
        const auto expect = [&](bool holds, const char* what) {
            if (!holds) std::printf("  FAILED: %s\n", what);
            good = good && holds;
        };
        // In a second of a busy machine there may be fewer.
        expect(row.attack.connected >= (options_.smoke ? 1 : options_.connections),
               "the attack took place");
        expect(row.resident_most_kib <= bound_kib, "memory stays within its bound");
        expect(row.files_after <= row.files_before, "every file descriptor comes back");
        expect(row.unproved_most <= static_cast<double>(limits::max_unproved),
               "no more unproved connections than the limit");
        expect(b.lost == 0, "every member is let in");
        if (options_.smoke) return good;
        expect(within(b.alerts.quantile(0.5), a.alerts.quantile(0.5), 0),
               "the median within twice");
        expect(within(b.alerts.quantile(0.99), a.alerts.quantile(0.99), 0), "p99 within twice");
        expect(b.logins.quantile(0.99) < 1000, "a member is let in within a second");
        return good;
    }

    const Options& options_;
    const test::RelayProcess& relay_;
    Honest& honest_;
    int process_;
    double resident_at_start_kib_ = bench::resident_kib(process_);
};

/// Another partnership posts ten times its quota: this one's alerts are late by less than half.
bool run_tenant(const Options& options, const test::RelayProcess& relay, Honest& honest) {
    const RawTown town(relay, options.smoke ? 3 : 10);
    Measured without, with;
    std::uint64_t accepted = 0, refused = 0;
    for (std::size_t round = 0; round < options.rounds; ++round) {
        const std::chrono::seconds time(options.seconds);
        without.alerts.add(honest.measure(time, 20ms).alerts);
        const Tenant tenant(relay, town);
        // Its burst goes through first, as it may.
        for (int i = 0; i < 20 && tenant.refused() == 0 && !options.smoke; ++i)
            (void)honest.measure(1s, 50ms);
        with.alerts.add(honest.measure(time, 20ms).alerts);
        accepted += tenant.accepted();
        refused += tenant.refused();
    }
    const auto ratio = [&](double part) {
        return with.alerts.quantile(part) / without.alerts.quantile(part);
    };
    std::printf(
        "tenant at ten times its quota: accepted %llu, refused %llu; alerts %zu/%zu  p50 %.2f → "
        "%.2f ms (%.2f)  p99 %.2f → %.2f ms (%.2f)\n",
        static_cast<unsigned long long>(accepted), static_cast<unsigned long long>(refused),
        without.alerts.size(), with.alerts.size(), without.alerts.quantile(0.5),
        with.alerts.quantile(0.5), ratio(0.5), without.alerts.quantile(0.99),
        with.alerts.quantile(0.99), ratio(0.99));
    std::fflush(stdout);
    if (options.smoke) return true;
    if (refused == 0 || ratio(0.5) >= 1.5) std::printf("  FAILED: the median within half more\n");
    return refused != 0 && ratio(0.5) < 1.5;
}

bool run_all(const Options& options) {
    const auto cores = bench::choose_cores();
    bench::pin(0, cores.generator);
    // Who measures is served before who attacks from the same core; without the right to it, the
    // attackers stand in the way of the measurement as well.
    const sched_param first{1};
    const bool served_first = sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &first) == 0;
    std::printf(
        "%zu attackers from 2 processes, relay on core %d, all others on core %d, %s; load %s\n",
        options.connections, cores.server, cores.generator,
        served_first ? "members before attackers" : "members beside attackers",
        bench::load_average().c_str());
    test::TemporaryDirectory folder;
    test::RelayProcess relay(folder.path() / "relay");
    bench::pin(relay.process().id(), cores.server);
    if (!served_before_others(relay.process().id()))
        std::printf(
            "without the right to a higher priority: what else runs here is measured too\n");
    Honest honest(relay, options.smoke ? 10 : 40);
    Trial trial(options, relay, honest, relay.process().id());
    bool good = true;
    for (const auto kind : options.kinds) good = trial.run(kind) && good;
    if (options.tenant) good = run_tenant(options, relay, honest) && good;
    return good;
}

}  // namespace

int main(int argc, char** argv) {
    const auto options = parse(argc, argv);
    std::signal(SIGPIPE, SIG_IGN);
    raise_file_limit();
    try {
        if (options.attack) {
            std::printf("%s\n", attack(*options.attack).text().c_str());
            return 0;
        }
        return run_all(options) ? 0 : 1;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "attackers_test: %s\n", error.what());
        return 1;
    }
}
