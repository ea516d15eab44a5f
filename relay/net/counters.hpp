#pragma once

#include <cstdint>
#include <string_view>

namespace huecry::relay {

// HUECRY_COUNTER(name, gauge, help), as in delivery/observe.hpp.
#define HUECRY_NET_COUNTERS(X)                                                                  \
    X(open_sockets, true, "TCP connections that are open on the public port")                   \
    X(accepted, false, "TCP connections accepted")                                              \
    X(refused_full, false, "connections closed at once: the relay is full")                     \
    X(refused_address, false, "connections closed at once: too many unproved from one address") \
    X(tls_failed, false, "connections whose TLS handshake failed")                              \
    X(deadline_closed, false, "connections closed for being too slow or silent")                \
    X(http_requests, false, "HTTPS requests, upgrades included")                                \
    X(http_refused, false, "HTTPS requests answered with 400 or above")                         \
    X(websockets, false, "upgrades to WebSocket")                                               \
    X(outlet_overflow, false, "connections closed because their queue passed its bound")        \
    X(blob_bytes_in, false, "bytes of blobs received")                                          \
    X(blob_bytes_out, false, "bytes of blobs handed out")

/// Plain integers, read and written on the network thread.
struct NetCounters {
#define X(name, gauge, help) std::uint64_t name = 0;
    HUECRY_NET_COUNTERS(X)
#undef X

    template <class F>
    void each(F&& f) const {
#define X(name, gauge, help) f(std::string_view(#name), name, gauge, std::string_view(help));
        HUECRY_NET_COUNTERS(X)
#undef X
    }
};

}  // namespace huecry::relay
