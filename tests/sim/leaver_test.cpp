#include "huecry/directory/build.hpp"
#include "huecry/wire/join_info.hpp"
#include "sim/ghost_town.hpp"

// Who leaves, who comes, and who says who he is.
using namespace huecry;
using namespace huecry::sim;

namespace {

bool is_entry_after(const v1::Frame& frame, const ChannelId& channel, std::uint64_t seq) {
    if (!frame.has_deliver()) return false;
    if (frame.deliver().stream().id() != to_string(channel.view())) return false;
    for (const auto& entry : frame.deliver().entries())
        if (Header::decode(view(entry.header()))->seq > seq) return true;
    return false;
}

net::Identity identity_of(GhostTown& town, const Node& node) {
    net::Identity out;
    out.relay.key = town.world.relay().identity().public_key;
    out.partnership = town.world.partnership();
    out.subject = StreamRef::mailbox(node.id()).id;
    out.key = std::make_shared<const SigningKey>(node.key().clone());
    return out;
}

v1::Frame subscription(const StreamRef& stream, std::uint64_t from) {
    v1::Frame frame;
    auto& subscribe = *frame.mutable_subscribe();
    subscribe.mutable_stream()->set_kind(static_cast<std::uint32_t>(stream.kind));
    subscribe.mutable_stream()->set_id(to_string(BytesView(stream.id)));
    subscribe.mutable_stream()->set_incarnation(stream.incarnation);
    subscribe.set_from(from);
    return frame;
}

}  // namespace

TEST_CASE(
    "a removed member opens nothing of what comes after, with all its keys and the relay's store") {
    GhostTown town(471);
    // A copy of all that carol has, at its best moment: just before she goes.
    auto hers = town.carol->group(town.channel);
    REQUIRE(hers.ok());
    const auto start = town.last_seq();
    const auto before = town.say("she may still read this");
    CHECK(before.shown == 2);
    const auto removal = town.last_seq();
    town.signed_by_founder(directory::DeviceRevoked{town.carol->id()});
    town.honest = {&town.world.founder(), town.bob};
    for (const auto* text : {"one", "two", "three"}) CHECK(town.say(text).shown == 1);
    std::size_t read = 0;
    for (const auto& entry : entries_of(town.world, StreamRef::channel(town.channel, 1))) {
        if (entry.seq <= start || !entry.has_body) continue;
        const auto got = hers->process(entry.body, {});
        const bool message = got && got->content_type == mls::ContentType::application;
        if (message) ++read;
        // What was sent while she was there shows that the copy is a good one.
        CHECK((!message || entry.seq <= removal));
    }
    CHECK(read == 1);
    // Nor does she come back by herself: with the key that she has, by a GroupInfo.
    const auto info = town.eve->group().group_info(true, true);
    REQUIRE(info.ok());
    const auto id = town.world.story.id<MessageId>();
    auto back = mls::Group::join_externally(
        town.carol->mls_environment(),
        {.group_info = *info,
         .leaf = {.identity = town.identity(town.carol->id())},
         .framing = {.authenticated_data = town.eve->data(id).encode()}});
    REQUIRE(back.ok());
    plant_entry(town.world, StreamRef::channel(town.channel, 1), EntryKind::handshake,
                town.carol->id(), id, back->message);
    const auto marks = town.marks();
    const auto after = town.say("four");
    CHECK(after.shown == 1);
    CHECK(town.marks() == marks);
    CHECK_FALSE(town.reads(back->group, after.seq));
}

TEST_CASE("a removed member is given nothing any more, not even ciphertext") {
    for (const bool connected : {true, false}) {
        CAPTURE(connected);
        GhostTown town(472);
        std::size_t late = 0;
        std::uint64_t removal = 0;
        town.carol->line.sent_by_relay = [&](const v1::Frame& frame) {
            if (removal != 0 && is_entry_after(frame, town.channel, removal)) ++late;
        };
        if (!connected) {
            town.carol->stop();
            town.honest = {&town.world.founder(), town.bob};
            CHECK(town.say("this waits for her").shown == 1);
        }
        removal = town.last_seq();
        if (!connected) --removal;  // what waits is not given out either
        town.signed_by_founder(directory::DeviceRevoked{town.carol->id()});
        town.honest = {&town.world.founder(), town.bob};
        CHECK(town.say("without her").shown == 1);
        if (!connected) REQUIRE(town.carol->start());
        town.world.run(minute);
        CHECK(late == 0);
        RawPeer again(town.world.relay(), town.world.story, identity_of(town, *town.carol));
        CHECK(again.connect().error().code == Errc::device_removed);
        if (connected) {
            // She knows, and has erased everything.
            CHECK(town.carol->engine().channel(town.channel) == nullptr);
            CHECK(town.carol->projection().alerts().empty());
        }
    }
}

