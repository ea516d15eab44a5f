#include "relay_faults.hpp"
#include "store/database.hpp"

// Reads of the store that fail: what was asked for is refused, never taken for absent.
using namespace huecry;
using namespace huecry::relay;
using namespace huecry::relay::test;

namespace {

v1::Frame take_packages(World& w, const Client& of) {
    v1::Frame out;
    name(*out.mutable_take_key_packages()->mutable_channel(), w.channel());
    out.mutable_take_key_packages()->add_devices(to_string(of.id().view()));
    return out;
}

void second(World& w) {
    w.clock.pass(1000);
    w.core->tick();
    w.core->flush();
}

/// The relay's file is changed while it does not run.
Errc start_after(World& w, const char* sql) {
    w.core.reset();
    w.blobs.reset();
    w.leases.reset();
    w.store.reset();
    w.inner.reset();
    {
        auto db = Database::open(w.folder.path() / "relay.db", w.store_key, Database::Mode::writer);
        REQUIRE(db.ok());
        REQUIRE((*db)->execute(sql).ok());
    }
    auto store = open_sqlcipher_store(w.folder.path() / "relay.db", w.store_key);
    auto leases = LeaseStore::open(w.folder.path() / "leases.db", w.store_key, w.random);
    REQUIRE(store.ok());
    REQUIRE(leases.ok());
    BlobService blobs(w.folder.path() / "blobs", w.clock);
    const auto made = Core::open({{w.relay.clone(), true, 0, 0, 0, 0},
                                  w.clock,
                                  w.relay_random,
                                  **store,
                                  **leases,
                                  blobs,
                                  [](auto, auto, auto) {},
                                  {}});
    REQUIRE(!made.ok());
    return made.error().code;
}

}  // namespace

TEST_CASE("a submission whose id cannot be looked up is refused, and taken later") {
    Town t;
    const auto frame = t.alert();
    t.store->unreadable["acceptance"] = Errc::store_damaged;
    CHECK(code_of(t.shop->ask(frame)) == number(Errc::store_damaged));
    CHECK(t.guard->entries(t.channel()).empty());
    t.store->unreadable.clear();
    CHECK(t.shop->ask(frame).has_submit_result());
    CHECK(t.guard->entries(t.channel()).size() == 1);
}

TEST_CASE("who asks how many have a message is told a number or an error") {
    Town t;
    const auto sent = t.shop->ask(t.alert());
    REQUIRE(sent.has_submit_result());
    v1::Frame query;
    name(*query.mutable_delivery_query()->mutable_stream(), t.channel());
    query.mutable_delivery_query()->add_seqs(sent.submit_result().accepted(0).seq());
    for (const auto* call : {"entries", "acceptance"}) {
        CAPTURE(call);
        t.store->unreadable[call] = Errc::store_failed;
        CHECK(code_of(t.shop->ask(query)) == number(Errc::store_failed));
        t.store->unreadable.clear();
    }
    auto counts = t.shop->ask(query).delivery_counts();
    REQUIRE(counts.counts_size() == 1);
    CHECK(counts.counts(0).readers() == 2);
    CHECK(counts.counts(0).delivered() == 0);
    t.guard->ack(t.channel(), sent.submit_result().accepted(0).seq());
    // Who has joined since is none of those that the message was for.
    auto newcomer = t.join(directory::Role::warden);
    t.add(*newcomer, 3, 3);
    newcomer->ack(t.channel(), 5);
    counts = t.shop->ask(query).delivery_counts();
    REQUIRE(counts.counts_size() == 1);
    CHECK(counts.counts(0).readers() == 2);
    CHECK(counts.counts(0).delivered() == 1);
    // Of another's message nothing, nor of one that is not there.
    CHECK(t.guard->ask(query).delivery_counts().counts_size() == 0);
    for (const std::uint64_t seq : {std::uint64_t{0}, std::uint64_t{99}}) {
        query.mutable_delivery_query()->set_seqs(0, seq);
        CHECK(t.shop->ask(query).delivery_counts().counts_size() == 0);
    }
}

