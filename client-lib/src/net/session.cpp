#include "net/session.hpp"

#include <utility>

#include "huecry/limits.hpp"

namespace huecry::net {
namespace {

/// A code that this version does not know is still a refusal.
Error error_of(const v1::Failure& failure) {
    const auto code = error_from_number(failure.code());
    if (code) return Error{*code, "by the relay"};
    return Error{Errc::update_needed, "relay code " + std::to_string(failure.code())};
}

}  // namespace

class Session::Incoming final : public LinkListener {
public:
    explicit Incoming(Session& session) : session_(session) {}

    void up(const v1::Ready& ready, std::uint64_t relay_time_ms) override {
        session_.owner_.up(ready, relay_time_ms);
    }
    void frame(const v1::Frame& frame) override {
        if (frame.request() == 0)
            session_.owner_.frame(frame);
        else
            session_.answered(frame);
    }
    void down(const Error& why, bool will_retry, std::chrono::milliseconds retry_in) override {
        const std::weak_ptr<bool> alive = session_.alive_;
        session_.fail_all(Error{Errc::unreachable, "the connection broke"});
        if (!alive.expired()) session_.owner_.down(why, will_retry, retry_in);
    }

private:
    Session& session_;
};

Session::Session(Scheduler& scheduler, LinkListener& owner)
    : scheduler_(scheduler), owner_(owner), incoming_(std::make_unique<Incoming>(*this)) {}

Session::~Session() = default;

LinkListener& Session::listener() { return *incoming_; }

void Session::request(v1::Frame frame, std::chrono::milliseconds timeout, Answer done) {
    const auto number = next_++;
    frame.set_request(number);
    if (pending_.size() >= max_pending)
        return fail_later(std::move(done), Error{Errc::overloaded, "too many requests wait"});
    if (frame.ByteSizeLong() > limits::max_frame)
        return fail_later(std::move(done), Error{Errc::too_large, "frame"});
    if (link_ == nullptr || !link_->is_up() || !link_->send(frame))
        return fail_later(std::move(done), Error{Errc::unreachable, "not connected"});
    auto timer = scheduler_.after(timeout, [this, number] { expired(number); });
    pending_.emplace(number, Pending{std::move(done), std::move(timer)});
}

bool Session::send(v1::Frame frame) {
    frame.set_request(0);
    return link_ != nullptr && link_->send(frame);
}

void Session::fail_later(Answer done, Error error) {
    scheduler_.post(
        [alive = std::weak_ptr<bool>(alive_), done = std::move(done), error = std::move(error)] {
            if (!alive.expired()) done(error);
        });
}

void Session::answered(const v1::Frame& frame) {
    const auto found = pending_.find(frame.request());
    if (found == pending_.end()) return;  // it came after its time
    const auto pending = std::move(found->second);
    pending_.erase(found);
    if (!frame.has_failure()) return pending.done(frame);
    const std::weak_ptr<bool> alive = alive_;
    refusal_ = &frame.failure();
    pending.done(error_of(frame.failure()));
    if (!alive.expired()) refusal_ = nullptr;
}

void Session::expired(std::uint64_t number) {
    const auto found = pending_.find(number);
    if (found == pending_.end()) return;
    const auto pending = std::move(found->second);
    pending_.erase(found);
    const std::weak_ptr<bool> alive = alive_;
    pending.done(Error{Errc::timed_out, "no answer from the relay"});
    if (!alive.expired() && link_ != nullptr) link_->reset();
}

void Session::fail_all(const Error& error) {
    const auto all = std::exchange(pending_, {});
    const std::weak_ptr<bool> alive = alive_;
    for (const auto& [number, pending] : all) {
        pending.done(error);
        if (alive.expired()) return;
    }
}

}  // namespace huecry::net
