#pragma once

#include <openssl/types.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <memory>
#include <string>

#include "huecry/wire/bytes.hpp"

namespace huecry::bench {

namespace asio = boost::asio;
using Tcp = asio::ip::tcp;

/// One client's TLS 1.3 connection, the same for both servers. Callbacks come from the io_context's
/// one thread and may write or close.
class Line : public std::enable_shared_from_this<Line> {
public:
    struct Events {
        std::function<void()> ready;               // TLS is up
        std::function<void(BytesView)> data;       // valid during the call
        std::function<void(std::string why)> end;  // once, unless `close` was called
    };

    Line(asio::io_context& io, ssl_ctx_st* context, Events events);
    ~Line();
    Line(const Line&) = delete;
    Line& operator=(const Line&) = delete;

    /// From `from` (port 0) to `to`.
    void connect(const Tcp::endpoint& from, const Tcp::endpoint& to);
    /// What the socket does not take is kept and follows.
    void write(BytesView bytes);
    /// Silently: no callback any more.
    void close();
    /// RFC 9266.
    [[nodiscard]] std::array<std::uint8_t, 32> exporter() const;

private:
    void handshake();
    void wait_readable();
    void read_all();
    void write_rest();
    void fail(const char* why);
    void end();

    Tcp::socket socket_;
    ssl_st* ssl_;
    Events events_;
    std::string rest_;
    std::size_t sent_ = 0;  // of rest_
    bool waiting_ = false;  // until the socket takes more
    bool open_ = true;
    bool silent_ = false;  // closed by its owner
};

/// The client's side of TLS for all lines: 1.3, AES-128-GCM, X25519, no certificate checked.
class TlsClient {
public:
    TlsClient();
    ~TlsClient();
    TlsClient(const TlsClient&) = delete;
    TlsClient& operator=(const TlsClient&) = delete;
    [[nodiscard]] ssl_ctx_st* native() const { return context_; }

private:
    ssl_ctx_st* context_;
};

}  // namespace huecry::bench
