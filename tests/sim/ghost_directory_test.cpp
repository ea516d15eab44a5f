#include "huecry/directory/build.hpp"
#include "huecry/directory/invite_keys.hpp"
#include "sim/ghost_town.hpp"

// The ghost-member matrix, way (iv): the relay shows one member a directory with an entry of its
// own making, under its own signature.
using namespace huecry;
using namespace huecry::sim;
using directory::Role;
using directory::SignedStatement;

namespace {

struct Forged {
    std::string name;
    std::function<SignedStatement(GhostTown&)> statement;
    /// Of the entry's header, when that is what is wrong.
    std::function<void(Header&)> header{};
};

directory::Statement upon(GhostTown& town, directory::Body body) {
    return directory::make_statement(town.world.directory(),
                                     town.world.story.id<directory::Nonce>(), std::move(body));
}

/// The next entry, with chain and head in order.
void show(GhostTown& town, Node& to, const SignedStatement& statement,
          const std::function<void(Header&)>& change) {
    const auto& state = town.world.directory();
    const auto body = statement.encode();
    Header header;
    header.seq = state.index() + 1;
    header.submitter = town.eve->node().id();
    header.message_id = town.world.story.id<MessageId>();
    header.accepted_ms = town.world.relay().clock.wall_ms();
    header.length = static_cast<std::uint32_t>(body.size());
    header.digest = sha256(body);
    if (change) change(header);
    const auto bytes = header.encode();
    const Head head{town.world.partnership(), StreamRef::directory(),
                    state.index() + 1,        chain_next(*state.running_hash(state.index()), bytes),
                    header.accepted_ms,       1};
    const auto sealed = town.world.relay().sign(head);
    v1::Frame frame;
    auto& deliver = *frame.mutable_deliver();
    deliver.mutable_stream()->set_kind(static_cast<std::uint32_t>(StreamKind::directory));
    deliver.mutable_stream()->set_id(to_string(BytesView(StreamRef::directory().id)));
    auto& entry = *deliver.add_entries();
    entry.set_header(to_string(bytes));
    entry.set_body(to_string(body));
    deliver.mutable_head()->set_head(to_string(sealed.head));
    deliver.mutable_head()->set_signature(to_string(sealed.signature.view()));
    REQUIRE(to.wire() != nullptr);
    to.wire()->inject(frame);
    town.world.run(second);
}

SignedStatement by(GhostTown& town, const SigningKey& key, directory::Body body) {
    return directory::sign_statement(upon(town, std::move(body)), key);
}

SignedStatement admission(GhostTown& town, const SigningKey& one_time, const SigningKey& device) {
    return directory::sign_admission(
        upon(town, directory::DeviceAdmitted{invite_id_of(one_time.public_key), device.public_key,
                                             town.world.story.id<PublicKey>()}),
        one_time, device);
}

/// Everybody whom the directory knows and does not let read, and what they would like it to say.
struct People {
    SigningKey stranger, revoked, suspended, pending, police, dave, expired, open, used;
    explicit People(GhostTown& town)
        : stranger(signing_key_from_seed(Bytes(32, 9))),
          revoked(town.admit(Role::retailer)),
          suspended(town.admit(Role::retailer)),
          pending(town.admit(Role::retailer, false)),
          police(town.admit(Role::police, false)),
          dave(town.admit(Role::retailer)),
          expired(town.invite(Role::retailer, 60'000, true)),
          open(town.invite(Role::retailer, 86'400'000, true)),
          used(town.invite(Role::coordinator, 86'400'000, true)) {
        town.signed_by_founder(directory::DeviceRevoked{id(revoked)});
        town.signed_by_founder(directory::MemberSuspended{member(town, suspended)});
        town.signed_by_founder(directory::DeviceApproved{id(police)});
        town.world.run(2 * minute);  // the invite expires
    }
    static DeviceId id(const SigningKey& key) { return device_id_of(key.public_key); }
    static MemberId member(GhostTown& town, const SigningKey& key) {
        return town.world.directory().device(id(key))->member;
    }
};

std::vector<Forged> all_forged(const People& who) {
    std::vector<Forged> out;
    out.push_back({"self-signed, by an invite that never was", [&](GhostTown& town) {
                       const auto made_up = signing_key_from_seed(Bytes(32, 10));
                       return admission(town, made_up, who.stranger);
                   }});
    out.push_back({"of another partnership", [&](GhostTown& town) {
                       auto statement =
                           upon(town, directory::DeviceAdmitted{invite_id_of(who.open.public_key),
                                                                who.stranger.public_key,
                                                                town.world.story.id<PublicKey>()});
                       statement.partnership = town.world.story.id<PartnershipId>();
                       return directory::sign_admission(statement, who.open, who.stranger);
                   }});
    out.push_back({"admitted by an expired invite",
                   [&](GhostTown& town) { return admission(town, who.expired, who.stranger); }});
    out.push_back({"revoked, returning", [&](GhostTown& town) {
                       return by(town, who.revoked, directory::DeviceReturned{});
                   }});
    out.push_back({"revoked, admitted once more",
                   [&](GhostTown& town) { return admission(town, who.open, who.revoked); }});
    out.push_back({"suspended, reinstating itself", [&](GhostTown& town) {
                       return by(town, who.suspended,
                                 directory::MemberReinstated{People::member(town, who.suspended)});
                   }});
    out.push_back({"pending, approving itself", [&](GhostTown& town) {
                       return by(town, who.pending,
                                 directory::DeviceApproved{People::id(who.pending)});
                   }});
    out.push_back({"pending, approved by another member", [&](GhostTown& town) {
                       return by(town, town.eve->node().key(),
                                 directory::DeviceApproved{People::id(who.pending)});
                   }});
    out.push_back({"of another role, changing it", [&](GhostTown& town) {
                       return by(town, who.police,
                                 directory::MemberRoleChanged{
                                     People::member(town, who.police), Role::retailer, {}});
                   }});
    out.push_back({"of another role, with the channel changed by a member", [&](GhostTown& town) {
                       auto settings = town.world.directory().channel(town.channel)->settings;
                       settings.read_roles = settings.post_roles = directory::every_role;
                       return by(town, town.eve->node().key(), directory::ChannelChanged{settings});
                   }});
    out.push_back({"right name, wrong key", [&](GhostTown& town) {
                       // A genuine admission of dave's, with a key that is not his.
                       auto forged = admission(town, who.open, who.dave);
                       const auto other = admission(town, who.open, who.stranger);
                       forged.statement = other.statement;
                       return forged;
                   }});
    out.push_back({"a signature key that is there already", [&](GhostTown& town) {
                       return admission(town, who.open, town.eve->node().key());
                   }});
    out.push_back({"signed by nobody", [&](GhostTown& town) {
                       auto forged = by(town, town.world.founder().key(),
                                        directory::DeviceApproved{People::id(who.pending)});
                       forged.signatures.front().signature = Signature{};
                       return forged;
                   }});
    const auto genuine = [&](GhostTown& town) {
        return by(town, town.world.founder().key(),
                  directory::DeviceApproved{People::id(who.pending)});
    };
    out.push_back({"genuine, at a later place", genuine, [](Header& h) { ++h.seq; }});
    out.push_back({"genuine, in the past", genuine, [](Header& h) { h.accepted_ms = 1; }});
    out.push_back({"genuine, with another digest", genuine, [](Header& h) { h.digest = {}; }});
    out.push_back({"genuine, of another stream", genuine,
                   [](Header& h) { h.stream = StreamRef::mailbox(DeviceId{}); }});
    return out;
}

}  // namespace

TEST_CASE("an entry of the relay's own making is not taken into the directory") {
    GhostTown town(451);
    const People who(town);
    for (const auto& forged : all_forged(who)) {
        CAPTURE(forged.name);
        const auto before = town.marks();
        town.forget_notes();
        show(town, *town.bob, forged.statement(town), forged.header);
        CHECK(town.marks() == before);
        CHECK(town.noted("n1 The relay's directory does not follow from its beginning."));
        // From a fresh connection on he has the true one again.
        town.bob->cut(0, 0);
        town.world.run(10 * second);
        CHECK(town.say("all as it was").shown == 2);
        CHECK(town.say("all as it was", town.bob).shown == 2);
        CHECK(town.marks() == before);
    }
}

TEST_CASE("an old entry at a new place is not taken into the directory") {
    GhostTown town(452);
    const auto log = entries_of(town.world, StreamRef::directory());
    for (std::size_t i = 1; i < log.size(); ++i) {
        CAPTURE(i);
        const auto before = town.marks();
        const auto statement = SignedStatement::decode(log[i].body);
        REQUIRE(statement.ok());
        show(town, *town.bob, *statement, {});
        CHECK(town.marks() == before);
    }
}

TEST_CASE("a genuine entry, shown the same way, is taken") {
    GhostTown town(453);
    const auto pending = town.admit(Role::retailer, false);
    town.world.run(5 * second);
    const auto before = town.bob->engine().directory().index();
    show(town, *town.bob,
         by(town, town.world.founder().key(), directory::DeviceApproved{People::id(pending)}), {});
    CHECK(town.bob->engine().directory().index() == before + 1);
    CHECK(town.bob->engine().directory().state().reads(People::id(pending), town.channel));
}
