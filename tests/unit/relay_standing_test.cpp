#include "delivery/batch.hpp"
#include "relay_faults.hpp"

// Who may do what while the directory changes under a connection: pending, suspended, dormant,
// rejoining, by an invite's key, in one channel of two.
using namespace huecry;
using namespace huecry::relay;
using namespace huecry::relay::test;

namespace {

v1::Frame letter(World& w, const DeviceId& to) {
    v1::Frame frame;
    name(*submit(frame).mutable_stream(), StreamRef::mailbox(to));
    auto& one = *submit(frame).add_items();
    one.set_message_id(to_string(w.random.bytes(16)));
    one.set_kind(static_cast<std::uint32_t>(EntryKind::directed));
    one.set_lifetime_ms(day_ms);
    one.set_body(to_string(w.random.bytes(64)));
    return frame;
}

Errc sent(Town& t, Client& by) {
    const auto code = code_of(by.ask(t.alert()));
    return code == 0 ? Errc::internal : static_cast<Errc>(code);
}

/// Admitted by a link that was sent: waits for a coordinator.
std::unique_ptr<Client> newcomer_by_link(World& w) {
    auto holder = w.client();
    REQUIRE(w.by(*w.founder, invite_for(w, *holder, false)).has_submit_result());
    REQUIRE(holder->connect(ClientKind::invite).has_value());
    auto newcomer = w.client();
    const directory::DeviceAdmitted admitted{invite_id_of(holder->key.public_key),
                                             newcomer->key.public_key, newcomer->sealing};
    REQUIRE(holder
                ->ask(w.statement_frame(directory::sign_admission(
                    directory::make_statement(w.state(), w.random.id<directory::Nonce>(), admitted),
                    holder->key, newcomer->key)))
                .has_submit_result());
    w.hang_up(*holder);
    return newcomer;
}

}  // namespace

TEST_CASE("a pending device reads the directory and sends nothing, until it is approved") {
    Town t;
    const auto newcomer = newcomer_by_link(t);
    REQUIRE(newcomer->connect()->device_state() == 2);
    CHECK(sent(t, *newcomer) == Errc::pending_approval);
    CHECK(code_of(newcomer->ask(letter(t, t.shop->id()))) == number(Errc::pending_approval));
    newcomer->subscribe(StreamRef::directory());
    CHECK(!newcomer->entries(StreamRef::directory()).empty());
    REQUIRE(t.by(*t.founder, directory::DeviceApproved{newcomer->id()}).has_submit_result());
    // On the same connection.
    CHECK(newcomer->ask(letter(t, t.shop->id())).has_submit_result());
    t.add(*newcomer, 3, 3);
    t.epoch = 4;
    t.handshakes = 4;
    CHECK(newcomer->ask(t.alert()).has_submit_result());
}

TEST_CASE("a suspended member's devices send nothing until it is reinstated") {
    Town t;
    const auto member = t.state().device(t.shop->id())->member;
    REQUIRE(t.by(*t.founder, directory::MemberSuspended{member}).has_submit_result());
    CHECK(!t.shop->outlet->goodbye);
    CHECK(sent(t, *t.shop) == Errc::pending_approval);
    CHECK(code_of(t.shop->ask(letter(t, t.guard->id()))) == number(Errc::pending_approval));
    CHECK(t.guard->ask(letter(t, t.founder->id())).has_submit_result());
    REQUIRE(t.by(*t.founder, directory::MemberReinstated{member}).has_submit_result());
    CHECK(t.shop->ask(letter(t, t.guard->id())).has_submit_result());
    CHECK(sent(t, *t.shop) == Errc::mls_not_member);  // the group has to let it in again
    REQUIRE(t.shop->connect()->device_state() == 1);
}

TEST_CASE("a dormant device sends nothing until it has come back") {
    Town t;
    t.clock.pass(46 * day_ms);
    REQUIRE(t.by(*t.founder, directory::DeviceDormant{{t.shop->id()}}).has_submit_result());
    CHECK(code_of(t.shop->ask(letter(t, t.guard->id()))) == number(Errc::pending_approval));
    REQUIRE(t.by(*t.shop, directory::DeviceReturned{}).has_submit_result());
    CHECK(t.shop->ask(letter(t, t.guard->id())).has_submit_result());
}

