#include "net/turnstile.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace huecry::relay {
namespace {

constexpr auto lately = std::chrono::seconds(10);
constexpr std::size_t most_known = 65536;  // then it begins anew; hashes change daily anyway
constexpr auto awaited = asio::as_tuple(asio::use_awaitable);

}  // namespace

Turnstile::Rank Turnstile::rank_of(std::uint64_t address) {
    const auto now = std::chrono::steady_clock::now();
    if (now >= forget_at_) {
        turns_.clear();
        forget_at_ = now + lately;
    }
    return {!known_.contains(address), turns_[address]++};
}

asio::awaitable<void> Turnstile::pass(std::uint64_t address, const bool& open) {
    asio::steady_timer turn(io_, asio::steady_timer::time_point::max());
    waiting_[rank_of(address)].push_back({&turn, &open});
    ++counters_.handshakes_waiting;
    if (!turning_) {
        turning_ = true;
        asio::post(io_, [this] { next(); });
    }
    co_await turn.async_wait(awaited);
}

void Turnstile::proved(std::uint64_t address) {
    if (known_.size() >= most_known) known_.clear();
    known_.insert(address);
}

// Posted again behind everything that is ready: the loop looks at its sockets in between.
void Turnstile::next() {
    turning_ = !waiting_.empty();
    bool served = false;
    while (!served && !waiting_.empty()) {
        const auto first = waiting_.begin();
        const auto waiter = first->second.front();
        first->second.pop_front();
        if (first->second.empty()) waiting_.erase(first);
        --counters_.handshakes_waiting;
        served = *waiter.open;  // who is gone costs no turn
        waiter.turn->cancel();
    }
    if (turning_) asio::post(io_, [this] { next(); });
}

}  // namespace huecry::relay
