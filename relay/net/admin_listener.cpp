#include "net/admin_listener.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <chrono>

#include "huecry/limits.hpp"
#include "net/http_response.hpp"
#include "net/listener.hpp"

namespace huecry::relay {
namespace {

constexpr auto awaited = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t max_request = 8192;
constexpr auto longest = std::chrono::seconds(2);

HttpResponse page(unsigned status, std::string body) {
    HttpResponse out;
    out.status = status;
    out.content_type = "text/plain; version=0.0.4; charset=utf-8";
    out.body = std::move(body);
    out.close = true;
    return out;
}

}  // namespace

AdminListener::AdminListener(asio::io_context& io, Pages pages)
    : io_(io), pages_(std::move(pages)), acceptor_(io) {}

Result<std::uint16_t> AdminListener::listen(const std::string& host, std::uint16_t port) {
    HUECRY_TRY(bind_listener(acceptor_, host, port));
    boost::system::error_code error;
    const auto endpoint = acceptor_.local_endpoint(error);
    auto loop = accept_all();
    asio::co_spawn(io_, std::move(loop), asio::detached);
    return endpoint.port();
}

void AdminListener::stop() {
    boost::system::error_code ignored;
    acceptor_.close(ignored);
}

asio::awaitable<void> AdminListener::accept_all() {
    asio::steady_timer rest(io_);
    while (acceptor_.is_open()) {
        auto [error, socket] = co_await acceptor_.async_accept(awaited);
        if (error == asio::error::operation_aborted) co_return;
        if (error) {
            rest.expires_after(std::chrono::milliseconds(100));
            co_await rest.async_wait(awaited);
            continue;
        }
        if (open_ >= limits::admin_connections) continue;
        auto one = serve(std::move(socket));
        asio::co_spawn(io_, std::move(one), asio::detached);
    }
}

asio::awaitable<void> AdminListener::serve(asio::ip::tcp::socket given) {
    const auto socket = std::make_shared<asio::ip::tcp::socket>(std::move(given));
    ++open_;
    asio::steady_timer deadline(io_, longest);
    deadline.async_wait([socket](boost::system::error_code error) {
        boost::system::error_code ignored;
        if (!error) socket->close(ignored);
    });
    std::string request;
    auto buffer = asio::dynamic_buffer(request, max_request);
    const auto [failed, size] =
        co_await asio::async_read_until(*socket, buffer, "\r\n\r\n", awaited);
    if (!failed) {
        const auto line = std::string_view(request).substr(0, request.find("\r\n"));
        const auto text = answer(line);
        const auto bytes = asio::buffer(text);
        co_await asio::async_write(*socket, bytes, awaited);
        boost::system::error_code ignored;
        socket->shutdown(asio::socket_base::shutdown_both, ignored);
    }
    deadline.cancel();
    --open_;
}

std::string AdminListener::answer(std::string_view line) const {
    static constexpr std::string_view versions[] = {" HTTP/1.1", " HTTP/1.0"};
    const auto known = std::ranges::any_of(versions, [&](auto v) { return line.ends_with(v); });
    if (!line.starts_with("GET /") || !known || line.size() < 5 + versions[0].size())
        return page(400, "only GET is served here\n").text();
    const auto target = line.substr(4, line.size() - 4 - versions[0].size());
    if (target == "/healthz") return page(200, "ok\n").text();
    if (target == "/readyz" && pages_.ready()) return page(200, "ready\n").text();
    if (target == "/readyz") return page(503, "draining\n").text();
    if (target == "/metrics") return page(200, pages_.metrics()).text();
    return page(404, "nothing here\n").text();
}

}  // namespace huecry::relay
