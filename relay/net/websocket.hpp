#pragma once

#include <memory>

#include "auth/token_bucket.hpp"
#include "huecry/result.hpp"
#include "net/http_request.hpp"
#include "net/tls_stream.hpp"

namespace huecry::relay {

/// The receiving half of a WebSocket (RFC 6455), and its control frames. Beast does both; only
/// websocket.cpp includes it. Messages go out past Beast, directly into the stream's queue: a
/// server's frame is the shared message behind a header of 2 to 10 bytes, so that one encoded
/// message serves all its readers. No extension is ever negotiated.
class WebSocket {
public:
    /// `stream` outlives it.
    explicit WebSocket(TlsStream& stream);
    ~WebSocket();
    WebSocket(const WebSocket&) = delete;
    WebSocket& operator=(const WebSocket&) = delete;

    /// Answers the upgrade. Errors: malformed, unreachable.
    asio::awaitable<Result<void>> accept(const HttpHead& head);

    /// Who is given what arrives. No call may end the WebSocket's life.
    class Receiver {
    public:
        virtual ~Receiver() = default;
        /// The largest message that may come now; asked before each.
        [[nodiscard]] virtual std::size_t limit() = 0;
        /// A whole binary message, valid during the call.
        virtual void message(BytesView bytes) = 0;
        /// Closed by either side (unreachable), or ended for what came: bad_frame (text), too_large
        /// (fragments), rate_limited (control frames). Nothing follows.
        virtual void ended(Errc why) = 0;
    };
    /// Reads until the end, which keeps `receiver` (the owner of this) alive. A text message, one
    /// above the limit, one in too many fragments, or too many control frames end the connection
    /// with the close code that RFC 6455 has for it. Callbacks and not a coroutine: they hold no
    /// frames while an idle connection waits.
    void read_all(std::shared_ptr<Receiver> receiver);

    /// Queues one binary message.
    void send(SharedBytes message);
    /// Queues a ping; the answer counts as `heard()`.
    void ping();
    /// Queues the closing frame; what arrives afterwards only ends the connection.
    void close(std::uint16_t code);
    /// True once after something (a message or a pong) has arrived since the last call.
    [[nodiscard]] bool heard();

private:
    struct Beast;
    void heard_control(bool pong);
    void read_message(std::shared_ptr<Receiver> receiver);
    void read_piece(std::shared_ptr<Receiver> receiver);
    void take_piece(std::shared_ptr<Receiver> receiver, ErrorCode error, std::size_t got);
    TlsStream& stream_;
    std::unique_ptr<Beast> beast_;
    bool heard_ = true;
    bool closed_ = false;
    TokenBucket controls_;
    bool flooded_ = false;
    std::size_t allowance_ = 0;  // bytes of one message with all that is around it
    std::size_t pieces_ = 0;     // of this message
};

}  // namespace huecry::relay
