#include "sim/ghost_town.hpp"

#include "huecry/directory/build.hpp"
#include "huecry/directory/invite_keys.hpp"
#include "huecry/wire/join_info.hpp"

namespace huecry::sim {
using directory::Role;

GhostTown::GhostTown(std::uint64_t seed, std::size_t members)
    : world({.seed = seed, .honest = false}) {
    world.witness().keep_notes(true);
    bob = world.join();
    carol = world.join();
    honest = {&world.founder(), bob, carol};
    while (honest.size() < members) honest.push_back(world.join());
    auto* rogue = world.join();
    REQUIRE(rogue != nullptr);
    const auto made = world.channel(
        world.founder(), directory::bit(Role::coordinator) | directory::bit(Role::retailer));
    channel = made.id;
    REQUIRE(world.state(world.founder(), directory::ChannelDefined{made}).ok());
    REQUIRE(world.quiet());
    // Everybody has renewed its leaf, so that nothing is due while something is looked at.
    world.run(day + hour);
    eve = std::make_unique<Rogue>(world, *rogue, channel);
}

void GhostTown::signed_by_founder(directory::Body body) {
    REQUIRE(world.state(world.founder(), std::move(body)).ok());
}

SigningKey GhostTown::invite(Role role, std::uint64_t lifetime_ms, bool in_person) {
    const auto secret = world.story.crypto::Random::bytes(32);
    const auto keys = directory::invite_keys(secret);
    directory::InviteIssued body;
    body.one_time_key = keys->signing.public_key;
    body.seal_key = keys->seal_public;
    body.member = world.story.id<MemberId>();
    body.member_name_hash = world.story.id<Digest>();
    body.organisation = world.story.id<OrganisationId>();
    body.organisation_name_hash = world.story.id<Digest>();
    body.role = role;
    body.in_person = in_person;
    body.lifetime_ms = lifetime_ms;
    signed_by_founder(body);
    return keys->signing.clone();
}

SigningKey GhostTown::admit(Role role, bool in_person) {
    return redeem(invite(role, 86'400'000, in_person));
}

SigningKey GhostTown::redeem(const SigningKey& one_time) {
    const auto id = invite_id_of(one_time.public_key);
    auto device = signing_key_from_seed(world.story.crypto::Random::bytes(32));
    net::Identity identity;
    identity.relay.key = world.relay().identity().public_key;
    identity.partnership = world.partnership();
    identity.kind = ClientKind::invite;
    identity.subject = StreamRef::mailbox(*DeviceId::from(id.view())).id;
    identity.key = std::make_shared<const SigningKey>(one_time.clone());
    REQUIRE(world.run_until([&] { return world.relay().idle(); }, minute));
    RawPeer peer(world.relay(), world.story, identity);
    REQUIRE(peer.connect().ok());
    const directory::DeviceAdmitted admitted{id, device.public_key, world.story.id<PublicKey>()};
    const auto statement =
        directory::make_statement(world.directory(), world.story.id<directory::Nonce>(), admitted);
    const auto answer = peer.state(directory::sign_admission(statement, one_time, device));
    INFO((answer ? std::string() : answer.error().text()));
    REQUIRE(answer.ok());
    return device;
}

std::vector<Ghost> GhostTown::ghosts() {
    std::vector<Ghost> out;
    auto& random = world.story;
    constexpr auto unlisted = "no device of the directory";
    constexpr auto no_right = "may not read";
    const auto add = [&](std::string name, const SigningKey& key, BytesView as, std::string said,
                         const std::function<void(mls::KeyPackage&)>& change = {}) {
        const auto device = *DeviceId::from(as.subspan(PartnershipId::size));
        out.push_back(
            {std::move(name), make_leaf(random, key, as, change), device, std::move(said)});
    };
    const auto fresh = [&] { return signing_key_from_seed(random.crypto::Random::bytes(32)); };
    const auto own_name = [&](const SigningKey& key) {
        return identity(device_id_of(key.public_key));
    };

    const auto stranger = fresh();
    add("self-signed", stranger, own_name(stranger), unlisted);
    (void)invite(Role::retailer, 60'000, true);
    const auto late = fresh();
    add("admitted by an expired invite", late, own_name(late), unlisted);
    const auto revoked = admit(Role::retailer);
    signed_by_founder(directory::DeviceRevoked{device_id_of(revoked.public_key)});
    add("revoked", revoked, own_name(revoked), no_right);
    const auto suspended = admit(Role::retailer);
    const auto* record = world.directory().device(device_id_of(suspended.public_key));
    signed_by_founder(directory::MemberSuspended{record->member});
    add("suspended", suspended, own_name(suspended), no_right);
    const auto pending = admit(Role::retailer, false);
    add("pending", pending, own_name(pending), no_right);
    const auto police = admit(Role::police, false);
    signed_by_founder(directory::DeviceApproved{device_id_of(police.public_key)});
    add("of a role that does not read the channel", police, own_name(police), no_right);
    const auto dave = admit(Role::retailer);
    add("of another partnership", dave,
        credential_identity(random.id<PartnershipId>(), device_id_of(dave.public_key)), unlisted);
    add("right name, wrong key", fresh(), own_name(dave), unlisted);
    add("right key, another's name", dave, identity(bob->id()), unlisted);
    add("a signature key that is there already", eve->node().key(), identity(eve->node().id()),
        "a signature key appears twice");
    const auto theirs =
        eve->group().member(eve->leaf_of(bob->id())).value_or(mls::Member{}).encryption_key;
    add("an encryption key that is there already", dave, own_name(dave),
        "an encryption key appears twice",
        [&](mls::KeyPackage& package) { package.leaf.encryption_key = theirs; });
    add("honest", dave, own_name(dave), {});
    world.run(10 * second);  // everybody has the directory
    return out;
}

// -- what of it

Mark GhostTown::mark(Node& node) {
    Mark out;
    out.directory = node.engine().directory().state().save();
    const auto& row = node.engine().channel(channel)->row();
    out.floor = row.floor_index;
    auto group = node.group(channel);
    REQUIRE(group.ok());
    out.epoch = group->epoch();
    out.authenticator = group->epoch_authenticator();
    out.tree = group->ratchet_tree();
    domain::GroupRows rows(node.db(), channel, row.incarnation);
    rows.each("", [&](std::string_view key, BytesView value) {
        // A void commit is authentic: its key is used up ("s/": ratchets).
        if (!key.starts_with("s/")) out.rows.emplace(std::string(key), to_bytes(value));
    });
    REQUIRE(rows.outcome().ok());
    return out;
}

std::vector<Mark> GhostTown::marks() {
    std::vector<Mark> out;
    for (auto* node : honest) out.push_back(mark(*node));
    return out;
}

GhostTown::Said GhostTown::say(const std::string& text, Node* by) {
    auto& sender = by != nullptr ? *by : world.founder();
    Said out{0, last_seq()};
    const auto sent = sender.send(channel, text);
    REQUIRE(sent.ok());
    world.run(10 * second);
    for (auto* node : honest)
        if (node != &sender) out.shown += world.witness().times_shown(node->number(), *sent);
    eve->catch_up();
    return out;
}

bool GhostTown::reads(mls::Group& group, std::uint64_t seq) {
    const auto incarnation = world.directory().channel(channel)->incarnation;
    bool read = false;
    for (const auto& entry : entries_of(world, StreamRef::channel(channel, incarnation))) {
        if (entry.seq <= seq || !entry.has_body) continue;
        const auto got = group.process(entry.body, {});
        read = read || (got && got->content_type == mls::ContentType::application);
    }
    return read;
}

std::optional<mls::Group> GhostTown::joins(const Leaf& leaf, BytesView welcome) {
    const mls::Environment env{
        .suite = &mls::chacha20_suite(), .random = &world.story, .signer = &leaf.signer};
    const auto opened =
        mls::OpenedWelcome::open(env, welcome, leaf.package.message, leaf.package.secrets);
    if (!opened) return std::nullopt;
    auto group = opened->join();
    if (!group) return std::nullopt;
    return std::move(*group);
}

bool GhostTown::noted(const std::string& text) {
    const auto& notes = world.witness().notes();
    return std::any_of(notes.begin() + static_cast<std::ptrdiff_t>(notes_from_), notes.end(),
                       [&](const auto& one) { return one.find(text) != std::string::npos; });
}

bool GhostTown::all_at(std::uint64_t seq) const {
    return std::all_of(honest.begin(), honest.end(), [&](auto* node) {
        return node->engine().channel(channel)->cursor() >= seq;
    });
}

std::uint64_t GhostTown::last_seq() {
    const auto incarnation = world.directory().channel(channel)->incarnation;
    const auto all = entries_of(world, StreamRef::channel(channel, incarnation));
    return all.empty() ? 0 : all.back().seq;
}

}  // namespace huecry::sim
