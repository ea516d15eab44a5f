#pragma once

#include <chrono>
#include <unordered_set>

#include "delivery/core.hpp"
#include "net/admission.hpp"
#include "net/core_driver.hpp"
#include "net/https_devices.hpp"
#include "net/tls_context.hpp"
#include "net/tls_stream.hpp"
#include "net/turnstile.hpp"

namespace huecry::relay {

/// The deadlines and bounds of connections; the defaults are limits.def's.
struct NetOptions {
    std::chrono::seconds proof_deadline{};
    std::chrono::seconds idle_ping{};
    std::chrono::seconds idle_close{};
    std::uint64_t max_connections = 0;
    std::uint64_t connections_per_address = 0;
    std::uint64_t max_unproved = 0;
};

/// What every connection of the public port works with. Owned by the server, which outlives all
/// connections; network thread only.
struct Network {
    asio::io_context& io;
    Core& core;
    BlobService& blobs;
    const TlsContext& tls;
    const Clock& clock;
    Random& random;
    Log log;
    NetOptions options;
    NetCounters counters{};
    CoreDriver driver{io, core};
    Admission admission{
        {options.max_connections, options.connections_per_address, options.max_unproved},
        clock,
        random,
        counters};
    Turnstile turnstile{io, counters, [this] { return driver.pressing(); }};
    HttpsDevices https_devices{};
    bool draining = false;
    /// HTTPS connections between two requests: the first that a drain closes.
    std::unordered_set<TlsStream*> resting{};
};

}  // namespace huecry::relay
