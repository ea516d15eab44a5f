#include "huecry/wire/join_info.hpp"
#include "sim/ghost_town.hpp"

// The ghost-member matrix, way (ii): an honest member asks the relay for a newcomer's key package
// and is handed another.
using namespace huecry;
using namespace huecry::sim;

namespace {

/// The relay's answers to all honest members, with these packages in them and no others.
struct Swap {
    GhostTown& town;
    std::vector<std::pair<DeviceId, Bytes>> packages;
    std::size_t answers = 0;

    explicit Swap(GhostTown& of) : town(of) {
        for (auto* node : town.honest)
            node->line.to_client = [this](v1::Frame frame) -> std::vector<v1::Frame> {
                if (!frame.has_key_packages()) return {std::move(frame)};
                ++answers;
                frame.mutable_key_packages()->clear_packages();
                for (const auto& [device, package] : packages) {
                    auto& one = *frame.mutable_key_packages()->add_packages();
                    one.set_device(to_string(device.view()));
                    one.set_package(to_string(package));
                }
                return {std::move(frame)};
            };
    }
    ~Swap() {
        for (auto* node : town.honest) node->line.to_client = {};
    }
    Swap(const Swap&) = delete;
    Swap& operator=(const Swap&) = delete;
};

std::vector<Mark> groups(GhostTown& town) {
    auto out = town.marks();
    for (auto& mark : out) mark.directory.clear();
    return out;
}

/// A new entry of the directory, after which those who add members look again.
void look_again(GhostTown& town) {
    (void)town.invite(directory::Role::retailer, 60'000, true);
    town.world.run(8 * second);
}

/// One for each channel that it may read: all members', and the town's.
void put_packages(GhostTown& town, const SigningKey& key, const std::vector<Leaf>& leaves) {
    net::Identity identity;
    identity.relay.key = town.world.relay().identity().public_key;
    identity.partnership = town.world.partnership();
    identity.subject = StreamRef::mailbox(device_id_of(key.public_key)).id;
    identity.key = std::make_shared<const SigningKey>(key.clone());
    RawPeer peer(town.world.relay(), town.world.story, identity);
    REQUIRE(peer.connect().ok());
    v1::Frame put;
    for (const auto& leaf : leaves)
        put.mutable_put_key_packages()->add_packages(to_string(leaf.package.message));
    REQUIRE(peer.ask(put).ok());
}

/// The device's group of the town's channel, from what is in its mailbox.
std::optional<mls::Group> welcomed(GhostTown& town, const DeviceId& device,
                                   const std::vector<Leaf>& leaves) {
    for (const auto& entry : entries_of(town.world, StreamRef::mailbox(device)))
        for (const auto& leaf : leaves)
            if (auto group = town.joins(leaf, entry.body);
                group && to_bytes(group->group_id()) == group_id(town.channel, 1))
                return group;
    return std::nullopt;
}

std::vector<Leaf> leaves_of(GhostTown& town, const SigningKey& key,
                            const std::function<void(mls::KeyPackage&)>& change = {}) {
    std::vector<Leaf> out;
    for (int i = 0; i < 4; ++i)
        out.push_back(
            make_leaf(town.world.story, key, town.identity(device_id_of(key.public_key)), change));
    return out;
}

}  // namespace

TEST_CASE("a key package that the relay swaps brings nobody in") {
    GhostTown town(421);
    auto ghosts = town.ghosts();
    const auto newcomer = town.admit(directory::Role::retailer);
    const auto device = device_id_of(newcomer.public_key);
    town.world.run(10 * second);
    // Of the newcomer itself, but no longer valid, or not yet.
    const auto now = town.world.founder().clock().now_ms() / 1000;
    for (const auto& [name, life] :
         {std::pair{"expired", mls::Lifetime{0, now - 60}},
          std::pair{"not yet valid", mls::Lifetime{now + 864'000, now + 8'640'000}}})
        ghosts.insert(ghosts.begin(),
                      {name,
                       make_leaf(town.world.story, newcomer, town.identity(device),
                                 [&](mls::KeyPackage& p) { p.leaf.lifetime = life; }),
                       device,
                       {}});
    ghosts.pop_back();
    for (const auto& ghost : ghosts) {
        CAPTURE(ghost.name);
        Swap swap(town);
        const auto before = groups(town);
        // As the newcomer's, and under the name that it bears.
        swap.packages = {{device, ghost.leaf.package.message},
                         {ghost.device, ghost.leaf.package.message}};
        town.forget_notes();
        look_again(town);
        CHECK(swap.answers > 0);
        CHECK(groups(town) == before);
        CHECK(town.noted("a key package from the relay is not in order"));
        CHECK(town.say("still only us").shown == 2);
    }
    // The newcomer's own is taken, and then it reads.
    const auto good = leaves_of(town, newcomer);
    const auto before = groups(town);
    put_packages(town, newcomer, good);
    look_again(town);
    CHECK(groups(town) != before);
    auto inside = welcomed(town, device, good);
    REQUIRE(inside.has_value());
    const auto said = town.say("and the newcomer");
    CHECK(said.shown == 2);
    CHECK(town.reads(*inside, said.seq));
}

TEST_CASE("a newcomer whose key package fits into no tree keeps no other out") {
    GhostTown town(422);
    const auto rogue = town.admit(directory::Role::retailer);
    const auto honest = town.admit(directory::Role::retailer);
    const auto taken = town.eve->group().member(town.eve->leaf_of(town.bob->id()));
    REQUIRE(taken.has_value());
    const auto bad = leaves_of(town, rogue, [&](mls::KeyPackage& package) {
        package.leaf.encryption_key = taken->encryption_key;
    });
    const auto good = leaves_of(town, honest);
    put_packages(town, rogue, bad);
    put_packages(town, honest, good);
    look_again(town);
    town.world.run(minute);
    auto inside = welcomed(town, device_id_of(honest.public_key), good);
    REQUIRE(inside.has_value());
    const auto said = town.say("and the newcomer");
    CHECK(said.shown == 2);
    CHECK(town.reads(*inside, said.seq));
    CHECK_FALSE(welcomed(town, device_id_of(rogue.public_key), bad).has_value());
}

TEST_CASE("a rejoin with a key package that fits into no tree keeps nobody from sending") {
    GhostTown town(423);
    const auto taken = town.eve->group().member(town.eve->leaf_of(town.bob->id()));
    REQUIRE(taken.has_value());
    const auto& eve = town.eve->node();
    const auto bad = make_leaf(
        town.world.story, eve.key(), town.identity(eve.id()),
        [&](mls::KeyPackage& package) { package.leaf.encryption_key = taken->encryption_key; });
    const directory::RejoinRequested request{directory::RejoinReason::state_lost,
                                             {{town.channel, bad.package.message}}};
    const auto statement = directory::make_statement(
        town.world.directory(), town.world.story.id<directory::Nonce>(), request);
    REQUIRE(town.eve->peer().state(directory::sign_statement(statement, eve.key())).ok());
    // Only bob, whose own leaf a commit of his renews, could take it: he is not there.
    town.bob->stop();
    town.honest = {&town.world.founder(), town.carol};
    town.world.run(10 * second);
    for (auto* by : town.honest) CHECK(town.say("is anybody there", by).shown == 1);
    // Its old leaf is out, and none has come.
    const auto group = town.carol->group(town.channel);
    REQUIRE(group.ok());
    for (const auto& member : group->members()) CHECK(member.identity != town.identity(eve.id()));
}

TEST_CASE("a key package that is handed out a second time leads to a rejoin, not to a group") {
    GhostTown town(424);
    // The second channel's members are given what has been used for the first.
    std::map<std::string, std::string> first;
    std::size_t reused = 0;
    for (auto* node : town.honest)
        node->line.to_client = [&](v1::Frame frame) -> std::vector<v1::Frame> {
            if (!frame.has_key_packages()) return {std::move(frame)};
            for (auto& one : *frame.mutable_key_packages()->mutable_packages()) {
                const auto [known, fresh] = first.try_emplace(one.device(), one.package());
                if (fresh || known->second == one.package()) continue;
                one.set_package(known->second);
                ++reused;
            }
            return {std::move(frame)};
        };
    auto* frank = town.world.join();
    REQUIRE(frank != nullptr);
    town.world.run(2 * minute);
    CHECK(reused > 0);
    for (auto* node : town.honest) node->line.to_client = {};
    town.world.run(2 * minute);
    for (const auto& id : {town.world.all_members(), town.channel}) {
        REQUIRE(frank->engine().channel(id) != nullptr);
        CHECK(frank->engine().channel(id)->joined());
    }
    const auto sent = frank->send(town.channel, "in after all");
    REQUIRE(sent.ok());
    town.world.run(10 * second);
    for (auto* node : town.honest)
        CHECK(town.world.witness().times_shown(node->number(), *sent) == 1);
}
