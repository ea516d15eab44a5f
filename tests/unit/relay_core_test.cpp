#include "delivery/batch.hpp"
#include "huecry/limits.hpp"
#include "relay_town.hpp"

using namespace huecry;
using namespace huecry::relay;
using namespace huecry::relay::test;

TEST_CASE("an alert is durable, answered, and reaches every member in one encoding") {
    Town t;
    const auto before = t.core->counters().encodings;
    const auto number = t.shop->send(t.alert());
    CHECK(!t.shop->answer_to(number));  // nothing before the commit
    CHECK(t.guard->pushed().empty());
    std::size_t hurried = 0;
    t.shop->outlet->hurried = [&, seen = t.guard->outlet->encoded.size()] {
        ++hurried;  // with the answer, before the readers' turn
        CHECK(t.shop->outlet->frames.back().has_submit_result());
        CHECK(t.guard->outlet->encoded.size() == seen);
    };
    t.core->flush();
    CHECK(hurried == 1);
    const auto answer = t.shop->answer_to(number);
    REQUIRE(answer);
    REQUIRE(answer->has_submit_result());
    CHECK(answer->submit_result().accepted(0).seq() == 4);
    CHECK(answer->submit_result().accepted(0).readers() == 2);
    CHECK(t.core->counters().encodings == before + 1);
    for (auto* c : {t.founder.get(), t.shop.get(), t.guard.get()}) {
        const auto got = c->entries(t.channel());
        REQUIRE(got.size() == 1);
        CHECK(!got[0].body_gone());
        const auto header = Header::decode(view(got[0].header()));
        REQUIRE(header.ok());
        CHECK(header->submitter == t.shop->id());
        CHECK(header->digest == sha256(view(got[0].body())));
    }
    CHECK(t.founder->outlet->encoded.back() == t.guard->outlet->encoded.back());
}

TEST_CASE("a repeat gets the first answer, other bytes under the id are refused") {
    Town t;
    auto frame = t.alert();
    const auto first = t.shop->ask(frame);
    t.clock.pass(5000);
    const auto again = t.shop->ask(frame);
    REQUIRE(again.has_submit_result());
    CHECK(again.submit_result().repeat());
    CHECK(again.submit_result().accepted(0).seq() == first.submit_result().accepted(0).seq());
    CHECK(again.submit_result().accepted(0).expiry_ms() ==
          first.submit_result().accepted(0).expiry_ms());
    // A repeat while the first is still on its way to the disk.
    auto other = t.alert();
    const auto a = t.shop->send(other);
    const auto b = t.shop->send(other);
    t.core->flush();
    CHECK(t.shop->answer_to(a)->submit_result().accepted(0).seq() == 5);
    CHECK(t.shop->answer_to(b)->submit_result().accepted(0).seq() == 5);
    auto changed = frame;
    changed.mutable_submit()->mutable_items(0)->set_body(
        to_string(t.mls(EntryKind::application, 3)));
    CHECK(code_of(t.shop->ask(changed)) == number(Errc::id_reused));
    t.restart();
    REQUIRE(t.shop->connect());
    CHECK(t.shop->ask(frame).submit_result().repeat());
}

TEST_CASE("stale after a later handshake and after a reader has gone, not after an addition") {
    Town t;
    auto early = t.alert();
    REQUIRE(t.founder->ask(t.submission(EntryKind::handshake, 3, 3)).has_submit_result());
    auto refused = t.shop->ask(early);
    CHECK(code_of(refused) == number(Errc::stale));
    CHECK(refused.failure().handshake_seq() == 4);
    t.handshakes = 4;
    t.epoch = 4;
    auto before_addition = t.alert();
    const auto newcomer = t.join(directory::Role::warden);
    CHECK(t.shop->ask(before_addition).has_submit_result());
    auto before_loss = t.alert();
    CHECK(t.by(*t.founder, directory::DeviceRevoked{newcomer->id()}).has_submit_result());
    refused = t.shop->ask(before_loss);
    CHECK(code_of(refused) == number(Errc::stale));
    CHECK(refused.failure().directory_index() == t.state().index());
    CHECK(t.shop->ask(t.alert()).has_submit_result());
}

