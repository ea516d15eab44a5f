#include <doctest/doctest.h>
#include <sodium.h>

#include <set>

#include "huecry/directory/build.hpp"
#include "sim/world.hpp"

// How a device that lost its group comes back, and how a channel begins anew.
using namespace huecry;
using namespace huecry::sim;

namespace {

struct Town {
    World world;
    std::vector<Node*> people;
    ChannelId channel = world.all_members();

    explicit Town(std::size_t members, std::uint64_t seed = 11) : world({.seed = seed}) {
        world.witness().keep_notes(true);
        people.push_back(&world.founder());
        while (people.size() < members) {
            people.push_back(world.join());
            REQUIRE(people.back() != nullptr);
        }
        REQUIRE(world.quiet());
    }
    MessageId say(Node& by, const std::string& text) {
        const auto sent = by.send(channel, text);
        REQUIRE(sent.ok());
        world.run(10 * second);
        return *sent;
    }
    [[nodiscard]] bool joined(Node& node) const {
        const auto* there = node.engine().channel(channel);
        return there != nullptr && there->joined();
    }
    [[nodiscard]] std::size_t shown(const Node& node, const MessageId& alert) {
        return world.witness().times_shown(node.number(), alert);
    }
};

/// Every private key that this device has in the group's tree becomes another one.
void spoil_keys(Node& node, const ChannelId& channel) {
    auto group = node.group(channel);
    REQUIRE(group.ok());
    const auto tree = group->ratchet_tree();
    std::set<Bytes> keys;
    for (std::size_t i = 0; i + 32 <= tree.size(); ++i)
        keys.emplace(tree.begin() + static_cast<std::ptrdiff_t>(i),
                     tree.begin() + static_cast<std::ptrdiff_t>(i + 32));
    auto rows = node.db().prepare("SELECT key, value FROM group_state WHERE key LIKE 'e/%'");
    std::vector<std::pair<std::string, Bytes>> found;
    for (;;) {
        const auto more = rows.step();
        REQUIRE(more.ok());
        if (!*more) break;
        found.emplace_back(std::string(rows.text(0)), rows.blob(1));
    }
    std::size_t spoilt = 0;
    for (auto& [key, value] : found) {
        for (std::size_t i = 0; i + 32 <= value.size(); ++i) {
            Bytes pub(32);
            if (crypto_scalarmult_base(pub.data(), value.data() + i) != 0 || !keys.contains(pub))
                continue;
            value[i + 7] ^= 0x55;
            ++spoilt;
        }
        REQUIRE(node.db()
                    .prepare("UPDATE group_state SET value = ? WHERE key = ?")
                    .bind(BytesView(value))
                    .bind(key)
                    .run()
                    .ok());
    }
    REQUIRE(spoilt > 0);
}

}  // namespace

TEST_CASE("a device that cannot follow a commit complains, rejoins and reads on") {
    Town town(6);
    auto& bob = *town.people[1];
    spoil_keys(bob, town.channel);
    bob.stop();  // that he is not the one who commits
    // A removal has a path, of which bob's part does not open.
    REQUIRE(town.world.state(town.world.founder(), directory::DeviceRevoked{town.people[5]->id()})
                .ok());
    town.world.run(20 * second);
    REQUIRE(bob.start());
    town.world.run(10 * second);
    CHECK(town.world.witness().noted(1, "could not be followed"));
    const auto& complaints = town.world.directory().channel(town.channel)->complaints;
    REQUIRE(complaints.size() == 1);
    CHECK(complaints[0].device == bob.id());
    // Whether the others went on is told by the next one to speak.
    (void)town.say(*town.people[2], "one");
    (void)town.say(*town.people[3], "two");
    REQUIRE(town.world.quiet());
    CHECK(town.joined(bob));
    REQUIRE(town.world.directory().rejoin(bob.id(), town.channel) != nullptr);
    CHECK(town.world.directory().rejoin(bob.id(), town.channel)->reason ==
          directory::RejoinReason::after_complaint);
    const auto after = town.say(town.world.founder(), "after");
    const auto from_bob = town.say(bob, "here again");
    REQUIRE(town.world.quiet());
    CHECK(town.shown(bob, after) == 1);
    for (const auto* other : {town.people[0], town.people[2], town.people[4]})
        CHECK(town.shown(*other, from_bob) == 1);
}

TEST_CASE("a device put back to an older state uses no key twice: it rejoins") {
    Town town(3);
    auto& bob = *town.people[1];
    bob.stop();
    const auto old = bob.disk();
    REQUIRE(bob.start());
    town.world.run(5 * second);
    const auto first = town.say(bob, "first");
    bob.stop();
    bob.restore_disk(old);
    REQUIRE(bob.start());
    town.world.run(minute);
    CHECK(town.world.witness().noted(1, "does not remember"));
    REQUIRE(town.world.quiet());
    CHECK(town.joined(bob));
    const auto* asked = town.world.directory().rejoin(bob.id(), town.channel);
    REQUIRE(asked != nullptr);
    CHECK(asked->reason == directory::RejoinReason::state_lost);
    const auto second_alert = town.say(bob, "second");
    REQUIRE(town.world.quiet());
    for (const auto* other : {town.people[0], town.people[2]}) {
        CHECK(town.shown(*other, first) == 1);
        CHECK(town.shown(*other, second_alert) == 1);
    }
}

