#include "directory_town.hpp"
#include "huecry/directory/document_key.hpp"
#include "huecry/directory/safety_phrase.hpp"
#include "huecry/wire/authenticated_data.hpp"
#include "huecry/wire/join_info.hpp"
#include "huecry/wire/padding.hpp"
#include "huecry/wire/transcript.hpp"
#include "vectors.hpp"

// proto/vectors are made by another implementation, from PROTOCOL.md alone: both must agree.
namespace huecry {
namespace {

template <std::size_t N>
std::array<std::uint8_t, N> array_of(BytesView bytes) {
    std::array<std::uint8_t, N> out{};
    REQUIRE(bytes.size() == N);
    std::copy(bytes.begin(), bytes.end(), out.begin());
    return out;
}

SignedHead signed_head(const Vectors& v) { return {v.bytes("head"), v.id<Signature>("signature")}; }

TEST_CASE("vectors: header, chain and head") {
    REQUIRE(initialise_crypto());
    const Vectors v("stream.txt");
    Header h;
    h.stream = StreamRef::channel(v.id<ChannelId>("channel"),
                                  static_cast<std::uint32_t>(v.number("incarnation")));
    h.seq = 1;
    h.submitter = v.id<DeviceId>("submitter");
    h.kind = EntryKind::application;
    h.message_id = v.id<MessageId>("message_id");
    h.accepted_ms = v.number("accepted_ms");
    h.expiry_ms = v.number("expiry_ms");
    h.length = static_cast<std::uint32_t>(v.bytes("body").size());
    h.digest = sha256(v.bytes("body"));
    CHECK(h.encode() == v.bytes("header"));
    const auto start = chain_start(v.id<PartnershipId>("partnership"), h.stream);
    CHECK(start == v.id<Digest>("chain_start"));
    CHECK(chain_next(start, h.encode()) == v.id<Digest>("chain_after"));
    const auto head = signed_head(v).verify(v.id<PublicKey>("relay_key"));
    REQUIRE(head.ok());
    CHECK(head->hash == v.id<Digest>("chain_after"));
    CHECK(head->stream == h.stream);
}

TEST_CASE("vectors: authenticated data and join info") {
    const Vectors v("authenticated_data.txt");
    const AuthenticatedData data{v.id<MessageId>("message_id"), signed_head(v),
                                 v.number("stream_seq"), v.id<Digest>("running_hash")};
    CHECK(data.encode() == v.bytes("authenticated_data"));
    const JoinInfo join{signed_head(v), v.number("floor_index"), v.number("processed_seq"),
                        v.id<Digest>("running_hash"), v.id<MessageId>("commit_id")};
    CHECK(join.encode() == v.bytes("join_info"));
}

TEST_CASE("vectors: both proofs of a session") {
    const Vectors v("session.txt");
    SessionTranscript t;
    t.exporter = array_of<32>(v.bytes("exporter"));
    t.client_nonce = array_of<32>(v.bytes("client_nonce"));
    t.relay_nonce = array_of<32>(v.bytes("relay_nonce"));
    t.relay_key = v.id<PublicKey>("relay_key");
    t.partnership = v.id<PartnershipId>("partnership");
    t.kind = ClientKind::device;
    t.subject = array_of<16>(v.bytes("subject"));
    CHECK(relay_proved(t, v.id<Signature>("relay_signature")));
    CHECK(client_proved(t, v.id<PublicKey>("client_key"), v.id<Signature>("client_signature")));
    CHECK(array_of<16>(device_id_of(v.id<PublicKey>("client_key")).view()) == t.subject);
}

TEST_CASE("vectors: an invite's keys and link") {
    const Vectors v("invite.txt");
    const auto keys = directory::invite_keys(v.bytes("secret"));
    REQUIRE(keys.ok());
    CHECK(keys->signing.public_key == v.id<PublicKey>("one_time_key"));
    CHECK(keys->seal_public == v.id<PublicKey>("seal_key"));
    CHECK(keys->id() == v.id<InviteId>("invite"));
    const auto link = InviteLink::parse(v.text("link"));
    REQUIRE(link.ok());
    CHECK(link->secret == SecretBytes(v.bytes("secret")));
    CHECK(link->partnership == v.id<PartnershipId>("partnership"));
    CHECK(link->relay.key == v.id<PublicKey>("relay_key"));
    CHECK(link->relay.host == v.text("host"));
    CHECK(link->relay.port == v.number("port"));
    CHECK(link->partnership_name == v.text("name"));
    CHECK(link->text() == v.text("link"));
}

TEST_CASE("vectors: safety phrase, names, digests") {
    const Vectors p("safety_phrase.txt");
    const auto key = p.id<PublicKey>("signing_key");
    const auto phrase =
        directory::safety_phrase(p.id<PartnershipId>("partnership"), device_id_of(key), key,
                                 p.id<PublicKey>("sealing_key"), p.id<InviteId>("invite"));
    REQUIRE(phrase.ok());
    CHECK(*phrase == p.text("phrase"));
    const Vectors v("names.txt");
    CHECK(directory::name_hash(v.bytes("salt"), v.text("name")) == v.id<Digest>("name_hash"));
    CHECK(directory::document_digest(SecretBytes(v.bytes("document_key")), v.text("text")) ==
          v.id<Digest>("text_digest"));
    CHECK(directory::root_hash(v.id<PublicKey>("root")) == v.id<Digest>("root_hash"));
}

TEST_CASE("vectors: padding") {
    const Vectors v("padding.txt");
    std::size_t checked = 0;
    std::optional<Bytes> padded;
    for (const auto& [name, value] : v.fields()) {
        if (name == "length") {
            const auto made = pad(Bytes(std::stoul(value), 0xAB));
            REQUIRE(made.ok());
            padded = *made;
        } else if (name == "padded") {
            CHECK(padded->size() == std::stoul(value));
        } else {
            CHECK(sha256(*padded).hex() == value);
            ++checked;
        }
    }
    CHECK(checked == 9);
}

/// Every entry with its verdict; a refused one leaves the state as it was.
directory::State go_through(const Vectors& v, std::size_t& refused) {
    std::vector<directory::State> state;  // one: there is no empty form
    std::string meaning;
    Bytes header;
    Bytes body;
    for (const auto& [name, value] : v.fields()) {
        if (name == "entry") meaning = value;
        if (name == "header") header = Vectors::from(value);
        if (name == "body") body = Vectors::from(value);
        if (name != "verdict") continue;
        CAPTURE(meaning);
        if (state.empty()) {
            auto made = directory::State::from_genesis(header, body);
            REQUIRE(made.ok());
            state.push_back(std::move(*made));
            continue;
        }
        const auto before = state[0].hash();
        const auto applied = state[0].apply(header, body);
        const std::string verdict(applied.ok() ? "accept" : huecry::name(applied.error().code));
        CHECK(verdict == value);
        if (applied.ok()) continue;
        ++refused;
        CHECK(state[0].hash() == before);
    }
    REQUIRE(state.size() == 1);
    CHECK(state[0].partnership() == v.id<PartnershipId>("partnership"));
    CHECK(state[0].index() == v.number("index"));
    CHECK(state[0].running_hash() == v.id<Digest>("running_hash"));
    return std::move(state[0]);
}

TEST_CASE("vectors: a directory, entry by entry") {
    const Vectors v("directory.txt");
    std::size_t refused = 0;
    const auto state = go_through(v, refused);
    CHECK(refused > 10);
    const auto channel = v.id<ChannelId>("channel");
    CHECK(state.readers(channel) == std::vector{v.id<DeviceId>("reader")});
    CHECK(state.loss_index(channel) == v.number("loss_index"));
}

TEST_CASE("vectors: the later actions of a directory") {
    const Vectors v("directory_later.txt");
    std::size_t refused = 0;
    const auto state = go_through(v, refused);
    CHECK(refused > 10);
    CHECK(state.root_key() == v.id<PublicKey>("root_key"));
    CHECK(state.relay_key() == v.id<PublicKey>("relay_key"));
    CHECK(state.quorum() == 1);
    CHECK(state.policy().access_log_days == 25);
}

}  // namespace
}  // namespace huecry
