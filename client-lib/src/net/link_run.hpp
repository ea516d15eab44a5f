#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/backoff.hpp"
#include "net/ending.hpp"
#include "net/live_link.hpp"
#include "net/proof.hpp"
#include "net/transport.hpp"

namespace huecry::net {

/// One start-to-stop life of a link: connect, prove, talk, wait, again. One coroutine reads and
/// leads, a second one writes while the connection is up.
class LinkRun : public std::enable_shared_from_this<LinkRun> {
public:
    LinkRun(const boost::asio::any_io_executor& executor, crypto::Random& random, Identity identity,
            LinkListener& listener, const LinkTimes& times);

    /// The leading coroutine; `self` keeps the run alive.
    static boost::asio::awaitable<void> lead(std::shared_ptr<LinkRun> self);

    [[nodiscard]] bool send(const v1::Frame& frame);
    void reset();
    /// No listener call follows.
    void cancel();
    [[nodiscard]] bool is_up() const { return up_; }
    /// False after a refusal: nothing runs any more.
    [[nodiscard]] bool active() const { return active_; }

private:
    /// What the two coroutines of one connection share.
    struct Connection {
        explicit Connection(const boost::asio::any_io_executor& executor);
        std::shared_ptr<Transport> transport;
        boost::asio::steady_timer wake;
        std::vector<std::string> queue{};
        std::size_t queued = 0;
        bool over = false;
        void end();
    };

    boost::asio::awaitable<Ending> connection();
    boost::asio::awaitable<Result<v1::Ready>> prove(std::shared_ptr<Connection> connection);
    boost::asio::awaitable<Result<v1::Frame>> exchange(std::shared_ptr<Connection> connection,
                                                       std::string message);
    boost::asio::awaitable<Result<v1::Frame>> next_frame(std::shared_ptr<Connection> connection);
    boost::asio::awaitable<Error> talk(std::shared_ptr<Connection> connection, v1::Ready ready);
    static boost::asio::awaitable<void> write(std::shared_ptr<Connection> connection);
    void handle(const v1::Frame& frame);
    void watch(const std::shared_ptr<Connection>& connection);
    void on_watch(const std::shared_ptr<Connection>& connection);
    std::chrono::milliseconds delay_after(const Ending& ending);

    boost::asio::any_io_executor executor_;
    crypto::Random& random_;
    Identity identity_;
    LinkListener& listener_;
    LinkTimes times_;
    Backoff backoff_;
    boost::asio::steady_timer pause_;
    boost::asio::steady_timer watch_;
    std::shared_ptr<Connection> connection_;
    std::optional<Ending> goodbye_;
    std::chrono::steady_clock::time_point heard_{};
    std::uint64_t pings_ = 0;
    std::uint64_t hello_time_ms_ = 0;
    bool up_ = false;
    bool was_up_ = false;
    bool active_ = true;
    bool cancelled_ = false;
    bool reset_ = false;
};

}  // namespace huecry::net
