#include "sim/clockwork.hpp"

namespace huecry::sim {

Clockwork::Key Clockwork::at(Moment delay, std::function<void()> f) {
    const Key key{now_ + delay, next_++};
    queue_.emplace(key, std::move(f));
    return key;
}

bool Clockwork::step(Moment limit) {
    if (queue_.empty() || queue_.begin()->first.first > limit) {
        now_ = std::max(now_, limit);
        return false;
    }
    auto event = queue_.extract(queue_.begin());
    now_ = event.key().first;
    ++events_;
    event.mapped()();
    return true;
}

namespace {

/// Dropping it cancels; the clockwork outlives all clients.
class QueuedTimer final : public net::Timer {
public:
    QueuedTimer(Clockwork& clockwork, Clockwork::Key key) : clockwork_(clockwork), key_(key) {}
    ~QueuedTimer() override { clockwork_.cancel(key_); }
    QueuedTimer(const QueuedTimer&) = delete;
    QueuedTimer& operator=(const QueuedTimer&) = delete;

private:
    Clockwork& clockwork_;
    Clockwork::Key key_;
};

}  // namespace

void NodeScheduler::post(std::function<void()> f) { later(0, std::move(f)); }

void NodeScheduler::later(Moment delay, std::function<void()> f) {
    clockwork_.at(delay, [alive = alive_, f = std::move(f)] {
        if (*alive) f();
    });
}

std::unique_ptr<net::Timer> NodeScheduler::after(std::chrono::milliseconds delay,
                                                 std::function<void()> f) {
    const auto wait = static_cast<Moment>(std::max<std::int64_t>(delay.count(), 0)) * ms;
    const auto key = clockwork_.at(wait, [alive = alive_, f = std::move(f)] {
        if (*alive) f();
    });
    return std::make_unique<QueuedTimer>(clockwork_, key);
}

std::chrono::milliseconds NodeScheduler::monotonic() const {
    return std::chrono::milliseconds(clockwork_.now() / ms);
}

std::uint64_t NodeScheduler::wall_ms() const {
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(clockwork_.wall_ms()) +
                                      wall_offset_ms_);
}

}  // namespace huecry::sim
