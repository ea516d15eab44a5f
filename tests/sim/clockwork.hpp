#pragma once

#include <functional>
#include <map>
#include <memory>

#include "auth/environment.hpp"
#include "net/scheduler.hpp"

// Virtual time: events in one queue, run one after the other; nothing happens in between.
namespace huecry::sim {

/// Microseconds since the world began.
using Moment = std::uint64_t;
constexpr Moment ms = 1000;
constexpr Moment second = 1000 * ms;
constexpr Moment minute = 60 * second;
constexpr Moment hour = 60 * minute;
constexpr Moment day = 24 * hour;

/// 2027-01-15, when every world begins.
constexpr std::uint64_t epoch_ms = 1'800'000'000'000;

class Clockwork {
public:
    using Key = std::pair<Moment, std::uint64_t>;

    [[nodiscard]] Moment now() const { return now_; }
    [[nodiscard]] std::uint64_t wall_ms() const { return epoch_ms + now_ / ms; }
    /// Runs `f` at now + delay; events of one moment run in the order of their making.
    Key at(Moment delay, std::function<void()> f);
    void cancel(const Key& key) { queue_.erase(key); }
    /// The next event, if there is one not later than `limit`; else time moves to `limit`.
    bool step(Moment limit);
    [[nodiscard]] bool pending(const Key& key) const { return queue_.contains(key); }
    [[nodiscard]] std::uint64_t events() const { return events_; }

private:
    Moment now_ = 0;
    std::uint64_t next_ = 0, events_ = 0;
    std::map<Key, std::function<void()>> queue_;
};

/// The relay's clock. `offset_ms` makes it wrong.
class RelayClock final : public relay::Clock {
public:
    explicit RelayClock(const Clockwork& clockwork) : clockwork_(clockwork) {}
    [[nodiscard]] std::uint64_t wall_ms() const override {
        return static_cast<std::uint64_t>(static_cast<std::int64_t>(clockwork_.wall_ms()) +
                                          offset_ms);
    }
    [[nodiscard]] std::uint64_t steady_ms() const override { return clockwork_.now() / ms; }
    std::int64_t offset_ms = 0;

private:
    const Clockwork& clockwork_;
};

/// One running client's scheduler: when it goes, everything that it was to run goes with it.
class NodeScheduler final : public net::Scheduler {
public:
    NodeScheduler(Clockwork& clockwork, std::int64_t wall_offset_ms)
        : clockwork_(clockwork), wall_offset_ms_(wall_offset_ms) {}
    ~NodeScheduler() override { *alive_ = false; }
    NodeScheduler(const NodeScheduler&) = delete;
    NodeScheduler& operator=(const NodeScheduler&) = delete;

    void post(std::function<void()> f) override;
    [[nodiscard]] std::unique_ptr<net::Timer> after(std::chrono::milliseconds delay,
                                                    std::function<void()> f) override;
    [[nodiscard]] std::chrono::milliseconds monotonic() const override;
    [[nodiscard]] std::uint64_t wall_ms() const override;
    /// Like `post`, but later; not to be cancelled except by the scheduler's end.
    void later(Moment delay, std::function<void()> f);

private:
    Clockwork& clockwork_;
    std::int64_t wall_offset_ms_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace huecry::sim