TEST_CASE("a device that has lost its state loses its stock, and rejoins with what it has named") {
    Town t;
    t.stock(*t.shop, 3);
    t.stock(*t.guard, 3);
    v1::Frame take;
    name(*take.mutable_take_key_packages()->mutable_channel(), t.channel());
    take.mutable_take_key_packages()->add_devices(to_string(t.shop->id().view()));
    REQUIRE(t.founder->ask(take).key_packages().packages_size() == 1);
    const auto ask = [&](directory::RejoinReason reason, Bytes package) {
        return t.by(*t.shop, directory::RejoinRequested{reason, {{t.all_members, package}}});
    };
    const auto package = t.random.bytes(100);
    t.shop->pushed();
    SUBCASE("lost") {
        REQUIRE(ask(directory::RejoinReason::state_lost, package).has_submit_result());
        bool told = false;
        for (const auto& frame : t.shop->pushed())
            if (frame.has_key_package_count()) told = frame.key_package_count().left() == 0;
        CHECK(told);
        CHECK(t.founder->ask(take).key_packages().packages_size() == 0);
        CHECK(t.shop->connect()->key_packages_left() == 0);
        CHECK(t.guard->connect()->key_packages_left() == 3);
        auto back = t.submission(EntryKind::handshake, 3, 3);
        welcome(back).set_message_id(to_string(t.random.bytes(16)));
        welcome(back).set_body(std::string("\0\1\0\3x", 5));
        auto& one = *welcome(back).add_joiners();
        one.set_device(to_string(t.shop->id().view()));
        one.set_key_package(to_string(t.random.bytes(32)));
        CHECK(code_of(t.founder->ask(back)) == number(Errc::reservation_lapsed));
        one.set_key_package(to_string(sha256(package).view()));
        CHECK(t.founder->ask(back).has_submit_result());
        t.restart();
        CHECK(t.shop->connect()->key_packages_left() == 0);
        CHECK(t.guard->connect()->key_packages_left() == 3);
    }
    SUBCASE("not lost") {
        REQUIRE(ask(directory::RejoinReason::welcome_unusable, package).has_submit_result());
        CHECK(t.founder->ask(take).key_packages().packages_size() == 1);
        CHECK(t.shop->connect()->key_packages_left() == 3);
    }
    SUBCASE("lost, without a stock") {
        REQUIRE(t.by(*t.founder, directory::RejoinRequested{directory::RejoinReason::state_lost,
                                                            {{t.all_members, package}}})
                    .has_submit_result());
        CHECK(t.shop->connect()->key_packages_left() == 3);
    }
}

TEST_CASE("who leaves one channel keeps the other") {
    Town t;
    directory::Channel settings;
    settings.id = t.random.id<ChannelId>();
    settings.name_hash = t.random.id<Digest>();
    settings.read_roles = directory::every_role;
    settings.post_roles = directory::every_role;
    settings.max_alert_s = 3600;
    settings.max_photo_s = 3600;
    settings.creator = t.shop->id();
    REQUIRE(t.by(*t.founder, directory::ChannelDefined{settings}).has_submit_result());
    const auto second = StreamRef::channel(settings.id, 1);
    t.shop->subscribe(second);
    t.shop->subscribe(StreamRef::mailbox(t.shop->id()));
    settings.read_roles = static_cast<directory::RoleMask>(
        directory::every_role & ~directory::bit(directory::Role::retailer));
    settings.post_roles = settings.read_roles;
    REQUIRE(t.by(*t.founder, directory::ChannelChanged{settings}).has_submit_result());
    t.shop->pushed();
    v1::Frame head;
    name(*head.mutable_head_query()->mutable_stream(), second);
    CHECK(code_of(t.shop->ask(head)) == number(Errc::channel_unknown));
    REQUIRE(t.founder->ask(t.alert()).has_submit_result());
    CHECK(t.shop->entries(t.channel()).size() == 1);
    CHECK(t.shop->ask(t.alert()).has_submit_result());
    CHECK(t.guard->ask(letter(t, t.shop->id())).has_submit_result());
    CHECK(t.shop->entries(StreamRef::mailbox(t.shop->id())).size() == 1);
}

