#include <doctest/doctest.h>

#include "domain/signed_alert.hpp"
#include "huecry/directory/build.hpp"
#include "huecry/directory/evidence.hpp"
#include "huecry/wire/padding.hpp"
#include "sim/world.hpp"

// A relay that lies is found out, and its own signatures prove it; a member who lies makes nobody
// distrust an honest relay; one that falls silent is noticed.
using namespace huecry;
using namespace huecry::sim;
using Kind = directory::Finding::Kind;
using Files = std::vector<directory::Evidence>;

namespace {

struct Town {
    World world;
    std::vector<Node*> people;
    ChannelId channel = world.all_members();

    explicit Town(std::size_t members, std::uint64_t seed = 21)
        : world({.seed = seed, .honest = false}) {
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
        world.run(5 * second);
        return *sent;
    }
    /// As whoever receives the files reads them.
    Files evidence(Node& of) {
        const auto rows = of.engine().store().evidence();
        REQUIRE(rows.ok());
        Files out;
        for (const auto& row : *rows) {
            auto read = directory::Evidence::decode(row.file);
            REQUIRE(read.ok());
            out.push_back(std::move(*read));
        }
        return out;
    }
    void go_to(Node& node, RelayHost& relay) {
        node.line.relay = &relay;
        node.cut(0, 0);
        world.run(10 * second);
        REQUIRE(node.engine().online());
    }
    net::Identity identity(const Node& node) {
        net::Identity out;
        out.relay.key = world.relay().identity().public_key;
        out.partnership = world.partnership();
        out.subject = StreamRef::mailbox(node.id()).id;
        out.key = std::make_shared<const SigningKey>(node.key().clone());
        return out;
    }
    /// A message of the node's, with this authenticated data, put before a relay by hand.
    MessageId post(Node& by, RelayHost& relay,
                   const std::function<void(AuthenticatedData&)>& change,
                   const OrganisationId& behalf = {}) {
        const auto id = world.story.id<MessageId>();
        auto group = by.group(channel);
        auto data = by.authenticated_data(channel, id);
        REQUIRE(group.ok());
        REQUIRE(data.ok());
        change(*data);
        content::v1::Content content;
        content.mutable_alert()->set_text("by hand");
        if (!behalf.is_zero()) content.mutable_alert()->set_on_behalf_of(to_string(behalf.view()));
        domain::sign_alert(content, {world.partnership(), channel, id}, by.key());
        const auto made =
            group->protect(pad(view(content.SerializeAsString())).value(), data->encode());
        REQUIRE(made.ok());
        const auto* here = by.engine().channel(channel);
        v1::Frame frame;
        auto& submit = *frame.mutable_submit();
        submit.mutable_stream()->set_kind(static_cast<std::uint32_t>(StreamKind::channel));
        submit.mutable_stream()->set_id(to_string(channel.view()));
        submit.mutable_stream()->set_incarnation(here->row().incarnation);
        submit.set_handshake_seq(here->row().handshake_seq);
        submit.set_directory_index(
            std::min(by.engine().directory().index(), world.directory().index()));
        auto& item = *submit.add_items();
        item.set_message_id(to_string(id.view()));
        item.set_kind(static_cast<std::uint32_t>(EntryKind::application));
        item.set_lifetime_ms(3'600'000);
        item.set_body(to_string(made->message));
        RawPeer peer(relay, world.story, identity(by));
        REQUIRE(peer.connect().ok());
        REQUIRE(peer.ask(frame).ok());
        world.run(5 * second);
        return id;
    }
};

directory::Finding judged(const Files& files) {
    auto found = directory::examine(files);
    REQUIRE(found.ok());
    return *found;
}

directory::Body some_channel(Town& town) {
    return directory::ChannelDefined{town.world.channel(*town.people[0], directory::every_role)};
}

/// The relay's signature on another past than the one that the frame holds.
void resign(Town& town, v1::Frame& frame) {
    auto head = Head::decode(view(frame.deliver().head().head()));
    REQUIRE(head.ok());
    head->hash = town.world.story.id<Digest>();
    const auto made = town.world.relay().sign(*head);
    frame.mutable_deliver()->mutable_head()->set_head(to_string(made.head));
    frame.mutable_deliver()->mutable_head()->set_signature(to_string(made.signature.view()));
}

}  // namespace

