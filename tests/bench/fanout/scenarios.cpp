#include <algorithm>
#include <cmath>

#include "bench/fanout/floor.hpp"
#include "bench/fanout/world.hpp"

namespace huecry::bench {
namespace {

double quantile(std::vector<double> values, double share) {
    if (values.empty()) return 0;
    std::sort(values.begin(), values.end());
    return values[static_cast<std::size_t>(
        std::lround(share * static_cast<double>(values.size() - 1)))];
}

double milliseconds(Time from, Time to) {
    return std::chrono::duration<double, std::milli>(to - from).count();
}

/// Runs a scenario; whatever goes wrong in it leaves it without figures.
void guarded(World& world, const std::string& name, const std::function<void()>& run) {
    try {
        world.report.note("load " + load_average());
        run();
    } catch (const std::exception& error) {
        world.report.drop(name, error.what());
    }
    world.io.restart();
    world.io.poll();
    world.report.print(name);
}

std::vector<std::size_t> readers_or(const World& world, std::vector<std::size_t> usual) {
    if (world.options.readers.empty()) return usual;
    return world.options.readers;
}

/// One alert every `interval`; returns when all readers have had all.
void post_steadily(World& world, Side& side, std::size_t count, std::chrono::milliseconds interval,
                   std::vector<Ledger::Alert>& alerts,
                   const std::function<void(std::size_t)>& besides = {}) {
    const auto before = side.ledger().count();
    const auto readers = side.plan().readers;
    alerts.assign(count, {});
    side.ledger().trace = &alerts;
    side.ledger().trace_from = side.ledger().had(0, 0) + 1;
    side.ledger().trace_readers = readers;
    std::size_t accepted = 0;
    side.on_accepted = [&](std::size_t) {
        alerts[accepted++].accepted = std::chrono::steady_clock::now();
    };
    asio::steady_timer timer(world.io);
    std::size_t posted = 0;
    std::function<void()> next = [&] {
        alerts[posted++].posted = std::chrono::steady_clock::now();
        side.post(0, 0);
        if (besides) besides(posted);
        if (posted == count) return;
        timer.expires_at(timer.expiry() + interval);
        timer.async_wait([&](boost::system::error_code error) {
            if (!error) next();
        });
    };
    timer.expires_after(std::chrono::milliseconds(0));
    next();
    side.run_until(
        [&] { return accepted == count && side.ledger().count() - before == count * readers; },
        std::chrono::seconds(20));
    side.ledger().trace = nullptr;
    side.on_accepted = [](std::size_t) {};
}

struct Return {
    double accepted_a_second = 0, wall = 0, cpu = 0;
};

/// All readers go, `backlog` alerts are posted, all come back and catch up.
Return come_back(Side& side, std::size_t backlog, std::size_t handshakes) {
    const auto readers = side.plan().readers;
    side.drop_readers();
    const auto before = side.ledger().count();
    std::size_t accepted = 0;
    std::size_t posted = 0;
    const auto post = [&] {
        if (posted < backlog) side.post(0, 0), ++posted;
    };
    side.on_accepted = [&](std::size_t) {
        ++accepted;
        post();
    };
    Return out;
    const Stretch away(side);
    for (int i = 0; i < 64; ++i) post();
    side.run_until([&] { return accepted == backlog; }, std::chrono::seconds(30));
    out.accepted_a_second = static_cast<double>(backlog) / away.wall();
    side.on_accepted = [](std::size_t) {};
    const Stretch back(side);
    side.connect_readers(0, readers, handshakes);
    side.run_until([&] { return side.ledger().count() == before + readers * backlog; },
                   std::chrono::seconds(30));
    out.wall = back.wall();
    out.cpu = back.cpu();
    return out;
}

}  // namespace

void fan_out(World& world, std::size_t window) {
    for (const auto readers :
         readers_or(world, window == 1 ? std::vector<std::size_t>{600}
                                       : std::vector<std::size_t>{100, 600, 2000})) {
        const auto name =
            "A window " + std::to_string(window) + ", " + std::to_string(readers) + " readers";
        guarded(world, name, [&] {
            Pair pair(world, {.readers = readers});
            pair.each([&](Side& side, std::size_t) {
                side.connect_posters();
                side.connect_readers(0, readers);
                post_all(side, 2 * window, window, window == 1);
            });
            pair.rounds(world.options.rounds, [&](Side& side, std::size_t which) {
                // About a second of work for either.
                const std::size_t in_bulk = which == 0 ? 600'000 : 60'000;
                const std::size_t deliveries = window == 1 ? 40'000 : in_bulk;
                const auto count = world.scaled(deliveries / readers, 2 * window);
                const Stretch stretch(side);
                post_all(side, count, window, window == 1);
                const auto wall = stretch.wall();
                const auto cpu = stretch.cpu();
                const auto given = static_cast<double>(count * readers);
                auto& report = world.report;
                report.add(name, "deliveries", "per server CPU s", which, given / cpu);
                report.add(name, "deliveries a second", "per s", which, given / wall);
                report.add(name, "CPU per alert", "ms", which,
                           cpu * 1000 / static_cast<double>(count));
            });
        });
    }
}

void light_load(World& world) {
    for (const auto readers : readers_or(world, {600})) {
        const auto name = "B 10 a second, " + std::to_string(readers) + " readers";
        guarded(world, name, [&] {
            Pair pair(world, {.readers = readers});
            pair.each([&](Side& side, std::size_t) {
                side.connect_posters();
                side.connect_readers(0, readers);
                post_all(side, 4, 1);
            });
            const auto count = world.scaled(50, 5);
            pair.rounds(world.options.rounds, [&](Side& side, std::size_t which) {
                std::vector<Ledger::Alert> alerts;
                const Stretch stretch(side);
                post_steadily(world, side, count, std::chrono::milliseconds(100), alerts);
                const auto cpu = stretch.cpu();
                std::vector<double> last, median, accepted;
                for (const auto& alert : alerts) {
                    last.push_back(milliseconds(alert.posted, alert.last));
                    median.push_back(milliseconds(alert.posted, alert.median));
                    accepted.push_back(milliseconds(alert.posted, alert.accepted));
                }
                auto& report = world.report;
                report.add(name, "to the last, p50", "ms", which, quantile(last, 0.5));
                report.add(name, "to the last, p99", "ms", which, quantile(last, 0.99));
                report.add(name, "to the median reader, p50", "ms", which, quantile(median, 0.5));
                report.add(name, "to the answer, p50", "ms", which, quantile(accepted, 0.5));
                report.add(name, "to the answer, p99", "ms", which, quantile(accepted, 0.99));
                report.add(name, "CPU per alert", "ms", which,
                           cpu * 1000 / static_cast<double>(count));
            });
        });
    }
}

void catch_up(World& world) {
    for (const auto readers : readers_or(world, {600})) {
        const auto backlog = world.scaled(1000, 20);
        const auto name =
            "C " + std::to_string(readers) + " readers away for " + std::to_string(backlog);
        guarded(world, name, [&] {
            Pair pair(world, {.readers = readers});
            pair.each([&](Side& side, std::size_t) {
                side.connect_posters();
                side.connect_readers(0, readers);
                post_all(side, 64, 64);
            });
            pair.rounds(world.options.rounds, [&](Side& side, std::size_t which) {
                const auto back = come_back(side, backlog, 96);
                auto& report = world.report;
                report.add(name, "accepted meanwhile", "per s", which, back.accepted_a_second);
                report.add(name, "until the last has all", "s", which, back.wall);
                report.add(name, "server CPU", "s", which, back.cpu);
                report.add(name, "resident after", "MiB", which,
                           resident_kib(side.process()) / 1024);
            });
        });
    }
}

void idle(World& world) {
    for (const auto readers : readers_or(world, {2000, 9000})) {
        const auto name = "D " + std::to_string(readers) + " idle";
        guarded(world, name, [&] {
            Pair pair(world, {.readers = readers, .members = false, .resubscribe = true});
            auto& report = world.report;
            std::array<bool, 2> measured{};
            pair.rounds(world.options.rounds, [&](Side& side, std::size_t which) {
                const auto memory = resident_kib(side.process());
                const Stretch stretch(side);
                side.connect_readers(0, readers, 96);
                const auto cpu = stretch.cpu();
                report.add(name, "CPU per handshake and subscription", "us", which,
                           cpu * 1e6 / static_cast<double>(readers));
                report.add(name, "handshakes", "per server CPU s", which,
                           static_cast<double>(readers) / cpu);
                if (!measured[which]) {
                    // Only of a fresh process: what was freed since is not seen from outside.
                    report.add(
                        name, "resident per connection", "KiB", which,
                        (resident_kib(side.process()) - memory) / static_cast<double>(readers));
                    report.add(name, "resident in all", "MiB", which,
                               resident_kib(side.process()) / 1024);
                }
                measured[which] = true;
                const Stretch still(side);
                const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(2);
                side.run_until([&] { return std::chrono::steady_clock::now() > until; },
                               std::chrono::seconds(20));
                report.add(name, "CPU of doing nothing", "ms/s", which,
                           still.cpu() * 1000 / still.wall());
                side.drop_readers();
            });
        });
    }
}

void many_channels(World& world) {
    const std::string name = "E 200 channels of 50 readers";
    guarded(world, name, [&] {
        Pair pair(world, {.readers = 1000, .channels = 200, .channels_of_reader = 10});
        pair.each([&](Side& side, std::size_t) {
            side.connect_posters();
            side.connect_readers(0, side.plan().readers);
            post_all(side, 200, 64);
        });
        pair.rounds(world.options.rounds, [&](Side& side, std::size_t which) {
            const auto count = world.scaled(which == 0 ? 2400 : 800, 200);
            const Stretch stretch(side);
            post_all(side, count, 64);
            const auto wall = stretch.wall();
            const auto cpu = stretch.cpu();
            const auto given = static_cast<double>(count * side.plan().readers_of_a_channel());
            world.report.add(name, "deliveries", "per server CPU s", which, given / cpu);
            world.report.add(name, "deliveries a second", "per s", which, given / wall);
        });
    });
}

void mixed_day(World& world) {
    for (const auto readers : readers_or(world, {600})) {
        const auto name = "F a mixed day, " + std::to_string(readers) + " readers";
        guarded(world, name, [&] {
            Pair pair(world, {.readers = readers});
            const std::string photo(200'000, 'p');
            const auto fetchers = std::min<std::size_t>(10, readers);
            pair.each([&](Side& side, std::size_t) {
                side.connect_posters();
                side.connect_readers(0, readers);
                post_all(side, 4, 1);
                side.photo(photo, fetchers);
            });
            const auto count = world.scaled(100, 20);
            pair.rounds(world.options.rounds, [&](Side& side, std::size_t which) {
                std::vector<Ledger::Alert> alerts;
                const Stretch stretch(side);
                // 20 alerts and 20 reconnects a second, a photo a second.
                post_steadily(world, side, count, std::chrono::milliseconds(50), alerts,
                              [&](std::size_t i) {
                                  side.reconnect(i * 7 % readers);
                                  if (i % 20 == 10) side.photo(photo, fetchers);
                              });
                const auto cpu = stretch.cpu();
                std::vector<double> last, median;
                for (const auto& alert : alerts) {
                    last.push_back(milliseconds(alert.posted, alert.last));
                    median.push_back(milliseconds(alert.posted, alert.median));
                }
                auto& report = world.report;
                report.add(name, "CPU of the server", "ms/s", which,
                           cpu * 1000 / (static_cast<double>(count) * 0.05));
                report.add(name, "to the median reader, p50", "ms", which, quantile(median, 0.5));
                report.add(name, "to the last, p50", "ms", which, quantile(last, 0.5));
                report.add(name, "to the last, p99", "ms", which, quantile(last, 0.99));
            });
        });
    }
}

void growth(World& world) {
    const std::string name = "growth";
    guarded(world, name, [&] {
        const auto measure = [&](const std::string& what, const Plan& plan, std::size_t alerts,
                                 std::size_t window) {
            Pair pair(world, plan);
            pair.each([&](Side& side, std::size_t) {
                side.connect_posters();
                side.connect_readers(0, plan.readers);
                post_all(side, std::max(window, plan.channels), window);
            });
            pair.rounds(world.options.rounds, [&](Side& side, std::size_t which) {
                const Stretch stretch(side);
                post_all(side, alerts, window);
                world.report.add(name, what, "CPU us per delivery", which,
                                 stretch.cpu() * 1e6 /
                                     static_cast<double>(alerts * plan.readers_of_a_channel()));
            });
        };
        for (const std::size_t n : {250u, 500u, 1000u, 2000u})
            measure(std::to_string(n) + " readers", {.readers = n}, world.scaled(300, 64), 64);
        for (const std::size_t n : {50u, 100u, 200u, 400u})
            measure(std::to_string(n) + " channels of 20 readers",
                    {.readers = 400, .channels = n, .channels_of_reader = n / 20},
                    world.scaled(2000, 64), 64);
        for (const std::size_t n : {250u, 500u, 1000u, 2000u}) {
            Pair pair(world, {.readers = 200});
            pair.each([&](Side& side, std::size_t) {
                side.connect_posters();
                side.connect_readers(0, 200);
                post_all(side, 64, 64);
            });
            pair.rounds(world.options.rounds, [&](Side& side, std::size_t which) {
                const auto back = come_back(side, n, 64);
                world.report.add(name, "backlog of " + std::to_string(n), "CPU us per delivery",
                                 which, back.cpu * 1e6 / static_cast<double>(n * 200));
            });
        }
    });
}

void ingest(World& world) {
    struct Shape {
        std::size_t senders, window, ours, theirs;
    };
    for (const auto& shape :
         {Shape{1, 256, 32000, 16000}, Shape{1, 1, 500, 2000}, Shape{8, 1, 2000, 8000},
          Shape{64, 1, 16000, 16000}, Shape{512, 1, 32000, 16000}}) {
        const auto& only = world.options.readers;
        if (!only.empty() && std::find(only.begin(), only.end(), shape.senders) == only.end())
            continue;
        const auto name = "ingest, " + std::to_string(shape.senders) + " senders, window " +
                          std::to_string(shape.window);
        guarded(world, name, [&] {
            Pair pair(world, {.readers = 1, .posters = shape.senders, .by_poster = true});
            pair.each([&](Side& side, std::size_t) {
                side.connect_posters();
                side.connect_readers(0, 1);
                post_all(side, shape.senders * shape.window, shape.window);
            });
            pair.rounds(world.options.rounds, [&](Side& side, std::size_t which) {
                const auto count = world.scaled(which == 0 ? shape.ours : shape.theirs,
                                                shape.senders * shape.window);
                const auto commits = side.commits();
                const Stretch stretch(side);
                post_all(side, count, shape.window);
                const auto wall = stretch.wall();
                const auto cpu = stretch.cpu();
                const auto accepted = static_cast<double>(count);
                const auto together = static_cast<double>(shape.senders * shape.window);
                auto& report = world.report;
                report.add(name, "accepted", "per server CPU s", which, accepted / cpu);
                report.add(name, "accepted a second", "per s", which, accepted / wall);
                if (const auto now = side.commits(); now > commits)
                    report.add(name, "accepted per commit", "alerts", which,
                               accepted / static_cast<double>(now - commits));
                if (which == 0)
                    report.add(
                        name, "the sync alone", "per CPU s", 0,
                        together / sync_cost(pair.folder(), shape.senders * shape.window * 1024));
            });
        });
    }
}

}  // namespace huecry::bench