TEST_CASE("an invite opens what is for everybody, while it is open") {
    Town t;
    const auto data = t.random.bytes(100);
    BlobPart part;
    part.blob = t.random.id<BlobId>();
    part.audience = StreamRef::directory();
    part.size = data.size();
    part.digest = sha256(data);
    part.expiry_ms = t.clock.wall + 30 * day_ms;
    part.body = data;
    Principal founder;
    founder.partnership = t.partnership;
    founder.device = t.founder->id();
    founder.standing = Standing::active;
    t.blobs->put(founder, part,
                 [](const auto& answer) { CHECK(std::holds_alternative<BlobInfo>(answer)); });
    t.core->flush();
    const auto reads = [&](const Principal& who) {
        const auto got = t.blobs->get(who, part.blob, 0, 100);
        if (!got.ok()) CHECK(got.error().code == Errc::not_found);
        return got.ok();
    };
    const auto by_invite = [&](const Client& holder) {
        Principal out;
        out.partnership = t.partnership;
        out.kind = ClientKind::invite;
        out.invite = invite_id_of(holder.key.public_key);
        return out;
    };
    CHECK(reads(founder));
    const auto open = t.client();
    const auto withdrawn = t.client();
    for (const auto* holder : {open.get(), withdrawn.get()})
        REQUIRE(t.by(*t.founder, invite_for(t, *holder, true)).has_submit_result());
    CHECK(reads(by_invite(*open)));
    CHECK(reads(by_invite(*withdrawn)));
    REQUIRE(t.by(*t.founder, directory::InviteWithdrawn{invite_id_of(withdrawn->key.public_key)})
                .has_submit_result());
    CHECK(!reads(by_invite(*withdrawn)));
    CHECK(!reads(by_invite(*t.client())));
    auto elsewhere = by_invite(*open);
    elsewhere.partnership = t.random.id<PartnershipId>();
    CHECK(!reads(elsewhere));
    auto nobody = founder;
    nobody.kind = ClientKind::founder;
    CHECK(!reads(nobody));
    nobody.kind = ClientKind::device;
    nobody.device = t.random.id<DeviceId>();
    CHECK(!reads(nobody));
    // Nor does anybody but a coordinator put anything there.
    const auto put = [&](const Principal& who) {
        std::optional<Errc> code;
        auto other = part;
        other.blob = t.random.id<BlobId>();
        t.blobs->put(who, other, [&](const auto& answer) {
            if (const auto* failed = std::get_if<BlobError>(&answer)) code = failed->code;
        });
        t.core->flush();
        return code;
    };
    auto as_active = by_invite(*open);
    as_active.standing = Standing::active;
    auto shop = founder;
    shop.device = t.shop->id();
    auto other_place = founder;
    other_place.partnership = t.random.id<PartnershipId>();
    for (const auto& who : {as_active, nobody, shop, other_place})
        CHECK(put(who) == Errc::not_permitted);
    CHECK(!put(founder));
    // It ends by itself, also for who is connected with it.
    REQUIRE(open->connect(ClientKind::invite));
    t.clock.pass(7 * day_ms - 1);
    CHECK(reads(by_invite(*open)));
    t.clock.pass(1);
    CHECK(!reads(by_invite(*open)));
    CHECK(!open->connect(ClientKind::invite));
    CHECK(open->outlet->goodbye == Errc::invite_expired);
}

TEST_CASE("a founder's connection founds, and does nothing else") {
    Town t;
    const auto own = t.partnership;
    for (const bool known : {true, false}) {
        CAPTURE(known);
        t.partnership = known ? own : t.random.id<PartnershipId>();
        const auto who = t.client();
        REQUIRE(who->connect(ClientKind::founder));
        t.partnership = own;
        CHECK(code_of(who->ask(t.alert())) ==
              number(known ? Errc::not_permitted : Errc::unknown_partnership));
        who->subscribe(StreamRef::directory());
        CHECK(code_of(*who->answer_to(who->request)) == number(Errc::channel_unknown));
        v1::Frame put;
        put.mutable_put_key_packages();
        CHECK(code_of(who->ask(put)) == number(Errc::not_permitted));
        v1::Frame create;
        for (const auto* bytes : {"", "x", "not a statement at all, however it is looked at"}) {
            create.mutable_create_partnership()->set_genesis(bytes);
            CHECK(code_of(who->ask(create)) != 0);
        }
    }
    // And a device founds nothing, nor does it hand over.
    v1::Frame create;
    create.mutable_create_partnership()->set_genesis("x");
    CHECK(code_of(t.shop->ask(create)) == number(Errc::not_permitted));
    v1::Frame hand_over;
    hand_over.mutable_hand_over();
    CHECK(code_of(t.shop->ask(hand_over)) == number(Errc::not_permitted));
    const auto who = t.client();
    t.partnership = t.random.id<PartnershipId>();
    REQUIRE(who->connect(ClientKind::founder));
    t.partnership = own;
    t.shop->send(t.alert());  // holds the connections open
    t.core->drain(5000);
    for (const auto* frame : {&create, &hand_over}) {
        const auto answer = who->answer_to(who->send(*frame));
        REQUIRE(answer);
        CHECK(code_of(*answer) == number(Errc::draining));
    }
}

