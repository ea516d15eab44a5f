#include <doctest/doctest.h>

#include "net/proof.hpp"

using namespace huecry;

namespace {

struct Relay {
    SigningKey key;
    std::array<std::uint8_t, 32> exporter{};
    std::array<std::uint8_t, 32> nonce{};

    explicit Relay(std::uint8_t seed) {
        key = signing_key_from_seed(std::array<std::uint8_t, 32>{seed});
        nonce.fill(0x55);
    }
    SessionTranscript transcript(const v1::Hello& hello) const {
        SessionTranscript t;
        t.exporter = exporter;
        const auto client = view(hello.nonce());
        std::copy(client.begin(), client.end(), t.client_nonce.begin());
        t.relay_nonce = nonce;
        t.relay_key = key.public_key;
        t.partnership = *PartnershipId::from(view(hello.partnership()));
        t.kind = static_cast<ClientKind>(hello.kind());
        const auto subject = view(hello.subject());
        std::copy(subject.begin(), subject.end(), t.subject.begin());
        return t;
    }
    v1::HelloReply reply(const v1::Hello& hello) const {
        v1::HelloReply out;
        out.set_version(protocol_version);
        out.set_relay_key(to_string(key.public_key.view()));
        out.set_nonce(to_string(nonce));
        out.set_signature(to_string(prove_relay(transcript(hello), key).view()));
        out.set_time_ms(1234);
        return out;
    }
};

struct World {
    Relay relay{1};
    net::Identity identity;
    std::array<std::uint8_t, 32> nonce{};

    World() {
        relay.exporter.fill(0xee);
        nonce.fill(0x11);
        identity.relay.host = "relay.example";
        identity.relay.key = relay.key.public_key;
        identity.partnership = PartnershipId(std::array<std::uint8_t, 32>{9});
        identity.subject.fill(3);
        const std::array<std::uint8_t, 32> seed{42};
        identity.key = std::make_shared<const SigningKey>(signing_key_from_seed(seed));
    }
    net::Proof proof() const { return {identity, relay.exporter, nonce}; }
};

}  // namespace

TEST_CASE("both sides prove themselves over the same connection") {
    World w;
    auto proof = w.proof();
    const auto hello = proof.hello();
    const auto prove = proof.answer(w.relay.reply(hello));
    REQUIRE(prove.ok());
    CHECK(proof.relay_time_ms() == 1234);
    const auto key = PublicKey::from(view(prove->key()));
    REQUIRE(key);
    CHECK(*key == w.identity.key->public_key);
    CHECK(
        client_proved(w.relay.transcript(hello), *key, *Signature::from(view(prove->signature()))));
}

TEST_CASE("a relay with another key is refused, though it proves that key") {
    World w;
    Relay other{2};
    other.exporter = w.relay.exporter;
    auto proof = w.proof();
    const auto outcome = proof.answer(other.reply(proof.hello()));
    REQUIRE(!outcome.ok());
    CHECK(outcome.error().code == Errc::wrong_relay);
}

TEST_CASE("the right key on another connection, or an answer to another nonce, proves nothing") {
    World w;
    auto proof = w.proof();
    Relay in_between{1};
    in_between.exporter.fill(0xdd);  // of the connection between the proxy and the relay
    CHECK(proof.answer(in_between.reply(proof.hello())).error().code == Errc::wrong_relay);

    auto old_hello = proof.hello();
    old_hello.set_nonce(std::string(32, 'o'));
    CHECK(proof.answer(w.relay.reply(old_hello)).error().code == Errc::wrong_relay);

    auto someone_else = proof.hello();
    someone_else.set_subject(std::string(16, 's'));
    CHECK(proof.answer(w.relay.reply(someone_else)).error().code == Errc::wrong_relay);
}

TEST_CASE("what is not a reply is refused before anything is signed") {
    World w;
    auto proof = w.proof();
    const auto good = w.relay.reply(proof.hello());
    auto bad = good;
    bad.set_version(2);
    CHECK(proof.answer(bad).error().code == Errc::version_refused);
    bad = good;
    bad.set_nonce("short");
    CHECK(proof.answer(bad).error().code == Errc::bad_frame);
    bad = good;
    bad.mutable_signature()->pop_back();
    CHECK(proof.answer(bad).error().code == Errc::bad_frame);
    bad = good;
    bad.set_relay_key("");
    CHECK(proof.answer(bad).error().code == Errc::wrong_relay);
    bad = good;
    (*bad.mutable_signature())[5] ^= 1;
    CHECK(proof.answer(bad).error().code == Errc::wrong_relay);
}

TEST_CASE("an address without a key: the key is learnt, nothing is proved to the other side") {
    World w;
    w.identity.relay.key.reset();
    auto proof = w.proof();
    const auto reply = w.relay.reply(proof.hello());
    CHECK(proof.answer(reply).error().code == Errc::relay_key_unknown);
    const auto key = proof.proved_key(reply);
    REQUIRE(key.ok());
    CHECK(*key == w.relay.key.public_key);
    auto forged = reply;
    forged.set_relay_key(std::string(32, 'k'));
    CHECK(!proof.proved_key(forged).ok());
}
