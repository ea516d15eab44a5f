#include <doctest/doctest.h>

#include <random>

#include "huecry/limits.hpp"
#include "net/backoff.hpp"
#include "net/ending.hpp"

using namespace huecry;
using namespace std::chrono_literals;

TEST_CASE("delays are drawn from the whole range, which doubles up to the maximum") {
    std::mt19937_64 random(7);
    net::Backoff backoff(250ms, 30000ms, [&] { return random(); });
    std::chrono::milliseconds expected = 250ms;
    for (int i = 0; i < 40; ++i) {
        CHECK(backoff.ceiling() == expected);
        const auto delay = backoff.next();
        CHECK(delay >= 0ms);
        CHECK(delay <= expected);
        expected = std::min<std::chrono::milliseconds>(expected * 2, 30000ms);
    }
    CHECK(backoff.ceiling() == 30000ms);
    backoff.reset();
    CHECK(backoff.ceiling() == 250ms);
}

TEST_CASE("both ends of the range are reached") {
    std::uint64_t drawn = 0;
    net::Backoff backoff(250ms, 30000ms, [&] { return drawn; });
    CHECK(backoff.next() == 0ms);
    drawn = 500;
    CHECK(backoff.next() == 500ms);
    drawn = UINT64_MAX;
    CHECK(backoff.next() <= 1000ms);
}

TEST_CASE("what a link tries again by itself") {
    const auto local = [](Errc code) { return net::tries_again({Error{code, {}}, {}}); };
    CHECK(local(Errc::unreachable));
    CHECK(local(Errc::bad_frame));
    CHECK(local(Errc::rate_limited));
    CHECK(!local(Errc::wrong_relay));
    CHECK(!local(Errc::version_refused));
    CHECK(!local(Errc::feature_refused));
    CHECK(!local(Errc::not_authenticated));
    CHECK(!local(Errc::relay_key_unknown));

    const auto goodbye = [](std::uint32_t code, std::uint32_t after) {
        v1::Goodbye g;
        g.set_code(code);
        g.set_reconnect_after_ms(after);
        return net::ending_of(g);
    };
    const auto number = [](Errc code) { return static_cast<std::uint32_t>(code); };
    CHECK(!net::tries_again(goodbye(number(Errc::used_elsewhere), 0)));
    CHECK(!net::tries_again(goodbye(number(Errc::device_removed), 0)));
    CHECK(!net::tries_again(goodbye(number(Errc::unknown_partnership), 0)));
    CHECK(!net::tries_again(goodbye(number(Errc::bad_frame), 0)));
    CHECK(net::tries_again(goodbye(number(Errc::draining), 1000)));
    CHECK(net::tries_again(goodbye(number(Errc::draining), 0)));
    CHECK(net::tries_again(goodbye(number(Errc::timed_out), 0)));
    CHECK(goodbye(60000, 0).why.code == Errc::update_needed);
    CHECK(!net::tries_again(goodbye(60000, 0)));
    CHECK(net::tries_again(goodbye(60000, 10)));
}
