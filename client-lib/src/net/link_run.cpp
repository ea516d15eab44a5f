#include "net/link_run.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "huecry/limits.hpp"
#include "huecry/wire/header.hpp"
#include "net/deadline.hpp"

namespace huecry::net {

namespace asio = boost::asio;

namespace {

constexpr asio::as_tuple_t<asio::use_awaitable_t<>> waiting{};
/// Six of the largest frames. Whoever is told that a frame was not taken keeps it in the outbox.
constexpr std::size_t max_queued = 6 * limits::max_frame;
/// A relay may ask for patience, not for silence.
constexpr std::uint32_t longest_asked_ms = 300000;

}  // namespace

LinkRun::Connection::Connection(const asio::any_io_executor& executor)
    : transport(make_websocket_transport(executor)),
      wake(executor, asio::steady_timer::time_point::max()) {}

void LinkRun::Connection::end() {
    over = true;
    wake.cancel();
    transport->close();
}

LinkRun::LinkRun(const asio::any_io_executor& executor, crypto::Random& random, Identity identity,
                 LinkListener& listener, const LinkTimes& times)
    : executor_(executor),
      random_(random),
      identity_(std::move(identity)),
      listener_(listener),
      times_(times),
      backoff_(times.reconnect_first, times.reconnect_max,
               [&random] {
                   const std::uint64_t high = random.u32();
                   return high << 32 | random.u32();
               }),
      pause_(executor),
      watch_(executor) {}

asio::awaitable<void> LinkRun::lead(std::shared_ptr<LinkRun> self) {
    while (!self->cancelled_) {
        self->reset_ = false;
        self->was_up_ = false;
        self->goodbye_.reset();
        const auto began = std::chrono::steady_clock::now();
        auto connecting = self->connection();
        const auto ending = co_await std::move(connecting);
        if (self->cancelled_) break;
        // A session that did not last is no success: a relay that falls over each time it is
        // greeted must not be greeted four times a second.
        if (self->was_up_ && std::chrono::steady_clock::now() - began >= self->times_.reconnect_max)
            self->backoff_.reset();
        if (self->reset_) {
            if (self->was_up_) self->listener_.down(ending.why, true, std::chrono::milliseconds(0));
            continue;
        }
        self->active_ = tries_again(ending);
        const auto delay = self->delay_after(ending);
        self->listener_.down(ending.why, self->active_, delay);
        if (self->cancelled_ || !self->active_) break;
        if (self->reset_) continue;
        self->pause_.expires_after(delay);
        const auto [woken] = co_await self->pause_.async_wait(waiting);
        static_cast<void>(woken);
    }
}

std::chrono::milliseconds LinkRun::delay_after(const Ending& ending) {
    if (!active_) return std::chrono::milliseconds(0);
    const auto asked = std::min(ending.reconnect_after_ms.value_or(0), longest_asked_ms);
    return backoff_.next() + std::chrono::milliseconds(asked);
}

asio::awaitable<Ending> LinkRun::connection() {
    const auto connection = std::make_shared<Connection>(executor_);
    connection_ = connection;
    if (!identity_.relay.key) co_return Ending{Error{Errc::relay_key_unknown}, {}};
    Deadline deadline(executor_, times_.proof_deadline,
                      [connection] { connection->transport->close(); });
    auto proving = prove(connection);
    const auto ready = co_await std::move(proving);
    Ending ending;
    if (!deadline.stop()) {
        ending.why = Error{Errc::unreachable, "no answer in time"};
    } else if (!ready) {
        ending.why = ready.error();
    } else if (!cancelled_ && !reset_) {
        auto talking = talk(connection, *ready);
        ending.why = co_await std::move(talking);
    }
    if (goodbye_) ending = *goodbye_;
    up_ = false;
    watch_.cancel();
    connection->end();
    co_return ending;
}

asio::awaitable<Result<v1::Ready>> LinkRun::prove(std::shared_ptr<Connection> connection) {
    auto opening = connection->transport->open(identity_.relay);
    const auto opened = co_await std::move(opening);
    if (!opened) co_return opened.error();
    const auto exporter = connection->transport->exporter();
    if (!exporter) co_return Error{Errc::unreachable, "no TLS exporter"};
    std::array<std::uint8_t, 32> nonce{};
    random_.fill(nonce);
    Proof proof(identity_, *exporter, nonce);

    v1::Frame out;
    *out.mutable_hello() = proof.hello();
    auto asking = exchange(connection, out.SerializeAsString());
    const auto reply = co_await std::move(asking);
    if (!reply) co_return reply.error();
    if (!reply->has_hello_reply()) co_return Error{Errc::bad_frame, "no hello reply"};
    const auto proved = proof.answer(reply->hello_reply());
    if (!proved) co_return proved.error();
    hello_time_ms_ = proof.relay_time_ms();

    *out.mutable_prove() = *proved;
    auto proving = exchange(connection, out.SerializeAsString());
    auto ready = co_await std::move(proving);
    if (!ready) co_return ready.error();
    if (!ready->has_ready()) co_return Error{Errc::bad_frame, "no ready"};
    co_return std::move(*ready->mutable_ready());
}

asio::awaitable<Result<v1::Frame>> LinkRun::exchange(std::shared_ptr<Connection> connection,
                                                     std::string message) {
    std::vector<std::string> one;
    one.push_back(std::move(message));
    auto writing = connection->transport->write(std::move(one));
    const auto written = co_await std::move(writing);
    if (!written) co_return written.error();
    auto reading = next_frame(connection);
    auto answer = co_await std::move(reading);
    if (answer && answer->has_failure()) {
        const auto code = error_from_number(answer->failure().code());
        co_return Error{code.value_or(Errc::update_needed), "by the relay"};
    }
    co_return answer;
}

asio::awaitable<Result<v1::Frame>> LinkRun::next_frame(std::shared_ptr<Connection> connection) {
    auto reading = connection->transport->read();
    const auto message = co_await std::move(reading);
    if (!message) co_return message.error();
    v1::Frame frame;
    if (!frame.ParseFromString(*message)) co_return Error{Errc::bad_frame, "not a frame"};
    if (frame.has_goodbye()) {
        goodbye_ = ending_of(frame.goodbye());
        co_return goodbye_->why;
    }
    co_return frame;
}

asio::awaitable<Error> LinkRun::talk(std::shared_ptr<Connection> connection, v1::Ready ready) {
    up_ = was_up_ = true;
    heard_ = std::chrono::steady_clock::now();
    auto writing = write(connection);
    asio::co_spawn(executor_, std::move(writing), asio::detached);
    watch(connection);
    auto time_ms = hello_time_ms_;
    const auto head = Head::decode(view(ready.directory_head().head()));
    if (head) time_ms = head->time_ms;
    listener_.up(ready, time_ms);
    Error why{Errc::unreachable, "closed"};
    while (!connection->over) {
        auto reading = next_frame(connection);
        const auto frame = co_await std::move(reading);
        if (!frame) why = frame.error();
        if (!frame || connection->over) break;
        heard_ = std::chrono::steady_clock::now();
        handle(*frame);
    }
    co_return why;
}

void LinkRun::handle(const v1::Frame& frame) {
    if (frame.has_pong()) return;
    if (!frame.has_ping()) return listener_.frame(frame);
    v1::Frame answer;
    answer.set_request(frame.request());
    answer.mutable_pong()->set_number(frame.ping().number());
    static_cast<void>(send(answer));
}

asio::awaitable<void> LinkRun::write(std::shared_ptr<Connection> connection) {
    while (!connection->over) {
        if (connection->queue.empty()) {
            const auto [woken] = co_await connection->wake.async_wait(waiting);
            static_cast<void>(woken);
            continue;
        }
        auto batch = std::exchange(connection->queue, {});
        connection->queued = 0;
        auto writing = connection->transport->write(std::move(batch));
        const auto written = co_await std::move(writing);
        if (!written) connection->end();
    }
}

void LinkRun::watch(const std::shared_ptr<Connection>& connection) {
    watch_.expires_after(times_.ping);
    watch_.async_wait(
        [self = shared_from_this(), connection](const boost::system::error_code& cancelled) {
            if (!cancelled && !connection->over && self->up_) self->on_watch(connection);
        });
}

void LinkRun::on_watch(const std::shared_ptr<Connection>& connection) {
    if (std::chrono::steady_clock::now() - heard_ >= times_.give_up) return connection->end();
    v1::Frame frame;
    frame.mutable_ping()->set_number(++pings_);
    static_cast<void>(send(frame));
    watch(connection);
}

bool LinkRun::send(const v1::Frame& frame) {
    if (!up_ || connection_->over) return false;
    const auto size = frame.ByteSizeLong();
    if (size > limits::max_frame || connection_->queued + size > max_queued) return false;
    connection_->queued += size;
    connection_->queue.push_back(frame.SerializeAsString());
    if (connection_->queue.size() == 1) connection_->wake.cancel();
    return true;
}

void LinkRun::reset() {
    reset_ = true;
    up_ = false;
    if (connection_) connection_->end();
    pause_.cancel();
}

void LinkRun::cancel() {
    cancelled_ = true;
    active_ = false;
    up_ = false;
    if (connection_) connection_->end();
    pause_.cancel();
    watch_.cancel();
}

}  // namespace huecry::net
