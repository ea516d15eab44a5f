#include "delivery/batch.hpp"
#include "huecry/limits.hpp"
#include "relay_faults.hpp"
#include "store/database.hpp"

// What a group commit does when a part of it fails, and what is told to whom.
using namespace huecry;
using namespace huecry::relay;
using namespace huecry::relay::test;

namespace {

v1::Frame lease_frame(Town& t, const BlobId& blob) {
    v1::Frame out;
    auto& put = *out.mutable_put_lease();
    name(*put.mutable_channel(), t.channel());
    put.set_blob(to_string(blob.view()));
    put.set_share(to_string(t.random.bytes(32)));
    put.set_expiry_ms(t.clock.wall + day_ms);
    return out;
}

void second(World& w) {
    w.clock.pass(1000);
    w.core->tick();
    w.core->flush();
}

/// The statement as the founder makes it now.
v1::Frame signed_now(Town& t, directory::Body body) {
    return t.statement_frame(directory::sign_statement(
        directory::make_statement(t.state(), t.random.id<directory::Nonce>(), std::move(body)),
        t.founder->key));
}

}  // namespace

TEST_CASE("nothing of a batch is acknowledged when only its shares could not be stored") {
    Town t;
    {
        auto db =
            Database::open(t.folder.path() / "leases.db", t.store_key, Database::Mode::writer);
        REQUIRE(db.ok());
        REQUIRE((*db)
                    ->execute("CREATE TRIGGER no BEFORE INSERT ON lease BEGIN SELECT RAISE(ABORT, "
                              "'no'); END")
                    .ok());
    }
    const auto blob = t.random.id<BlobId>();
    const auto lease = t.shop->send(lease_frame(t, blob));
    const auto alert = t.guard->send(t.alert());
    t.core->flush();
    CHECK(code_of(*t.shop->answer_to(lease)) == number(Errc::internal));
    CHECK(code_of(*t.guard->answer_to(alert)) == number(Errc::internal));
    CHECK(t.core->counters().batches_failed == 1);
    CHECK(!t.core->broken());  // the disk is all right
    CHECK(t.founder->entries(t.channel()).empty());
    CHECK(t.store->entries(t.partnership, t.channel(), 3, 10, 1 << 20)->empty());
    CHECK(t.guard->ask(t.alert()).submit_result().accepted(0).seq() == 4);
}

TEST_CASE("a log that cannot be truncated is one that has failed, unless somebody only reads it") {
    Town t;
    REQUIRE(t.shop->ask(t.alert(2000)).has_submit_result());
    std::optional<Errc> why;
    SUBCASE("no room") { why = Errc::no_room; }
    SUBCASE("the disk") { why = Errc::io_failed; }
    SUBCASE("damage") { why = Errc::store_damaged; }
    t.store->truncation_failure = why;
    for (int i = 0; i < 3; ++i) second(t);
    if (why == Errc::no_room) {
        CHECK(!t.core->broken());
        CHECK(t.core->counters().expired_entries == 1);
        CHECK(t.core->counters().erasures_overdue == 1);
        t.store->truncation_failure.reset();
        second(t);
        CHECK(t.core->counters().erasures_overdue == 0);
    } else {
        CHECK(t.core->broken() == why);
        CHECK(!t.core->has_batch());
        const auto before = t.store->truncations;
        second(t);
        CHECK(t.store->truncations == before);  // it is left alone
    }
}

TEST_CASE("a disk with too little room takes no submission, and erases what is due") {
    Town t;
    std::uint64_t free = limits::disk_reserve;
    t.free_bytes = [&] { return free; };
    t.restart();
    for (auto* c : {t.founder.get(), t.shop.get(), t.guard.get()}) REQUIRE(c->connect());
    REQUIRE(t.shop->ask(t.alert(5000)).has_submit_result());
    CHECK(t.core->counters().disk_full == 0);
    // Below the reserve with no pages of its own to fill.
    t.store->reusable = limits::disk_reserve;
    free = limits::disk_reserve - 1;
    REQUIRE(t.shop->ask(t.alert()).has_submit_result());
    CHECK(t.core->counters().disk_full == 0);
    t.store->reusable = limits::disk_reserve - 1;
    REQUIRE(t.shop->ask(t.alert()).has_submit_result());  // this one has found it
    CHECK(t.core->counters().disk_full == 1);
    CHECK(code_of(t.shop->ask(t.alert())) == number(Errc::no_room));
    CHECK(code_of(t.by(*t.founder, directory::DeviceRevoked{t.guard->id()})) ==
          number(Errc::no_room));
    t.store->reusable = limits::disk_reserve;
    second(t);
    CHECK(t.core->counters().disk_full == 0);
    // Half of the reserve is the log's, whatever pages there are.
    free = limits::disk_reserve / 2;
    second(t);
    REQUIRE(t.shop->ask(t.alert()).has_submit_result());
    free = limits::disk_reserve / 2 - 1;
    REQUIRE(t.shop->ask(t.alert()).has_submit_result());
    CHECK(code_of(t.shop->ask(t.alert())) == number(Errc::no_room));
    for (int i = 0; i < 6; ++i) second(t);
    CHECK(t.core->counters().expired_entries == 1);
    CHECK(t.core->counters().disk_full == 1);  // and is looked at every second
    free = limits::disk_reserve;
    second(t);
    CHECK(t.shop->ask(t.alert()).has_submit_result());
}

