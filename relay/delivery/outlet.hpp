#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "huecry/result.hpp"

namespace huecry::relay {

/// One encoded v1::Frame, shared by all connections that it goes to: never copied per reader.
using EncodedFrame = std::shared_ptr<const std::string>;

/// The core's end of one connection; net implements it. Called on the core's thread only, between
/// Core::opened and Core::closed. No call may call back into the core.
class Outlet {
public:
    virtual ~Outlet() = default;
    /// Queues one binary message. Never blocks, never fails: a broken connection is told by
    /// Core::closed later.
    virtual void send(EncodedFrame frame) = 0;
    /// What is queued goes out before the core goes on: somebody waits for it.
    virtual void hurry() {}
    /// Bytes queued by `send` and not yet given to the network.
    [[nodiscard]] virtual std::size_t queued_bytes() const = 0;
    /// The core has stopped for want of room here: `Core::writable` is expected once less than half
    /// a window is queued.
    virtual void tell_when_writable() {}
    /// Sends what is queued, then a Goodbye with this code and delay (0: do not reconnect by
    /// itself), then closes. The core forgets the connection at once; net still calls closed.
    virtual void close(Errc code, std::uint32_t reconnect_after_ms) = 0;
};

}  // namespace huecry::relay
