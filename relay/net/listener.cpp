#include "net/listener.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>

#include "net/http_session.hpp"

namespace huecry::relay {
namespace {

constexpr auto awaited = asio::as_tuple(asio::use_awaitable);
// With no file descriptor left there is nothing to do but wait for one.
constexpr auto pause = std::chrono::milliseconds(100);

// As long together as one part of a handshake: whoever is not accepted soon is dropped by the
// kernel.
constexpr unsigned accepted_a_turn = 8;

Errc listen_error(const ErrorCode& error) {
    if (error == asio::error::address_in_use) return Errc::busy;
    if (error == asio::error::access_denied) return Errc::not_permitted;
    return Errc::invalid_argument;
}

}  // namespace

Result<void> bind_listener(asio::ip::tcp::acceptor& acceptor, const std::string& host,
                           std::uint16_t port) {
    asio::ip::tcp::resolver resolver(acceptor.get_executor());
    ErrorCode error;
    const auto found =
        resolver.resolve(host, std::to_string(port), asio::ip::resolver_base::passive, error);
    if (error || found.empty())
        return Error{Errc::invalid_argument, "cannot listen on " + host + ": no such address"};
    const asio::ip::tcp::endpoint endpoint = found.begin()->endpoint();
    acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(asio::ip::tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(4096, error);
    if (error)
        return Error{listen_error(error), "cannot listen on " + host + ":" + std::to_string(port) +
                                              ": " + error.message()};
    return {};
}

Listener::Listener(Network& network) : network_(network), acceptor_(network.io) {}

Result<std::uint16_t> Listener::listen(const std::string& host, std::uint16_t port) {
    HUECRY_TRY(bind_listener(acceptor_, host, port));
    ErrorCode error;
    acceptor_.non_blocking(true, error);
    const auto endpoint = acceptor_.local_endpoint(error);
    auto loop = accept_all();
    asio::co_spawn(network_.io, std::move(loop), asio::detached);
    return endpoint.port();
}

asio::awaitable<void> Listener::accept_all() {
    asio::steady_timer rest(network_.io);
    Turnstile::Timer turn(network_.io);
    while (acceptor_.is_open()) {
        const auto [error] = co_await acceptor_.async_wait(asio::socket_base::wait_read, awaited);
        if (error) continue;
        const bool waits = network_.turnstile.enter(std::nullopt, turn).has_value();
        if (waits) co_await turn.async_wait(awaited);
        if (accept_some()) continue;
        network_.log(LogLevel::warning, "accept_failed",
                     {LogField::text("reason", "no file descriptor or memory left")});
        rest.expires_after(pause);
        co_await rest.async_wait(awaited);
    }
}

bool Listener::accept_some() {
    for (unsigned i = 0; i < accepted_a_turn && acceptor_.is_open(); ++i) {
        TcpSocket socket(network_.io);
        asio::ip::tcp::endpoint peer;
        ErrorCode error;
        acceptor_.accept(socket, peer, error);
        if (error == asio::error::would_block) return true;
        if (error == asio::error::no_descriptors || error == asio::error::no_memory) return false;
        if (error) continue;
        auto ticket = network_.admission.admit(peer.address());
        if (!ticket) continue;
        auto session = serve_connection(network_, std::move(socket), std::move(*ticket));
        asio::co_spawn(network_.io, std::move(session), asio::detached);
    }
    return true;
}

void Listener::stop() {
    ErrorCode ignored;
    acceptor_.close(ignored);
}

}  // namespace huecry::relay
