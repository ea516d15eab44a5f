#include <doctest/doctest.h>

#include <optional>
#include <vector>

#include "huecry/limits.hpp"
#include "net/session.hpp"

using namespace huecry;
using namespace std::chrono_literals;

namespace {

/// Time stands still until `advance`.
class HandScheduler final : public net::Scheduler {
public:
    struct Entry {
        std::chrono::milliseconds at;
        std::function<void()> f;
    };
    struct Handle final : net::Timer {
        explicit Handle(std::shared_ptr<Entry> e) : entry(std::move(e)) {}
        ~Handle() override { entry->f = nullptr; }
        std::shared_ptr<Entry> entry;
    };

    void post(std::function<void()> f) override { posted_.push_back(std::move(f)); }
    std::unique_ptr<net::Timer> after(std::chrono::milliseconds delay,
                                      std::function<void()> f) override {
        timers_.push_back(std::make_shared<Entry>(Entry{now_ + delay, std::move(f)}));
        return std::make_unique<Handle>(timers_.back());
    }
    std::chrono::milliseconds monotonic() const override { return now_; }
    std::uint64_t wall_ms() const override { return static_cast<std::uint64_t>(now_.count()); }

    void run() {
        while (!posted_.empty())
            for (const auto& f : std::exchange(posted_, {})) f();
    }
    void advance(std::chrono::milliseconds by) {
        now_ += by;
        const auto timers = timers_;
        for (const auto& t : timers)
            if (t->at <= now_)
                if (const auto f = std::exchange(t->f, nullptr)) f();
        run();
    }

private:
    std::chrono::milliseconds now_{};
    std::vector<std::function<void()>> posted_;
    std::vector<std::shared_ptr<Entry>> timers_;
};

class HandLink final : public net::Link {
public:
    void start() override { up = true; }
    bool send(const v1::Frame& frame) override {
        if (!up || full) return false;
        sent.push_back(frame);
        return true;
    }
    void reset() override { ++resets; }
    void stop() override { up = false; }
    bool is_up() const override { return up; }

    bool up = true;
    bool full = false;
    int resets = 0;
    std::vector<v1::Frame> sent;
};

struct Owner final : net::LinkListener {
    void up(const v1::Ready&, std::uint64_t time) override { time_ms = time; }
    void frame(const v1::Frame& f) override { pushed.push_back(f); }
    void down(const Error& why, bool, std::chrono::milliseconds) override {
        downs.push_back(why.code);
    }
    std::uint64_t time_ms = 0;
    std::vector<v1::Frame> pushed;
    std::vector<Errc> downs;
};

struct World {
    HandScheduler scheduler;
    HandLink link;
    Owner owner;
    net::Session session{scheduler, owner};
    World() { session.attach(link); }
};

v1::Frame question() {
    v1::Frame f;
    f.mutable_head_query();
    return f;
}

v1::Frame answer_to(const v1::Frame& asked) {
    v1::Frame f;
    f.set_request(asked.request());
    f.mutable_queue_empty();
    return f;
}

}  // namespace

TEST_CASE("answers find their requests, in whatever order they come") {
    World w;
    std::vector<int> told;
    w.session.request(question(), 1s, [&](Result<v1::Frame> r) {
        CHECK(r.ok());
        told.push_back(1);
    });
    w.session.request(question(), 1s, [&](Result<v1::Frame> r) {
        CHECK(r.ok());
        told.push_back(2);
    });
    REQUIRE(w.link.sent.size() == 2);
    CHECK(w.link.sent[0].request() != w.link.sent[1].request());
    w.session.listener().frame(answer_to(w.link.sent[1]));
    w.session.listener().frame(answer_to(w.link.sent[0]));
    w.session.listener().frame(answer_to(w.link.sent[0]));  // once more: nobody waits for it
    CHECK(told == std::vector<int>{2, 1});
    CHECK(w.session.waiting() == 0);
    w.scheduler.advance(1h);
    CHECK(told.size() == 2);
    CHECK(w.link.resets == 0);
}

TEST_CASE("what the relay pushes goes to the owner") {
    World w;
    v1::Frame f;
    f.mutable_deliver();
    w.session.listener().frame(f);
    REQUIRE(w.owner.pushed.size() == 1);
    CHECK(w.owner.pushed[0].has_deliver());
    w.session.listener().up({}, 77);
    CHECK(w.owner.time_ms == 77);
}

