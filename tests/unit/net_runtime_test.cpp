#include <doctest/doctest.h>

#include <future>
#include <thread>
#include <vector>

#include "crypto/random.hpp"
#include "net/runtime.hpp"

using namespace huecry;
using namespace std::chrono_literals;

TEST_CASE("posted functions run in order on one other thread") {
    crypto::SystemRandom random;
    net::Runtime runtime(random);
    std::vector<int> order;
    std::vector<std::thread::id> threads;
    std::promise<void> done;
    for (int i = 0; i < 100; ++i)
        runtime.post([&, i] {
            order.push_back(i);
            threads.push_back(std::this_thread::get_id());
            if (i == 99) done.set_value();
        });
    done.get_future().wait();
    REQUIRE(order.size() == 100);
    for (int i = 0; i < 100; ++i) CHECK(order[static_cast<std::size_t>(i)] == i);
    for (const auto& id : threads) {
        CHECK(id == threads.front());
        CHECK(id != std::this_thread::get_id());
    }
}

TEST_CASE("a timer fires once, a dropped one never") {
    crypto::SystemRandom random;
    net::Runtime runtime(random);
    std::promise<void> done;
    int fired = 0;
    std::unique_ptr<net::Timer> kept;
    std::unique_ptr<net::Timer> last;
    runtime.post([&] {
        kept = runtime.after(0ms, [&] {
            ++fired;
            kept.reset();  // inside its own function
        });
        auto dropped = runtime.after(0ms, [&] { fired += 100; });
        dropped.reset();
        last = runtime.after(5ms, [&] { done.set_value(); });
    });
    done.get_future().wait();
    runtime.stop();
    CHECK(fired == 1);
    CHECK(!kept);
}

TEST_CASE("stop may be called twice, at once, and from within") {
    crypto::SystemRandom random;
    net::Runtime runtime(random);
    std::promise<void> running;
    runtime.post([&] {
        running.set_value();
        runtime.stop();
    });
    running.get_future().wait();
    std::thread other([&] { runtime.stop(); });
    runtime.stop();
    runtime.stop();
    other.join();
    bool ran = false;
    runtime.post([&] { ran = true; });
    runtime.stop();
    CHECK(!ran);
}

TEST_CASE("stopping drops what has not run, with what it holds") {
    crypto::SystemRandom random;
    auto held = std::make_shared<int>(1);
    {
        net::Runtime runtime(random);
        std::promise<void> running;
        std::promise<void> go_on;
        auto may_go_on = go_on.get_future().share();
        runtime.post([&running, may_go_on] {
            running.set_value();
            may_go_on.wait();
        });
        running.get_future().wait();
        auto timer = runtime.after(1h, [held] {});
        std::thread stopper([&] { runtime.stop(); });
        go_on.set_value();
        stopper.join();
        timer.reset();
    }
    CHECK(held.use_count() == 1);
}
