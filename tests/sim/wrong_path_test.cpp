#include <set>

#include "huecry/directory/build.hpp"
#include "huecry/wire/join_info.hpp"
#include "mls/tree_math.hpp"
#include "sim/ghost_town.hpp"

// Commits whose path is wrong for some: they complain, find out whether the others went on, come
// back, and the channel goes on (PROTOCOL.md, 13.6).
using namespace huecry;
using namespace huecry::sim;

namespace {

using mls::NodeIndex;

/// One ciphertext of eve's next path, and the honest members who need it.
struct Place {
    std::size_t node = 0, at = 0;
    std::set<Node*> whose;
};

std::vector<Place> places(GhostTown& town) {
    std::vector<Place> out;
    const auto& tree = town.eve->state().tree;
    const auto own = mls::node_of(town.eve->group().own_leaf());
    const auto path = tree.filtered_direct_path(town.eve->group().own_leaf());
    for (std::size_t i = 0; i < path.size(); ++i) {
        const auto x = path[i];
        const auto below = mls::in_subtree(own, mls::left(x)) ? mls::right(x) : mls::left(x);
        const auto resolution = tree.resolution(below);
        for (std::size_t j = 0; j < resolution.size(); ++j) {
            Place place{i, j, {}};
            for (auto* node : town.honest)
                if (mls::in_subtree(mls::node_of(town.eve->leaf_of(node->id())), resolution[j]))
                    place.whose.insert(node);
            out.push_back(std::move(place));
        }
    }
    return out;
}

/// A path commit that is wrong at these places.
Rogue::Made spoilt(GhostTown& town, const std::vector<Place>& where) {
    Rogue::Plan plan;
    plan.change = [&](mls::Commit& commit) {
        for (const auto& place : where)
            commit.path->nodes[place.node].encrypted_path_secret[place.at].ciphertext[3] ^= 1;
    };
    return town.eve->commit(std::move(plan));
}

std::set<Node*> complained(GhostTown& town, const MessageId& commit) {
    std::set<Node*> out;
    for (const auto& complaint : town.world.directory().channel(town.channel)->complaints)
        if (complaint.commit == commit) out.insert(town.world.find(complaint.device));
    return out;
}

bool all_together(GhostTown& town) {
    const auto marks = town.marks();
    return std::all_of(marks.begin(), marks.end(), [&](const auto& one) {
        return one.authenticator == marks.front().authenticator && one.floor == marks.front().floor;
    });
}

void check_all_hear(GhostTown& town) {
    for (auto* by : {town.honest.front(), town.honest.back()})
        CHECK(town.say("everybody", by).shown == town.honest.size() - 1);
    CHECK(all_together(town));
}

/// The place that exactly so many need; the tree of eight has one for each of 1, 2 and 4.
Place place_of(GhostTown& town, std::size_t many) {
    for (auto& place : places(town))
        if (place.whose.size() == many) return place;
    FAIL("no such place in the tree");
    return {};
}

}  // namespace

TEST_CASE("a path that is wrong for one member, or for two: they come back") {
    GhostTown town(461, 7);
    for (const std::size_t many : {1U, 2U}) {
        CAPTURE(many);
        const auto place = place_of(town, many);
        const auto seq = town.last_seq();
        auto made = spoilt(town, {place});
        REQUIRE(town.eve->submit(made).ok());
        town.eve->follow(made);
        REQUIRE(town.world.run_until([&] { return town.all_at(seq + 1); }, minute));
        town.world.run(10 * second);
        CHECK(complained(town, made.id) == place.whose);
        // Who could not follow does not go on as if nothing were; the others have.
        for (auto* node : town.honest) {
            const bool failed = place.whose.contains(node);
            CHECK(node->engine().channel(town.channel)->joined() == !failed);
            if (!failed) CHECK(town.mark(*node).epoch == town.eve->group().epoch());
        }
        // The next to speak tells them, and they ask to be let in again.
        Node* speaker = nullptr;
        for (auto* node : town.honest)
            if (!place.whose.contains(node)) speaker = node;
        CHECK(town.say("what is it", speaker).shown >= town.honest.size() - 1 - many);
        town.world.run(2 * minute);
        town.eve->catch_up();
        check_all_hear(town);
        CHECK(town.world.directory().channel(town.channel)->incarnation == 1);
    }
}