TEST_CASE("a failure becomes an error with the relay's code, its details beside it") {
    World w;
    std::optional<Errc> code;
    std::uint64_t seq = 0;
    w.session.request(question(), 1s, [&](Result<v1::Frame> r) {
        code = r.error().code;
        REQUIRE(w.session.refusal() != nullptr);
        seq = w.session.refusal()->handshake_seq();
    });
    v1::Frame f;
    f.set_request(w.link.sent[0].request());
    f.mutable_failure()->set_code(static_cast<std::uint32_t>(Errc::stale));
    f.mutable_failure()->set_handshake_seq(41);
    w.session.listener().frame(f);
    CHECK(code == Errc::stale);
    CHECK(seq == 41);
    CHECK(w.session.refusal() == nullptr);

    w.session.request(question(), 1s, [&](Result<v1::Frame> r) { code = r.error().code; });
    f.set_request(w.link.sent[1].request());
    f.mutable_failure()->set_code(60000);  // from a newer relay
    w.session.listener().frame(f);
    CHECK(code == Errc::update_needed);
}

TEST_CASE("when the link goes down all that wait are told, then the owner") {
    World w;
    int told = 0;
    for (int i = 0; i < 3; ++i)
        w.session.request(question(), 1s, [&](Result<v1::Frame> r) {
            CHECK(r.error().code == Errc::unreachable);
            CHECK(w.owner.downs.empty());
            ++told;
            // Asking again at once, from within, must not disturb the others.
            w.session.request(question(), 1s, [](Result<v1::Frame>) {});
        });
    w.link.up = false;
    w.session.listener().down(Error{Errc::draining, {}}, true, 5ms);
    CHECK(told == 3);
    CHECK(w.owner.downs == std::vector<Errc>{Errc::draining});
}

TEST_CASE("without a link, with a full one, or too large: an error, never inside the call") {
    World w;
    std::vector<Errc> codes;
    const auto note = [&](Result<v1::Frame> r) { codes.push_back(r.error().code); };
    w.link.up = false;
    w.session.request(question(), 1s, note);
    CHECK(codes.empty());
    w.scheduler.run();
    w.link.up = true;
    w.link.full = true;
    w.session.request(question(), 1s, note);
    w.link.full = false;
    auto large = question();
    large.mutable_submit()->add_items()->set_body(std::string(limits::max_frame, 'x'));
    w.session.request(large, 1s, note);
    w.scheduler.run();
    CHECK(codes == std::vector<Errc>{Errc::unreachable, Errc::unreachable, Errc::too_large});
    CHECK(w.link.sent.empty());
}

TEST_CASE("no answer in time gives the connection up") {
    World w;
    std::optional<Errc> code;
    w.session.request(question(), 20s, [&](Result<v1::Frame> r) { code = r.error().code; });
    w.scheduler.advance(19999ms);
    CHECK(!code);
    w.scheduler.advance(1ms);
    CHECK(code == Errc::timed_out);
    CHECK(w.link.resets == 1);
}

TEST_CASE("there is a bound on what waits") {
    World w;
    for (std::size_t i = 0; i < net::Session::max_pending; ++i)
        w.session.request(question(), 1s, [](Result<v1::Frame>) {});
    std::optional<Errc> code;
    w.session.request(question(), 1s, [&](Result<v1::Frame> r) { code = r.error().code; });
    w.scheduler.run();
    CHECK(code == Errc::overloaded);
    CHECK(w.session.waiting() == net::Session::max_pending);
}

TEST_CASE("a session that goes in the middle of an answer leaves nothing behind") {
    HandScheduler scheduler;
    HandLink link;
    Owner owner;
    auto session = std::make_unique<net::Session>(scheduler, owner);
    session->attach(link);
    int told = 0;
    for (int i = 0; i < 2; ++i)
        session->request(question(), 1s, [&](Result<v1::Frame>) {
            ++told;
            session.reset();
        });
    session->listener().down(Error{Errc::unreachable, {}}, true, 0ms);
    CHECK(told == 1);
    CHECK(owner.downs.empty());
    scheduler.advance(1h);
    CHECK(told == 1);
}
