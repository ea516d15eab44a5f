#include "auth/handshake.hpp"

#include <algorithm>

namespace huecry::relay {
namespace {

constexpr std::uint32_t known_features[] = {0};  // none so far; 0 is never asked for

std::optional<ClientKind> kind_of(std::uint32_t number) {
    if (number < 1 || number > 3) return std::nullopt;
    return static_cast<ClientKind>(number);
}

}  // namespace

Handshake::Handshake(const SigningKey& relay, const Registry& registry, Random& random,
                     const Exporter& exporter)
    : relay_(relay), registry_(registry), random_(random) {
    transcript_.exporter = exporter;
    transcript_.relay_key = relay.public_key;
}

Result<v1::HelloReply> Handshake::hello(const v1::Hello& hello, std::uint64_t now_ms) {
    if (step_ != Step::hello) return Errc::bad_frame;
    step_ = Step::over;
    if (hello.version() != protocol_version) return Errc::version_refused;
    for (const auto feature : hello.required_features())
        if (feature == 0 || std::find(std::begin(known_features), std::end(known_features),
                                      feature) == std::end(known_features))
            return Errc::feature_refused;
    const auto partnership = PartnershipId::from(view(hello.partnership()));
    const auto kind = kind_of(hello.kind());
    if (!partnership || !kind || hello.nonce().size() != 32 || hello.subject().size() != 16)
        return Errc::bad_frame;
    transcript_.partnership = *partnership;
    transcript_.kind = *kind;
    std::copy_n(view(hello.nonce()).begin(), 32, transcript_.client_nonce.begin());
    std::copy_n(view(hello.subject()).begin(), 16, transcript_.subject.begin());
    random_.fill(transcript_.relay_nonce);

    v1::HelloReply reply;
    reply.set_version(protocol_version);
    reply.set_relay_key(to_string(relay_.public_key.view()));
    reply.set_nonce(to_string(transcript_.relay_nonce));
    reply.set_signature(to_string(prove_relay(transcript_, relay_).view()));
    reply.set_time_ms(now_ms);
    step_ = Step::prove;
    return reply;
}

Result<Principal> Handshake::prove(const v1::Prove& prove) {
    if (step_ != Step::prove) return Errc::bad_frame;
    step_ = Step::over;
    const auto key = PublicKey::from(view(prove.key()));
    const auto signature = Signature::from(view(prove.signature()));
    if (!key || !signature) return Errc::bad_frame;
    Principal out;
    out.partnership = transcript_.partnership;
    out.kind = transcript_.kind;
    out.key = *key;
    // The subject is the key's hash: who signs with another key is nobody, known or not.
    const auto own = out.kind == ClientKind::invite ? to_bytes(invite_id_of(*key).view())
                                                    : to_bytes(device_id_of(*key).view());
    if (!std::equal(own.begin(), own.end(), transcript_.subject.begin()) ||
        !client_proved(transcript_, *key, *signature))
        return Errc::not_authenticated;
    if (out.kind == ClientKind::invite) {
        out.invite = invite_id_of(*key);
    } else {
        out.device = device_id_of(*key);
    }
    if (out.kind == ClientKind::founder) return out;
    HUECRY_TRY_ASSIGN(const auto known,
                      registry_.look_up(out.partnership, out.kind, transcript_.subject));
    if (known.key != *key) return Errc::not_authenticated;
    out.standing = known.standing;
    return out;
}

}  // namespace huecry::relay
