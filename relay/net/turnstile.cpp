#include "net/turnstile.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace huecry::relay {
namespace {

constexpr auto awaited = asio::as_tuple(asio::use_awaitable);

}  // namespace

asio::awaitable<void> Turnstile::pass() {
    asio::steady_timer turn(io_, asio::steady_timer::time_point::max());
    waiting_.push_back(&turn);
    counters_.handshakes_waiting = waiting_.size();
    if (!turning_) {
        turning_ = true;
        asio::post(io_, [this] { next(); });
    }
    co_await turn.async_wait(awaited);
}

// Posted again behind everything that is ready: the loop looks at its sockets in between.
void Turnstile::next() {
    turning_ = !waiting_.empty();
    if (!turning_) return;
    auto* turn = waiting_.front();
    waiting_.pop_front();
    counters_.handshakes_waiting = waiting_.size();
    turn->cancel();
    asio::post(io_, [this] { next(); });
}

}  // namespace huecry::relay
