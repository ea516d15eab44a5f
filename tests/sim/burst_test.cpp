#include "sim/ghost_town.hpp"

// A town's whole membership on one morning: six hundred devices are admitted, and whoever is online
// lets them into the group in few commits.
using namespace huecry;
using namespace huecry::sim;

namespace {

constexpr std::size_t newcomers = 600;

struct Arrival {
    DeviceId device;
    std::vector<Leaf> leaves;
};

/// One package for each of its two channels, past any engine.
Arrival bring_packages(GhostTown& town, const SigningKey& key) {
    Arrival out{device_id_of(key.public_key), {}};
    for (int i = 0; i < 2; ++i)
        out.leaves.push_back(make_leaf(town.world.story, key, town.identity(out.device)));
    net::Identity identity;
    identity.relay.key = town.world.relay().identity().public_key;
    identity.partnership = town.world.partnership();
    identity.subject = StreamRef::mailbox(out.device).id;
    identity.key = std::make_shared<const SigningKey>(key.clone());
    REQUIRE(town.world.run_until([&] { return town.world.relay().idle(); }, minute));
    RawPeer peer(town.world.relay(), town.world.story, identity);
    REQUIRE(peer.connect().ok());
    v1::Frame put;
    for (const auto& leaf : out.leaves)
        put.mutable_put_key_packages()->add_packages(to_string(leaf.package.message));
    REQUIRE(peer.ask(put).ok());
    return out;
}

std::size_t commits_after(GhostTown& town, std::uint64_t seq) {
    std::size_t out = 0;
    for (const auto& entry : entries_of(town.world, StreamRef::channel(town.channel, 1))) {
        const auto header = Header::decode(entry.header);
        REQUIRE(header.ok());
        if (header->seq > seq && header->kind == EntryKind::handshake) ++out;
    }
    return out;
}

}  // namespace

TEST_CASE("six hundred devices admitted in a burst come in by few commits, and nobody storms") {
    GhostTown town(471);
    std::vector<Arrival> all_new;
    // One device may make so many statements a minute: the invites take ten.
    std::vector<SigningKey> invites;
    for (std::size_t i = 0; i < newcomers; ++i) {
        invites.push_back(town.invite(directory::Role::retailer, 86'400'000, true));
        if (i % 60 == 59) town.world.run(minute);
    }
    const auto begun = town.world.clockwork.now();
    for (const auto& invite : invites) all_new.push_back(bring_packages(town, town.redeem(invite)));
    MESSAGE("all admitted within ", (town.world.clockwork.now() - begun) / second, " s");
    const auto before = town.last_seq();
    const auto early = commits_after(town, 0);
    CHECK(town.world.run_until(
        [&] {
            return std::ranges::all_of(town.honest, [&](Node* node) {
                const auto* channel = node->engine().channel(town.channel);
                return channel != nullptr &&
                       channel->group_size() >= newcomers + town.honest.size() &&
                       node->engine().settled();
            });
        },
        10 * minute));
    const auto all = early + commits_after(town, before);
    MESSAGE(all, " commits for ", newcomers, " newcomers");
    // One by one, each would cost a commit, and each of the others online could make it too.
    CHECK(all <= 40);
    // And all of them read what is said then.
    const auto said = town.say("good morning");
    CHECK(said.shown == town.honest.size() - 1);
    for (const std::size_t one : {std::size_t{0}, newcomers / 2, newcomers - 1}) {
        bool welcomed = false;
        for (const auto& entry : entries_of(town.world, StreamRef::mailbox(all_new[one].device)))
            for (const auto& leaf : all_new[one].leaves)
                welcomed = welcomed || town.joins(leaf, entry.body).has_value();
        CHECK(welcomed);
    }
}