TEST_CASE("what a failed commit took or gave is as it was for everybody connected") {
    Town t;
    // A device that only the failed batch has admitted.
    auto holder = t.client();
    directory::InviteIssued invite;
    invite.one_time_key = holder->key.public_key;
    invite.seal_key = t.random.id<PublicKey>();
    invite.member = t.random.id<MemberId>();
    invite.member_name_hash = t.random.id<Digest>();
    invite.organisation = t.random.id<OrganisationId>();
    invite.organisation_name_hash = t.random.id<Digest>();
    invite.role = directory::Role::retailer;
    SUBCASE("at once") { invite.in_person = true; }
    SUBCASE("to wait for approval") { invite.in_person = false; }
    invite.lifetime_ms = 7 * day_ms;
    REQUIRE(t.by(*t.founder, invite).has_submit_result());
    REQUIRE(holder->connect(ClientKind::invite).has_value());
    auto newcomer = t.client();
    const directory::DeviceAdmitted admitted{invite_id_of(holder->key.public_key),
                                             newcomer->key.public_key, newcomer->sealing};
    const auto admission = t.statement_frame(directory::sign_admission(
        directory::make_statement(t.state(), t.random.id<directory::Nonce>(), admitted),
        holder->key, newcomer->key));
    const auto asked = holder->send(admission);
    const auto early = newcomer->connect();  // before it is on the disk
    const auto stocked = early ? newcomer->send([&] {
        v1::Frame put;
        Writer w;
        w.u16(1).u16(5).raw(t.random.bytes(200));
        put.mutable_put_key_packages()->add_packages(to_string(w.bytes()));
        return put;
    }())
                               : 0;
    // And a revocation on top of it.
    const auto revoked = t.founder->send(signed_now(t, directory::DeviceRevoked{t.guard->id()}));
    t.store->failure = Errc::no_room;
    t.core->flush();
    CHECK(code_of(*holder->answer_to(asked)) == number(Errc::no_room));
    CHECK(code_of(*t.founder->answer_to(revoked)) != 0);
    t.store->failure.reset();
    if (early) {
        CHECK(code_of(*newcomer->answer_to(stocked)) == number(Errc::no_room));
        CHECK(newcomer->outlet->goodbye);  // it is nobody's device
    }
    CHECK(!newcomer->connect());
    CHECK(newcomer->outlet->goodbye == Errc::unknown_partnership);
    CHECK(t.state().device(newcomer->id()) == nullptr);
    // The same statement is as good as before.
    REQUIRE(holder->ask(admission).has_submit_result());
    CHECK(newcomer->connect().has_value());
    if (!t.guard->outlet->goodbye) t.hang_up(*t.guard);
    CHECK(t.guard->connect().has_value());
    CHECK(t.shop->ask(t.alert()).submit_result().accepted(0).seq() == 4);
}

TEST_CASE("a member whose suspension could not be stored goes on as before") {
    Town t;
    const auto member = t.state().device(t.shop->id())->member;
    t.store->failure = Errc::no_room;
    CHECK(code_of(t.by(*t.founder, directory::MemberSuspended{member})) == number(Errc::no_room));
    t.store->failure.reset();
    if (t.shop->outlet->goodbye) REQUIRE(t.shop->connect());
    CHECK(t.shop->ask(t.alert()).has_submit_result());
}

