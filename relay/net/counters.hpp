#pragma once

#include <cstdint>
#include <map>
#include <string_view>

#include "delivery/observe.hpp"

namespace huecry::relay {

// HUECRY_COUNTER(name, gauge, help), as in delivery/observe.hpp.
#define HUECRY_NET_COUNTERS(X)                                                                  \
    X(open_sockets, true, "TCP connections that are open on the public port")                   \
    X(accepted, false, "TCP connections accepted")                                              \
    X(unproved, true, "of them, whose client has not proved itself")                            \
    X(strangers_waiting, true, "steps of unproved connections that wait for their turn")        \
    X(queued_bytes, true, "bytes that wait for slow readers, all connections")                  \
    X(body_bytes, true, "bytes of request bodies that are being read")                          \
    X(refused_full, false, "connections closed at once: the relay is full")                     \
    X(refused_address, false, "connections closed at once: too many unproved from one address") \
    X(evicted, false, "unproved connections closed to make room for another")                   \
    X(tls_failed, false, "connections whose TLS handshake failed")                              \
    X(deadline_closed, false, "connections closed for being too slow or silent")                \
    X(deadline_tls, false, "of them, before TLS was up")                                        \
    X(deadline_proof, false, "of them, between TLS and proof")                                  \
    X(deadline_idle, false, "of them, after the proof")                                         \
    X(http_requests, false, "HTTPS requests, upgrades included")                                \
    X(http_refused, false, "HTTPS requests answered with 400 or above")                         \
    X(websockets, false, "upgrades to WebSocket")                                               \
    X(outlet_overflow, false, "connections closed because their queue passed its bound")        \
    X(waiting_overflow, false, "of them, because all queues together had passed theirs")        \
    X(waiting_held, false, "times a slow reader was given no more: all queues held too much")   \
    X(fragments_refused, false, "connections closed for a message in too many fragments")       \
    X(controls_refused, false, "connections closed for too many control frames")                \
    X(https_refused, false, "proofs over HTTPS refused: the device has too many connections")   \
    X(blob_rate_refused, false, "requests for blobs refused by the device's rate")              \
    X(bodies_refused, false, "requests refused because too much is being read already")         \
    X(blob_bytes_in, false, "bytes of blobs received")                                          \
    X(blob_bytes_out, false, "bytes of blobs handed out")

/// Plain integers, read and written on the network thread.
struct NetCounters {
#define X(name, gauge, help) std::uint64_t name = 0;
    HUECRY_NET_COUNTERS(X)
#undef X
    std::map<unsigned, std::uint64_t> http_answers;  // by status, of 400 and above
    Histogram tls_us;                                // from acceptance to the end of the handshake
    Histogram proof_us;                              // from acceptance to the proof

    template <class F>
    void each(F&& f) const {
#define X(name, gauge, help) f(std::string_view(#name), name, gauge, std::string_view(help));
        HUECRY_NET_COUNTERS(X)
#undef X
    }
};

}  // namespace huecry::relay
