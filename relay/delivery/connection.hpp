#pragma once

#include <map>
#include <optional>

#include "auth/handshake.hpp"
#include "auth/token_bucket.hpp"
#include "delivery/core.hpp"
#include "delivery/fifo.hpp"
#include "delivery/outlet.hpp"
#include "huecry/directory/state.hpp"

namespace huecry::relay {

/// What one connection is being given of one stream.
struct Subscription {
    std::uint64_t sent = 0;  // everything up to it has gone out
    std::uint64_t acknowledged = 0;
    bool told_empty = false;
    struct Flight {
        std::uint64_t last = 0;
        std::size_t bytes = 0;
    };
    Fifo<Flight> flight;  // not yet acknowledged, oldest first
};

/// A partnership's log on its way here, as far as it has come.
struct HandingOver {
    struct Entry {
        Header header;
        Bytes header_bytes, body;
    };
    std::optional<directory::State> state;
    std::vector<Entry> entries;
    std::uint64_t bytes = 0;
};

struct Connection {
    Connection(ConnectionId number, Outlet& out, const Peer& from, Handshake shake)
        : outlet(&out), id(number), peer(from), handshake(std::move(shake)) {}

    // What each delivery touches stands together, in front.
    Outlet* outlet;                  // null once the core has closed it
    std::size_t unacknowledged = 0;  // bytes of all flights: at most a window, or one frame
    std::map<StreamRef, Subscription> subscriptions;
    std::optional<Principal> who;  // after the proof
    ConnectionId id;
    Peer peer;
    Handshake handshake;
    std::unique_ptr<HandingOver> handing_over;  // founders only
    TokenBucket refusals;
    TokenBucket queries;  // of who is no device
};

}  // namespace huecry::relay