TEST_CASE("a newcomer is given nothing of what was said before it came") {
    GhostTown town(473);
    CHECK(town.say("before").shown == 2);
    const auto last = town.last_seq();
    auto* frank = town.world.join();
    REQUIRE(frank != nullptr);
    town.world.run(10 * second);
    REQUIRE(frank->engine().channel(town.channel)->joined());
    frank->stop();
    // By hand, and impertinently: the whole stream from its beginning.
    RawPeer peer(town.world.relay(), town.world.story, identity_of(town, *frank));
    REQUIRE(peer.connect().ok());
    (void)peer.ask(subscription(StreamRef::channel(town.channel, 1), 0));
    std::size_t bodies = 0, newer = 0;
    for (const auto& frame : peer.pushed())
        for (const auto& entry : frame.deliver().entries()) {
            const auto header = Header::decode(view(entry.header()));
            REQUIRE(header.ok());
            if (header->seq > last)
                ++newer;
            else if (!entry.body_gone() || !entry.body().empty())
                ++bodies;
        }
    CHECK(newer > 0);  // the commit that let it in
    CHECK(bodies == 0);
    // The keys that it has open nothing older either.
    REQUIRE(frank->start());
    auto group = frank->group(town.channel);
    REQUIRE(group.ok());
    for (const auto& entry : entries_of(town.world, StreamRef::channel(town.channel, 1)))
        if (entry.seq <= last && entry.has_body) CHECK_FALSE(group->process(entry.body, {}).ok());
}

TEST_CASE("who speaks is who signed: no claim of another name, no message of who may not post") {
    GhostTown town(474);
    const auto stream = StreamRef::channel(town.channel, 1);
    const auto shown = [&](const MessageId& id) {
        std::size_t out = 0;
        for (auto* node : town.honest) out += town.world.witness().times_shown(node->number(), id);
        return out;
    };
    // In order, and past every engine: the control.
    const auto good = town.world.story.id<MessageId>();
    REQUIRE(town.eve->peer()
                .ask(town.eve->frame(EntryKind::application, good,
                                     town.eve->message(town.eve->group(), good, "police here")))
                .ok());
    town.world.run(5 * second);
    CHECK(shown(good) == 3);
    for (auto* node : town.honest) {
        const auto alert = node->projection().alert(good);
        REQUIRE(alert.has_value());
        // Whatever is said, the badge is the directory's.
        CHECK(alert->from.device == town.eve->node().id());
        CHECK(alert->from.role == Role::retailer);
    }
    // The relay gives it out as somebody else's, or under another id.
    const auto ghosts = town.ghosts();
    for (const bool other_sender : {true, false}) {
        CAPTURE(other_sender);
        town.forget_notes();
        const auto id = town.world.story.id<MessageId>();
        const auto said = other_sender ? id : town.world.story.id<MessageId>();
        const auto body = town.eve->message(town.eve->group(), said, "not mine");
        plant_entry(town.world, stream, EntryKind::application,
                    other_sender ? ghosts.back().device : town.eve->node().id(), id, body);
        town.world.run(minute);
        CHECK(shown(id) == 0);
        CHECK(shown(said) == 0);
        CHECK(town.noted("not from whom the relay says"));
    }
    // From when it may post no more, whatever the relay lets through.
    const auto* self = town.world.directory().device(town.eve->node().id());
    auto settings = town.world.directory().channel(town.channel)->settings;
    settings.post_roles = directory::bit(directory::Role::coordinator);
    town.signed_by_founder(directory::ChannelChanged{settings});
    town.world.run(5 * second);
    REQUIRE(self != nullptr);
    town.forget_notes();
    const auto late = town.world.story.id<MessageId>();
    plant_entry(town.world, stream, EntryKind::application, town.eve->node().id(), late,
                town.eve->message(town.eve->group(), late, "still here"));
    town.world.run(minute);
    CHECK(shown(late) == 0);
    CHECK(town.noted("may not post"));
}

TEST_CASE("a generation far ahead costs nothing, and the next message is read") {
    GhostTown town(475);
    // Eve's own copy runs ahead: beyond what receivers are willing to skip.
    for (std::uint64_t i = 0; i <= limits::max_skip; ++i)
        REQUIRE(town.eve->group().protect(Bytes(512), {}).ok());
    const auto before = town.marks();
    town.forget_notes();
    const auto id = town.world.story.id<MessageId>();
    REQUIRE(town.eve->peer()
                .ask(town.eve->frame(EntryKind::application, id,
                                     town.eve->message(town.eve->group(), id, "far ahead")))
                .ok());
    town.world.run(5 * second);
    CHECK(town.marks() == before);
    CHECK(town.noted("could not be decrypted"));
    CHECK(town.say("and the next").shown == 2);
}
