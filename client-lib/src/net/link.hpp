#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>

#include "huecry/result.hpp"
#include "huecry/v1/frame.pb.h"
#include "huecry/wire/address.hpp"
#include "huecry/wire/ids.hpp"
#include "huecry/wire/signing.hpp"
#include "huecry/wire/transcript.hpp"

// The connection to one relay as the domain sees it: frames in, frames out, up, down. Everything
// beneath (TLS, both proofs, pings, reconnecting) is the link's own business.
namespace huecry::net {

/// Whom we connect to and who we say we are.
struct Identity {
    RelayAddress relay;  // with its key: `start()` answers relay_key_unknown without one
    PartnershipId partnership;
    ClientKind kind = ClientKind::device;
    std::array<std::uint8_t, 16> subject{};  // device id, or invite id
    std::shared_ptr<const SigningKey> key;   // the device's, or the invite's one-time key
};

/// Called on the scheduler's thread. Inside any of these the link's methods may be called; the link
/// may be destroyed only outside of them (post it).
class LinkListener {
public:
    /// Both sides have proved themselves. `relay_time_ms` is the relay's time in its signed head,
    /// or in its hello where there is no head yet (founders): milliseconds since 1970 UTC.
    virtual void up(const v1::Ready& ready, std::uint64_t relay_time_ms) = 0;

    /// A frame that is the listener's business: answers (request != 0) and what the relay pushes.
    /// Hello, proofs, pings and Goodbye never come here.
    virtual void frame(const v1::Frame& frame) = 0;

    /// The connection is gone, or an attempt to make one has failed. With `will_retry` the link
    /// tries again by itself after `retry_in`; else it stays down until `start()` or `reset()`
    /// (wrong relay, used elsewhere, device removed, version refused, no right). Not called for
    /// `stop()`.
    virtual void down(const Error& why, bool will_retry, std::chrono::milliseconds retry_in) = 0;

protected:
    ~LinkListener() = default;
};

/// Made by Runtime::make_link, or by a simulation. Used on the scheduler's thread only. Destroying
/// it stops it.
class Link {
public:
    virtual ~Link() = default;

    /// Begins to connect and keeps connected. No effect while it is started already.
    virtual void start() = 0;

    /// Queues a frame for sending, in order. False, and the frame is dropped, when the link is not
    /// up, when the frame is larger than max_frame, or when too much is queued already; what was
    /// queued when a connection breaks is lost. Whether it arrived is told by its answer only.
    [[nodiscard]] virtual bool send(const v1::Frame& frame) = 0;

    /// Drops the connection, if any, and connects anew at once, also out of a wait or a refusal.
    /// If it was up, `down` is told (with will_retry and 0 ms) later, not inside this call.
    virtual void reset() = 0;

    /// Closes and stays closed until `start()`. No listener call follows.
    virtual void stop() = 0;

    [[nodiscard]] virtual bool is_up() const = 0;
};

}  // namespace huecry::net
