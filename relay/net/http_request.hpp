#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "huecry/result.hpp"
#include "net/tls_stream.hpp"

namespace huecry::relay {

/// Request line and headers of one HTTP/1.1 request.
struct HttpHead {
    std::string method;
    std::string target;
    std::map<std::string, std::string, std::less<>> fields;  // names in lower case
    std::optional<std::uint64_t> content_length;
    bool keep_alive = true;
    bool wants_upgrade = false;  // Connection names upgrade and Upgrade names websocket

    /// The value of a field, empty when it is absent.
    [[nodiscard]] std::string_view field(std::string_view name) const;
};

/// Reads requests one after the other from a connection, under limits: max_http_header bytes of
/// head, bodies only with a Content-Length. Holds no buffer between requests.
class HttpReader {
public:
    explicit HttpReader(TlsStream& stream);
    ~HttpReader();

    /// Errors: unreachable (the peer went), too_large (head), malformed.
    asio::awaitable<Result<HttpHead>> head();
    /// The body that belongs to the last head; once. Errors: as above; too_large above `limit`,
    /// before any of it is read.
    asio::awaitable<Result<std::string>> body(std::uint64_t limit);
    /// True when bytes after the last request have been read already.
    [[nodiscard]] bool has_leftover() const { return !buffer_.empty(); }

private:
    struct Parser;
    asio::awaitable<Result<void>> fill();

    TlsStream& stream_;
    std::string buffer_;  // read, not yet parsed
    std::unique_ptr<Parser> parser_;
};

}  // namespace huecry::relay
