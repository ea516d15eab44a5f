#include "net/live_link.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <utility>

#include "huecry/limits.hpp"
#include "net/link_run.hpp"

namespace huecry::net {

LinkTimes LinkTimes::of_limits() {
    return {.proof_deadline = std::chrono::seconds(limits::proof_deadline_s),
            .ping = std::chrono::seconds(limits::idle_ping_s),
            .give_up = std::chrono::seconds(limits::idle_close_s),
            .reconnect_first = std::chrono::milliseconds(limits::reconnect_first_ms),
            .reconnect_max = std::chrono::milliseconds(limits::reconnect_max_ms)};
}

LiveLink::LiveLink(const boost::asio::any_io_executor& executor, crypto::Random& random,
                   Identity identity, LinkListener& listener, const LinkTimes& times)
    : executor_(executor),
      random_(random),
      identity_(std::move(identity)),
      listener_(listener),
      times_(times) {}

LiveLink::~LiveLink() { LiveLink::stop(); }

void LiveLink::start() {
    if (run_ && run_->active()) return;
    stop();
    run_ = std::make_shared<LinkRun>(executor_, random_, identity_, listener_, times_);
    auto leading = LinkRun::lead(run_);
    boost::asio::co_spawn(executor_, std::move(leading), boost::asio::detached);
}

bool LiveLink::send(const v1::Frame& frame) { return run_ && run_->send(frame); }

void LiveLink::reset() {
    if (!run_) return;
    if (run_->active())
        run_->reset();
    else
        start();
}

void LiveLink::stop() {
    if (run_) run_->cancel();
    run_.reset();
}

bool LiveLink::is_up() const { return run_ && run_->is_up(); }

}  // namespace huecry::net
