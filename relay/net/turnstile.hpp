#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <map>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "net/counters.hpp"

namespace huecry::relay {

namespace asio = boost::asio;

/// One by one through what costs the relay more than it costs the other side: the signature and
/// the key agreement of a TLS handshake. Between two of them the loop turns once, so that whoever
/// is in already waits for one handshake at most, however many stand outside. The next is who comes
/// from an address where somebody has proved itself, else from the one that has had the fewest
/// turns lately, so that few who ask much do not hold up many who ask once. Network thread only.
class Turnstile {
public:
    Turnstile(asio::io_context& io, NetCounters& counters) : io_(io), counters_(counters) {}

    /// Returns when it is this caller's turn, or when `open` has become false and nobody is served
    /// before it. `open` lives as long as the caller.
    asio::awaitable<void> pass(std::uint64_t address, const bool& open);
    /// A client at this address has proved itself: who comes from there goes before strangers.
    void proved(std::uint64_t address);

private:
    struct Waiter {
        asio::steady_timer* turn;
        const bool* open;
    };
    void next();
    /// Known or not, then the turns that it has had.
    using Rank = std::pair<bool, std::uint32_t>;
    [[nodiscard]] Rank rank_of(std::uint64_t address);

    asio::io_context& io_;
    NetCounters& counters_;
    std::map<Rank, std::deque<Waiter>> waiting_;
    std::unordered_map<std::uint64_t, std::uint32_t> turns_;
    std::unordered_set<std::uint64_t> known_;
    std::chrono::steady_clock::time_point forget_at_{};
    bool turning_ = false;
};

}  // namespace huecry::relay
