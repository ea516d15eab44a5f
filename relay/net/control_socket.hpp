#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <filesystem>
#include <functional>
#include <string>

#include "huecry/result.hpp"

namespace huecry::relay {

namespace asio = boost::asio;

/// A socket in the relay's folder (mode 0600) through which a command of the operator reaches the
/// running relay: one line in, one line out. Only the relay's own user can connect.
class ControlSocket {
public:
    using Reply = std::function<void(std::string)>;
    /// Answers one request line, now or later; called on the network thread.
    using Handler = std::function<void(std::string_view request, Reply reply)>;
    ControlSocket(asio::io_context& io, Handler handler);
    ~ControlSocket();

    /// Errors: io_failed. A socket that a killed relay has left is replaced: hold the lock.
    Result<void> listen(const std::filesystem::path& folder);
    void stop();

private:
    asio::awaitable<void> accept_all();
    asio::awaitable<void> serve(asio::local::stream_protocol::socket socket);

    asio::io_context& io_;
    Handler handler_;
    asio::local::stream_protocol::acceptor acceptor_;
    std::filesystem::path path_;
};

/// Asks the relay that runs on this folder. Errors: unreachable (none does), timed_out.
Result<std::string> ask_running_relay(const std::filesystem::path& folder,
                                      const std::string& request);

}  // namespace huecry::relay
