#include "net/proof.hpp"

#include <algorithm>

namespace huecry::net {

Proof::Proof(const Identity& identity, const std::array<std::uint8_t, 32>& exporter,
             const std::array<std::uint8_t, 32>& nonce)
    : identity_(identity) {
    transcript_.exporter = exporter;
    transcript_.client_nonce = nonce;
    transcript_.partnership = identity.partnership;
    transcript_.kind = identity.kind;
    transcript_.subject = identity.subject;
}

v1::Hello Proof::hello() const {
    v1::Hello out;
    out.set_version(protocol_version);
    out.set_nonce(to_string(transcript_.client_nonce));
    out.set_partnership(to_string(transcript_.partnership.view()));
    out.set_kind(static_cast<std::uint32_t>(transcript_.kind));
    out.set_subject(to_string(transcript_.subject));
    return out;
}

Result<PublicKey> Proof::proved_key(const v1::HelloReply& reply) {
    if (reply.version() != protocol_version)
        return Error{Errc::version_refused, "the relay answers with another version"};
    const auto key = PublicKey::from(view(reply.relay_key()));
    const auto signature = Signature::from(view(reply.signature()));
    const auto nonce = view(reply.nonce());
    if (!key || !signature || nonce.size() != transcript_.relay_nonce.size())
        return Error{Errc::bad_frame, "hello reply"};
    std::copy(nonce.begin(), nonce.end(), transcript_.relay_nonce.begin());
    transcript_.relay_key = *key;
    if (!relay_proved(transcript_, *signature))
        return Error{Errc::wrong_relay, "the relay's proof does not fit this connection"};
    relay_time_ms_ = reply.time_ms();
    return *key;
}

Result<v1::Prove> Proof::answer(const v1::HelloReply& reply) {
    if (!identity_.relay.key) return Errc::relay_key_unknown;
    if (!identity_.key) return Error{Errc::not_authenticated, "no key"};
    // Before the signature: another key is another relay, whatever it can prove.
    if (!equal_constant_time(view(reply.relay_key()), identity_.relay.key->view()))
        return Error{Errc::wrong_relay, "it has another key than the address names"};
    HUECRY_TRY(proved_key(reply));
    v1::Prove out;
    out.set_key(to_string(identity_.key->public_key.view()));
    out.set_signature(to_string(prove_client(transcript_, *identity_.key).view()));
    return out;
}

}  // namespace huecry::net
