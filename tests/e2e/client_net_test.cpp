#include "client_net_world.hpp"
#include "support/cutting_proxy.hpp"

using namespace huecry;
using namespace huecry::test;
using namespace std::chrono_literals;

namespace {

struct World {
    Relay relay;
    crypto::SystemRandom random;
    net::Runtime runtime{random};
    std::deque<Listener> listeners;  // outlive the links that tell them
    std::vector<std::unique_ptr<net::Link>> links;

    ~World() {
        on_thread(runtime, [this] { links.clear(); });
    }
    Listener& listener() { return listeners.emplace_back(); }
    net::Link& link(const net::Identity& identity, Listener& listener) {
        on_thread(runtime, [&] {
            links.push_back(runtime.make_link(identity, listener));
            links.back()->start();
        });
        return *links.back();
    }
};

}  // namespace

TEST_CASE("a founder connects, creates a partnership, and comes back as its device") {
    World w;
    const Founder founder(w.relay.address());
    found(w.runtime, founder);
    Listener& listener = w.listener();
    auto& link = w.link(founder.as(ClientKind::device), listener);
    REQUIRE(listener.wait_up(1));
    CHECK(listener.relay_time_ms() > 1'700'000'000'000);
    on_thread(w.runtime, [&] {
        for (int i = 0; i < 3; ++i) {
            v1::Frame frame;
            frame.mutable_subscribe()->mutable_stream()->set_kind(1);
            frame.mutable_subscribe()->mutable_stream()->set_id(std::string(16, '\0'));
            CHECK(link.send(frame));
        }
    });
    const auto got = listener.wait_frame([](const v1::Frame& f) { return f.has_deliver(); });
    REQUIRE(got.deliver().entries_size() == 1);
    CHECK(got.deliver().entries(0).body() == founder.genesis);
    CHECK(listener.downs() == 0);
}

TEST_CASE("a relay that proves another key is not talked to, and not tried again") {
    World w;
    Founder founder(w.relay.address());
    founder.relay.key = PublicKey(std::array<std::uint8_t, 32>{1, 2, 3});
    Listener& listener = w.listener();
    w.link(founder.as(ClientKind::founder), listener);
    const auto down = listener.wait_down(1);
    CHECK(down.why == Errc::wrong_relay);
    CHECK(!down.will_retry);

    founder.relay.key.reset();
    Listener& without = w.listener();
    w.link(founder.as(ClientKind::founder), without);
    CHECK(without.wait_down(1).why == Errc::relay_key_unknown);
    CHECK(!without.wait_down(1).will_retry);
}

TEST_CASE("the key behind an address without one can be asked for") {
    World w;
    auto address = w.relay.address();
    address.key.reset();
    std::promise<Result<PublicKey>> told;
    w.runtime.probe_relay_key(address, [&](Result<PublicKey> r) { told.set_value(r); });
    const auto key = told.get_future().get();
    REQUIRE(key.ok());
    CHECK(*key == *w.relay.address().key);

    w.relay.kill();
    std::promise<Result<PublicKey>> failed;
    w.runtime.probe_relay_key(address, [&](Result<PublicKey> r) { failed.set_value(r); });
    CHECK(failed.get_future().get().error().code == Errc::unreachable);
}

TEST_CASE("a device that the relay does not know is told so, once") {
    World w;
    const Founder stranger(w.relay.address());
    Listener& listener = w.listener();
    w.link(stranger.as(ClientKind::device), listener);
    const auto down = listener.wait_down(1);
    CHECK(down.why == Errc::unknown_partnership);
    CHECK(!down.will_retry);
}

TEST_CASE("the relay is killed and comes back: so does the link, by itself") {
    World w;
    const Founder founder(w.relay.address());
    found(w.runtime, founder);
    Listener& listener = w.listener();
    auto& link = w.link(founder.as(ClientKind::device), listener);
    REQUIRE(listener.wait_up(1));
    w.relay.kill();
    const auto down = listener.wait_down(1);
    CHECK(down.why == Errc::unreachable);
    CHECK(down.will_retry);
    CHECK(down.retry_in <= 250ms);
    on_thread(w.runtime, [&] { CHECK(!link.send(v1::Frame())); });
    w.relay.start();
    CHECK(listener.wait_up(2));
}

