#include "delivery/batch.hpp"
#include "relay_faults.hpp"

// Whose rights end: what they are told, and what they are not given.
using namespace huecry;
using namespace huecry::relay;
using namespace huecry::relay::test;

TEST_CASE("a revoked device that follows the directory is given its revocation, and then nothing") {
    Town t;
    t.guard->subscribe(StreamRef::directory());
    const auto known = t.guard->entries(StreamRef::directory()).size();
    REQUIRE(known == t.state().index());
    REQUIRE(t.by(*t.founder, directory::DeviceRevoked{t.guard->id()}).has_submit_result());
    CHECK(t.guard->outlet->goodbye == Errc::device_removed);
    const auto last = t.guard->entries(StreamRef::directory());
    REQUIRE(last.size() == 1);
    const auto header = Header::decode(view(last[0].header()));
    REQUIRE(header.ok());
    CHECK(header->seq == known + 1);
    CHECK(!last[0].body_gone());
    for (const auto& frame : t.guard->outlet->frames) CHECK(!frame.has_deliver());
}

TEST_CASE("whoever is connected with an invite is sent away when it is withdrawn, nobody else") {
    Town t;
    const auto withdrawn = t.client();
    const auto open = t.client();
    for (const auto* holder : {withdrawn.get(), open.get()})
        REQUIRE(t.by(*t.founder, invite_for(t, *holder)).has_submit_result());
    for (auto* holder : {withdrawn.get(), open.get()})
        REQUIRE(holder->connect(ClientKind::invite).has_value());
    const auto stranger = t.client();  // connected, and not yet anybody
    stranger->connection = t.core->opened(*stranger->outlet, {}, {true, 0});
    REQUIRE(t.by(*t.founder, directory::InviteWithdrawn{invite_id_of(withdrawn->key.public_key)})
                .has_submit_result());
    CHECK(withdrawn->outlet->goodbye == Errc::invite_withdrawn);
    CHECK(withdrawn->outlet->reconnect == 0);
    for (const auto* other : {open.get(), t.founder.get(), t.shop.get(), stranger.get()})
        CHECK(!other->outlet->goodbye);
    CHECK(!withdrawn->connect(ClientKind::invite));
    CHECK(withdrawn->outlet->goodbye == Errc::invite_withdrawn);
}

TEST_CASE("who hung up before the answer is not missed") {
    Town t;
    t.shop->send(t.alert());
    t.hang_up(*t.shop);
    t.core->flush();
    CHECK(t.guard->entries(t.channel()).size() == 1);
    t.shop->outlet->frames.clear();
    REQUIRE(t.shop->connect());
    t.shop->send(t.alert());
    t.hang_up(*t.shop);
    t.store->failure = Errc::no_room;
    t.core->flush();
    t.store->failure.reset();
    CHECK(t.guard->entries(t.channel()).empty());
    CHECK(t.core->counters().connections == 2);
}

TEST_CASE("draining goes on when the last batch fails") {
    Town t;
    const auto asked = t.shop->send(t.alert());
    auto batch = t.core->take_batch();
    REQUIRE(batch);
    const auto behind = t.guard->send(t.alert());
    t.core->drain(5000);
    CHECK(!t.shop->outlet->goodbye);
    t.store->failure = Errc::no_room;
    t.core->commit(*batch);
    t.core->finish(std::move(batch));
    CHECK(code_of(*t.shop->answer_to(asked)) == number(Errc::no_room));
    CHECK(code_of(*t.guard->answer_to(behind)) == number(Errc::no_room));
    for (const auto* c : {t.shop.get(), t.guard.get(), t.founder.get()})
        CHECK(c->outlet->goodbye == Errc::draining);
    CHECK(t.core->counters().connections == 0);
}

TEST_CASE("while it drains nothing new is taken, and repeats are still answered") {
    Town t;
    const auto frame = t.alert();
    REQUIRE(t.shop->ask(frame).has_submit_result());
    const auto waits = t.guard->send(t.alert());  // holds the connections open
    t.core->drain(5000);
    const auto refused = [&](Client& by, const v1::Frame& what) {
        const auto answer = by.answer_to(by.send(what));
        REQUIRE(answer);
        CHECK(code_of(*answer) == number(Errc::draining));
    };
    refused(*t.shop, t.alert());
    v1::Frame put;
    put.mutable_put_key_packages();
    refused(*t.shop, put);
    v1::Frame lease;
    lease.mutable_put_lease();
    refused(*t.shop, lease);
    v1::Frame drop;
    drop.mutable_drop_blob();
    refused(*t.shop, drop);
    const auto again = t.shop->send(frame);
    t.core->flush();
    CHECK(t.guard->answer_to(waits)->has_submit_result());
    CHECK(t.shop->answer_to(again)->submit_result().repeat());
}
