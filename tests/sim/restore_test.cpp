#include <doctest/doctest.h>

#include "huecry/directory/build.hpp"
#include "sim/world.hpp"

// The relay's operator puts its store back to a backup and says so: everybody finds the common
// past, hands in what the relay lost, and goes on in channels that begin anew.
using namespace huecry;
using namespace huecry::sim;

namespace {

struct Town {
    World world;
    std::vector<Node*> people;
    ChannelId channel = world.all_members();

    explicit Town(std::size_t members, std::uint64_t seed)
        : world({.seed = seed, .honest = false}) {
        world.witness().keep_notes(true);
        people.push_back(&world.founder());
        while (people.size() < members) {
            people.push_back(world.join());
            REQUIRE(people.back() != nullptr);
        }
        REQUIRE(world.quiet());
    }
    bool rests() {
        world.run(10 * second);  // until everybody has noticed that the relay was away
        const bool rested = world.run_until(
            [&] {
                for (const auto* node : people) {
                    if (!node->running() || node->lost()) continue;
                    auto& engine = const_cast<Node*>(node)->engine();
                    const auto* self = world.directory().device(node->id());
                    if (self == nullptr || self->state == directory::DeviceState::revoked) continue;
                    const auto* there = engine.channel(channel);
                    if (!engine.settled() || there == nullptr || !there->joined() ||
                        engine.directory().index() != world.directory().index())
                        return false;
                }
                return true;
            },
            30 * minute);
        if (!rested) {
            for (const auto& note : world.witness().notes()) MESSAGE(note);
            MESSAGE(world.witness().unrest());
            for (auto* node : people) {
                if (!node->running()) continue;
                auto& e = node->engine();
                const auto* c = e.channel(channel);
                MESSAGE(
                    "n", node->number(), " online ", e.online(), " settled ", e.settled(), " dir ",
                    e.directory().index(), " of ", world.directory().index(), " behind ",
                    e.directory().behind(), " gen ", e.directory().state().generation(), " lost ",
                    e.store().directory_lost()->size(), " chan ", c != nullptr, " joined ",
                    c != nullptr && c->joined(), " inc ", c != nullptr ? c->row().incarnation : 0U,
                    " caught ", c != nullptr && c->caught_up());
            }
        }
        return rested;
    }
    void alert_reaches_all(Node& by, const std::string& text) {
        const auto sent = by.send(channel, text);
        REQUIRE(sent.ok());
        world.run(30 * second);
        for (const auto* node : people) {
            const auto* self = world.directory().device(node->id());
            if (node == &by || self == nullptr || self->state == directory::DeviceState::revoked)
                continue;
            INFO("node ", node->number(), " ", text);
            CHECK(world.witness().times_shown(node->number(), *sent) == 1);
        }
    }
};

}  // namespace

TEST_CASE("after a declared restore all go on, with the whole directory") {
    Town town(4, 31);
    const auto past = town.world.relay().snapshot();
    // After the backup: a revocation, a channel, alerts.
    REQUIRE(town.world.state(*town.people[0], directory::DeviceRevoked{town.people[3]->id()}).ok());
    const auto channel = town.world.channel(*town.people[0], directory::every_role);
    REQUIRE(town.world.state(*town.people[0], directory::ChannelDefined{channel}).ok());
    town.alert_reaches_all(*town.people[1], "before");
    const auto lost_index = town.world.directory().index();
    REQUIRE(town.world.relay().restore(past, true));
    REQUIRE(town.rests());
    const auto& state = town.world.directory();
    CHECK(state.generation() > 1);
    CHECK(state.index() >= lost_index);
    // Removed stays removed, and what was defined is there again.
    CHECK(state.device(town.people[3]->id())->state == directory::DeviceState::revoked);
    CHECK(state.channel(channel.id) != nullptr);
    CHECK(state.channel(town.channel)->incarnation == 2);
    CHECK(town.world.witness().noted(0, "put back to a backup"));
    CHECK_FALSE(town.world.witness().noted(0, "two different pasts"));
    town.alert_reaches_all(*town.people[0], "after, by the founder");
    town.alert_reaches_all(*town.people[2], "after, by a member");
}

TEST_CASE("who was away during the restore follows too") {
    Town town(4, 32);
    const auto past = town.world.relay().snapshot();
    town.people[2]->stop();
    const auto channel = town.world.channel(*town.people[0], directory::every_role);
    REQUIRE(town.world.state(*town.people[0], directory::ChannelDefined{channel}).ok());
    town.people[1]->stop();  // has entries that the relay will have lost
    REQUIRE(town.world.relay().restore(past, true));
    town.world.run(10 * minute);
    REQUIRE(town.people[1]->start());
    REQUIRE(town.people[2]->start());
    REQUIRE(town.rests());
    town.alert_reaches_all(*town.people[1], "back again");
    town.alert_reaches_all(*town.people[2], "back again too");
}

TEST_CASE("a statement upon what was lost is signed again by its author's device") {
    Town town(3, 33);
    const auto past = town.world.relay().snapshot();
    const auto first = town.world.channel(*town.people[0], directory::every_role);
    const auto second_channel = town.world.channel(*town.people[0], directory::every_role);
    REQUIRE(town.world.state(*town.people[0], directory::ChannelDefined{first}).ok());
    REQUIRE(town.world.state(*town.people[0], directory::ChannelDefined{second_channel}).ok());
    REQUIRE(town.world.state(*town.people[0], directory::DeviceRevoked{town.people[2]->id()}).ok());
    REQUIRE(town.world.relay().restore(past, true));
    REQUIRE(town.rests());
    const auto& state = town.world.directory();
    CHECK(state.channel(first.id) != nullptr);
    CHECK(state.channel(second_channel.id) != nullptr);
    CHECK(state.device(town.people[2]->id())->state == directory::DeviceState::revoked);
}

TEST_CASE("a second restore of the same backup is no lie") {
    Town town(3, 34);
    const auto past = town.world.relay().snapshot();
    const auto channel = town.world.channel(*town.people[0], directory::every_role);
    REQUIRE(town.world.state(*town.people[0], directory::ChannelDefined{channel}).ok());
    for (int i = 0; i < 2; ++i) {
        REQUIRE(town.world.relay().restore(past, true));
        REQUIRE(town.rests());
        town.alert_reaches_all(*town.people[1], "after restore " + std::to_string(i));
    }
    CHECK_FALSE(town.world.witness().noted(0, "two different pasts"));
    CHECK_FALSE(town.world.witness().noted(1, "two different pasts"));
    CHECK(town.world.directory().channel(channel.id) != nullptr);
}
