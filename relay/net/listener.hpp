#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <memory>

#include "net/network.hpp"

namespace huecry::relay {

/// Accepts connections of the public port. Network thread only.
class Listener {
public:
    explicit Listener(Network& network);

    /// `host`: an IP address or a name of this machine; `port` 0 picks a free one.
    /// Returns the port. Errors: invalid_argument (no such address here), busy (the port is in
    /// use), not_permitted (a port below 1024 without the right to it).
    Result<std::uint16_t> listen(const std::string& host, std::uint16_t port);
    /// No further connection is accepted; those waiting are refused.
    void stop();

private:
    asio::awaitable<void> accept_all();
    /// Who stands there, up to a number; false when there is no descriptor or memory for them.
    [[nodiscard]] bool accept_some();

    Network& network_;
    asio::ip::tcp::acceptor acceptor_;
};

/// Binds and listens; shared with the admin listener.
Result<void> bind_listener(asio::ip::tcp::acceptor& acceptor, const std::string& host,
                           std::uint16_t port);

}  // namespace huecry::relay
