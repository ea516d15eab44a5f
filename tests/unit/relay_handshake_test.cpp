#include "auth/handshake.hpp"

#include "relay_world.hpp"

// Each field of a handshake alone, and each thing that a proof is bound to.
using namespace huecry;
using namespace huecry::relay;
using namespace huecry::relay::test;

namespace {

/// Knows one device or invite.
struct OneKnown final : Registry {
    PublicKey key;
    Standing standing = Standing::active;
    std::optional<Errc> refused;
    mutable std::size_t asked = 0;

    Result<Known> look_up(const PartnershipId&, ClientKind, BytesView) const override {
        ++asked;
        if (refused) return *refused;
        return Known{key, standing};
    }
};

struct Door {
    FakeRandom random;
    SigningKey relay;
    SigningKey key;
    OneKnown registry;
    SessionTranscript transcript;
    v1::Hello hello;
    std::unique_ptr<Handshake> at;

    explicit Door(ClientKind kind = ClientKind::device) {
        REQUIRE(initialise_crypto());
        relay = signing_key_from_seed(random.bytes(32));
        key = signing_key_from_seed(random.bytes(32));
        registry.key = key.public_key;
        random.fill(transcript.exporter);
        random.fill(transcript.client_nonce);
        transcript.relay_key = relay.public_key;
        transcript.partnership = random.id<PartnershipId>();
        transcript.kind = kind;
        const auto subject = kind == ClientKind::invite
                                 ? to_bytes(invite_id_of(key.public_key).view())
                                 : to_bytes(device_id_of(key.public_key).view());
        std::copy(subject.begin(), subject.end(), transcript.subject.begin());
        hello.set_version(1);
        hello.set_nonce(to_string(transcript.client_nonce));
        hello.set_partnership(to_string(transcript.partnership.view()));
        hello.set_kind(static_cast<std::uint32_t>(kind));
        hello.set_subject(to_string(transcript.subject));
        at = std::make_unique<Handshake>(relay, registry, random, transcript.exporter);
    }
    Errc hello_refused() {
        const auto reply = at->hello(hello, 5);
        REQUIRE(!reply.ok());
        CHECK(at->hello(hello, 5).error().code == Errc::bad_frame);  // and that was that
        return reply.error().code;
    }
    /// Hello and its answer; what would prove this client.
    v1::Prove greeted() {
        const auto reply = at->hello(hello, 5);
        REQUIRE(reply.ok());
        CHECK(reply->version() == 1);
        CHECK(reply->time_ms() == 5);
        CHECK(reply->relay_key() == to_string(relay.public_key.view()));
        REQUIRE(reply->nonce().size() == 32);
        std::copy_n(view(reply->nonce()).begin(), 32, transcript.relay_nonce.begin());
        CHECK(relay_proved(transcript, Signature::from(view(reply->signature())).value()));
        return proof(transcript, key);
    }
    static v1::Prove proof(const SessionTranscript& t, const SigningKey& with) {
        v1::Prove out;
        out.set_key(to_string(with.public_key.view()));
        out.set_signature(to_string(prove_client(t, with).view()));
        return out;
    }
    Errc refused(const v1::Prove& prove) {
        const auto who = at->prove(prove);
        REQUIRE(!who.ok());
        CHECK(at->prove(prove).error().code == Errc::bad_frame);  // one try
        return who.error().code;
    }
};

}  // namespace

TEST_CASE("a handshake proves a device, an invite or a founder") {
    {
        Door d;
        d.registry.standing = Standing::pending;
        const auto who = d.at->prove(d.greeted());
        REQUIRE(who.ok());
        CHECK(who->kind == ClientKind::device);
        CHECK(who->partnership == d.transcript.partnership);
        CHECK(who->device == device_id_of(d.key.public_key));
        CHECK(who->key == d.key.public_key);
        CHECK(who->standing == Standing::pending);
        CHECK(who->invite == InviteId{});
        CHECK(d.registry.asked == 1);
        CHECK(d.at->hello(d.hello, 5).error().code == Errc::bad_frame);
    }
    {
        Door d(ClientKind::invite);
        const auto who = d.at->prove(d.greeted());
        REQUIRE(who.ok());
        CHECK(who->kind == ClientKind::invite);
        CHECK(who->invite == invite_id_of(d.key.public_key));
        CHECK(who->device == DeviceId{});
    }
    {
        Door d(ClientKind::founder);  // known to nobody
        const auto who = d.at->prove(d.greeted());
        REQUIRE(who.ok());
        CHECK(who->kind == ClientKind::founder);
        CHECK(who->device == device_id_of(d.key.public_key));
        CHECK(who->standing == Standing::none);
        CHECK(d.registry.asked == 0);
    }
}

