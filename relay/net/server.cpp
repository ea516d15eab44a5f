#include "net/server.hpp"

#include "net/listener.hpp"

namespace huecry::relay {
namespace {

constexpr auto look_again = std::chrono::milliseconds(20);

}  // namespace

struct Server::Impl {
    explicit Impl(Parts parts)
        : network{parts.io,    parts.core,   parts.blobs, parts.tls,
                  parts.clock, parts.random, parts.log,   parts.options},
          listener(network),
          timer(parts.io) {
        network.driver.on_rest([this] { network.turnstile.resume(); });
    }

    void wait_for_end() {
        const bool over = std::chrono::steady_clock::now() >= until;
        if (over || (network.counters.open_sockets == 0 && network.driver.idle())) {
            network.log(over ? LogLevel::warning : LogLevel::info, "drained",
                        {LogField::number("left_open", network.counters.open_sockets)});
            network.driver.stop();
            return done();
        }
        timer.expires_after(look_again);
        timer.async_wait([this](ErrorCode error) {
            if (!error) wait_for_end();
        });
    }

    Network network;
    Listener listener;
    asio::steady_timer timer;
    std::chrono::steady_clock::time_point until;
    std::function<void()> done;
};

Server::Server(Parts parts) : impl_(std::make_unique<Impl>(std::move(parts))) {}
Server::~Server() = default;

Result<std::uint16_t> Server::listen(const std::string& host, std::uint16_t port) {
    HUECRY_TRY_ASSIGN(const auto bound, impl_->listener.listen(host, port));
    impl_->network.driver.start_ticking();
    return bound;
}

void Server::drain(std::uint32_t spread_ms, std::chrono::seconds longest,
                   std::function<void()> done) {
    auto& network = impl_->network;
    if (network.draining) return;
    network.draining = true;
    impl_->done = std::move(done);
    impl_->until = std::chrono::steady_clock::now() + longest;
    impl_->listener.stop();
    network.core.drain(spread_ms);
    network.driver.kick();
    const auto resting = network.resting;
    for (auto* stream : resting) stream->close();
    impl_->wait_for_end();
}

void Server::on_broken(std::function<void(Errc)> told) {
    impl_->network.driver.on_broken(std::move(told));
}

const NetCounters& Server::counters() const {
    impl_->network.counters.queued_bytes = TlsStream::all_waiting();
    return impl_->network.counters;
}
bool Server::draining() const { return impl_->network.draining; }
void Server::after_commit(std::function<void()> done) {
    impl_->network.driver.after_commit(std::move(done));
}

}  // namespace huecry::relay
