#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <map>
#include <unordered_map>

#include "net/counters.hpp"

namespace huecry::relay {

namespace asio = boost::asio;

/// One by one through what costs the relay more than it costs the other side: the signature and
/// the key agreement of a TLS handshake. Between two of them the loop turns once, so that whoever
/// is in already waits for one handshake at most, however many stand outside. The next is who comes
/// from the address that has had the fewest turns lately, so that few who ask much do not hold up
/// many who ask once. Network thread only.
class Turnstile {
public:
    Turnstile(asio::io_context& io, NetCounters& counters) : io_(io), counters_(counters) {}

    /// Returns when it is this caller's turn, or when `open` has become false and nobody is served
    /// before it. `open` lives as long as the caller.
    asio::awaitable<void> pass(std::uint64_t address, const bool& open);

private:
    struct Waiter {
        asio::steady_timer* turn;
        const bool* open;
    };
    void next();
    [[nodiscard]] std::uint32_t turns_of(std::uint64_t address);

    asio::io_context& io_;
    NetCounters& counters_;
    std::map<std::uint32_t, std::deque<Waiter>> waiting_;  // by turns had
    std::unordered_map<std::uint64_t, std::uint32_t> turns_;
    std::chrono::steady_clock::time_point forget_at_{};
    bool turning_ = false;
};

}  // namespace huecry::relay
