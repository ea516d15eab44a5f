#include <doctest/doctest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <vector>

#include "net/turnstile.hpp"

using namespace huecry::relay;

namespace {

struct Queue {
    asio::io_context io;
    NetCounters counters;
    Turnstile turnstile{io, counters};
    std::vector<std::uint64_t> served;
    const bool open = true, gone = false;

    void come(std::uint64_t address, const bool& still_there) {
        asio::co_spawn(io, wait(address, still_there), asio::detached);
    }
    void come(std::uint64_t address) { come(address, open); }

private:
    asio::awaitable<void> wait(std::uint64_t address, const bool& still_there) {
        co_await turnstile.pass(address, still_there);
        if (still_there) served.push_back(address);
    }
};

}  // namespace

TEST_CASE("turnstile: who has proved itself before goes first, then who has come least") {
    Queue queue;
    queue.turnstile.proved(7);
    for (const auto address : {1, 1, 1, 2, 7, 3, 7})
        queue.come(static_cast<std::uint64_t>(address));
    queue.come(4, queue.gone);
    queue.io.run();
    CHECK(queue.served == std::vector<std::uint64_t>{7, 7, 1, 2, 3, 1, 1});
    CHECK(queue.counters.handshakes_waiting == 0);
}

TEST_CASE("turnstile: many known addresses are forgotten, not kept without end") {
    Queue queue;
    queue.turnstile.proved(7);
    for (std::uint64_t i = 0; i < 70'000; ++i) queue.turnstile.proved(1000 + i);
    queue.come(1);
    queue.come(7);
    queue.io.run();
    CHECK(queue.served == std::vector<std::uint64_t>{1, 7});
}