TEST_CASE("a forked directory is proven by the first message that crosses") {
    Town town(3);
    auto& anna = *town.people[0];
    auto& bob = *town.people[1];
    auto& there = town.world.fork();
    town.go_to(anna, there);
    REQUIRE(town.world.state(anna, some_channel(town)).ok());
    // Here the next entry is another one, signed by anna's key all the same.
    const auto other =
        directory::make_statement(bob.engine().directory().state(),
                                  town.world.story.id<directory::Nonce>(), some_channel(town));
    RawPeer here(town.world.relay(), town.world.story, town.identity(anna));
    REQUIRE(here.connect().ok());
    REQUIRE(here.state(directory::sign_statement(other, anna.key())).ok());
    town.world.run(5 * second);
    // Her relay lets nobody know that she has more than they: the head of the first entry.
    const auto common = other.seen.index;
    const auto first = anna.engine().directory().state().running_hash(common + 1);
    REQUIRE(first);
    const auto alert = town.post(anna, town.world.relay(), [&](AuthenticatedData& data) {
        auto head = Head::decode(data.directory_head.head);
        REQUIRE(head.ok());
        head->seq = common + 1;
        head->hash = *first;
        data.directory_head = there.sign(*head);
    });
    CHECK(town.world.witness().noted(1, "two different pasts of the directory"));
    CHECK(town.world.witness().noted(2, "two different pasts of the directory"));
    const auto finding = judged(town.evidence(bob));
    CHECK(finding.kind == Kind::proven);
    CHECK(finding.bound);
    CHECK(finding.seq == common + 1);
    CHECK(finding.first_hash != finding.second_hash);
    // The relay is at fault, not the sender: what she says still arrives, and so does the rest.
    CHECK(town.world.witness().times_shown(1, alert) == 1);
    const auto after = town.say(bob, "after");
    CHECK(town.world.witness().times_shown(2, after) == 1);
}

TEST_CASE("a forked channel: a dispute on both sides, a proof when the files are put together") {
    Town town(4, 22);
    auto& anna = *town.people[0];
    auto& bob = *town.people[1];
    auto& dora = *town.people[3];
    auto& there = town.world.fork();
    town.go_to(bob, there);
    town.go_to(dora, there);
    (void)town.say(anna, "only here");
    (void)town.say(bob, "only there");
    REQUIRE(bob.engine().channel(town.channel)->cursor() ==
            anna.engine().channel(town.channel)->cursor());
    // The relay lets one message of each side through to the other.
    const auto from_bob = town.post(bob, town.world.relay(), [](AuthenticatedData&) {});
    const auto from_anna = town.post(anna, there, [](AuthenticatedData&) {});
    CHECK(town.world.witness().times_shown(2, from_bob) == 1);
    CHECK(town.world.witness().times_shown(3, from_anna) == 1);
    CHECK(town.world.witness().noted(2, "disagree"));
    CHECK(town.world.witness().noted(3, "disagree"));
    const auto carols = town.evidence(*town.people[2]);
    const auto doras = town.evidence(dora);
    REQUIRE(carols.size() == 1);
    REQUIRE(doras.size() == 1);
    CHECK(judged(carols).kind == Kind::disputed);
    CHECK(judged(doras).kind == Kind::disputed);
    Files all{carols.front(), doras.front()};
    CHECK(judged(all).kind == Kind::proven);
    // A file that says something else about it is no better than none.
    all[1].heads.front().head[40] ^= 1;
    CHECK(directory::examine(all).error().code == Errc::wrong_relay);
}

TEST_CASE("a device that comes back from a fork has the proof by itself") {
    Town town(3, 23);
    auto& bob = *town.people[1];
    auto& there = town.world.fork();
    town.go_to(bob, there);
    (void)town.say(*town.people[0], "only here");
    (void)town.say(bob, "only there");
    bob.line.relay = &town.world.relay();
    bob.cut(0, 0);
    town.world.run(minute);
    CHECK(town.world.witness().noted(1, "two different pasts of a channel"));
    CHECK(judged(town.evidence(bob)).kind == Kind::proven);
}

TEST_CASE("a member who lies about the past is named, once, and the relay is not suspected") {
    Town town(3, 24);
    auto& mallory = *town.people[2];
    const auto last = town.post(mallory, town.world.relay(), [&](AuthenticatedData& data) {
        data.running_hash = town.world.story.id<Digest>();
    });
    CHECK(town.world.witness().noted(0, "disagree"));
    CHECK(town.world.witness().noted(1, "disagree"));
    CHECK_FALSE(town.world.witness().noted(1, "two different pasts"));
    const auto files = town.evidence(*town.people[1]);
    REQUIRE(files.size() == 1);
    const auto finding = judged(files);
    CHECK(finding.kind == Kind::disputed);
    REQUIRE(finding.claim);
    CHECK(finding.claim->device == mallory.id());
    CHECK(finding.claim->message == last);
    CHECK(town.world.witness().times_shown(1, last) == 1);
    const auto after = town.say(*town.people[0], "after");
    CHECK(town.world.witness().times_shown(1, after) == 1);
}

