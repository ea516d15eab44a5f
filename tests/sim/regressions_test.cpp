#include <doctest/doctest.h>

#include "huecry/directory/build.hpp"
#include "sim/world.hpp"

// What the simulation has found, told again by hand: a seed says something else as soon as the
// stories change.
using namespace huecry;
using namespace huecry::sim;

TEST_CASE("a message for a channel that its author may not read any more is refused") {
    World world({.seed = 73});
    auto* bob = world.join();
    REQUIRE(bob != nullptr);
    const auto channel = world.channel(world.founder(), directory::every_role);
    REQUIRE(world.state(world.founder(), directory::ChannelDefined{channel}).ok());
    REQUIRE(world.run_until(
        [&] {
            const auto* there = bob->engine().channel(channel.id);
            return there != nullptr && there->joined();
        },
        minute));
    // He writes while he has no line, and meanwhile loses the channel.
    bob->line.cut = true;
    bob->cut(0, 0);
    world.run(second);
    const auto alert = bob->send(channel.id, "still waiting");
    REQUIRE(alert.ok());
    auto changed = channel;
    changed.read_roles = changed.post_roles = directory::bit(directory::Role::coordinator);
    REQUIRE(world.state(world.founder(), directory::ChannelChanged{changed}).ok());
    REQUIRE(world.quiet());
    REQUIRE(bob->projection().alert(*alert).has_value());
    CHECK(bob->projection().alert(*alert)->state == SendState::failed);
    CHECK(bob->engine().store().outbox_size().value() == 0);
    CHECK(world.failures() == std::vector<std::string>{});
}

TEST_CASE("a newcomer to several channels is let into each with a key package of its own") {
    World world({.seed = 61});
    world.witness().keep_notes(true);
    for (int i = 0; i < 3; ++i)
        REQUIRE(world
                    .state(world.founder(), directory::ChannelDefined{world.channel(
                                                world.founder(), directory::every_role)})
                    .ok());
    REQUIRE(world.quiet());
    auto* bob = world.join();
    REQUIRE(bob != nullptr);
    REQUIRE(world.quiet());
    CHECK_FALSE(world.witness().noted(0, "a commit was refused"));
    for (const auto& [id, record] : world.directory().channels()) {
        REQUIRE(bob->engine().channel(id) != nullptr);
        CHECK(bob->engine().channel(id)->joined());
    }
    CHECK(world.failures() == std::vector<std::string>{});
}

TEST_CASE("a device that is killed while it is being removed erases everything all the same") {
    for (std::uint64_t write = 1; write <= 30; ++write) {
        CAPTURE(write);
        World world({.seed = 151});
        auto* bob = world.join();
        REQUIRE(bob != nullptr);
        REQUIRE(world.quiet());
        const auto alert = world.founder().send(world.all_members(), "seen by bob");
        REQUIRE(alert.ok());
        world.run(5 * second);
        REQUIRE(world.witness().times_shown(1, *alert) == 1);
        bob->crash_at_write(write);
        REQUIRE(world.state(world.founder(), directory::DeviceRevoked{bob->id()}).ok());
        world.run(10 * second);
        REQUIRE(world.quiet());
        REQUIRE(bob->running());
        if (!bob->engine().directory().state().device(bob->id())) continue;
        const auto state = bob->engine().directory().state().device(bob->id())->state;
        // Killed before it had heard of it, it will not be told any more.
        if (state != directory::DeviceState::revoked) continue;
        CHECK(bob->engine().channel(world.all_members()) == nullptr);
        CHECK(bob->projection().alerts().empty());
    }
}

TEST_CASE(
    "an alert with a photo goes out although the relay's word that it has the share was lost") {
    World world({.seed = 34});
    auto* bob = world.join();
    REQUIRE(bob != nullptr);
    REQUIRE(world.quiet());
    int lost = 0;
    bob->line.to_client = [&](v1::Frame frame) -> std::vector<v1::Frame> {
        if (frame.has_lease_stored() && lost++ == 0) return {};
        return {std::move(frame)};
    };
    const auto alert = bob->send(world.all_members(), "with a photo", std::nullopt, true);
    REQUIRE(alert.ok());
    world.run(2 * minute);
    CHECK(lost >= 2);
    REQUIRE(bob->projection().alert(*alert).has_value());
    CHECK(bob->projection().alert(*alert)->state == SendState::accepted);
    CHECK(world.witness().times_shown(0, *alert) == 1);
    REQUIRE(world.quiet());
    CHECK(world.failures() == std::vector<std::string>{});
}
