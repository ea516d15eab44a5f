#pragma once

#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <optional>

#include "delivery/fifo.hpp"
#include "huecry/wire/bytes.hpp"
#include "net/tls_context.hpp"

namespace huecry::relay {

namespace asio = boost::asio;
using ErrorCode = boost::system::error_code;
using SharedBytes = std::shared_ptr<const std::string>;

/// One TLS connection of the relay. OpenSSL never sees the socket: ciphertext goes through two
/// buffers that all connections of the thread share, so that several records leave in one send and
/// whatever has arrived is taken in one receive. An idle connection holds no buffer at all; what
/// the socket does not take, and what has been received beyond one read, is copied and kept.
///
/// Output is one queue. `queue()` keeps a reference to bytes that many connections share; `flush()`
/// gathers what is queued into full records and sends them.
///
/// Network thread only; `close()` ends every wait.
class TlsStream : public std::enable_shared_from_this<TlsStream> {
public:
    using executor_type = asio::ip::tcp::socket::executor_type;

    TlsStream(asio::ip::tcp::socket socket, const TlsContext& context);
    ~TlsStream();
    TlsStream(const TlsStream&) = delete;
    TlsStream& operator=(const TlsStream&) = delete;

    [[nodiscard]] executor_type get_executor() { return socket_.get_executor(); }

    asio::awaitable<ErrorCode> handshake();
    /// RFC 9266 "EXPORTER-Channel-Binding"; empty before the handshake is done.
    [[nodiscard]] std::optional<std::array<std::uint8_t, 32>> exporter() const;

    /// One read, at least one byte unless there is an error; eof is asio::error::eof.
    asio::awaitable<ErrorCode> read(std::span<std::uint8_t> into, std::size_t& got);

    /// `prefix` (at most 16 bytes) goes out directly before `body`.
    void queue(BytesView prefix, SharedBytes body);
    void queue(std::string bytes) {
        queue({}, std::make_shared<const std::string>(std::move(bytes)));
    }
    /// An answer that the peer can cause at will: false, and nothing is queued, when it has let too
    /// much of them pile up.
    [[nodiscard]] bool queue_control(std::string bytes);
    /// Sends what the socket takes now; the rest follows by itself.
    void flush();
    [[nodiscard]] std::size_t queued() const { return queued_; }
    /// Everything queued has been given to the kernel, or the connection failed.
    asio::awaitable<ErrorCode> drained();
    /// Ends every wait and closes the socket at once.
    void close();
    /// The orderly end: what is queued, TLS close_notify and FIN go out, then what still arrives
    /// is thrown away (a reset would take the last answer from the peer) until the peer closes,
    /// 256 KiB are seen or two seconds have passed; then `close()`.
    asio::awaitable<void> finish();
    [[nodiscard]] bool is_open() const { return open_; }
    /// Called when a queue that had to wait for the socket has become empty.
    void on_drained(std::function<void()> callback) { on_drained_ = std::move(callback); }

private:
    enum class Step { done, want_read, failed };
    struct Piece {
        std::array<std::uint8_t, 16> prefix{};
        std::size_t prefix_size = 0;
        SharedBytes body;
        [[nodiscard]] std::size_t size() const { return prefix_size + body->size(); }
    };
    friend struct TlsWire;  // what OpenSSL reads from and writes to
    Step step_of(int result);
    Step read_once(std::uint8_t* into, std::size_t size, std::size_t& got);
    bool receive();
    void keep_rest();
    bool send_out();
    std::size_t gather(std::span<std::uint8_t> scratch);
    void wait_writable();
    void fail(ErrorCode error);

    asio::ip::tcp::socket socket_;
    ssl_st* ssl_;
    Fifo<Piece> queue_;
    std::size_t first_offset_ = 0;  // of the first piece: what went out already
    std::size_t queued_ = 0;
    std::size_t control_queued_ = 0;  // since the queue was last empty
    Bytes blocked_;                   // ciphertext that the socket did not take
    BytesView arrived_{};             // ciphertext in the shared buffer, during one call
    Bytes kept_;                      // the same between two calls, from kept_at_ on
    std::size_t kept_at_ = 0;
    bool readable_ = true;  // the socket may have more
    bool ended_ = false;    // the peer has sent its FIN
    bool waiting_ = false;  // until the socket takes more
    bool open_ = true;
    ErrorCode error_;
    std::optional<asio::steady_timer> drained_;
    std::function<void()> on_drained_;
};

/// Bound of what queue_control keeps.
inline constexpr std::size_t max_queued_control = 65536;

}  // namespace huecry::relay
