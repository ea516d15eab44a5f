#include "relay_world.hpp"

#include "huecry/directory/invite_keys.hpp"
#include "huecry/wire/transcript.hpp"

namespace huecry::relay::test {

std::uint32_t code_of(const v1::Frame& frame) {
    return frame.has_failure() ? frame.failure().code() : 0;
}

void World::RelayRandom::fill(std::span<std::uint8_t> out) {
    if (world.scribe != nullptr && out.size() == 32) {
        if (const auto given = world.scribe->nonce()) {
            std::copy(given->begin(), given->end(), out.begin());
            return;
        }
    }
    world.random.fill(out);
}

void World::hang_up(Client& who) {
    if (scribe != nullptr) scribe->closed(who.connection);
    core->closed(who.connection);
}

void World::flush() {
    if (scribe != nullptr) scribe->flushed();
    core->flush();
}

std::optional<v1::Ready> Client::connect(ClientKind kind, const Peer& peer) {
    const auto older = std::exchange(outlet, std::make_unique<FakeOutlet>());  // still connected
    SessionTranscript t;
    t.exporter.fill(static_cast<std::uint8_t>(world.random.engine()));
    if (world.scribe != nullptr) t.exporter = world.scribe->exporter();
    connection = world.core->opened(*outlet, t.exporter, peer);
    if (world.scribe != nullptr) world.scribe->opened(connection);
    if (outlet->goodbye) return std::nullopt;
    t.partnership = world.partnership;
    t.kind = kind;
    const auto subject = kind == ClientKind::invite ? to_bytes(invite_id_of(key.public_key).view())
                                                    : to_bytes(id().view());
    std::copy(subject.begin(), subject.end(), t.subject.begin());
    world.random.fill(t.client_nonce);
    v1::Frame hello;
    auto& h = *hello.mutable_hello();
    h.set_version(1);
    h.set_nonce(to_string(t.client_nonce));
    h.set_partnership(to_string(t.partnership.view()));
    h.set_kind(static_cast<std::uint32_t>(kind));
    h.set_subject(to_string(t.subject));
    say(hello);
    if (outlet->goodbye) return std::nullopt;
    REQUIRE(outlet->frames.size() == 1);
    const auto reply = outlet->frames.front().hello_reply();
    outlet->frames.clear();
    std::copy_n(view(reply.nonce()).begin(), 32, t.relay_nonce.begin());
    t.relay_key = PublicKey::from(view(reply.relay_key())).value();
    CHECK(t.relay_key == world.relay.public_key);
    CHECK(relay_proved(t, Signature::from(view(reply.signature())).value()));
    v1::Frame prove;
    prove.mutable_prove()->set_key(to_string(key.public_key.view()));
    prove.mutable_prove()->set_signature(to_string(prove_client(t, key).view()));
    say(prove);
    if (outlet->goodbye) return std::nullopt;
    REQUIRE(outlet->frames.size() == 1);
    const auto ready = outlet->frames.front().ready();
    outlet->frames.clear();
    return ready;
}

std::uint64_t Client::send(v1::Frame frame) {
    frame.set_request(++request);
    say(frame);
    return request;
}

void Client::say(const v1::Frame& frame) {
    const auto bytes = frame.SerializeAsString();
    if (world.scribe != nullptr) world.scribe->sent(connection, bytes);
    world.core->received(connection, view(bytes));
}

std::optional<v1::Frame> Client::answer_to(std::uint64_t wanted) {
    for (auto it = outlet->frames.begin(); it != outlet->frames.end(); ++it) {
        if (it->request() != wanted) continue;
        auto out = std::move(*it);
        outlet->frames.erase(it);
        return out;
    }
    return std::nullopt;
}

v1::Frame Client::ask(v1::Frame frame) {
    const auto number = send(std::move(frame));
    world.flush();
    auto out = answer_to(number);
    REQUIRE(out.has_value());
    return *out;
}

std::vector<v1::Frame> Client::pushed() {
    std::vector<v1::Frame> out;
    std::erase_if(outlet->frames, [&](auto& frame) {
        if (frame.request() != 0) return false;
        out.push_back(frame);
        return true;
    });
    return out;
}

std::vector<v1::Entry> Client::entries(const StreamRef& stream) {
    std::vector<v1::Entry> out;
    std::erase_if(outlet->frames, [&](auto& frame) {
        if (!frame.has_deliver() ||
            frame.deliver().stream().kind() != static_cast<std::uint32_t>(stream.kind) ||
            frame.deliver().stream().id() != to_string(stream.id))
            return false;
        // Each frame carries a head at its last entry.
        SignedHead head{to_bytes(view(frame.deliver().head().head())),
                        Signature::from(view(frame.deliver().head().signature())).value()};
        const auto verified = head.verify(world.relay.public_key);
        REQUIRE(verified.ok());
        for (const auto& e : frame.deliver().entries()) out.push_back(e);
        const auto last = Header::decode(view(out.back().header()));
        REQUIRE(last.ok());
        CHECK(verified->seq == last->seq);
        return true;
    });
    return out;
}

void Client::subscribe(const StreamRef& stream, std::uint64_t from) {
    v1::Frame frame;
    auto& s = *frame.mutable_subscribe();
    s.mutable_stream()->set_kind(static_cast<std::uint32_t>(stream.kind));
    s.mutable_stream()->set_id(to_string(stream.id));
    s.mutable_stream()->set_incarnation(stream.incarnation);
    s.set_from(from);
    send(std::move(frame));
}

void Client::ack(const StreamRef& stream, std::uint64_t seq) {
    v1::Frame frame;
    auto& s = *frame.mutable_ack();
    s.mutable_stream()->set_kind(static_cast<std::uint32_t>(stream.kind));
    s.mutable_stream()->set_id(to_string(stream.id));
    s.mutable_stream()->set_incarnation(stream.incarnation);
    s.set_seq(seq);
    send(std::move(frame));
}

directory::SignedStatement World::genesis(Client& who) {
    directory::Genesis g;
    g.root_key = root.public_key;
    g.next_root_hash = random.id<Digest>();
    g.relay_key = relay.public_key;
    g.relay_port = 8443;
    g.relay_host = "relay.example";
    g.member = random.id<MemberId>();
    g.signing_key = who.key.public_key;
    g.sealing_key = who.sealing;
    g.member_name_hash = random.id<Digest>();
    g.organisation = random.id<OrganisationId>();
    g.organisation_name_hash = random.id<Digest>();
    g.partnership_name_hash = random.id<Digest>();
    all_members = random.id<ChannelId>();
    g.all_members = directory::all_members_channel(all_members, random.id<Digest>(), who.id());
    return directory::sign_genesis(directory::make_genesis(random.id<directory::Nonce>(), g), root,
                                   who.key);
}

void World::found() {
    founder = client();
    const auto statement = genesis(*founder);
    partnership = directory::partnership_id(statement.statement);
    REQUIRE(founder->connect(ClientKind::founder).has_value());
    v1::Frame frame;
    frame.mutable_create_partnership()->set_genesis(to_string(statement.encode()));
    const auto answer = founder->ask(frame);
    REQUIRE(answer.has_submit_result());
    CHECK(answer.submit_result().accepted(0).seq() == 1);
    hang_up(*founder);
    REQUIRE(founder->connect()->device_state() == 1);
}

v1::Frame World::statement_frame(const directory::SignedStatement& statement) {
    v1::Frame frame;
    frame.mutable_submit()->mutable_stream()->set_kind(1);
    auto& item = *frame.mutable_submit()->add_items();
    item.set_message_id(to_string(random.bytes(16)));
    item.set_kind(1);
    item.set_body(to_string(statement.encode()));
    return frame;
}

v1::Frame World::by(Client& who, directory::Body body) {
    const auto s = state();
    return who.ask(statement_frame(directory::sign_statement(
        directory::make_statement(s, random.id<directory::Nonce>(), std::move(body)), who.key)));
}

std::unique_ptr<Client> World::join(directory::Role role) {
    auto holder = client();  // of the invite's one-time key
    directory::InviteIssued invite;
    invite.one_time_key = holder->key.public_key;
    invite.seal_key = random.id<PublicKey>();
    invite.member = random.id<MemberId>();
    invite.member_name_hash = random.id<Digest>();
    invite.organisation = random.id<OrganisationId>();
    invite.organisation_name_hash = random.id<Digest>();
    invite.role = role;
    invite.in_person = true;
    invite.lifetime_ms = 7 * day_ms;
    const auto issued = by(*founder, invite);
    REQUIRE(issued.has_submit_result());
    REQUIRE(holder->connect(ClientKind::invite).has_value());
    auto newcomer = client();
    const auto s = state();
    const directory::DeviceAdmitted admitted{invite_id_of(holder->key.public_key),
                                             newcomer->key.public_key, newcomer->sealing};
    const auto answer = holder->ask(statement_frame(directory::sign_admission(
        directory::make_statement(s, random.id<directory::Nonce>(), admitted), holder->key,
        newcomer->key)));
    REQUIRE(answer.has_submit_result());
    hang_up(*holder);
    REQUIRE(newcomer->connect().has_value());
    return newcomer;
}

Bytes World::mls(EntryKind kind, std::uint64_t epoch, std::size_t size,
                 std::optional<StreamRef> stream) {
    const auto ref = stream.value_or(channel());
    Writer group;
    group.raw(ref.id).u32(ref.incarnation);
    Writer w;
    w.u16(1).u16(2).opaque(group.bytes()).u64(epoch).u8(kind == EntryKind::handshake ? 3 : 1);
    w.opaque(random.bytes(40)).opaque(random.bytes(28)).opaque(random.bytes(size));
    return w.take();
}

void World::add_item(v1::Frame& frame, EntryKind kind, std::uint64_t epoch,
                     std::uint64_t lifetime_ms) {
    auto& item = *frame.mutable_submit()->add_items();
    item.set_message_id(to_string(random.bytes(16)));
    item.set_kind(static_cast<std::uint32_t>(kind));
    item.set_lifetime_ms(kind == EntryKind::application ? lifetime_ms : 0);
    item.set_body(to_string(mls(kind, epoch)));
}

v1::Frame World::submission(EntryKind kind, std::uint64_t epoch, std::uint64_t handshake_seq,
                            std::uint64_t lifetime_ms) {
    v1::Frame frame;
    auto& submit = *frame.mutable_submit();
    submit.mutable_stream()->set_kind(2);
    submit.mutable_stream()->set_id(to_string(all_members.view()));
    submit.mutable_stream()->set_incarnation(1);
    submit.set_handshake_seq(handshake_seq);
    submit.set_directory_index(state().index());
    add_item(frame, kind, epoch, lifetime_ms);
    return frame;
}

std::string World::stock(Client& who, std::size_t n) {
    v1::Frame frame;
    std::string last;
    for (std::size_t i = 0; i < n; ++i) {
        Writer w;
        w.u16(1).u16(5).raw(random.bytes(200));
        last = to_string(w.bytes());
        frame.mutable_put_key_packages()->add_packages(last);
    }
    const auto answer = who.ask(frame);
    REQUIRE(answer.has_key_package_count());
    return last;
}

v1::Frame World::add_member(Client& by, Client& joiner, std::uint64_t epoch,
                            std::uint64_t handshake_seq) {
    stock(joiner);
    v1::Frame take;
    auto& t = *take.mutable_take_key_packages();
    t.mutable_channel()->set_kind(2);
    t.mutable_channel()->set_id(to_string(all_members.view()));
    t.mutable_channel()->set_incarnation(1);
    t.add_devices(to_string(joiner.id().view()));
    const auto given = by.ask(take);
    REQUIRE(given.key_packages().packages_size() == 1);
    auto frame = submission(EntryKind::handshake, epoch, handshake_seq);
    auto& welcome = *frame.mutable_submit()->mutable_welcome();
    welcome.set_message_id(to_string(random.bytes(16)));
    welcome.set_chain_from(handshake_seq);
    Writer w;
    w.u16(1).u16(3).raw(random.bytes(300));
    welcome.set_body(to_string(w.bytes()));
    auto& one = *welcome.add_joiners();
    one.set_device(to_string(joiner.id().view()));
    one.set_key_package(to_string(sha256(view(given.key_packages().packages(0).package())).view()));
    return frame;
}

}  // namespace huecry::relay::test
