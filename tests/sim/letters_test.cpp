#include <doctest/doctest.h>

#include "domain/letter.hpp"
#include "huecry/directory/build.hpp"
#include "huecry/wire/padding.hpp"
#include "sim/world.hpp"

// What devices tell each other alone: records and alerts for whoever came late or came back, and
// that something could not be read.
using namespace huecry;
using namespace huecry::sim;

namespace {

struct Town {
    World world;
    std::vector<Node*> people;
    ChannelId channel = world.all_members();

    explicit Town(std::size_t members, std::uint64_t seed = 31, bool honest = true)
        : world({.seed = seed, .honest = honest}) {
        world.witness().keep_notes(true);
        people.push_back(&world.founder());
        while (people.size() < members) join();
        REQUIRE(world.quiet());
    }
    Node& join() {
        people.push_back(world.join());
        REQUIRE(people.back() != nullptr);
        return *people.back();
    }
    MessageId say(Node& by, const std::string& text) {
        const auto sent = by.send(channel, text);
        REQUIRE(sent.ok());
        world.run(10 * second);
        return *sent;
    }
    [[nodiscard]] std::size_t shown(const Node& node, const MessageId& alert) {
        return world.witness().times_shown(node.number(), alert);
    }
    /// An alert about somebody, whose record goes with it.
    void about(Node& by, const std::string& nickname) {
        Draft draft;
        draft.channel = channel;
        draft.text = "seen again";
        draft.offender = nickname;
        std::vector<domain::Projection::Sealed> photos;
        const auto message = by.projection().compose(draft, photos);
        REQUIRE(message.ok());
        REQUIRE(by.engine().enqueue(*message, {}).ok());
        world.run(10 * second);
    }
    /// A letter of anybody's to anybody, past the engine.
    void write(Node& from, const Node& to, const content::v1::Directed& body,
               const std::function<void(Bytes&)>& change = {}) {
        const auto id = world.story.id<MessageId>();
        auto sealed =
            domain::seal_letter(from.context(), *world.directory().device(to.id()), id, body);
        REQUIRE(sealed.ok());
        if (change) change(*sealed);
        v1::Frame frame;
        auto& submit = *frame.mutable_submit();
        submit.mutable_stream()->set_kind(static_cast<std::uint32_t>(StreamKind::mailbox));
        submit.mutable_stream()->set_id(to_string(to.id().view()));
        auto& item = *submit.add_items();
        item.set_message_id(to_string(id.view()));
        item.set_kind(static_cast<std::uint32_t>(EntryKind::directed));
        item.set_lifetime_ms(60'000);
        item.set_body(to_string(*sealed));
        REQUIRE(from.send_raw(std::move(frame)));
        world.run(2 * second);
    }
    [[nodiscard]] content::v1::Directed skipped(const MessageId& message) const {
        content::v1::Directed body;
        auto& letter = *body.mutable_skipped();
        letter.set_channel(to_string(channel.view()));
        letter.set_incarnation(1);
        letter.set_message(to_string(message.view()));
        return body;
    }
};

std::size_t offenders(Node& node) {
    auto row = node.db().prepare("SELECT count(*) FROM offender");
    const auto found = row.step();
    REQUIRE(found.ok());
    return static_cast<std::size_t>(row.integer(0));
}

bool joined(const Town& town, Node& node) {
    const auto* there = node.engine().channel(town.channel);
    return there != nullptr && there->joined();
}

}  // namespace

TEST_CASE("a newcomer has the records that whoever let it in leaves out: others are asked") {
    Town town(4);
    auto& bob = *town.people[1];
    town.about(*town.people[2], "Cobalt Lantern");
    // The coordinator is away, and bob has forgotten what he is to hand on.
    town.people[0]->stop();
    town.people[2]->line.to_relay = [](v1::Frame frame) -> std::vector<v1::Frame> {
        if (frame.has_take_key_packages()) return {};
        return {std::move(frame)};
    };
    town.people[3]->line.to_relay = town.people[2]->line.to_relay;
    REQUIRE(bob.db().execute("DELETE FROM offender").ok());
    // Only a coordinator invites: she does, and goes again.
    REQUIRE(town.people[0]->start());
    town.world.run(5 * second);
    town.people[0]->line.to_relay = town.people[2]->line.to_relay;
    auto& dave = town.join();
    town.people[0]->stop();
    REQUIRE(town.world.run_until([&] { return joined(town, dave); }, minute));
    CHECK(dave.engine().channel(town.channel)->row().adder == bob.id());
    REQUIRE(town.world.run_until([&] { return offenders(dave) == 1; }, 3 * minute));
    CHECK(dave.projection().alerts().empty());  // what was said before is not for him
    for (auto* one : town.people) one->line.to_relay = {};
    REQUIRE(town.world.quiet());
    CHECK(town.world.failures() == std::vector<std::string>{});
}

TEST_CASE("after a rejoin a device is shown what was said meanwhile and is still alive") {
    Town town(4, 31, false);  // a disk that goes back is no honest world
    auto& bob = *town.people[1];
    auto& carol = *town.people[2];
    bob.stop();
    const auto old = bob.disk();
    REQUIRE(bob.start());
    town.world.run(5 * second);
    (void)town.say(bob, "said and forgotten");
    bob.stop();
    bob.restore_disk(old);
    const auto gap = town.say(carol, "meanwhile");
    const auto brief = carol.send(town.channel, "for a minute", std::chrono::seconds(60));
    REQUIRE(brief.ok());
    town.world.run(2 * minute);
    REQUIRE(bob.start());
    town.world.run(3 * minute);
    REQUIRE(joined(town, bob));
    CHECK(town.shown(bob, gap) == 1);
    CHECK(town.shown(bob, *brief) == 0);
    const auto theirs = carol.projection().alert(gap);
    const auto his = bob.projection().alert(gap);
    REQUIRE(his.has_value());
    REQUIRE(theirs.has_value());
    CHECK(his->text == "meanwhile");
    CHECK(his->from.device == carol.id());
    CHECK(his->expires_ms <= theirs->expires_ms);
    // He answers it like any other.
    REQUIRE(bob.respond(gap, Answer::coming).ok());
    town.world.run(10 * second);
    CHECK(carol.projection().alert(gap)->responses.size() == 1);
    // Somebody who comes only now is not told.
    auto& dave = town.join();
    town.world.run(5 * minute);
    CHECK(town.shown(dave, gap) == 0);
    REQUIRE(town.world.quiet());
}

TEST_CASE("nobody is driven out of a group by letters: who hears others is among them") {
    Town town(5, 32, false);
    auto& bob = *town.people[1];
    const auto alert = town.say(bob, "to everybody");
    (void)town.say(*town.people[2], "heard");
    const auto epoch = bob.engine().channel(town.channel)->epoch();
    for (auto* rogue : {town.people[3], town.people[4]})
        town.write(*rogue, bob, town.skipped(alert));
    town.world.run(minute);
    CHECK(joined(town, bob));
    CHECK(bob.engine().channel(town.channel)->epoch() == epoch);
    CHECK(town.world.directory().rejoin(bob.id(), town.channel) == nullptr);
}

TEST_CASE("one letter alone is not believed, nor one about what was never said") {
    Town town(5, 33, false);
    auto& bob = *town.people[1];
    town.world.run(day + hour);  // every leaf is renewed: nobody has been heard in this epoch
    const auto alert = town.say(bob, "to everybody");
    town.write(*town.people[3], bob, town.skipped(alert));
    town.write(*town.people[3], bob, town.skipped(alert));
    const auto never = town.world.story.id<MessageId>();
    for (auto* one : {town.people[2], town.people[3]}) town.write(*one, bob, town.skipped(never));
    auto other = town.skipped(alert);
    other.mutable_skipped()->set_incarnation(2);
    town.write(*town.people[2], bob, other);
    CHECK(joined(town, bob));
    // Two who have not been heard are: it costs one rejoin, and the alert is not shown again.
    town.write(*town.people[4], bob, town.skipped(alert));
    town.world.run(5 * minute);
    REQUIRE(town.world.directory().rejoin(bob.id(), town.channel) != nullptr);
    CHECK(joined(town, bob));
    for (auto* one : {town.people[0], town.people[2], town.people[3], town.people[4]})
        CHECK(town.shown(*one, alert) == 1);
}

TEST_CASE("letters that were changed, or are not from who is said to send them, are skipped") {
    Town town(4, 34, false);
    auto& bob = *town.people[1];
    const auto alert = town.say(bob, "to everybody");
    const auto body = town.skipped(alert);
    for (const std::size_t at : {std::size_t{0}, std::size_t{40}, std::size_t{400}}) {
        CAPTURE(at);
        const auto before = town.world.witness().notes().size();
        town.write(*town.people[2], bob, body, [&](Bytes& bytes) { bytes.at(at) ^= 1; });
        const auto& notes = town.world.witness().notes();
        CHECK(std::any_of(notes.begin() + static_cast<std::ptrdiff_t>(before), notes.end(),
                          [](const auto& n) { return n.find("a letter was skipped") != n.npos; }));
    }
    // Sealed by carol, handed in by dave.
    const auto before = town.world.witness().notes().size();
    const auto id = town.world.story.id<MessageId>();
    const auto sealed = domain::seal_letter(town.people[2]->context(),
                                            *town.world.directory().device(bob.id()), id, body);
    REQUIRE(sealed.ok());
    town.write(*town.people[3], bob, body, [&](Bytes& bytes) { bytes = *sealed; });
    const auto& notes = town.world.witness().notes();
    CHECK(std::any_of(notes.begin() + static_cast<std::ptrdiff_t>(before), notes.end(),
                      [](const auto& n) { return n.find("a letter was skipped") != n.npos; }));
}

TEST_CASE("a snapshot that was not asked for is not taken") {
    Town town(4, 35, false);
    auto& bob = *town.people[1];
    town.about(*town.people[2], "Cobalt Lantern");
    content::v1::Directed body;
    auto& part = *body.mutable_part();
    part.set_channel(to_string(town.channel.view()));
    for (auto& content : town.people[2]->projection().snapshot(town.channel))
        part.mutable_snapshot()->MergeFrom(content.snapshot());
    REQUIRE(part.snapshot().offenders_size() == 1);
    REQUIRE(bob.db().execute("DELETE FROM offender").ok());
    town.write(*town.people[2], bob, body);
    town.world.run(minute);
    CHECK(offenders(bob) == 0);
}
