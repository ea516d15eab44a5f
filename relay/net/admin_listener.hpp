#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <string>

#include "huecry/result.hpp"

namespace huecry::relay {

namespace asio = boost::asio;

/// Health and metrics for the operator, in plain HTTP on an address of its own (loopback, as a
/// rule): GET /healthz (200 while the loop turns), /readyz (503 while draining), /metrics
/// (Prometheus's text). Anything else is 404. At most 16 connections, two seconds each.
class AdminListener {
public:
    struct Pages {
        std::function<bool()> ready;
        std::function<std::string()> metrics;
    };
    AdminListener(asio::io_context& io, Pages pages);

    /// As Listener::listen.
    Result<std::uint16_t> listen(const std::string& host, std::uint16_t port);
    void stop();

private:
    asio::awaitable<void> accept_all();
    asio::awaitable<void> serve(asio::ip::tcp::socket socket);
    [[nodiscard]] std::string answer(std::string_view request_line) const;

    asio::io_context& io_;
    Pages pages_;
    asio::ip::tcp::acceptor acceptor_;
    unsigned open_ = 0;
};

}  // namespace huecry::relay
