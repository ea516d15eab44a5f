#pragma once

#include <array>
#include <memory>

#include "bench/fanout/report.hpp"
#include "bench/fanout/server.hpp"
#include "bench/fanout/side.hpp"
#include "support/temporary_directory.hpp"

namespace huecry::bench {

struct Options {
    std::vector<std::string> scenarios;
    std::vector<std::size_t> readers;  // empty: each scenario's own
    std::size_t rounds = 5;
    double scale = 1;    // of the number of alerts
    bool alone = false;  // without mosquitto
    bool json = false;
};

/// What all scenarios of one run share.
struct World {
    asio::io_context io{1};
    TlsClient tls{};
    Cores cores = choose_cores();
    Options options;
    Report report;

    explicit World(Options wanted) : options(std::move(wanted)), report(options.json) {}
    [[nodiscard]] std::size_t scaled(std::size_t alerts, std::size_t least) const {
        return std::max(least,
                        static_cast<std::size_t>(static_cast<double>(alerts) * options.scale));
    }
};

/// Both servers of one scenario, started and prepared; ended with the object.
class Pair {
public:
    Pair(World& world, const Plan& plan);

    /// Every round, ours and theirs next to each other, in turn who is first.
    void rounds(std::size_t count,
                const std::function<void(Side& side, std::size_t which)>& measure);
    void each(const std::function<void(Side& side, std::size_t which)>& once);
    /// On the disk that both servers use.
    [[nodiscard]] const std::filesystem::path& folder() const { return folder_.path(); }

private:
    World& world_;
    test::TemporaryDirectory folder_;
    std::array<std::unique_ptr<Side>, 2> sides_;
};

/// Processor and wall time of one stretch of a server's work.
class Stretch {
public:
    explicit Stretch(const Side& side)
        : process_(side.process()),
          cpu_(cpu_seconds(process_)),
          begun_(std::chrono::steady_clock::now()) {}
    [[nodiscard]] double cpu() const { return cpu_seconds(process_) - cpu_; }
    [[nodiscard]] double wall() const {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun_).count();
    }

private:
    int process_;
    double cpu_;
    Time begun_;
};

/// Posts `count` alerts, `window` of them not yet accepted at a time, over all posters and
/// channels in turn; returns when all readers have had all of them. `lone`: the next one only
/// when every reader has the last.
void post_all(Side& side, std::size_t count, std::size_t window, bool lone = false);

// One function a scenario.
void fan_out(World& world, std::size_t window);  // A
void light_load(World& world);                   // B
void catch_up(World& world);                     // C
void idle(World& world);                         // D
void many_channels(World& world);                // E
void mixed_day(World& world);                    // F
void ingest(World& world);
void growth(World& world);

}  // namespace huecry::bench
