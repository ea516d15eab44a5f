#pragma once

#include <array>
#include <optional>

#include "auth/environment.hpp"
#include "huecry/result.hpp"
#include "huecry/v1/session.pb.h"
#include "huecry/wire/ids.hpp"
#include "huecry/wire/signing.hpp"
#include "huecry/wire/transcript.hpp"

// Both sides prove themselves on one TLS connection: Hello → HelloReply → Prove. The same for a
// WebSocket and for an HTTPS connection; no sockets here.
namespace huecry::relay {

/// What the directory says of somebody who wants in.
enum class Standing : std::uint8_t { none = 0, active = 1, pending = 2 };

/// Who is at the other end of a connection, proved.
struct Principal {
    PartnershipId partnership;
    ClientKind kind = ClientKind::device;
    DeviceId device;  // of devices and founders
    InviteId invite;  // of invites
    PublicKey key;
    Standing standing = Standing::none;  // devices: active or pending; others: none

    [[nodiscard]] bool active_device() const {
        return kind == ClientKind::device && standing == Standing::active;
    }
};

/// What a handshake must know of the directories; the delivery core is one.
class Registry {
public:
    virtual ~Registry() = default;
    struct Known {
        PublicKey key;
        Standing standing = Standing::none;
    };
    /// The key that this subject must sign with. Founders need not be known: never asked for them.
    /// Errors: unknown_partnership (also an unknown device or invite), device_removed,
    /// invite_used, invite_expired, invite_withdrawn.
    [[nodiscard]] virtual Result<Known> look_up(const PartnershipId& partnership, ClientKind kind,
                                                BytesView subject) const = 0;
};

/// One per connection. Two calls in this order; after an error the connection is closed.
/// A wrong subject is told only after the proof of the relay, in `prove`, so that a scan with
/// guessed ids learns nothing from `hello`.
class Handshake {
public:
    using Exporter = std::array<std::uint8_t, 32>;

    /// All three references outlive the handshake. `exporter`: RFC 9266, 32 bytes, of this TLS
    /// connection.
    Handshake(const SigningKey& relay, const Registry& registry, Random& random,
              const Exporter& exporter);

    /// Errors: bad_frame (a field of the wrong length, a second hello), version_refused,
    /// feature_refused.
    [[nodiscard]] Result<v1::HelloReply> hello(const v1::Hello& hello, std::uint64_t now_ms);
    /// Errors: bad_frame, not_authenticated, and those of Registry::look_up.
    [[nodiscard]] Result<Principal> prove(const v1::Prove& prove);

private:
    enum class Step { hello, prove, over };

    const SigningKey& relay_;
    const Registry& registry_;
    Random& random_;
    SessionTranscript transcript_;
    Step step_ = Step::hello;
};

}  // namespace huecry::relay
