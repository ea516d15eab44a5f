#include <doctest/doctest.h>

#include "sim/world.hpp"

// The hooks for misbehaviour work: each does what README.md says of it.
using namespace huecry;
using namespace huecry::sim;

namespace {

struct Pair {
    World world{{.seed = 5, .honest = false}};
    Node* bob = world.join();
    ChannelId channel = world.all_members();
    Pair() {
        REQUIRE(bob != nullptr);
        REQUIRE(world.quiet());
    }
    MessageId say(Node& by, const std::string& text) {
        const auto sent = by.send(channel, text);
        REQUIRE(sent.ok());
        world.run(5 * second);
        return *sent;
    }
};

bool delivers_to_channel(const v1::Frame& frame) {
    return frame.has_deliver() && frame.deliver().stream().kind() == 2;
}

}  // namespace

TEST_CASE("a frame that is dropped is missed by the next, and asked for again") {
    Pair pair;
    int dropped = 0;
    pair.bob->line.to_client = [&](v1::Frame frame) -> std::vector<v1::Frame> {
        if (delivers_to_channel(frame) && dropped == 0) {
            ++dropped;
            return {};
        }
        return {std::move(frame)};
    };
    const auto first = pair.say(pair.world.founder(), "one");
    CHECK(dropped == 1);
    CHECK(pair.world.witness().times_shown(1, first) == 0);
    const auto second_alert = pair.say(pair.world.founder(), "two");
    CHECK(pair.world.witness().noted(1, "left out"));
    CHECK(pair.world.witness().times_shown(1, second_alert) == 0);
    pair.world.run(2 * minute);  // by itself: a fresh connection begins where the store stands
    CHECK(pair.world.witness().times_shown(1, first) == 1);
    CHECK(pair.world.witness().times_shown(1, second_alert) == 1);
}

TEST_CASE("what is replayed is shown once") {
    Pair pair;
    pair.bob->line.to_client = [](v1::Frame frame) -> std::vector<v1::Frame> {
        return {frame, frame, frame};
    };
    const auto alert = pair.say(pair.world.founder(), "once");
    CHECK(pair.world.witness().times_shown(1, alert) == 1);
}

TEST_CASE("with a relay that is put back to its past nobody goes on") {
    Pair pair;
    const auto past = pair.world.relay().snapshot();
    (void)pair.say(pair.world.founder(), "forgotten");
    REQUIRE(pair.world.relay().restore(past));
    const auto after = pair.bob->send(pair.channel, "after");
    REQUIRE(after.ok());
    pair.world.run(minute);
    // The relay has nothing at the place where both stand: neither goes on as if nothing were.
    CHECK(pair.world.witness().noted(0, "less than it"));
    CHECK(pair.world.witness().noted(1, "less than it"));
    CHECK_FALSE(pair.bob->engine().settled());
    CHECK_FALSE(pair.world.founder().engine().settled());
    CHECK(pair.world.witness().times_shown(0, *after) == 0);
}

TEST_CASE("two cores share a past, and go their own ways") {
    Pair pair;
    auto& other = pair.world.fork();
    pair.bob->line.relay = &other;
    pair.bob->cut(0, 0);
    pair.world.run(5 * second);
    REQUIRE(pair.bob->engine().online());
    const auto here = pair.say(pair.world.founder(), "here");
    const auto there = pair.say(*pair.bob, "there");
    CHECK(pair.world.witness().times_shown(1, here) == 0);
    CHECK(pair.world.witness().times_shown(0, there) == 0);
    // Back with the first: the relay's streams are not those that bob has seen.
    pair.bob->line.relay = &pair.world.relay();
    pair.bob->cut(0, 0);
    pair.world.run(minute);
    CHECK((pair.world.witness().noted(1, "does not remember") ||
           pair.world.witness().noted(1, "not what was delivered") ||
           pair.world.witness().noted(1, "less than it")));
}

TEST_CASE("a device's own keys can say what its engine never would") {
    Pair pair;
    auto group = pair.bob->group(pair.channel);
    REQUIRE(group.ok());
    CHECK(group->size() == 2);
    const auto id = pair.world.story.id<MessageId>();
    const auto data = pair.bob->authenticated_data(pair.channel, id);
    REQUIRE(data.ok());
    CHECK(data->message_id == id);
    // Only the founder may define channels: the relay refuses, whoever signs.
    const auto& state = pair.world.directory();
    const auto before = state.index();
    const auto statement = directory::make_statement(
        state, pair.world.story.id<directory::Nonce>(),
        directory::ChannelDefined{pair.world.channel(*pair.bob, directory::every_role)});
    const auto answer =
        pair.world.state_raw(directory::sign_statement(statement, pair.bob->key()), *pair.bob);
    CHECK_FALSE(answer.ok());
    CHECK(pair.world.directory().index() == before);
}
