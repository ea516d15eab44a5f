#pragma once

#include <array>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "huecry/result.hpp"
#include "huecry/wire/address.hpp"

namespace huecry::net {

struct HttpRequest {
    std::string method;  // GET, HEAD, POST, PUT
    std::string target;
    std::map<std::string, std::string> headers;
    std::string body;
};

struct HttpAnswer {
    unsigned status = 0;
    std::map<std::string, std::string> headers;  // names in lower case
    std::string body;

    /// Empty when there is no such header.
    [[nodiscard]] std::string header(const std::string& lower_name) const;
    /// A header that is a decimal number.
    [[nodiscard]] std::optional<std::uint64_t> number(const std::string& lower_name) const;
    /// For a status of 400 and above: the code in the Failure that the relay sends as the body.
    [[nodiscard]] Error error() const;
};

/// One keep-alive HTTPS connection to a relay; one request at a time. Runtime's thread only.
class HttpsConnection {
public:
    virtual ~HttpsConnection() = default;
    virtual boost::asio::awaitable<Result<void>> open(RelayAddress relay) = 0;
    [[nodiscard]] virtual std::optional<std::array<std::uint8_t, 32>> exporter() const = 0;
    /// An answer with a body above `max_body`, or headers above max_http_header, is an error.
    /// Any error ends the connection. Errors: unreachable, too_large.
    virtual boost::asio::awaitable<Result<HttpAnswer>> exchange(HttpRequest request,
                                                                std::uint64_t max_body) = 0;
    /// False once the relay has closed it or announced to do so.
    [[nodiscard]] virtual bool usable() const = 0;
    virtual void close() = 0;
};

std::shared_ptr<HttpsConnection> make_https_connection(
    const boost::asio::any_io_executor& executor);

}  // namespace huecry::net
