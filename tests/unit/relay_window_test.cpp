#include "delivery/batch.hpp"
#include "huecry/limits.hpp"
#include "relay_faults.hpp"

// What goes out to readers, and when it does not: windows, memory, what is not durable, what is
// over.
using namespace huecry;
using namespace huecry::relay;
using namespace huecry::relay::test;

namespace {

v1::Frame large(Town& t) {
    auto out = t.alert(day_ms);
    item(out).set_body(
        to_string(t.mls(EntryKind::application, t.epoch, limits::max_content - 200)));
    return out;
}

std::uint64_t seq_of(const v1::Entry& entry) {
    const auto header = Header::decode(view(entry.header()));
    REQUIRE(header.ok());
    return header->seq;
}

}  // namespace

TEST_CASE("a connection that does not take what is sent is sent no more until it does") {
    Town t;
    t.shop->outlet->queued = limits::window_bytes;
    REQUIRE(t.founder->ask(t.alert()).has_submit_result());
    CHECK(t.shop->entries(t.channel()).empty());
    CHECK(t.shop->outlet->waits);
    CHECK(t.guard->entries(t.channel()).size() == 1);
    CHECK(!t.guard->outlet->waits);
    t.core->writable(t.shop->connection);
    CHECK(t.shop->entries(t.channel()).empty());
    t.shop->outlet->queued = limits::window_bytes - 1;
    t.core->writable(t.shop->connection);
    CHECK(t.shop->entries(t.channel()).size() == 1);
    t.core->writable(t.shop->connection);
    CHECK(t.shop->entries(t.channel()).empty());
    const auto stranger = t.client();
    stranger->connection = t.core->opened(*stranger->outlet, {}, {true, 0});
    t.core->writable(stranger->connection);
    t.core->writable(99'999);
    CHECK(stranger->outlet->frames.empty());
}

TEST_CASE("a window holds so many bytes that are not acknowledged, over all streams") {
    Town t;
    std::uint64_t last = 0;
    for (int i = 0; i < 24; ++i) {
        t.clock.pass(1000);
        const auto answer = t.founder->ask(large(t));
        REQUIRE(answer.has_submit_result());
        last = answer.submit_result().accepted(0).seq();
    }
    const auto got = t.shop->entries(t.channel());
    CHECK(got.size() >= limits::window_bytes / limits::max_content);
    CHECK(got.size() <= limits::window_bytes / limits::max_content + 2);
    // A letter waits as well, and comes when there is room again: also when the channel has none.
    v1::Frame letter;
    name(*submit(letter).mutable_stream(), StreamRef::mailbox(t.shop->id()));
    auto& one = *submit(letter).add_items();
    one.set_message_id(to_string(t.random.bytes(16)));
    one.set_kind(static_cast<std::uint32_t>(EntryKind::directed));
    one.set_lifetime_ms(day_ms);
    one.set_body("x");
    REQUIRE(t.guard->ask(letter).has_submit_result());
    CHECK(t.shop->entries(StreamRef::mailbox(t.shop->id())).empty());
    t.shop->ack(t.channel(), seq_of(got.front()));
    const auto more = t.shop->entries(t.channel());
    CHECK(!more.empty());
    t.shop->ack(t.channel(), seq_of(got.back()));
    const auto rest = t.shop->entries(t.channel());
    REQUIRE(!rest.empty());
    CHECK(seq_of(rest.back()) == last);
    CHECK(got.size() + more.size() + rest.size() == 24);
    t.shop->ack(t.channel(), last);
    CHECK(t.shop->entries(StreamRef::mailbox(t.shop->id())).size() == 1);
}

TEST_CASE("a letter that waited for a channel's window comes with its acknowledgement") {
    Town t;
    std::uint64_t last = 0;
    for (std::uint64_t i = 0; i < limits::window_bytes / limits::max_content; ++i) {
        t.clock.pass(1000);
        const auto answer = t.founder->ask(large(t));
        REQUIRE(answer.has_submit_result());
        last = answer.submit_result().accepted(0).seq();
    }
    REQUIRE(seq_of(t.shop->entries(t.channel()).back()) == last);  // the window is just full
    v1::Frame letter;
    name(*submit(letter).mutable_stream(), StreamRef::mailbox(t.shop->id()));
    auto& one = *submit(letter).add_items();
    one.set_message_id(to_string(t.random.bytes(16)));
    one.set_kind(static_cast<std::uint32_t>(EntryKind::directed));
    one.set_lifetime_ms(day_ms);
    one.set_body("x");
    REQUIRE(t.guard->ask(letter).has_submit_result());
    CHECK(t.shop->entries(StreamRef::mailbox(t.shop->id())).empty());
    t.shop->ack(t.channel(), last);
    CHECK(t.shop->entries(StreamRef::mailbox(t.shop->id())).size() == 1);
}

TEST_CASE("frames in memory have a bound, and who is further behind reads the store") {
    Town t;
    const auto count = 2 * limits::tail_bytes / limits::max_content;
    for (std::uint64_t i = 0; i < count; ++i) {
        t.clock.pass(1000);
        REQUIRE(t.founder->ask(large(t)).has_submit_result());
        CHECK(t.core->counters().tail_bytes <= limits::tail_bytes);
    }
    CHECK(t.core->counters().tail_bytes > limits::tail_bytes / 2);
    REQUIRE(t.guard->connect());
    t.guard->subscribe(t.channel(), 3);
    std::uint64_t seq = 3;
    for (;;) {
        const auto some = t.guard->entries(t.channel());
        if (some.empty()) break;
        for (const auto& entry : some) {
            CHECK(seq_of(entry) == ++seq);
            CHECK(!entry.body_gone());
        }
        t.guard->ack(t.channel(), seq);
    }
    CHECK(seq == 3 + count);
    CHECK(t.core->counters().tail_bytes <= limits::tail_bytes);
}

TEST_CASE("what is on the disk but not yet answered is given to nobody") {
    Town t;
    t.restart();  // nothing is in memory
    REQUIRE(t.shop->connect());
    t.shop->send(t.alert());
    auto batch = t.core->take_batch();
    REQUIRE(batch);
    t.core->commit(*batch);
    REQUIRE(t.guard->connect());
    t.guard->subscribe(t.channel(), 2);
    CHECK(t.guard->entries(t.channel()).size() == 1);  // the commit before it
    t.core->finish(std::move(batch));
    const auto got = t.guard->entries(t.channel());
    REQUIRE(got.size() == 1);
    CHECK(seq_of(got[0]) == 4);
}

TEST_CASE("what is over is not given out, though it has not gone yet") {
    Town t;
    for (const std::uint64_t life : {std::uint64_t{5000}, std::uint64_t{9000}})
        REQUIRE(t.founder->ask(t.alert(life)).has_submit_result());
    const auto read = [&](bool from_memory) {
        if (!from_memory) t.restart();
        REQUIRE(t.guard->connect());
        t.guard->subscribe(t.channel(), 3);
        std::string out;
        for (const auto& entry : t.guard->entries(t.channel()))
            out += entry.body_gone() ? "-" : "x";
        return out;
    };
    t.clock.pass(4999);
    CHECK(read(true) == "xx");
    t.clock.pass(1);
    CHECK(read(true) == "-x");
    CHECK(read(true) == "-x");
    CHECK(read(false) == "-x");
    CHECK(read(true) == "-x");
    t.clock.pass(4000);
    CHECK(read(true) == "--");
    CHECK(read(false) == "--");
}

TEST_CASE("who reads a channel without being in its group is given headers alone") {
    Town t;
    REQUIRE(t.founder->ask(t.alert()).has_submit_result());
    auto newcomer = t.join(directory::Role::warden);
    newcomer->subscribe(t.channel());
    const auto got = newcomer->entries(t.channel());
    REQUIRE(got.size() == 4);
    for (const auto& entry : got) CHECK(entry.body_gone());
    REQUIRE(t.founder->ask(t.alert()).has_submit_result());
    const auto fresh = newcomer->entries(t.channel());
    REQUIRE(fresh.size() == 1);
    CHECK(fresh[0].body_gone());
    // What it was given is not what others are given.
    REQUIRE(t.guard->connect());
    t.guard->subscribe(t.channel(), 3);
    for (const auto& entry : t.guard->entries(t.channel())) CHECK(!entry.body_gone());
}
