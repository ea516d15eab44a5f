#include <array>

#include "relay_world.hpp"

// Two partnerships on one relay: what belongs to the other is, in every answer, what does not
// exist.
using namespace huecry;
using namespace huecry::relay;
using namespace huecry::relay::test;
using huecry::relay::test::Client;

namespace {

/// What a question may name.
struct Things {
    ChannelId channel;
    DeviceId device;
    BlobId blob;
};

void name(v1::Stream& stream, const StreamRef& ref) {
    stream.set_kind(static_cast<std::uint32_t>(ref.kind));
    stream.set_id(to_string(ref.id));
    stream.set_incarnation(ref.incarnation);
}

using Question = v1::Frame (*)(World& world, const Things& things, const ChannelId& own);

v1::Frame submit_to(const StreamRef& stream, EntryKind kind, const Bytes& body) {
    v1::Frame out;
    auto& submit = *out.mutable_submit();
    name(*submit.mutable_stream(), stream);
    submit.set_handshake_seq(1);
    submit.set_directory_index(2);
    auto& item = *submit.add_items();
    item.set_message_id(std::string(16, 'm'));
    item.set_kind(static_cast<std::uint32_t>(kind));
    item.set_lifetime_ms(3'600'000);
    item.set_body(to_string(body));
    return out;
}

/// One of each request that names a stream, a device or a blob.
const auto questions = std::to_array<Question>({
    [](World&, const Things& t, const ChannelId&) {
        v1::Frame out;
        name(*out.mutable_head_query()->mutable_stream(), StreamRef::channel(t.channel, 1));
        return out;
    },
    [](World&, const Things& t, const ChannelId&) {
        v1::Frame out;
        name(*out.mutable_head_query()->mutable_stream(), StreamRef::mailbox(t.device));
        return out;
    },
    [](World&, const Things& t, const ChannelId&) {
        v1::Frame out;
        name(*out.mutable_subscribe()->mutable_stream(), StreamRef::channel(t.channel, 1));
        return out;
    },
    [](World&, const Things& t, const ChannelId&) {
        v1::Frame out;
        name(*out.mutable_subscribe()->mutable_stream(), StreamRef::mailbox(t.device));
        return out;
    },
    [](World&, const Things& t, const ChannelId&) {
        v1::Frame out;
        name(*out.mutable_delivery_query()->mutable_stream(), StreamRef::channel(t.channel, 1));
        for (std::uint64_t seq = 1; seq < 5; ++seq) out.mutable_delivery_query()->add_seqs(seq);
        return out;
    },
    [](World&, const Things& t, const ChannelId& own) {
        v1::Frame out;
        name(*out.mutable_take_key_packages()->mutable_channel(), StreamRef::channel(own, 1));
        out.mutable_take_key_packages()->add_devices(to_string(t.device.view()));
        return out;
    },
    [](World&, const Things& t, const ChannelId&) {
        v1::Frame out;
        name(*out.mutable_take_key_packages()->mutable_channel(), StreamRef::channel(t.channel, 1));
        out.mutable_take_key_packages()->add_devices(to_string(t.device.view()));
        return out;
    },
    [](World&, const Things& t, const ChannelId&) {
        v1::Frame out;
        out.mutable_take_leases()->add_blobs(to_string(t.blob.view()));
        return out;
    },
    [](World& world, const Things& t, const ChannelId&) {
        v1::Frame out;
        auto& put = *out.mutable_put_lease();
        name(*put.mutable_channel(), StreamRef::channel(t.channel, 1));
        put.set_blob(to_string(t.blob.view()));
        put.set_share(std::string(32, 's'));
        put.set_expiry_ms(world.clock.wall + 3'600'000);
        return out;
    },
    [](World&, const Things& t, const ChannelId&) {
        v1::Frame out;
        out.mutable_drop_blob()->set_blob(to_string(t.blob.view()));
        return out;
    },
    [](World& world, const Things& t, const ChannelId&) {
        const auto stream = StreamRef::channel(t.channel, 1);
        return submit_to(stream, EntryKind::application,
                         world.mls(EntryKind::application, 1, 100, stream));
    },
    [](World& world, const Things& t, const ChannelId&) {
        return submit_to(StreamRef::mailbox(t.device), EntryKind::directed,
                         world.random.bytes(600));
    },
});

/// A partnership with a member, a channel of two, a photo with its share.
struct Town {
    PartnershipId partnership;
    std::unique_ptr<Client> founder, member;
    Things things;

