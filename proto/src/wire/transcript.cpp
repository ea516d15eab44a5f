#include "huecry/wire/transcript.hpp"

#include "huecry/wire/codec.hpp"

namespace huecry {
namespace {

constexpr std::string_view relay_label = "huecry/1 relay proof";
constexpr std::string_view client_label = "huecry/1 client proof";

Bytes encode(const SessionTranscript& t) {
    Writer w;
    w.u16(protocol_version).raw(t.exporter).raw(t.client_nonce).raw(t.relay_nonce);
    w.raw(t.relay_key.view()).raw(t.partnership.view());
    w.u8(static_cast<std::uint8_t>(t.kind)).raw(t.subject);
    return w.take();
}

}  // namespace

Signature prove_relay(const SessionTranscript& t, const SigningKey& relay) {
    return sign_labelled(relay, relay_label, encode(t));
}
bool relay_proved(const SessionTranscript& t, const Signature& signature) {
    return verify_labelled(t.relay_key, relay_label, encode(t), signature);
}
Signature prove_client(const SessionTranscript& t, const SigningKey& key) {
    return sign_labelled(key, client_label, encode(t));
}
bool client_proved(const SessionTranscript& t, const PublicKey& key, const Signature& signature) {
    return verify_labelled(key, client_label, encode(t), signature);
}

}  // namespace huecry
