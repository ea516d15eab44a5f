#include <doctest/doctest.h>

#include "huecry/directory/build.hpp"
#include "huecry/limits.hpp"
#include "sim/world.hpp"

// What time alone brings about: devices that are not seen any more, a coordinator whom nobody lets
// back in, what is remembered of epochs.
using namespace huecry;
using namespace huecry::sim;

namespace {

std::uint64_t number(Node& node, const std::string& sql) {
    auto row = node.db().prepare(sql);
    const auto found = row.step();
    REQUIRE(found.ok());
    return row.unsigned_integer(0);
}

bool joined(Node& node, const ChannelId& channel) {
    const auto* there = node.engine().channel(channel);
    return there != nullptr && there->joined();
}

}  // namespace

TEST_CASE("a device that nobody has seen for the time becomes dormant, and comes back by itself") {
    World world({.seed = 51, .honest = false});  // the witness knows no relay that forgets headers
    auto* bob = world.join();
    auto* carol = world.join();
    REQUIRE(bob != nullptr);
    REQUIRE(carol != nullptr);
    REQUIRE(world.quiet());
    const auto channel = world.all_members();
    const auto days = world.directory().policy().dormant_days;
    REQUIRE(days > 0);
    world.run(day);
    bob->stop();
    const auto first_epochs = number(world.founder(), "SELECT min(seen_ms) FROM epoch_seen");
    // The others talk now and then, so that they are seen.
    for (std::uint32_t passed = 0; passed + 2 < days; passed += 10) {
        REQUIRE(carol->send(channel, "still here").ok());
        world.run(10 * day);
    }
    CHECK(world.directory().device(carol->id())->state == directory::DeviceState::active);
    world.run(15 * day);
    CHECK(world.directory().device(bob->id())->state == directory::DeviceState::dormant);
    CHECK(world.directory().device(carol->id())->state == directory::DeviceState::active);
    // Out of the group as well: what is said now is not for a device that lies in a drawer.
    REQUIRE(world.founder().send(channel, "who is left").ok());
    world.run(minute);
    auto group = world.founder().group(channel);
    REQUIRE(group.ok());
    CHECK(group->size() == 2);
    // Of what was so long ago nothing is kept to compare with.
    const auto kept_ms = std::uint64_t{limits::header_retention_days} * 86'400'000;
    const auto oldest = number(world.founder(), "SELECT min(seen_ms) FROM epoch_seen");
    CHECK(oldest > first_epochs);
    CHECK(oldest + kept_ms >= world.clockwork.wall_ms());
    REQUIRE(bob->start());
    REQUIRE(world.run_until(
        [&] {
            return world.directory().is_active(bob->id()) &&
                   world.founder().engine().channel(channel)->group_size() == 3;
        },
        10 * minute));
    REQUIRE(world.run_until([&] { return joined(*bob, channel); }, minute));
    const auto alert = world.founder().send(channel, "welcome back");
    REQUIRE(alert.ok());
    world.run(minute);
    CHECK(world.witness().times_shown(bob->number(), *alert) == 1);
    REQUIRE(world.quiet());
}

TEST_CASE("a coordinator whom nobody lets back in restarts the channel after an hour") {
    World world({.seed = 52, .honest = false});
    auto& founder = world.founder();
    auto* bob = world.join();
    REQUIRE(bob != nullptr);
    REQUIRE(world.quiet());
    const auto channel = world.all_members();
    founder.stop();
    const auto old = founder.disk();
    REQUIRE(founder.start());
    world.run(5 * second);
    REQUIRE(founder.send(channel, "said and forgotten").ok());
    world.run(10 * second);
    founder.stop();
    bob->stop();
    founder.restore_disk(old);
    REQUIRE(founder.start());
    world.run(45 * minute);
    CHECK_FALSE(joined(founder, channel));
    CHECK(world.directory().channel(channel)->incarnation == 1);
    world.run(35 * minute);
    CHECK(world.directory().channel(channel)->incarnation == 2);
    CHECK(joined(founder, channel));
    REQUIRE(bob->start());
    REQUIRE(world.run_until([&] { return joined(*bob, channel); }, 10 * minute));
    const auto alert = founder.send(channel, "here again");
    REQUIRE(alert.ok());
    world.run(minute);
    CHECK(world.witness().times_shown(bob->number(), *alert) == 1);
}
