#include <doctest/doctest.h>

#include "domain/clock.hpp"
#include "support/temporary_directory.hpp"

using namespace huecry;
using domain::Clock;

namespace {

constexpr std::uint64_t hour = 3'600'000;
constexpr std::uint64_t day = 24 * hour;
constexpr std::uint64_t year = 365 * day;
constexpr std::uint64_t t0 = 1'800'000'000'000;

// A device whose clocks are set by hand and which can be switched off and on.
struct Device {
    test::TemporaryDirectory folder;
    store::Database db = [this] {
        auto made = store::Database::create(folder.path() / "store.db", SecretBytes(Bytes(32, 1)));
        REQUIRE(made.ok());
        return std::move(*made);
    }();
    std::uint64_t wall = t0;
    std::uint64_t monotonic = 5 * hour;
    std::optional<Clock> clock;

    Device() { restart(); }
    void restart() {
        monotonic = 77;
        clock.emplace(db, [this] { return wall; }, [this] { return monotonic; });
        REQUIRE(clock->load().ok());
    }
    void pass(std::uint64_t ms) {
        wall += ms;
        monotonic += ms;
    }
    void hear(std::uint64_t relay) {
        clock->heard_relay(relay);
        REQUIRE(clock->advance().ok());
    }
};

}  // namespace

TEST_CASE("both sources within a day: the later one is the mark and is kept") {
    Device device;
    CHECK(device.clock->erase_time() == 0);
    CHECK_FALSE(device.clock->hidden());
    device.hear(t0 + 3 * hour);
    CHECK(device.clock->erase_time() == t0 + 3 * hour);
    CHECK(device.clock->now_ms() == t0 + 3 * hour);
    device.restart();
    CHECK(device.clock->erase_time() == t0 + 3 * hour);
    device.hear(t0 - 5 * hour);
    CHECK(device.clock->erase_time() == t0 + 3 * hour);
    device.restart();
    device.wall = t0 + day;
    device.hear(t0 + 2 * day);
    CHECK(device.clock->erase_time() == t0 + 2 * day);
}

TEST_CASE("time goes on between two words of the relay") {
    Device device;
    device.hear(t0);
    device.pass(2 * hour);
    CHECK(device.clock->erase_time() == t0 + 2 * hour);
    // A head that was signed a while ago does not turn it back.
    device.hear(t0 + hour);
    CHECK(device.clock->now_ms() == t0 + 2 * hour);
}

TEST_CASE("own clock a year back: hidden until the relay is heard, and nothing comes back") {
    Device device;
    device.hear(t0);
    device.wall = t0 - year;
    device.restart();
    CHECK(device.clock->hidden());
    CHECK(device.clock->erase_time() == t0);
    CHECK(device.clock->hide_time() == t0);
    device.hear(t0 + 2 * hour);
    CHECK_FALSE(device.clock->hidden());
    // The relay is a lone source now, but within a day of the mark.
    CHECK(device.clock->erase_time() == t0 + 2 * hour);
    // Not kept: by the mark alone it is still t0.
    device.restart();
    CHECK(device.clock->erase_time() == t0);
    CHECK(device.clock->hidden());
}

TEST_CASE("the relay ten years ahead hides, destroys nothing and is not kept") {
    Device device;
    device.hear(t0);
    device.pass(hour);
    device.hear(t0 + 10 * year);
    CHECK(device.clock->erase_time() == t0 + hour);
    CHECK(device.clock->hide_time() == t0 + 10 * year);
    device.restart();
    CHECK(device.clock->hide_time() == t0 + hour);
    CHECK(device.clock->erase_time() == t0 + hour);
    // And a relay that has been set right is believed within the same run, too.
    device.hear(t0 + 10 * year);
    device.hear(t0 + 2 * hour);
    CHECK(device.clock->hide_time() == t0 + 2 * hour);
}

TEST_CASE("own clock alone jumps ahead: hidden by time, but kept") {
    Device device;
    device.hear(t0);
    device.wall = t0 + year;
    device.restart();
    CHECK_FALSE(device.clock->hidden());
    CHECK(device.clock->hide_time() == t0 + year);
    CHECK(device.clock->erase_time() == t0);
    REQUIRE(device.clock->advance().ok());
    device.wall = t0 + hour;
    CHECK(device.clock->hide_time() == t0 + hour);
    CHECK(device.clock->erase_time() == t0 + hour);
}

TEST_CASE("off for a week: erased at the first contact, hidden before") {
    Device device;
    device.hear(t0);
    device.wall = t0 + 7 * day;
    device.restart();
    CHECK(device.clock->erase_time() == t0);
    CHECK(device.clock->hide_time() == t0 + 7 * day);
    device.hear(t0 + 7 * day + hour);
    CHECK(device.clock->erase_time() == t0 + 7 * day + hour);
}

TEST_CASE("sources that disagree: both support at least the earlier one") {
    Device device;
    device.hear(t0);
    device.wall = t0 + 3 * day;
    device.restart();
    device.hear(t0 + 5 * day);
    CHECK(device.clock->erase_time() == t0 + 3 * day);
    device.restart();
    CHECK(device.clock->erase_time() == t0 + 3 * day);
}

TEST_CASE("exactly a day apart is agreement, a millisecond more is not") {
    Device device;
    device.hear(t0);
    device.wall = t0 + 10 * day;
    device.hear(t0 + 11 * day);
    CHECK(device.clock->erase_time() == t0 + 11 * day);
    Device other;
    other.hear(t0);
    other.wall = t0 + 10 * day;
    other.hear(t0 + 11 * day + 1);
    // Kept is the earlier; that makes the later one of this moment just too far from the mark.
    CHECK(other.clock->erase_time() == t0 + 10 * day);
}
