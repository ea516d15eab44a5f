#include <doctest/doctest.h>

#include <cerrno>

#include "fault/full_disk.hpp"
#include "fault/place.hpp"
#include "huecry/limits.hpp"

// The real relay on disks that wait, fail, fill up and turn read-only.
using namespace huecry;
using namespace huecry::fault;
using namespace huecry::test;

namespace {

void fails_for_good(Place& place, const std::function<void()>& break_it) {
    auto sender = place.sender();
    for (int i = 0; i < 5; ++i)
        CHECK(place.submit(*sender, place.message(fresh_id<MessageId>())) == 0);
    break_it();
    const auto unlucky = place.message(fresh_id<MessageId>());
    const auto answer = sender->ask(unlucky);
    CHECK((!answer || code_of(answer) == number(Errc::store_failed)));
    CHECK(place.relay->process().wait() == Exit{10, 0});
    CHECK(place.relay->process().errors().find("the disk has failed") != std::string::npos);
    place.shim.heal();
    place.start();
    place.all_there();
    sender = place.sender();
    CHECK(place.submit(*sender, unlucky) == 0);
    place.all_there();
}

}  // namespace

TEST_CASE("nothing is acknowledged or delivered before its sync has come back") {
    Place place;
    auto sender = place.sender();
    auto reader = place.reader();
    REQUIRE(place.submit(*sender, place.message(fresh_id<MessageId>())) == 0);
    CHECK(reader->read(place.town->handshake_seq()).size() == 1);
    place.shim.hold_syncs();
    const auto id = fresh_id<MessageId>();
    const auto request = sender->send(place.message(id));
    REQUIRE(place.shim.wait_for_sync());
    // The relay lives on meanwhile, and says nothing of it to anybody.
    CHECK(sender->alive());
    CHECK(reader->alive());
    CHECK_FALSE(sender->answered(request));
    CHECK(reader->read(place.town->handshake_seq()).size() == 1);
    CHECK(place.relay->admin("/readyz").status == 200);
    place.shim.release_syncs();
    const auto answer = sender->answer(request);
    REQUIRE(answer);
    CHECK(answer->has_submit_result());
    const auto got = reader->next();
    REQUIRE(got);
    CHECK(got->id == id);
}

TEST_CASE("a sync that fails: nothing is acknowledged, the relay stops loudly and begins anew") {
    Place place;
    SUBCASE("fsync") {
        fails_for_good(place, [&] { place.shim.fail_syncs(EIO); });
    }
    SUBCASE("write") {
        fails_for_good(place, [&] { place.shim.fail_writes(EIO); });
    }
    SUBCASE("the disk has turned read-only") {
        fails_for_good(place, [&] { place.shim.fail_writes(EROFS); });
    }
}

TEST_CASE("no room: said so, reading goes on, and so does writing once there is room") {
    Place place;
    auto sender = place.sender();
    for (int i = 0; i < 5; ++i)
        REQUIRE(place.submit(*sender, place.message(fresh_id<MessageId>())) == 0);
    place.shim.fail_writes(ENOSPC);
    const auto unlucky = place.message(fresh_id<MessageId>());
    for (int i = 0; i < 3; ++i) CHECK(place.submit(*sender, unlucky) == number(Errc::no_room));
    CHECK(metric(*place.relay, "huecry_relay_disk_full") == 1);
    place.all_there();
    CHECK(place.shim.failed() > 0);
    place.shim.heal();
    CHECK(place.submit(*sender, unlucky) == 0);
    CHECK(metric_becomes(*place.relay, "huecry_relay_disk_full", 0));
    place.all_there();
    place.relay->process().kill();
    place.start();
    place.all_there();
}

TEST_CASE("a disk that is really full, and then has room, or expiry makes some") {
    TemporaryDirectory outside;
    const FullDisk disk(outside.path() / "disk", 24U << 20U);
    if (!disk.mounted()) {
        MESSAGE("no right to mount: a disk that is really full is not tried");
        return;
    }
    Place place(disk.path());
    auto sender = place.sender();
    // Little more than what the relay keeps for itself.
    disk.fill(limits::disk_reserve + (1U << 20U));
    const auto until_full = [&](std::uint64_t lifetime_ms) {
        for (;;) {
            const auto id = fresh_id<MessageId>();
            const auto frame = place.town->message(id, lifetime_ms, fresh_bytes(30'000));
            const auto failure = place.submit(*sender, frame);
            if (failure == 0) continue;
            REQUIRE(failure == number(Errc::no_room));
            return frame;
        }
    };
    SUBCASE("somebody else's file goes") {
        disk.fill(0);
        const auto unlucky = until_full(hour_ms);
        place.all_there();
        disk.make_room();
        CHECK(metric_becomes(*place.relay, "huecry_relay_disk_full", 0));
        CHECK(place.submit(*sender, unlucky) == 0);
        place.all_there();
    }
    SUBCASE("what has expired goes") {
        const auto unlucky = until_full(60'000);
        CHECK(metric(*place.relay, "huecry_relay_disk_full") == 1);
        const auto free = std::filesystem::space(disk.path()).available;
        CHECK(free > limits::disk_reserve / 2);
        place.shim.pass(std::chrono::minutes(2));
        CHECK(metric_becomes(*place.relay, "huecry_relay_disk_full", 0));
        sender = place.sender();
        CHECK(place.submit(*sender, unlucky) == 0);
    }
    SUBCASE("a start on a full disk, and on one that is read-only") {
        for (int i = 0; i < 3; ++i)
            REQUIRE(place.submit(*sender, place.message(fresh_id<MessageId>())) == 0);
        disk.fill(0);
        place.relay->process().kill();
        // It may start, or say why it cannot; with room again it does, and has everything.
        const auto started = run_relay({"check", "--data", place.data.string()});
        CHECK((started.exit.code == 0 || started.exit.code == 10));
        disk.make_room();
        place.start();
        place.all_there();
        place.relay->process().kill();
        REQUIRE(disk.make_read_only());
        const auto refused =
            run_relay({"serve", "--data", place.data.string(), "--listen", "127.0.0.1:0"});
        CHECK(refused.exit.code == 6);
        CHECK(refused.errors.find("no right to write") != std::string::npos);
    }
}