    explicit Town(World& world) {
        world.found();
        founder = std::move(world.founder);
        world.founder = std::make_unique<Client>(
            Client{world, founder->key.clone(), founder->sealing});  // who invites
        REQUIRE(world.founder->connect().has_value());
        member = world.join();
        partnership = world.partnership;
        things = {world.all_members, member->id(), world.random.id<BlobId>()};
        REQUIRE(
            world.founder->ask(world.submission(EntryKind::handshake, 0, 0)).has_submit_result());
        REQUIRE(world.founder->ask(world.add_member(*world.founder, *member, 1, 1))
                    .has_submit_result());
        put_photo(world);
    }

    void put_photo(World& world) {
        v1::Frame lease;
        auto& put = *lease.mutable_put_lease();
        name(*put.mutable_channel(), StreamRef::channel(things.channel, 1));
        put.set_blob(to_string(things.blob.view()));
        put.set_share(std::string(32, 's'));
        put.set_expiry_ms(world.clock.wall + 20 * day_ms);
        REQUIRE(member->ask(lease).has_lease_stored());
        const auto bytes = world.random.bytes(5000);
        BlobPart part;
        part.blob = things.blob;
        part.audience = StreamRef::channel(things.channel, 1);
        part.size = bytes.size();
        part.digest = sha256(bytes);
        part.expiry_ms = world.clock.wall + 20 * day_ms;
        part.body = bytes;
        bool whole = false;
        world.blobs->put(principal(), part, [&](const auto& answer) {
            whole = std::holds_alternative<BlobInfo>(answer);
        });
        world.core->flush();
        REQUIRE(whole);
    }

    [[nodiscard]] Principal principal() const {
        Principal out;
        out.partnership = partnership;
        out.device = member->id();
        out.standing = Standing::active;
        return out;
    }
};

/// The answer, without its number.
std::string said(Client& who, v1::Frame question) {
    who.world.clock.pass(2500);  // nobody asks too fast
    auto answer = who.ask(std::move(question));
    answer.clear_request();
    return answer.SerializeAsString();
}

}  // namespace

TEST_CASE("another partnership's channels, devices and blobs are as if they did not exist") {
    World world;
    const Town theirs(world);
    Town ours(world);
    auto& asker = *ours.member;

    // The questions find what is there, when it is asked for by those it belongs to.
    REQUIRE(world.blobs->head(theirs.principal(), theirs.things.blob).ok());
    REQUIRE(said(asker, questions[0](world, ours.things, ours.things.channel)) !=
            said(asker, questions[0](world, theirs.things, ours.things.channel)));
    REQUIRE(said(asker, questions[7](world, ours.things, ours.things.channel)) !=
            said(asker, questions[7](world, theirs.things, ours.things.channel)));

    const auto changes = world.store->changes;
    const auto asked_for = [&](const Things& things, Question question) {
        const auto before = world.store->reads;
        auto answer = said(asker, question(world, things, ours.things.channel));
        return std::pair(std::move(answer), world.store->reads - before);
    };
    constexpr std::size_t ids = 100'000;
    for (std::size_t i = 0; i < ids;) {
        const Things absent{world.random.id<ChannelId>(), world.random.id<DeviceId>(),
                            world.random.id<BlobId>()};
        for (const auto question : questions) {
            const auto found = asked_for(theirs.things, question);
            const auto missing = asked_for(absent, question);
            const auto number = &question - questions.data();
            if (found == missing) continue;
            FAIL("question " << number << " tells them apart");
        }
        CHECK(world.blobs->head(ours.principal(), theirs.things.blob).error().code ==
              world.blobs->head(ours.principal(), absent.blob).error().code);
        CHECK(world.blobs->get(ours.principal(), theirs.things.blob, 0, 10).error().code ==
              world.blobs->get(ours.principal(), absent.blob, 0, 10).error().code);
        const auto known =
            world.core->look_up(ours.partnership, ClientKind::device, theirs.things.device.view());
        const auto nobody =
            world.core->look_up(ours.partnership, ClientKind::device, absent.device.view());
        CHECK(known.ok() == nobody.ok());
        if (!known) CHECK(known.error().code == nobody.error().code);
        i += questions.size() + 3;
    }
    CHECK(world.store->changes == changes);
    CHECK(asker.outlet->goodbye == std::nullopt);
    // And nothing of theirs has changed.
    CHECK(world.blobs->head(theirs.principal(), theirs.things.blob).ok());
    v1::Frame lease;
    lease.mutable_take_leases()->add_blobs(to_string(theirs.things.blob.view()));
    CHECK(theirs.member->ask(lease).leases().leases_size() == 1);
}