TEST_CASE("only what fits: kinds, group, rights, sizes, life") {
    Town t;
    auto frame = t.alert();
    frame.mutable_submit()->mutable_items(0)->set_kind(2);
    frame.mutable_submit()->mutable_items(0)->set_lifetime_ms(0);
    CHECK(code_of(t.shop->ask(frame)) == number(Errc::invalid_argument));
    frame = t.alert();
    frame.mutable_submit()->mutable_items(0)->set_body(to_string(
        t.mls(EntryKind::application, 3, 100, StreamRef::channel(t.random.id<ChannelId>(), 1))));
    CHECK(code_of(t.shop->ask(frame)) == number(Errc::mls_invalid));
    frame = t.alert();
    frame.mutable_submit()->mutable_items(0)->set_body("not MLS at all");
    CHECK(code_of(t.shop->ask(frame)) == number(Errc::mls_malformed));
    frame = t.alert();
    frame.mutable_submit()->mutable_items(0)->set_body(
        to_string(t.mls(EntryKind::application, 3, limits::max_content)));
    CHECK(code_of(t.shop->ask(frame)) == number(Errc::too_large));
    frame = t.alert(limits::max_life_s * 1000 + 1);
    CHECK(code_of(t.shop->ask(frame)) == number(Errc::expiry_too_long));
    const auto outsider = t.join();
    CHECK(code_of(outsider->ask(t.alert())) == number(Errc::mls_not_member));
    CHECK(t.founder->entries(t.channel()).empty());
}

TEST_CASE("posting needs the role, reading a right") {
    Town t;
    directory::Channel c;
    c.id = t.random.id<ChannelId>();
    c.name_hash = t.random.id<Digest>();
    c.read_roles =
        directory::bit(directory::Role::coordinator) | directory::bit(directory::Role::security);
    c.post_roles = directory::bit(directory::Role::coordinator);
    c.max_alert_s = 3600;
    c.max_photo_s = 3600;
    c.creator = t.founder->id();
    REQUIRE(t.by(*t.founder, directory::ChannelDefined{c}).has_submit_result());
    bool told = false;
    for (const auto& frame : t.guard->pushed())
        told = told || (frame.has_access() && frame.access().readable());
    CHECK(told);
    const auto ref = StreamRef::channel(c.id, 1);
    t.shop->subscribe(ref);
    CHECK(code_of(*t.shop->answer_to(t.shop->request)) == number(Errc::channel_unknown));
    t.all_members = c.id;
    CHECK(code_of(t.shop->ask(t.submission(EntryKind::application, 0, 0))) ==
          number(Errc::channel_unknown));
    REQUIRE(t.founder->ask(t.submission(EntryKind::handshake, 0, 0)).has_submit_result());
    REQUIRE(t.founder->ask(t.add_member(*t.founder, *t.guard, 1, 1)).has_submit_result());
    CHECK(code_of(t.guard->ask(t.submission(EntryKind::application, 2, 2))) ==
          number(Errc::post_not_permitted));
    CHECK(t.guard->ask(t.submission(EntryKind::handshake, 2, 2)).has_submit_result());
}

TEST_CASE("commit, Welcome and message go in together or not at all") {
    Town t;
    const auto newcomer = t.join(directory::Role::warden);
    auto frame = t.add_member(*t.founder, *newcomer, 3, 3);
    t.add_item(frame, EntryKind::application, 4);
    auto wrong = frame;
    wrong.mutable_submit()->mutable_welcome()->mutable_joiners(0)->set_key_package(
        to_string(t.random.bytes(32)));
    CHECK(code_of(t.founder->ask(wrong)) == number(Errc::reservation_lapsed));
    newcomer->subscribe(StreamRef::mailbox(newcomer->id()));
    CHECK(newcomer->entries(StreamRef::mailbox(newcomer->id())).empty());
    CHECK(t.shop->entries(t.channel()).empty());
    const auto answer = t.founder->ask(frame);
    REQUIRE(answer.has_submit_result());
    CHECK(answer.submit_result().accepted(0).seq() == 4);
    CHECK(answer.submit_result().accepted(1).seq() == 5);
    CHECK(answer.submit_result().accepted(1).readers() == 3);
    const auto welcome = newcomer->entries(StreamRef::mailbox(newcomer->id()));
    REQUIRE(welcome.size() == 1);
    CHECK(welcome[0].body() == frame.submit().welcome().body());
    newcomer->subscribe(t.channel(), 2);
    const auto got = newcomer->entries(t.channel());
    REQUIRE(got.size() == 3);
    CHECK(got[0].body_gone());   // before its commit
    CHECK(!got[1].body_gone());  // its commit
    CHECK(!got[2].body_gone());
}

