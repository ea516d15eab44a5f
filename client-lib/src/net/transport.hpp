#pragma once

#include <array>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "huecry/result.hpp"
#include "huecry/wire/address.hpp"

namespace huecry::net {

/// One WebSocket over TLS to a relay: whole binary messages in and out. One reader and one writer
/// at a time. Runtime's thread only.
class Transport {
public:
    virtual ~Transport() = default;
    /// Connects, TLS, upgrade. Errors: unreachable; what the relay answered instead of upgrading.
    virtual boost::asio::awaitable<Result<void>> open(RelayAddress relay) = 0;
    /// Of this TLS connection; empty before `open`.
    [[nodiscard]] virtual std::optional<std::array<std::uint8_t, 32>> exporter() const = 0;
    /// The next message, at most max_frame bytes. Errors: unreachable (also closed by the relay),
    /// bad_frame (text, or too large).
    virtual boost::asio::awaitable<Result<std::string>> read() = 0;
    /// All messages in one write. Error: unreachable.
    virtual boost::asio::awaitable<Result<void>> write(std::vector<std::string> messages) = 0;
    /// Ends every wait at once. May be called twice and before `open`.
    virtual void close() = 0;
};

std::shared_ptr<Transport> make_websocket_transport(const boost::asio::any_io_executor& executor);

}  // namespace huecry::net