TEST_CASE("a relay that drains says when to come back") {
    World w;
    const Founder founder(w.relay.address());
    found(w.runtime, founder);
    Listener& listener = w.listener();
    w.link(founder.as(ClientKind::device), listener);
    REQUIRE(listener.wait_up(1));
    w.relay.process().send_signal(15);
    const auto down = listener.wait_down(1);
    CHECK(down.why == Errc::draining);
    CHECK(down.will_retry);
    CHECK(down.retry_in > 0ms);
    const auto exit = w.relay.process().wait();
    REQUIRE(exit.has_value());
    CHECK(exit->signal == 0);
    CHECK(exit->code == 0);
    w.relay.start();
    CHECK(listener.wait_up(2));
}

TEST_CASE("the newest connection of a device wins; the older one stays away") {
    World w;
    const Founder founder(w.relay.address());
    found(w.runtime, founder);
    Listener& older = w.listener();
    auto& first = w.link(founder.as(ClientKind::device), older);
    REQUIRE(older.wait_up(1));
    Listener& newer = w.listener();
    w.link(founder.as(ClientKind::device), newer);
    REQUIRE(newer.wait_up(1));
    const auto down = older.wait_down(1);
    CHECK(down.why == Errc::used_elsewhere);
    CHECK(!down.will_retry);
    // Only when its user says so.
    on_thread(w.runtime, [&] { first.reset(); });
    CHECK(older.wait_up(2));
    CHECK(newer.wait_down(1).why == Errc::used_elsewhere);
}

TEST_CASE("reset connects anew at once; stop and start as well") {
    World w;
    const Founder founder(w.relay.address());
    found(w.runtime, founder);
    Listener& listener = w.listener();
    auto& link = w.link(founder.as(ClientKind::device), listener);
    REQUIRE(listener.wait_up(1));
    on_thread(w.runtime, [&] {
        link.reset();
        CHECK(!link.is_up());
        CHECK(listener.downs() == 0);  // later, not inside the call
    });
    const auto down = listener.wait_down(1);
    CHECK(down.will_retry);
    CHECK(down.retry_in == 0ms);
    REQUIRE(listener.wait_up(2));
    on_thread(w.runtime, [&] {
        link.stop();
        link.start();
    });
    REQUIRE(listener.wait_up(3));
    CHECK(listener.downs() == 1);  // nothing was told of the stop
}

TEST_CASE("stopping in the middle of connecting returns, on a line that swallows everything") {
    Relay relay;
    CuttingProxy hole(relay.address().port, 0);
    Founder founder(relay.address());
    founder.relay.port = hole.port();
    crypto::SystemRandom random;
    Listener listener;
    for (int round = 0; round < 3; ++round) {
        net::Runtime runtime(random);
        std::unique_ptr<net::Link> link;
        on_thread(runtime, [&] {
            link = runtime.make_link(founder.as(ClientKind::founder), listener);
            link->start();
            if (round == 1) link->stop();
        });
        if (round == 2) on_thread(runtime, [&] { link.reset(); });
        runtime.stop();
        runtime.stop();
    }
    CHECK(listener.downs() == 0);
}

TEST_CASE("nobody there: the attempts go on, with growing pauses") {
    std::uint16_t free_port = 0;
    Founder founder{RelayAddress{}};
    {
        Relay relay;
        free_port = relay.address().port;
        founder = Founder(relay.address());
    }
    crypto::SystemRandom random;
    net::Runtime runtime(random);
    Listener listener;
    std::unique_ptr<net::Link> link;
    on_thread(runtime, [&] {
        link = runtime.make_link(founder.as(ClientKind::founder), listener);
        link->start();
    });
    for (std::size_t n = 1; n <= 4; ++n) {
        const auto down = listener.wait_down(n);
        CHECK(down.why == Errc::unreachable);
        CHECK(down.will_retry);
        CHECK(down.retry_in <= std::chrono::milliseconds(250) * (1 << (n - 1)));
    }
    runtime.stop();
    CHECK(free_port != 0);
}