TEST_CASE("a key package that cannot be read is refused, one on its way to the disk comes later") {
    Town t;
    const auto newcomer = t.join(directory::Role::warden);
    t.stock(*newcomer);
    t.store->unreadable["key_package"] = Errc::store_damaged;
    CHECK(code_of(t.founder->ask(take_packages(t, *newcomer))) == number(Errc::store_damaged));
    t.store->unreadable.clear();
    CHECK(t.shop->ask(take_packages(t, *newcomer)).key_packages().packages_size() == 1);
    const auto other = t.join(directory::Role::warden);
    Writer w;
    w.u16(1).u16(5).raw(t.random.bytes(200));
    v1::Frame put;
    put.mutable_put_key_packages()->add_packages(to_string(w.bytes()));
    other->send(put);
    const auto early = t.shop->answer_to(t.shop->send(take_packages(t, *other)));
    REQUIRE(early);
    CHECK(early->has_key_packages());
    CHECK(early->key_packages().packages_size() == 0);
    t.core->flush();
    CHECK(t.founder->ask(take_packages(t, *other)).key_packages().packages_size() == 1);
}

TEST_CASE("a reader whose stream cannot be read is sent away with the next tick, others are not") {
    Town t;
    REQUIRE(t.founder->ask(t.alert()).has_submit_result());
    t.restart();  // nothing is in memory
    for (auto* c : {t.founder.get(), t.shop.get(), t.guard.get()}) REQUIRE(c->connect());
    t.store->unreadable["entries"] = Errc::store_damaged;
    t.shop->subscribe(t.channel(), 3);
    t.guard->subscribe(t.channel(), 3);
    CHECK(t.shop->entries(t.channel()).empty());
    CHECK(!t.shop->outlet->goodbye);
    t.hang_up(*t.guard);  // before it is its turn
    second(t);
    CHECK(t.shop->outlet->goodbye == Errc::overloaded);
    CHECK(t.shop->outlet->reconnect != 0);
    CHECK(!t.founder->outlet->goodbye);
    CHECK(t.core->counters().read_failures == 2);
    t.store->unreadable.clear();
    REQUIRE(t.shop->connect());
    t.shop->subscribe(t.channel(), 3);
    CHECK(t.shop->entries(t.channel()).size() == 1);
    second(t);
    CHECK(!t.shop->outlet->goodbye);
}