TEST_CASE("a path that is wrong for a subtree, or for everybody: the channel begins anew") {
    for (const bool everybody : {false, true}) {
        CAPTURE(everybody);
        GhostTown town(462, 7);
        const auto seq = town.last_seq();
        const auto where = everybody ? places(town) : std::vector<Place>{place_of(town, 4)};
        auto made = spoilt(town, where);
        REQUIRE(town.eve->submit(made).ok());
        REQUIRE(town.world.run_until([&] { return town.all_at(seq + 1); }, minute));
        town.world.run(2 * minute);
        const auto& record = *town.world.directory().channel(town.channel);
        CHECK(record.incarnation == 2);
        CHECK(record.bars.contains(town.eve->node().id()));
        CHECK_FALSE(town.world.directory().may_commit(town.eve->node().id(), town.channel));
        for (auto* node : town.honest)
            CHECK(node->engine().channel(town.channel)->row().incarnation == 2);
        for (auto* by : town.honest) {
            const auto sent = by->send(town.channel, "anew");
            REQUIRE(sent.ok());
            town.world.run(10 * second);
            for (auto* node : town.honest)
                if (node != by) CHECK(town.world.witness().times_shown(node->number(), *sent) == 1);
        }
        CHECK(all_together(town));
    }
}

TEST_CASE("who spoils one member's path twice commits no more") {
    GhostTown town(463, 7);
    std::set<Node*> whose;
    for (int round = 0; round < 2; ++round) {
        CAPTURE(round);
        const auto all = places(town);
        const auto place = std::find_if(all.begin(), all.end(), [&](const auto& one) {
            return one.whose.size() == 1 && (whose.empty() || one.whose == whose);
        });
        REQUIRE(place != all.end());
        whose = place->whose;
        auto made = spoilt(town, {*place});
        REQUIRE(town.eve->submit(made).ok());
        town.eve->follow(made);
        town.world.run(10 * second);
        Node* speaker = town.honest.front();
        if (whose.contains(speaker)) speaker = town.honest.back();
        (void)town.say("what is it", speaker);
        town.world.run(2 * minute);
        town.eve->catch_up();
        CHECK(town.world.directory().may_commit(town.eve->node().id(), town.channel) ==
              (round == 0));
    }
    check_all_hear(town);
    // The relay refuses what it commits now; and if it does not, nobody takes it.
    const auto before = town.marks();
    auto made = town.eve->commit({});
    CHECK(town.eve->submit(made).error().code == Errc::not_permitted);
    plant_entry(town.world, StreamRef::channel(town.channel, 1), EntryKind::handshake,
                town.eve->node().id(), made.id, made.message);
    town.world.run(minute);
    town.eve->catch_up();
    CHECK(town.marks() == before);
    CHECK(town.noted("the committer may not commit in the channel"));
    check_all_hear(town);
}

TEST_CASE(
    "a future index that the relay has signed: the channel waits, and says whose fault it is") {
    GhostTown town(464);
    Rogue::Plan plan;
    plan.change_head = [&](Head& head) {
        head.seq += 100;
        head.hash = town.world.story.id<Digest>();
    };
    const auto before = town.marks();
    auto made = town.eve->commit(std::move(plan));
    plant_entry(town.world, StreamRef::channel(town.channel, 1), EntryKind::handshake,
                town.eve->node().id(), made.id, made.message);
    town.world.run(40 * minute);
    CHECK(town.marks() == before);
    for (auto* node : town.honest)
        CHECK(node->engine().channel(town.channel)->waiting_for_directory());
    CHECK(town.noted("entries of the directory are withheld"));
    // The way out is a coordinator's.
    town.signed_by_founder(directory::ChannelRestarted{town.channel, town.world.founder().id()});
    town.world.run(2 * minute);
    check_all_hear(town);
}