TEST_CASE("a reservation lapses after a minute and the package returns") {
    Town t;
    const auto newcomer = t.join(directory::Role::warden);
    auto frame = t.add_member(*t.founder, *newcomer, 3, 3);
    t.clock.pass(limits::reservation_s * 1000);
    CHECK(code_of(t.founder->ask(frame)) == number(Errc::reservation_lapsed));
    v1::Frame put;
    for (int i = 0; i < 21; ++i) put.mutable_put_key_packages()->add_packages("x");
    CHECK(code_of(newcomer->ask(put)) == number(Errc::mls_malformed));
    t.stock(*newcomer, 19);  // with the one that returned: full
    v1::Frame one;
    Writer w;
    w.u16(1).u16(5).raw(t.random.bytes(200));
    one.mutable_put_key_packages()->add_packages(to_string(w.bytes()));
    CHECK(code_of(newcomer->ask(one)) == number(Errc::quota_exceeded));
}

TEST_CASE("a revoked device is cut off: no ciphertext, no mailbox, no return") {
    Town t;
    t.guard->ack(t.channel(), 3);
    // In the same group commit: an alert before, the revocation, nothing after it.
    const auto revoke = t.statement_frame(directory::sign_statement(
        directory::make_statement(t.state(), t.random.id<directory::Nonce>(),
                                  directory::DeviceRevoked{t.guard->id()}),
        t.founder->key));
    t.shop->send(t.alert());
    const auto asked = t.founder->send(revoke);
    t.core->flush();
    CHECK(t.founder->answer_to(asked)->has_submit_result());
    CHECK(t.guard->outlet->goodbye == Errc::device_removed);
    CHECK(t.guard->outlet->reconnect == 0);
    for (const auto& frame : t.guard->outlet->frames) CHECK(!frame.has_deliver());
    CHECK(!t.guard->connect());
    CHECK(t.guard->outlet->goodbye == Errc::device_removed);
    t.restart();
    CHECK(!t.guard->connect());
    REQUIRE(t.shop->connect());
    // What everybody else has goes without waiting for the one who left.
    REQUIRE(t.founder->connect());
    t.founder->subscribe(t.channel(), 4);
    t.shop->subscribe(t.channel(), 4);
    t.core->tick();
    t.core->flush();
    const auto left = t.store->body_bytes(t.partnership, t.channel(), 1, 10);
    CHECK(*left == 0);
}

TEST_CASE("after a restart everything acknowledged is there and the chain goes on") {
    Town t;
    REQUIRE(t.shop->ask(t.alert()).has_submit_result());
    const auto lost = t.shop->send(t.alert());  // never committed
    (void)lost;
    t.restart();
    const auto ready = t.shop->connect();
    REQUIRE(ready);
    REQUIRE(ready->last_accepted_size() == 1);
    CHECK(ready->last_accepted(0).seq() == 4);
    const auto answer = t.shop->ask(t.alert());
    CHECK(answer.submit_result().accepted(0).seq() == 5);
    REQUIRE(t.guard->connect());
    t.guard->subscribe(t.channel(), 3);
    const auto got = t.guard->entries(t.channel());
    REQUIRE(got.size() == 2);
    // From the start of the stream to the signed head, header by header.
    const auto all = t.store->entries(t.partnership, t.channel(), 0, 100, 1 << 20);
    auto chain = chain_start(t.partnership, t.channel());
    for (const auto& e : *all) {
        CHECK(e.previous == chain);
        chain = chain_next(chain, e.header);
    }
    SignedHead head{to_bytes(view(answer.submit_result().head().head())),
                    Signature::from(view(answer.submit_result().head().signature())).value()};
    const auto verified = head.verify(t.relay.public_key);
    REQUIRE(verified.ok());
    CHECK(verified->hash == chain);
}

