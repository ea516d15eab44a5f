#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "net/link.hpp"
#include "net/scheduler.hpp"

// Requests and their answers over a link. Everything on the scheduler's thread.
namespace huecry::net {

/// Numbers requests, matches answers, and passes the rest on. Give `listener()` to the link, then
/// `attach` the link. Destroying it drops what is waiting without a call.
class Session {
public:
    /// `owner` is told of up, down, and the frames that the relay pushes (request 0).
    Session(Scheduler& scheduler, LinkListener& owner);
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    [[nodiscard]] LinkListener& listener();
    void attach(Link& link) { link_ = &link; }

    /// Sends a frame that wants an answer; its number is set here. `done` is called exactly once,
    /// never inside this call, with the answer or an error: what the relay said (see `refusal`);
    /// unreachable when the link is down, goes down, or cannot take the frame; too_large for a
    /// frame above max_frame; overloaded with max_pending waiting; timed_out after `timeout`, when
    /// the link is also reset, for a connection on which answers stay out is of no use.
    using Answer = std::function<void(Result<v1::Frame>)>;
    void request(v1::Frame frame, std::chrono::milliseconds timeout, Answer done);

    /// Sends a frame that has no answer. False as with Link::send.
    [[nodiscard]] bool send(v1::Frame frame);

    /// While an Answer runs with an error that the relay gave: its details (with stale, where to
    /// catch up to). Null at any other time.
    [[nodiscard]] const v1::Failure* refusal() const { return refusal_; }

    [[nodiscard]] std::size_t waiting() const { return pending_.size(); }

    static constexpr std::size_t max_pending = 1024;

private:
    struct Pending {
        Answer done;
        std::unique_ptr<Timer> timer;
    };
    class Incoming;

    void fail_later(Answer done, Error error);
    void answered(const v1::Frame& frame);
    void expired(std::uint64_t number);
    void fail_all(const Error& error);

    Scheduler& scheduler_;
    LinkListener& owner_;
    std::unique_ptr<Incoming> incoming_;
    Link* link_ = nullptr;
    std::uint64_t next_ = 1;
    std::map<std::uint64_t, Pending> pending_;
    const v1::Failure* refusal_ = nullptr;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace huecry::net