TEST_CASE("a relay that signs something else than it sends is not followed") {
    Town town(3, 25);
    auto& bob = *town.people[1];
    bool changed = false;
    bob.line.to_client = [&](v1::Frame frame) -> std::vector<v1::Frame> {
        if (frame.has_deliver() && frame.deliver().stream().kind() == 2 && !changed) {
            resign(town, frame);
            changed = true;
        }
        return {std::move(frame)};
    };
    const auto alert = town.say(*town.people[0], "signed otherwise");
    REQUIRE(changed);
    CHECK(town.world.witness().times_shown(1, alert) == 0);
    CHECK(town.world.witness().noted(1, "signed something else"));
    // Asked again, the relay signs what it sends: now both of its signatures are here.
    town.world.run(2 * minute);
    CHECK(town.world.witness().times_shown(1, alert) == 1);
    CHECK(town.world.witness().noted(1, "two different pasts of a channel"));
    CHECK(judged(town.evidence(bob)).kind == Kind::proven);
}

TEST_CASE("a Welcome whose place the relay does not sign makes the newcomer ask again") {
    Town town(2, 26);
    // What a member who lets somebody in says of the stream cannot be told from a relay that lies
    // at this moment: the newcomer blames nobody, and is let in by another Welcome.
    int changed = 0;
    auto* carol = &town.world.founder();
    town.world.begin_join(town.world.founder(), {});
    REQUIRE(town.world.run_until([&] { return town.world.size() == 3; }, minute));
    carol = &town.world.node(2);
    carol->line.to_client = [&](v1::Frame frame) -> std::vector<v1::Frame> {
        if (frame.has_deliver() && frame.deliver().stream().kind() == 2 && changed == 0) {
            resign(town, frame);
            ++changed;
        }
        return {std::move(frame)};
    };
    town.world.run(5 * minute);
    REQUIRE(changed == 1);
    CHECK(town.world.witness().noted(2, "did not fit what the relay has"));
    CHECK_FALSE(town.world.witness().noted(2, "two different pasts"));
    CHECK(town.evidence(*carol).empty());
    const auto alert = town.say(*town.people[0], "after");
    CHECK(town.world.witness().times_shown(2, alert) == 1);
}

TEST_CASE("silence is noticed: no signed head for a day, no anchor for two") {
    Town town(2, 27);
    auto& bob = *town.people[1];
    // Nothing of the directory reaches bob any more; his connection stays up.
    bob.line.to_client = [](v1::Frame frame) -> std::vector<v1::Frame> {
        if (frame.has_deliver() || frame.has_queue_empty()) return {};
        if (frame.has_ready()) frame.mutable_ready()->clear_directory_head();
        return {std::move(frame)};
    };
    town.world.run(23 * 60 * minute);
    CHECK_FALSE(town.world.witness().noted(1, "not signed anything for a day"));
    town.world.run(180 * minute);
    CHECK(town.world.witness().noted(1, "not signed anything for a day"));
    CHECK_FALSE(town.world.witness().noted(0, "not signed anything for a day"));
}

TEST_CASE("a channel that no coordinator confirms for two days is warned of") {
    Town town(2, 28);
    town.people[0]->stop();  // the only coordinator's device
    town.world.run(60 * 60 * minute);
    CHECK(town.world.witness().noted(1, "no coordinator's device has confirmed"));
}

TEST_CASE("nobody posts in the name of an organisation that has not let them") {
    Town town(3, 29);
    auto& mallory = *town.people[2];
    const auto& state = town.world.directory();
    const auto organisation = state.member_of(town.people[0]->id())->organisation;
    const auto alert =
        town.post(mallory, town.world.relay(), [](AuthenticatedData&) {}, organisation);
    CHECK(town.world.witness().times_shown(0, alert) == 0);
    CHECK(town.world.witness().times_shown(1, alert) == 0);
    CHECK(town.world.witness().noted(1, "may not post"));
    const auto after = town.say(*town.people[1], "after");
    CHECK(town.world.witness().times_shown(0, after) == 1);
}