TEST_CASE("a failed commit is answered as such and leaves everything as it was") {
    Town t;
    t.store->failure = Errc::no_room;
    const auto frame = t.alert();
    CHECK(code_of(t.shop->ask(frame)) == number(Errc::no_room));
    CHECK(code_of(t.by(*t.founder, directory::DeviceRevoked{t.guard->id()})) ==
          number(Errc::no_room));
    CHECK(t.guard->outlet->goodbye == Errc::no_room);
    CHECK(t.guard->outlet->reconnect > 0);
    t.store->failure.reset();
    REQUIRE(t.guard->connect());
    const auto answer = t.shop->ask(frame);
    REQUIRE(answer.has_submit_result());
    CHECK(!answer.submit_result().repeat());
    CHECK(answer.submit_result().accepted(0).seq() == 4);
    // What was gathered on top of a batch that fails, fails with it.
    const auto a = t.shop->send(t.alert());
    auto batch = t.core->take_batch();
    const auto b = t.founder->send(t.alert());
    t.store->failure = Errc::no_room;
    t.core->commit(*batch);
    t.core->finish(std::move(batch));
    CHECK(code_of(*t.shop->answer_to(a)) == number(Errc::no_room));
    CHECK(code_of(*t.founder->answer_to(b)) == number(Errc::no_room));
    CHECK(t.core->counters().disk_full == 1);
    t.store->failure.reset();
    CHECK(t.founder->ask(t.alert()).submit_result().accepted(0).seq() == 5);
    CHECK(t.core->counters().disk_full == 0);
    CHECK(!t.core->broken());
}

TEST_CASE("after a disk has failed nothing is committed or acknowledged until a new start") {
    Town t;
    const auto frame = t.alert();
    t.store->failure = Errc::store_failed;
    CHECK(code_of(t.shop->ask(frame)) == number(Errc::store_failed));
    CHECK(t.core->broken() == Errc::store_failed);
    t.store->failure.reset();  // the next sync would say that all is well
    const auto again = t.shop->send(frame);
    t.core->flush();
    CHECK(!t.shop->answer_to(again));
    CHECK(!t.core->has_batch());
    t.restart();
    REQUIRE(t.shop->connect());
    CHECK(t.shop->ask(frame).submit_result().accepted(0).seq() == 4);
}

TEST_CASE("submissions go on while a batch is on its way") {
    Town t;
    const auto a = t.shop->send(t.alert());
    auto batch = t.core->take_batch();
    const auto b = t.guard->send(t.alert());
    CHECK(!t.core->has_batch());
    t.core->commit(*batch);
    t.core->finish(std::move(batch));
    CHECK(t.shop->answer_to(a)->submit_result().accepted(0).seq() == 4);
    CHECK(!t.guard->answer_to(b));
    CHECK(t.founder->entries(t.channel()).size() == 1);
    t.core->flush();
    CHECK(t.guard->answer_to(b)->submit_result().accepted(0).seq() == 5);
    CHECK(t.founder->entries(t.channel()).size() == 1);
}

TEST_CASE("the newest connection of a device wins") {
    Town t;
    auto older = std::move(t.shop->outlet);
    REQUIRE(t.shop->connect());
    CHECK(older->goodbye == Errc::used_elsewhere);
    CHECK(older->reconnect == 0);
}