TEST_CASE("a hello: each field of it alone") {
    using Change = std::function<void(v1::Hello&)>;
    const std::vector<std::tuple<const char*, Errc, Change>> faults{
        {"no version", Errc::version_refused, [](auto& h) { h.set_version(0); }},
        {"a later version", Errc::version_refused, [](auto& h) { h.set_version(2); }},
        {"a feature", Errc::feature_refused, [](auto& h) { h.add_required_features(1); }},
        {"no feature", Errc::feature_refused, [](auto& h) { h.add_required_features(0); }},
        {"a short partnership", Errc::bad_frame,
         [](auto& h) { h.mutable_partnership()->pop_back(); }},
        {"a long partnership", Errc::bad_frame,
         [](auto& h) { h.mutable_partnership()->push_back('x'); }},
        {"no kind", Errc::bad_frame, [](auto& h) { h.set_kind(0); }},
        {"an unknown kind", Errc::bad_frame, [](auto& h) { h.set_kind(4); }},
        {"a short nonce", Errc::bad_frame, [](auto& h) { h.mutable_nonce()->pop_back(); }},
        {"a long nonce", Errc::bad_frame, [](auto& h) { h.mutable_nonce()->push_back('x'); }},
        {"a short subject", Errc::bad_frame, [](auto& h) { h.mutable_subject()->pop_back(); }},
        {"a long subject", Errc::bad_frame, [](auto& h) { h.mutable_subject()->push_back('x'); }}};
    for (const auto& [what, code, change] : faults) {
        CAPTURE(what);
        Door d;
        change(d.hello);
        CHECK(d.hello_refused() == code);
    }
}

TEST_CASE("a proof is good for one connection, one relay and one claim") {
    using Change = std::function<void(SessionTranscript&)>;
    const std::vector<std::pair<const char*, Change>> others{
        {"another connection", [](auto& t) { t.exporter[0] ^= 1; }},
        {"another hello", [](auto& t) { t.client_nonce[31] ^= 1; }},
        {"another answer", [](auto& t) { t.relay_nonce[31] ^= 1; }},
        {"another relay", [](auto& t) { t.relay_key = PublicKey{}; }},
        {"another partnership", [](auto& t) { t.partnership = PartnershipId{}; }},
        {"another kind", [](auto& t) { t.kind = ClientKind::founder; }},
        {"another subject", [](auto& t) { t.subject[15] ^= 1; }}};
    for (const auto& [what, change] : others) {
        CAPTURE(what);
        Door d;
        (void)d.greeted();
        change(d.transcript);
        CHECK(d.refused(Door::proof(d.transcript, d.key)) == Errc::not_authenticated);
        CHECK(d.registry.asked == 0);  // who has proved nothing learns of nobody
    }
    {  // in place of a proof, what the relay has signed itself
        Door d;
        auto prove = d.greeted();
        prove.set_signature(to_string(prove_relay(d.transcript, d.key).view()));
        CHECK(d.refused(prove) == Errc::not_authenticated);
    }
    {  // another's name
        Door d;
        (void)d.greeted();
        const auto own = signing_key_from_seed(d.random.bytes(32));
        d.registry.refused = Errc::unknown_partnership;
        CHECK(d.refused(Door::proof(d.transcript, own)) == Errc::not_authenticated);
        CHECK(d.registry.asked == 0);
    }
    {
        Door d;
        auto prove = d.greeted();
        prove.mutable_key()->pop_back();
        CHECK(d.refused(prove) == Errc::bad_frame);
    }
    {
        Door d;
        auto prove = d.greeted();
        prove.mutable_signature()->push_back('x');
        CHECK(d.refused(prove) == Errc::bad_frame);
    }
    {  // before the relay has proved itself
        Door d;
        CHECK(d.at->prove(Door::proof(d.transcript, d.key)).error().code == Errc::bad_frame);
    }
    {  // the directory has another key under this name
        Door d;
        const auto prove = d.greeted();
        d.registry.key = d.relay.public_key;
        CHECK(d.refused(prove) == Errc::not_authenticated);
    }
    {
        Door d;
        const auto prove = d.greeted();
        d.registry.refused = Errc::device_removed;
        CHECK(d.refused(prove) == Errc::device_removed);
    }
}

TEST_CASE("the relay's nonce is another for each handshake") {
    Door d;
    (void)d.greeted();
    const auto first = d.transcript.relay_nonce;
    d.at = std::make_unique<Handshake>(d.relay, d.registry, d.random, d.transcript.exporter);
    (void)d.greeted();
    CHECK(d.transcript.relay_nonce != first);
    CHECK(d.transcript.relay_nonce != std::array<std::uint8_t, 32>{});
}
