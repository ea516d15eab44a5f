#pragma once

#include "huecry/wire/ids.hpp"
#include "huecry/wire/signing.hpp"

// What both sides sign to prove themselves on one TLS connection (WebSocket or HTTPS alike).
namespace huecry {

inline constexpr std::uint16_t protocol_version = 1;

/// Who the client says it is.
enum class ClientKind : std::uint8_t {
    device = 1,   // subject: device id; signs with the device's key
    invite = 2,   // subject: invite id; signs with the invite's one-time key; reads the directory
    founder = 3,  // subject: device id of a partnership that does not exist yet
};

struct SessionTranscript {
    /// TLS exporter of RFC 9266: label "EXPORTER-Channel-Binding", no context, 32 bytes.
    std::array<std::uint8_t, 32> exporter{};
    std::array<std::uint8_t, 32> client_nonce{};
    std::array<std::uint8_t, 32> relay_nonce{};
    PublicKey relay_key;
    PartnershipId partnership;
    ClientKind kind = ClientKind::device;
    std::array<std::uint8_t, 16> subject{};
};

/// The relay proves itself first:
///   label "huecry/1 relay proof", uint16 version ‖ exporter[32] ‖ client_nonce[32] ‖
///   relay_nonce[32] ‖ relay_key[32] ‖ partnership[32] ‖ uint8 kind ‖ subject[16]
Signature prove_relay(const SessionTranscript& t, const SigningKey& relay);
[[nodiscard]] bool relay_proved(const SessionTranscript& t, const Signature& signature);

/// Then the client, over the same bytes under the label "huecry/1 client proof".
Signature prove_client(const SessionTranscript& t, const SigningKey& key);
[[nodiscard]] bool client_proved(const SessionTranscript& t, const PublicKey& key,
                                 const Signature& signature);

}  // namespace huecry
