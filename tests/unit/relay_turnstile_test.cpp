#include <doctest/doctest.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <functional>
#include <list>
#include <vector>

#include "net/turnstile.hpp"

using namespace huecry::relay;

namespace {

using Served = std::vector<std::uint64_t>;

struct Queue {
    asio::io_context io;
    NetCounters counters;
    bool pressing = false;
    Turnstile::Clock::time_point now{std::chrono::hours(1)};
    Turnstile turnstile{io, counters, [this] { return pressing; }, [this] { return now; }};
    Served served;
    std::list<Turnstile::Timer> turns;

    std::optional<Turnstile::Place> come(std::optional<std::uint64_t> address) {
        auto& turn = turns.emplace_back(io);
        const auto place = turnstile.enter(address, turn);
        if (place) {
            turn.async_wait([this, address](auto) { served.push_back(address.value_or(0)); });
        } else {
            served.push_back(address.value_or(0));
        }
        return place;
    }
};

}  // namespace

TEST_CASE("turnstile: who has proved itself before goes first, then who has come least") {
    Queue queue;
    queue.turnstile.proved(7);
    for (const auto address : {9, 1, 1, 1, 2, 7, 3, 7})
        queue.come(static_cast<std::uint64_t>(address));
    CHECK(queue.served == Served{9});  // nobody was there
    CHECK(queue.counters.strangers_waiting == 7);
    queue.io.run();
    CHECK(queue.served == Served{9, 7, 7, 1, 2, 3, 1, 1});
    CHECK(queue.counters.strangers_waiting == 0);
}

TEST_CASE("turnstile: one step in each turn of the loop, and who leaves costs none") {
    Queue queue;
    for (std::uint64_t address = 0; address < 4; ++address) (void)queue.come(address);
    queue.turnstile.leave(*queue.come(4));
    queue.turns.back().cancel();
    queue.come(5);
    std::vector<std::size_t> after;
    std::function<void()> turn = [&] {
        after.push_back(queue.served.size());
        if (after.size() < 6) asio::post(queue.io, turn);
    };
    asio::post(queue.io, turn);
    queue.io.run();
    CHECK(after == std::vector<std::size_t>{2, 3, 4, 5, 6, 6});
    CHECK(queue.served == Served{0, 4, 1, 2, 3, 5});  // 4 hears at once that it has left
}

TEST_CASE("turnstile: while members wait for the core strangers have a turn in a millisecond") {
    Queue queue;
    queue.pressing = true;
    (void)queue.come(1);
    CHECK(queue.served == Served{1});  // the last turn is long ago
    (void)queue.come(2);
    (void)queue.come(3);
    queue.io.poll();
    CHECK(queue.served == Served{1});
    SUBCASE("which ends by itself") {
        queue.now += std::chrono::milliseconds(1);
        while (queue.served.size() < 2) queue.io.run_one();
        queue.io.poll();
        CHECK(queue.served == Served{1, 2});
    }
    SUBCASE("and all that they want once the core has none") {
        queue.pressing = false;
        queue.turnstile.resume();
        queue.io.run();
        CHECK(queue.served == Served{1, 2, 3});
    }
}

TEST_CASE("turnstile: the listener goes before all") {
    Queue queue;
    queue.turnstile.proved(7);
    for (const auto address : {9, 7, 1}) queue.come(static_cast<std::uint64_t>(address));
    queue.come(std::nullopt);
    queue.io.run();
    CHECK(queue.served == Served{9, 0, 7, 1});
}

TEST_CASE("turnstile: many known addresses are forgotten, not kept without end") {
    Queue queue;
    queue.turnstile.proved(7);
    for (std::uint64_t i = 0; i < 70'000; ++i) queue.turnstile.proved(1000 + i);
    for (const auto address : {9, 1, 7}) queue.come(static_cast<std::uint64_t>(address));
    queue.io.run();
    CHECK(queue.served == Served{9, 1, 7});
}
