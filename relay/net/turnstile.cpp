#include "net/turnstile.hpp"

#include <boost/asio/post.hpp>

namespace huecry::relay {
namespace {

constexpr auto lately = std::chrono::seconds(10);
constexpr std::size_t most_known = 65536;  // then it begins anew; hashes change daily anyway
constexpr auto patience = std::chrono::milliseconds(1);

}  // namespace

Turnstile::Turnstile(asio::io_context& io, NetCounters& counters, std::function<bool()> pressing,
                     std::function<Clock::time_point()> now)
    : io_(io),
      counters_(counters),
      pressing_(std::move(pressing)),
      now_(std::move(now)),
      patience_(io.get_executor()) {}

Turnstile::Place Turnstile::place_of(std::optional<std::uint64_t> address) {
    if (!address) return {};
    const auto now = now_();
    if (now >= forget_at_) {
        turns_.clear();
        forget_at_ = now + lately;
    }
    return {!known_.contains(*address), turns_[*address]++, ++come_};
}

bool Turnstile::held() {
    const auto now = now_();
    if (pressing_() && now - served_at_ < patience) return true;
    served_at_ = now;
    return false;
}

std::optional<Turnstile::Place> Turnstile::enter(std::optional<std::uint64_t> address,
                                                 Timer& turn) {
    if (!turning_ && !held()) {
        turn_later();
        return std::nullopt;
    }
    turn.expires_at(Timer::time_point::max());
    const auto place = place_of(address);
    waiting_.emplace(place, &turn);
    counters_.strangers_waiting = waiting_.size();
    turn_later();
    return place;
}

void Turnstile::leave(const Place& place) {
    waiting_.erase(place);
    counters_.strangers_waiting = waiting_.size();
}

void Turnstile::proved(std::uint64_t address) {
    if (known_.size() >= most_known) known_.clear();
    known_.insert(address);
}

void Turnstile::resume() {
    if (!holding_) return;
    holding_ = false;
    patience_.cancel();
    turn_later();
}

// Posted behind everything that is ready: the loop looks at its sockets in between.
void Turnstile::turn_later() {
    if (turning_ || holding_) return;
    turning_ = true;
    asio::post(io_, [this] { next(); });
}

void Turnstile::next() {
    turning_ = false;
    if (waiting_.empty()) return;
    if (held()) {
        holding_ = true;
        patience_.expires_after(patience);
        patience_.async_wait([this](auto error) {
            if (!error) resume();
        });
        return;
    }
    const auto [place, turn] = *waiting_.begin();
    leave(place);
    turn->cancel();
    turn_later();
}

}  // namespace huecry::relay
