#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>

#include "net/counters.hpp"

namespace huecry::relay {

namespace asio = boost::asio;

/// One by one through what costs the relay more than it costs the other side: the signature and
/// the key agreement of a TLS handshake. Between two of them the loop turns once, so that whoever
/// is in already waits for one handshake at most, however many stand outside. Network thread only.
class Turnstile {
public:
    Turnstile(asio::io_context& io, NetCounters& counters) : io_(io), counters_(counters) {}

    /// Returns when it is this caller's turn, in the order of calling.
    asio::awaitable<void> pass();

private:
    void next();

    asio::io_context& io_;
    NetCounters& counters_;
    std::deque<asio::steady_timer*> waiting_;
    bool turning_ = false;
};

}  // namespace huecry::relay