TEST_CASE("acknowledgements that a failed batch carried are carried by the next") {
    Town t;
    REQUIRE(t.shop->ask(t.alert()).has_submit_result());
    for (auto* c : {t.founder.get(), t.shop.get(), t.guard.get()}) c->ack(t.channel(), 4);
    t.clock.pass(1000);
    t.core->tick();
    t.store->failure = Errc::no_room;
    t.core->flush();
    t.store->failure.reset();
    CHECK(t.store->body_bytes(t.partnership, t.channel(), 4, 4).value() != 0);
    second(t);
    CHECK(t.store->body_bytes(t.partnership, t.channel(), 4, 4).value() == 0);
    t.restart();
    const auto rows = *t.store->load(t.partnership);
    for (const auto& row : rows.readers)
        if (row.stream == t.channel()) CHECK(row.cursor == 4);
}

TEST_CASE("a founding that could not be stored has founded nothing, and its code is still good") {
    World w;
    auto who = w.client();
    const auto code = w.core->allow_partnership(day_ms);
    w.core->flush();
    const auto statement = w.genesis(*who);
    w.partnership = directory::partnership_id(statement.statement);
    REQUIRE(who->connect(ClientKind::founder, {false, 5}));
    v1::Frame frame;
    frame.mutable_create_partnership()->set_genesis(to_string(statement.encode()));
    frame.mutable_create_partnership()->set_code(code);
    const auto later = w.core->allow_partnership(day_ms);  // goes with the batch that fails
    w.store->failure = Errc::no_room;
    CHECK(code_of(who->ask(frame)) == number(Errc::no_room));
    CHECK(w.core->counters().partnerships == 0);
    CHECK(w.store->partnerships()->empty());
    // What nobody asks for again is tried again, but not at once.
    CHECK(w.core->counters().batches_failed == 1);
    CHECK(!w.core->has_batch());
    second(w);
    CHECK(w.core->counters().batches_failed == 2);
    w.store->failure.reset();
    second(w);
    CHECK(w.core->counters().batches_failed == 2);
    REQUIRE(who->connect(ClientKind::founder, {false, 5}));
    // Two at once with one code: one of them, and while a batch is out nobody knows.
    auto other = w.client();
    const auto own = w.partnership;
    const auto others = w.genesis(*other);
    w.partnership = directory::partnership_id(others.statement);
    REQUIRE(other->connect(ClientKind::founder, {false, 6}));
    v1::Frame second_frame;
    second_frame.mutable_create_partnership()->set_genesis(to_string(others.encode()));
    second_frame.mutable_create_partnership()->set_code(code);
    const auto first = who->send(frame);
    CHECK(code_of(other->ask(second_frame)) == number(Errc::creation_not_allowed));
    CHECK(who->answer_to(first)->has_submit_result());
    second_frame.mutable_create_partnership()->set_code(later);
    (void)w.core->allow_partnership(day_ms);
    auto batch = w.core->take_batch();
    REQUIRE(batch);
    const auto busy = other->send(second_frame);
    const auto answer = other->answer_to(busy);
    REQUIRE(answer);
    CHECK(code_of(*answer) == number(Errc::overloaded));
    CHECK(answer->failure().retry_after_ms() != 0);
    w.core->commit(*batch);
    w.core->finish(std::move(batch));
    CHECK(other->ask(second_frame).has_submit_result());
    CHECK(w.core->counters().partnerships == 2);
    w.partnership = own;
    w.restart();
    CHECK(w.core->counters().partnerships == 2);
}

TEST_CASE("a clock that has jumped is held over a restart, also when that could not be stored") {
    Town t;
    REQUIRE(t.shop->ask(t.alert(60'000)).has_submit_result());
    second(t);
    t.clock.wall += 2 * 3'600'000;
    t.store->failure = Errc::no_room;
    second(t);
    CHECK(t.core->clock_held());
    t.store->failure.reset();
    second(t);
    t.restart();
    CHECK(t.core->clock_held());
    // Nor is the operator's word lost.
    t.core->confirm_clock();
    t.store->failure = Errc::no_room;
    t.core->flush();
    t.store->failure.reset();
    second(t);
    t.restart();
    CHECK(!t.core->clock_held());
}

TEST_CASE("a restored store serves nobody before its new generation is on the disk") {
    Town t;
    const auto before = t.state().generation();
    const std::vector<Write> restored{write::Meta{"restored", 1}};
    REQUIRE(t.store->commit(restored).ok());
    t.restart();
    t.store->failure = Errc::no_room;
    t.core->flush();
    CHECK(t.core->broken() == Errc::no_room);
    CHECK(!t.core->has_batch());
    t.restart();
    t.core->flush();
    CHECK(!t.core->broken());
    CHECK(t.state().generation() > before);
    t.restart();
    CHECK(!t.core->has_batch());  // once
}