TEST_CASE("a window holds back, acknowledgements open it, the rest comes from the store") {
    Town t;
    std::size_t sent = 0;
    for (int i = 0; i < 40; ++i) {
        auto frame = t.alert();
        frame.mutable_submit()->mutable_items(0)->set_body(
            to_string(t.mls(EntryKind::application, 3, 60'000)));
        auto& from = i % 2 == 0 ? *t.shop : *t.founder;
        REQUIRE(from.ask(frame).has_submit_result());
        ++sent;
    }
    auto got = t.guard->entries(t.channel());
    CHECK(got.size() < sent);
    CHECK(got.size() * 60'000 <= limits::window_bytes + limits::max_frame);
    std::uint64_t last = 3;
    for (int round = 0; round < 20; ++round) {
        for (const auto& e : got) CHECK(Header::decode(view(e.header()))->seq == ++last);
        t.guard->ack(t.channel(), last);
        got = t.guard->entries(t.channel());
        if (got.empty()) break;
    }
    CHECK(last == 3 + sent);
    CHECK(t.core->counters().tail_bytes <= limits::tail_bytes);
}

TEST_CASE("delivery counts tell how many members have it") {
    Town t;
    REQUIRE(t.shop->ask(t.alert()).has_submit_result());
    t.guard->ack(t.channel(), 4);
    v1::Frame query;
    auto& q = *query.mutable_delivery_query();
    q.mutable_stream()->set_kind(2);
    q.mutable_stream()->set_id(to_string(t.all_members.view()));
    q.mutable_stream()->set_incarnation(1);
    q.add_seqs(4);
    q.add_seqs(3);  // not its own
    const auto answer = t.shop->ask(query);
    REQUIRE(answer.delivery_counts().counts_size() == 1);
    CHECK(answer.delivery_counts().counts(0).readers() == 2);
    CHECK(answer.delivery_counts().counts(0).delivered() == 1);
}

TEST_CASE("limits: rate, quota, a frame that is no frame, a client from elsewhere") {
    Town t;
    std::uint32_t refused = 0;
    for (std::uint64_t i = 0; i <= limits::submissions_per_minute && refused == 0; ++i)
        refused = code_of(t.shop->ask(t.alert()));
    CHECK(refused == number(Errc::rate_limited));
    t.clock.pass(1000);
    CHECK(t.shop->ask(t.alert()).has_submit_result());
    t.core->received(t.shop->connection, view("\xff\xff\xff"));
    CHECK(t.shop->outlet->goodbye == Errc::bad_frame);
    t.quota = 20'000;
    t.restart();
    REQUIRE(t.guard->connect());
    CHECK(code_of(t.guard->ask(t.alert())) == number(Errc::quota_exceeded));
    const auto stranger = t.client();
    CHECK(!stranger->connect());
    CHECK(stranger->outlet->goodbye == Errc::unknown_partnership);
}

TEST_CASE("submissions that wait for a commit are bounded") {
    Town t;
    std::uint64_t sent = 0;
    std::uint64_t request = 0;
    for (; sent <= limits::max_gathered; ++sent) {
        if (sent % limits::submissions_per_minute == 0) t.clock.pass(60'000);
        request = t.shop->send(t.alert());
    }
    const auto refused = t.shop->answer_to(request);
    REQUIRE(refused);
    CHECK(code_of(*refused) == number(Errc::overloaded));
    CHECK(refused->failure().retry_after_ms() != 0);
    t.core->flush();
    CHECK(t.core->counters().entries_stored >= limits::max_gathered);
    CHECK(t.shop->ask(t.alert()).has_submit_result());
}

TEST_CASE("a mailbox holds so much, and no more") {
    Town t;
    std::uint32_t code = 0;
    std::uint64_t sent = 0;
    for (; code == 0 && sent <= limits::mailbox_entries; ++sent) {
        if (sent % limits::submissions_per_minute == 0) t.clock.pass(60'000);
        v1::Frame frame;
        auto& submit = *frame.mutable_submit();
        const auto box = StreamRef::mailbox(t.guard->id());
        submit.mutable_stream()->set_kind(static_cast<std::uint32_t>(box.kind));
        submit.mutable_stream()->set_id(to_string(box.id));
        auto& item = *submit.add_items();
        item.set_message_id(to_string(t.random.id<MessageId>().view()));
        item.set_kind(static_cast<std::uint32_t>(EntryKind::directed));
        item.set_lifetime_ms(86'400'000);
        item.set_body(to_string(t.random.bytes(64)));
        code = code_of(t.shop->ask(frame));
    }
    CHECK(code == number(Errc::quota_exceeded));
    CHECK(sent > limits::mailbox_entries - 10);  // Welcomes lie in it, too
}

TEST_CASE("creating a partnership elsewhere than on loopback needs a code, good once") {
    World w;
    auto who = w.client();
    const auto create = [&](const std::string& code) {
        const auto statement = w.genesis(*who);
        w.partnership = directory::partnership_id(statement.statement);
        REQUIRE(who->connect(ClientKind::founder, {false, 5}));
        v1::Frame frame;
        frame.mutable_create_partnership()->set_genesis(to_string(statement.encode()));
        frame.mutable_create_partnership()->set_code(code);
        return who->ask(frame);
    };
    CHECK(code_of(create("")) == number(Errc::creation_not_allowed));
    CHECK(code_of(create("guess")) == number(Errc::creation_not_allowed));
    const auto code = w.core->allow_partnership(day_ms);
    w.core->flush();
    CHECK(create(code).has_submit_result());
    CHECK(code_of(create(code)) == number(Errc::creation_not_allowed));
    const auto late = w.core->allow_partnership(1000);
    w.core->flush();
    w.clock.pass(2000);
    CHECK(code_of(create(late)) == number(Errc::creation_not_allowed));
}

TEST_CASE("draining answers what is on its way, then sends everybody away") {
    Town t;
    const auto a = t.shop->send(t.alert());
    t.core->drain(5000);
    CHECK(!t.shop->outlet->goodbye);
    t.core->flush();
    CHECK(t.shop->answer_to(a)->has_submit_result());
    CHECK(t.shop->outlet->goodbye == Errc::draining);
    CHECK(t.guard->outlet->reconnect > 0);
    auto late = t.client();
    CHECK(!late->connect());
}