TEST_CASE("a device that is revoked while its letter and its alert are on their way") {
    Town t;
    t.guard->subscribe(StreamRef::mailbox(t.guard->id()));
    const auto asked = t.shop->send(letter(t, t.guard->id()));
    auto batch = t.core->take_batch();
    REQUIRE(batch);
    t.core->commit(*batch);
    const auto revocation = t.statement_frame(directory::sign_statement(
        directory::make_statement(t.state(), t.random.id<directory::Nonce>(),
                                  directory::DeviceRevoked{t.guard->id()}),
        t.founder->key));
    const auto revoked = t.founder->send(revocation);
    const auto late = t.guard->send(t.alert());  // revoked already, though not yet told
    CHECK(!t.guard->answer_to(late));
    t.core->finish(std::move(batch));
    t.core->flush();
    CHECK(t.shop->answer_to(asked)->has_submit_result());
    CHECK(t.founder->answer_to(revoked)->has_submit_result());
    CHECK(!t.guard->answer_to(late));
    CHECK(t.guard->outlet->goodbye == Errc::device_removed);
    CHECK(t.shop->entries(t.channel()).empty());
    t.restart();
    CHECK(!t.guard->connect());
}

TEST_CASE("what is in flight is not named as accepted, what is on the disk is") {
    Town t;
    t.shop->send(t.alert());
    auto batch = t.core->take_batch();
    REQUIRE(batch);
    CHECK(t.shop->connect()->last_accepted_size() == 0);
    t.core->commit(*batch);
    t.core->finish(std::move(batch));
    CHECK(t.shop->connect()->last_accepted_size() == 1);
}

TEST_CASE("who may not commit does not, and still posts") {
    Town t;
    REQUIRE(t.by(*t.founder, directory::MayNotCommit{t.all_members, t.shop->id(), true})
                .has_submit_result());
    CHECK(code_of(t.shop->ask(t.submission(EntryKind::handshake, 3, 3))) ==
          number(Errc::not_permitted));
    CHECK(t.shop->ask(t.alert()).has_submit_result());
    CHECK(t.guard->ask(t.submission(EntryKind::handshake, 3, 3)).has_submit_result());
}

TEST_CASE("after a start nobody has reserved anything") {
    Town t;
    const auto stocked = t.join(directory::Role::warden);
    const auto bare = t.join(directory::Role::warden);
    auto add = t.add_member(*t.founder, *stocked, 3, 3);
    t.restart();
    REQUIRE(t.founder->connect());
    CHECK(code_of(t.founder->ask(add)) == number(Errc::reservation_lapsed));
    welcome(add).mutable_joiners(0)->set_device(to_string(bare->id().view()));
    CHECK(code_of(t.founder->ask(add)) == number(Errc::reservation_lapsed));
}

TEST_CASE("a restored store has no key packages: nobody knows which of them were used") {
    Town t;
    t.stock(*t.shop, 3);
    const std::vector<Write> restored{write::Meta{"restored", 1}};
    REQUIRE(t.store->commit(restored).ok());
    for (int i = 0; i < 2; ++i) {
        t.restart();
        t.core->flush();
        CHECK(t.shop->connect()->key_packages_left() == 0);
    }
}

TEST_CASE("a full partnership takes neither messages nor letters, and still revokes") {
    Town t;
    t.quota = 1;
    t.restart();
    for (auto* c : {t.founder.get(), t.shop.get()}) REQUIRE(c->connect());
    CHECK(sent(t, *t.shop) == Errc::quota_exceeded);
    CHECK(code_of(t.shop->ask(letter(t, t.guard->id()))) == number(Errc::quota_exceeded));
    CHECK(t.by(*t.founder, directory::DeviceRevoked{t.guard->id()}).has_submit_result());
}
