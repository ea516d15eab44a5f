#pragma once

#include "net/http_request.hpp"
#include "net/tls_stream.hpp"
#include "net/websocket_reader.hpp"

namespace huecry::relay {

/// A server's end of a WebSocket (RFC 6455) on a TLS stream: messages one way and the other, and
/// the control frames that go with them. What goes out is the shared message behind a header of 2
/// to 10 bytes, so that one encoded message serves all its readers. No extension is ever
/// negotiated.
class WebSocket {
public:
    /// `stream` outlives it.
    explicit WebSocket(TlsStream& stream) : stream_(stream) {}

    /// Queues the answer to the upgrade. Its fields have been checked.
    void accept(const HttpHead& head);

    /// The next whole binary message of `input`, which is taken from its beginning; valid until the
    /// next call. Empty when there is none: then `input` is used up, or `ended()`. Pings and a
    /// closing frame are answered; a text message, one above `limit`, one in too many fragments, or
    /// too many pings end the connection with the close code that RFC 6455 has for it.
    [[nodiscard]] std::optional<BytesView> take(BytesView& input, std::size_t limit);
    /// The peer has closed, or broken the rules: nothing more is to be read.
    [[nodiscard]] bool ended() const { return ended_; }

    /// Queues one binary message.
    void send(SharedBytes message);
    /// Queues a ping; the answer counts as `heard()`.
    void ping();
    /// Queues the closing frame, once; what arrives afterwards only ends the connection.
    void close(std::uint16_t code);
    /// True once after something (a message or a pong) has arrived since the last call.
    [[nodiscard]] bool heard();

private:
    void answer_ping(BytesView payload);

    TlsStream& stream_;
    WebSocketReader reader_;
    bool heard_ = true;
    bool closed_ = false;
    bool ended_ = false;
};

}  // namespace huecry::relay
