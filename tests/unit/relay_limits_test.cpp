#include "huecry/limits.hpp"
#include "relay_faults.hpp"

// How much one connection, one device and one address may ask for, at the bound and beyond it.
using namespace huecry;
using namespace huecry::relay;
using namespace huecry::relay::test;

namespace {

v1::Frame ping(std::uint64_t number) {
    v1::Frame out;
    out.mutable_ping()->set_number(number);
    return out;
}

}  // namespace

TEST_CASE("a frame has a bound, which grows with what is known of its sender") {
    Town t;
    const auto send = [&](Client& by, std::size_t size) {
        t.core->received(by.connection, Bytes(size, 0xff));  // no frame
        return by.outlet->goodbye.value();
    };
    for (const bool over : {false, true}) {
        const auto expected = over ? Errc::too_large : Errc::bad_frame;
        const std::size_t more = over ? 1 : 0;
        const auto stranger = t.client();
        stranger->connection = t.core->opened(*stranger->outlet, {}, {true, 0});
        CHECK(t.core->frame_limit(stranger->connection) == limits::max_frame_before_proof);
        CHECK(send(*stranger, limits::max_frame_before_proof + more) == expected);
        const auto founder = t.client();
        REQUIRE(founder->connect(ClientKind::founder));
        CHECK(send(*founder, limits::max_genesis_frame + more) == expected);
        CHECK(send(over ? *t.shop : *t.guard, limits::max_frame + more) == expected);
    }
    CHECK(t.core->counters().frames_bad == 6);
    CHECK(t.core->frame_limit(12'345) == limits::max_frame_before_proof);
    t.core->received(12'345, Bytes(10));  // gone, or never there
}

TEST_CASE("who has not proved anything can only do that") {
    Town t;
    const auto stranger = t.client();
    for (int kind = 0; kind < 3; ++kind) {
        stranger->outlet = std::make_unique<FakeOutlet>();
        stranger->connection = t.core->opened(*stranger->outlet, {}, {true, 0});
        auto frame = ping(1);
        if (kind == 1) frame = t.alert();
        if (kind == 2) name(*frame.mutable_subscribe()->mutable_stream(), StreamRef::directory());
        stranger->say(frame);
        CHECK(stranger->outlet->goodbye == Errc::not_authenticated);
        CHECK(stranger->outlet->frames.empty());
    }
}

TEST_CASE("questions have a rate, and whoever is above it is sent away") {
    Town t;
    t.clock.pass(60'000);
    t.shop->outlet->frames.clear();
    for (std::uint64_t i = 0; i < limits::queries_per_minute; ++i) t.shop->send(ping(i));
    CHECK(!t.shop->outlet->goodbye);
    CHECK(t.shop->outlet->frames.size() == limits::queries_per_minute);
    CHECK(t.shop->outlet->frames.back().pong().number() == limits::queries_per_minute - 1);
    t.shop->send(ping(0));
    CHECK(t.shop->outlet->goodbye == Errc::rate_limited);
    CHECK(t.shop->outlet->reconnect != 0);
    // A new connection of the device brings no new rate; a founder's rate is its connection's.
    REQUIRE(t.shop->connect());
    t.shop->send(ping(0));
    CHECK(t.shop->outlet->goodbye == Errc::rate_limited);
    t.clock.pass(60'000);
    REQUIRE(t.shop->connect());
    t.shop->send(ping(0));
    CHECK(!t.shop->outlet->goodbye);
    const auto founder = t.client();
    REQUIRE(founder->connect(ClientKind::founder));
    for (std::uint64_t i = 0; i <= limits::queries_per_minute; ++i)
        if (!founder->outlet->goodbye) founder->send(ping(i));
    CHECK(founder->outlet->goodbye == Errc::rate_limited);
    CHECK(t.core->counters().rate_limited == 3);
}

TEST_CASE("acknowledgements of nothing new, and of nothing that was asked for, are questions") {
    Town t;
    const auto other = StreamRef::channel(t.random.id<ChannelId>(), 1);
    REQUIRE(t.founder->ask(t.alert()).has_submit_result());
    t.clock.pass(60'000);
    t.shop->ack(t.channel(), 3);
    for (std::uint64_t i = 0; i < limits::queries_per_minute / 2; ++i) {
        t.shop->ack(other, i);
        t.shop->ack(t.channel(), 3);
    }
    t.shop->ack(t.channel(), 4);  // of something new
    CHECK(!t.shop->outlet->goodbye);
    t.shop->ack(t.channel(), 4);
    CHECK(t.shop->outlet->goodbye == Errc::rate_limited);
}

TEST_CASE("who is refused again and again is sent away") {
    Town t;
    v1::Frame nothing;
    name(*nothing.mutable_head_query()->mutable_stream(),
         StreamRef::channel(t.random.id<ChannelId>(), 1));
    for (std::uint64_t i = 0; i < limits::refusals_per_minute; ++i) t.shop->send(nothing);
    CHECK(!t.shop->outlet->goodbye);
    t.shop->send(nothing);
    CHECK(t.shop->outlet->goodbye == Errc::rate_limited);
    CHECK(t.core->counters().refused[Errc::channel_unknown] == limits::refusals_per_minute + 1);
}

TEST_CASE("statements have a rate of their own, and say when the next one may come") {
    Town t;
    v1::Frame bad;
    bad.mutable_submit()->mutable_stream()->set_kind(1);
    auto& one = *bad.mutable_submit()->add_items();
    one.set_kind(1);
    one.set_body("x");
    const auto ask = [&] {
        one.set_message_id(to_string(t.random.bytes(16)));
        return t.shop->ask(bad);
    };
    for (std::uint64_t i = 0; i < limits::statements_per_minute; ++i)
        CHECK(code_of(ask()) != number(Errc::rate_limited));
    const auto refused = ask();
    CHECK(code_of(refused) == number(Errc::rate_limited));
    const auto wait = refused.failure().retry_after_ms();
    REQUIRE(wait > 1);
    CHECK(wait <= 60'000 / limits::statements_per_minute);
    t.clock.pass(wait - 1);
    CHECK(code_of(ask()) == number(Errc::rate_limited));
    t.clock.pass(1);
    CHECK(code_of(ask()) != number(Errc::rate_limited));
    CHECK(t.shop->ask(t.alert()).has_submit_result());  // alerts are not statements
}

TEST_CASE("so many of one address may be without a proof, so many may be connected at all") {
    Town t;
    std::vector<std::unique_ptr<FakeOutlet>> outlets;
    std::vector<ConnectionId> ids;
    const auto open = [&](std::uint64_t address) -> FakeOutlet& {
        outlets.push_back(std::make_unique<FakeOutlet>());
        ids.push_back(t.core->opened(*outlets.back(), {}, {false, address}));
        return *outlets.back();
    };
    for (std::uint64_t i = 0; i < limits::connections_per_address; ++i) CHECK(!open(7).goodbye);
    CHECK(open(7).goodbye == Errc::overloaded);
    CHECK(outlets.back()->reconnect != 0);
    CHECK(!open(8).goodbye);
    // One goes, one comes. One that proves itself does not count any more.
    t.core->closed(ids.front());
    CHECK(!open(7).goodbye);
    CHECK(open(7).goodbye == Errc::overloaded);
    t.core->closed(ids[1]);
    REQUIRE(t.shop->connect(ClientKind::device, {false, 7}));
    CHECK(!open(7).goodbye);
    CHECK(open(7).goodbye == Errc::overloaded);
    while (t.core->counters().connections < limits::max_connections) REQUIRE(!open(0).goodbye);
    CHECK(open(0).goodbye == Errc::overloaded);
    t.core->closed(ids[2]);
    CHECK(!open(0).goodbye);
}

TEST_CASE("who asks for a stream again is given it once") {
    Town t;
    for (int i = 0; i < 3; ++i) t.shop->subscribe(t.channel(), 3);
    t.shop->outlet->frames.clear();
    REQUIRE(t.founder->ask(t.alert()).has_submit_result());
    CHECK(t.shop->entries(t.channel()).size() == 1);
    t.shop->subscribe(t.channel(), 3);
    CHECK(t.shop->entries(t.channel()).size() == 1);
}

TEST_CASE("stocks and shares have a rate together") {
    Town t;
    v1::Frame put;
    put.mutable_put_key_packages();
    v1::Frame packages;
    name(*packages.mutable_take_key_packages()->mutable_channel(), t.channel());
    v1::Frame leases;
    leases.mutable_take_leases();
    v1::Frame lease;
    name(*lease.mutable_put_lease()->mutable_channel(), t.channel());
    lease.mutable_put_lease()->set_blob(to_string(t.random.bytes(16)));
    lease.mutable_put_lease()->set_share(to_string(t.random.bytes(32)));
    lease.mutable_put_lease()->set_expiry_ms(t.clock.wall + day_ms);
    t.clock.pass(60'000);
    for (std::uint64_t i = 0; i < limits::submissions_per_minute; ++i)
        CHECK(t.shop->ask(leases).has_leases());
    for (const auto* frame : {&put, &packages, &leases, &lease})
        CHECK(code_of(t.shop->ask(*frame)) == number(Errc::rate_limited));
    CHECK(t.guard->ask(lease).has_lease_stored());
}
