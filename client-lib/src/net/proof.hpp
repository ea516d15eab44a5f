#pragma once

#include <array>
#include <cstdint>

#include "huecry/result.hpp"
#include "huecry/v1/session.pb.h"
#include "huecry/wire/transcript.hpp"
#include "net/link.hpp"

// How both sides prove themselves on one TLS connection, without the connection: bytes in, bytes
// out. The same on a WebSocket and on HTTPS.
namespace huecry::net {

/// One proof: hello, the relay's answer, our proof. A new one for each connection.
class Proof {
public:
    /// `exporter`: of this very TLS connection (RFC 9266). `nonce`: fresh and unpredictable; it is
    /// what makes the relay's answer fresh.
    Proof(const Identity& identity, const std::array<std::uint8_t, 32>& exporter,
          const std::array<std::uint8_t, 32>& nonce);

    [[nodiscard]] v1::Hello hello() const;

    /// Checks the relay's word and answers with ours. Errors: wrong_relay (another key than the
    /// address names, or its signature does not fit this connection), version_refused, bad_frame,
    /// relay_key_unknown, not_authenticated (no key of our own).
    Result<v1::Prove> answer(const v1::HelloReply& reply);

    /// The key that the relay has proved to hold, whichever it is: for an address without one.
    [[nodiscard]] Result<PublicKey> proved_key(const v1::HelloReply& reply);

    /// Milliseconds since 1970 UTC by the relay; after `answer`.
    [[nodiscard]] std::uint64_t relay_time_ms() const { return relay_time_ms_; }

private:
    const Identity& identity_;
    SessionTranscript transcript_;
    std::uint64_t relay_time_ms_ = 0;
};

}  // namespace huecry::net