TEST_CASE("a second rejoin after lost state waits for a coordinator") {
    Town town(3);
    auto& bob = *town.people[1];
    for (int round = 0; round < 2; ++round) {
        bob.stop();
        const auto old = bob.disk();
        REQUIRE(bob.start());
        town.world.run(5 * second);
        (void)town.say(bob, "said and forgotten");
        bob.stop();
        bob.restore_disk(old);
        REQUIRE(bob.start());
        town.world.run(2 * minute);
        CHECK(town.joined(bob) == (round == 0));
    }
    REQUIRE(town.world.directory().rejoin(bob.id(), town.channel)->allowed_index == 0);
    REQUIRE(town.world.state(town.world.founder(), directory::RejoinApproved{bob.id()}).ok());
    REQUIRE(town.world.quiet());
    CHECK(town.joined(bob));
}

TEST_CASE("a restarted channel goes on with everybody, and what was said before is still read") {
    Town town(4);
    auto& carol = *town.people[2];
    carol.stop();
    const auto before = town.say(*town.people[1], "before");
    REQUIRE(town.world
                .state(town.world.founder(),
                       directory::ChannelRestarted{town.channel, town.world.founder().id()})
                .ok());
    town.world.run(30 * second);
    const auto after = town.say(*town.people[3], "after");
    REQUIRE(carol.start());
    REQUIRE(town.world.quiet());
    for (auto* one : town.people) {
        CHECK(one->engine().channel(town.channel)->row().incarnation == 2);
        if (one != town.people[1]) CHECK(town.shown(*one, before) == 1);
        if (one != town.people[3]) CHECK(town.shown(*one, after) == 1);
    }
}

TEST_CASE("channels are anchored once a day, and the anchor fits") {
    Town town(3);
    town.world.run(minute);
    const auto& first = town.world.directory().channel(town.channel)->anchor;
    REQUIRE(first.has_value());
    CHECK(first->by == town.world.founder().id());
    const auto index = first->index;
    town.world.run(day + minute);
    CHECK(town.world.directory().channel(town.channel)->anchor->index > index);
    REQUIRE(town.world.quiet());
    for (std::size_t n = 0; n < 3; ++n)
        CHECK_FALSE(town.world.witness().noted(n, "recorded in the directory"));
}

TEST_CASE("a commit that leaves a device in that must go is void") {
    Town town(4);
    auto& eve = *town.people[2];
    auto& lost = *town.people[3];
    // Nobody but eve is there to do what is due, and she does something else.
    for (auto* one : {town.people[0], town.people[1]}) one->stop();
    town.world.witness().distrust(eve);
    eve.line.to_relay = [](v1::Frame frame) -> std::vector<v1::Frame> {
        // Her own engine's commits do not get out.
        if (frame.has_submit() && frame.submit().stream().kind() == 2 &&
            frame.request() < 1ULL << 40U)
            return {};
        return {std::move(frame)};
    };
    const auto revocation =
        directory::make_statement(town.world.directory(), town.world.story.id<directory::Nonce>(),
                                  directory::DeviceRevoked{lost.id()});
    (void)town.world.state_raw(directory::sign_statement(revocation, lost.key()), lost);
    town.world.run(5 * second);
    REQUIRE(town.world.directory().device(lost.id())->state == directory::DeviceState::revoked);
    auto group = eve.group(town.channel);
    REQUIRE(group.ok());
    const auto id = town.world.story.id<MessageId>();
    const auto data = eve.authenticated_data(town.channel, id);
    REQUIRE(data.ok());
    mls::CommitOptions options;
    options.by_reference = false;
    options.force_path = true;
    options.framing.authenticated_data = data->encode();
    group->clear_pending();
    const auto commit = group->commit(options);
    REQUIRE(commit.ok());
    const auto& row = eve.engine().channel(town.channel)->row();
    v1::Frame frame;
    auto& submit = *frame.mutable_submit();
    submit.mutable_stream()->set_kind(static_cast<std::uint32_t>(StreamKind::channel));
    submit.mutable_stream()->set_id(to_string(town.channel.view()));
    submit.mutable_stream()->set_incarnation(row.incarnation);
    submit.set_handshake_seq(row.handshake_seq);
    submit.set_directory_index(eve.engine().directory().index());
    auto& item = *submit.add_items();
    item.set_message_id(to_string(id.view()));
    item.set_kind(static_cast<std::uint32_t>(EntryKind::handshake));
    item.set_body(to_string(commit->message));
    REQUIRE(eve.send_raw(std::move(frame)));
    town.world.run(5 * second);
    eve.stop();
    for (auto* one : {town.people[0], town.people[1]}) REQUIRE(one->start());
    town.world.run(minute);
    // Void for both: the honest commit that followed removed whom it had to.
    const auto alert = town.say(*town.people[0], "without the lost one");
    CHECK(town.shown(*town.people[1], alert) == 1);
    auto ours = town.people[1]->group(town.channel);
    REQUIRE(ours.ok());
    CHECK(ours->size() == 3);
    CHECK(town.world.witness().noted(0, "must go"));
}