TEST_CASE("what is due and cannot be read expires later") {
    Town t;
    REQUIRE(t.shop->ask(t.alert(60'000)).has_submit_result());
    t.store->unreadable["due"] = Errc::store_failed;
    for (int i = 0; i < 61; ++i) second(t);
    CHECK(t.core->counters().expired_entries == 0);
    t.store->unreadable.clear();
    second(t);
    CHECK(t.core->counters().expired_entries == 1);
}

TEST_CASE("what expires takes nothing with it that lies between") {
    Town t;
    for (const std::uint64_t life : {60'000U, 3'600'000U, 60'000U, 60'000U})
        REQUIRE(t.shop->ask(t.alert(life)).has_submit_result());
    for (int i = 0; i < 61; ++i) second(t);
    CHECK(t.core->counters().expired_entries == 3);
    const auto left = t.store->entries(t.partnership, t.channel(), 3, 10, 1 << 20);
    std::string out;
    for (const auto& entry : *left) out += entry.has_body ? "x" : "-";
    CHECK(out == "-x--");
}

TEST_CASE("bodies that everybody has go with the batches that follow, and no others") {
    Town t;
    constexpr std::uint64_t count = 150;
    for (std::uint64_t i = 0; i < count; ++i) {
        t.clock.pass(500);
        REQUIRE(t.founder->ask(t.alert(day_ms)).has_submit_result());
    }
    for (auto* c : {t.founder.get(), t.shop.get(), t.guard.get()}) {
        c->pushed();
        c->ack(t.channel(), 3 + count - 10);
        for (int i = 0; i < 20; ++i) c->pushed();
    }
    const auto bodies = [&] {
        const auto all = t.store->entries(t.partnership, t.channel(), 3, 400, 1 << 30);
        return std::count_if(all->begin(), all->end(), [](const auto& e) { return e.has_body; });
    };
    CHECK(bodies() == count);
    second(t);
    CHECK(bodies() == count);
    for (std::int64_t i = 1; i <= 4; ++i) {
        t.clock.pass(500);
        REQUIRE(t.founder->ask(t.alert(day_ms)).has_submit_result());
        const auto going =
            std::min<std::int64_t>(64 * i, static_cast<std::int64_t>(count) - 10 + 3);
        CHECK(bodies() <= static_cast<std::int64_t>(count) + i - going + 64);
    }
    second(t);
    CHECK(bodies() == 10 + 4);
    CHECK(t.core->counters().acknowledged_entries == count - 10 + 3);
}

TEST_CASE("a creation code that cannot be looked up is no wrong code") {
    World w;
    auto who = w.client();
    v1::Frame frame;
    const auto genesis = w.genesis(*who);
    frame.mutable_create_partnership()->set_genesis(to_string(genesis.encode()));
    const auto code = w.core->allow_partnership(day_ms);
    frame.mutable_create_partnership()->set_code(code);
    w.core->flush();
    w.partnership = directory::partnership_id(genesis.statement);
    REQUIRE(who->connect(ClientKind::founder, {false, 5}));
    w.store->unreadable["code"] = Errc::store_failed;
    CHECK(code_of(who->ask(frame)) == number(Errc::store_failed));
    w.store->unreadable.clear();
    auto other = frame;
    for (const auto* wrong : {"", "x"}) {
        other.mutable_create_partnership()->set_code(wrong);
        CHECK(code_of(who->ask(other)) == number(Errc::creation_not_allowed));
    }
    CHECK(who->ask(frame).has_submit_result());
    // The answer was lost: the same again is the same partnership, whatever the code is worth.
    const auto repeat = who->ask(frame);
    REQUIRE(repeat.has_submit_result());
    CHECK(repeat.submit_result().repeat());
    CHECK(repeat.submit_result().accepted(0).seq() == 1);
    CHECK(w.core->counters().partnerships == 1);
}

TEST_CASE("a partnership that a failed commit leaves unreadable is served to nobody") {
    Town t;
    REQUIRE(t.founder->ask(t.alert()).has_submit_result());
    CHECK(t.core->counters().tail_bytes != 0);
    auto stranger = t.client();
    stranger->connection = t.core->opened(*stranger->outlet, {}, {true, 0});
    t.store->failure = Errc::no_room;
    t.store->unreadable["load"] = Errc::store_damaged;
    t.shop->send(t.alert());
    t.core->flush();
    for (const auto* c : {t.founder.get(), t.shop.get(), t.guard.get()})
        CHECK(c->outlet->goodbye == Errc::overloaded);
    CHECK(!stranger->outlet->goodbye);
    CHECK(t.core->counters().partnerships == 0);
    CHECK(t.core->counters().tail_bytes == 0);
    t.store->failure.reset();
    t.store->unreadable.clear();
    t.shop->outlet->frames.clear();
    CHECK(!t.shop->connect());
    CHECK(t.shop->outlet->goodbye == Errc::unknown_partnership);
    t.restart();
    CHECK(t.shop->connect());
}

TEST_CASE("a share that was damaged is refused, to who takes, puts and drops it") {
    Town t;
    const auto blob = t.random.id<BlobId>();
    v1::Frame put;
    name(*put.mutable_put_lease()->mutable_channel(), t.channel());
    put.mutable_put_lease()->set_blob(to_string(blob.view()));
    put.mutable_put_lease()->set_share(to_string(t.random.bytes(32)));
    put.mutable_put_lease()->set_expiry_ms(t.clock.wall + day_ms);
    v1::Frame take;
    take.mutable_take_leases()->add_blobs(to_string(blob.view()));
    v1::Frame drop;
    drop.mutable_drop_blob()->set_blob(to_string(blob.view()));
    REQUIRE(t.shop->ask(put).has_lease_stored());
    REQUIRE(t.guard->ask(take).leases().leases_size() == 1);
    {
        auto db =
            Database::open(t.folder.path() / "leases.db", t.store_key, Database::Mode::writer);
        REQUIRE(db.ok());
        REQUIRE((*db)->execute("UPDATE lease SET sealed = zeroblob(48)").ok());
    }
    for (const auto* frame : {&put, &take, &drop})
        CHECK(code_of(t.shop->ask(*frame)) == number(Errc::store_damaged));
}

TEST_CASE("a store whose directories are not whole is not started on") {
    const std::pair<const char*, Errc> damages[] = {
        {"DELETE FROM entry WHERE key >> 40 = 1", Errc::store_damaged},
        {"DELETE FROM entry WHERE key = (1 << 40) + 3", Errc::store_damaged},
        {"UPDATE entry SET has_body = 0 WHERE key = (1 << 40) + 3", Errc::store_damaged},
        {"DELETE FROM entry WHERE key = (1 << 40) + 1", Errc::store_damaged},
        {"PRAGMA foreign_keys = OFF; UPDATE partnership SET id = zeroblob(32);"
         "UPDATE stream SET partnership = zeroblob(32)",
         Errc::relay_rejected_chain}};
    for (const auto& [sql, code] : damages) {
        CAPTURE(sql);
        Town t;
        CHECK(start_after(t, sql) == code);
    }
}
