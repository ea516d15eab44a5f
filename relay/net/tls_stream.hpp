#pragma once

#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <optional>

#include "delivery/fifo.hpp"
#include "huecry/wire/bytes.hpp"
#include "net/tls_context.hpp"
#include "net/turnstile.hpp"

namespace huecry::relay {

namespace asio = boost::asio;
using ErrorCode = boost::system::error_code;
using SharedBytes = std::shared_ptr<const std::string>;
/// With the executor itself and not one of any type: it is copied with each wait.
using LoopExecutor = asio::io_context::executor_type;
using TcpSocket = asio::ip::tcp::socket::rebind_executor<LoopExecutor>::other;
using LoopTimer = asio::steady_timer::rebind_executor<LoopExecutor>::other;

/// One TLS connection of the relay. OpenSSL never sees the socket: ciphertext goes through two
/// buffers that all connections of the thread share, so that several records leave in one send and
/// whatever has arrived is taken in one receive. An idle connection holds no buffer at all; what
/// the socket does not take, and what has been received beyond one read, is copied and kept.
///
/// Output is one queue. `queue()` keeps a reference to bytes that many connections share; `flush()`
/// gathers what is queued into full records and sends them.
///
/// It is an AsyncStream for Beast as well. Network thread only; `close()` ends every wait.
class TlsStream : public std::enable_shared_from_this<TlsStream> {
public:
    using executor_type = LoopExecutor;
    using next_layer_type = TcpSocket;

    /// Until `proved()` whatever the peer sends waits for its turn; `address`: a hash of the
    /// peer's.
    TlsStream(TcpSocket socket, const TlsContext& context, Turnstile& turnstile,
              std::uint64_t address);
    ~TlsStream();
    TlsStream(const TlsStream&) = delete;
    TlsStream& operator=(const TlsStream&) = delete;

    [[nodiscard]] executor_type get_executor() { return socket_.get_executor(); }
    [[nodiscard]] next_layer_type& next_layer() { return socket_; }

    asio::awaitable<ErrorCode> handshake();
    /// The peer is somebody's: it no longer waits with strangers.
    void proved();
    /// RFC 9266 "EXPORTER-Channel-Binding"; empty before the handshake is done.
    [[nodiscard]] std::optional<std::array<std::uint8_t, 32>> exporter() const;

    /// One read, at least one byte unless there is an error; eof is asio::error::eof.
    asio::awaitable<ErrorCode> read(std::span<std::uint8_t> into, std::size_t& got);

    /// `prefix` (at most 16 bytes) goes out directly before `body`.
    void queue(BytesView prefix, SharedBytes body);
    void queue(std::string bytes) {
        queue({}, std::make_shared<const std::string>(std::move(bytes)));
    }
    /// Sends what the socket takes now; the rest follows by itself.
    void flush();
    [[nodiscard]] std::size_t queued() const { return queued_; }
    /// The same, with what was encrypted already and the socket did not take.
    [[nodiscard]] std::size_t waiting() const { return queued_ + blocked_.size(); }
    /// Of all connections of this thread together.
    [[nodiscard]] static std::size_t all_waiting();
    /// So many more bytes are read; then the reader is told that this is the end.
    void allow(std::size_t bytes) { allowance_ = bytes; }
    [[nodiscard]] bool used_up() const { return allowance_ == 0; }
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

    template <class MutableBuffers, class Token>
    auto async_read_some(const MutableBuffers& buffers, Token&& token);
    template <class ConstBuffers, class Token>
    auto async_write_some(const ConstBuffers& buffers, Token&& token);

private:
    enum class Step { done, want_read, failed };
    struct Piece {
        std::array<std::uint8_t, 16> prefix{};
        std::size_t prefix_size = 0;
        SharedBytes body;
        [[nodiscard]] std::size_t size() const { return prefix_size + body->size(); }
    };
    template <class MutableBuffers>
    struct ReadOperation;
    struct Readable;
    template <class Token>
    auto async_readable(Token&& token);

    asio::awaitable<void> first_record();
    std::optional<std::size_t> first_record_size();
    void make_tls();
    bool must_wait();
    friend struct TlsWire;  // what OpenSSL reads from and writes to
    Step step_of(int result);
    Step read_once(std::uint8_t* into, std::size_t size, std::size_t& got);
    bool receive();
    void keep_rest();
    bool send_out();
    std::size_t gather(std::span<std::uint8_t> into);
    bool encrypt_some();
    void wait_writable();
    void fail(ErrorCode error);
    ErrorCode queue_control(std::string bytes);

    TcpSocket socket_;
    const TlsContext& context_;
    /// Gone with the proof.
    struct Stranger {
        Turnstile& turnstile;
        std::uint64_t address;
        LoopTimer turn;
        std::optional<Turnstile::Place> place;
    };
    std::unique_ptr<Stranger> stranger_;
    ssl_st* ssl_ = nullptr;  // from the first byte on
    Fifo<Piece> queue_;
    std::size_t first_offset_ = 0;  // of the first piece: what went out already
    std::size_t queued_ = 0;
    std::size_t control_queued_ = 0;  // by Beast since the queue was last empty
    Bytes blocked_;                   // ciphertext that the socket did not take
    BytesView arrived_{};             // ciphertext in the shared buffer, during one call
    Bytes kept_;                      // the same between two calls, from kept_at_ on
    std::size_t kept_at_ = 0;
    bool readable_ = true;              // the socket may have more
    bool ended_ = false;                // the peer has sent its FIN
    bool waiting_ = false;              // until the socket takes more
    std::size_t allowance_ = SIZE_MAX;  // bytes that may still be read
    bool open_ = true;
    ErrorCode error_;
    std::optional<LoopTimer> drained_;
    std::function<void()> on_drained_;
};

/// Beast's control frames wait in the same queue; a peer that makes us queue more is cut off.
inline constexpr std::size_t max_queued_control = 65536;

/// Waits until the peer has sent something, and then for its turn.
struct TlsStream::Readable {
    TlsStream& stream;
    enum { begin, ready, turn } state = begin;

    template <class Self>
    void operator()(Self& self, ErrorCode error = {}) {
        if (state == begin) {
            state = ready;
            return stream.socket_.async_wait(asio::socket_base::wait_read, std::move(self));
        }
        if (state == turn || error || !stream.stranger_ || !stream.must_wait())
            return self.complete(stream.open_ && state == turn ? ErrorCode{} : error);
        state = turn;
        stream.stranger_->turn.async_wait(std::move(self));
    }
};

template <class Token>
auto TlsStream::async_readable(Token&& token) {
    return asio::async_compose<Token, void(ErrorCode)>(Readable{*this}, token, socket_);
}

template <class MutableBuffers>
struct TlsStream::ReadOperation {
    TlsStream& stream;
    MutableBuffers buffers;
    bool started = false;
    Step step = Step::done;
    std::size_t got = 0;

    template <class Self>
    void operator()(Self& self, ErrorCode error = {}) {
        if (started && step == Step::done) return self.complete({}, got);
        if (error) return self.complete(error, 0);
        if (started) stream.readable_ = true;
        auto it = asio::buffer_sequence_begin(buffers);
        const auto end = asio::buffer_sequence_end(buffers);
        while (it != end && asio::mutable_buffer(*it).size() == 0) ++it;
        if (it != end) {
            const asio::mutable_buffer target(*it);
            step = stream.read_once(static_cast<std::uint8_t*>(target.data()), target.size(), got);
        }
        const bool first = !started;
        started = true;
        if (step == Step::want_read) return stream.async_readable(std::move(self));
        if (step == Step::done && !first) return self.complete({}, got);
        if (step == Step::done) return asio::post(stream.get_executor(), std::move(self));
        if (!first) return self.complete(stream.error_, 0);
        // A handler must not run inside the call that starts it.
        const auto failure = stream.error_;
        asio::post(stream.get_executor(),
                   [self = std::move(self), failure]() mutable { self.complete(failure, 0); });
    }
};

template <class MutableBuffers, class Token>
auto TlsStream::async_read_some(const MutableBuffers& buffers, Token&& token) {
    return asio::async_compose<Token, void(ErrorCode, std::size_t)>(
        ReadOperation<MutableBuffers>{*this, buffers}, token, socket_);
}

template <class ConstBuffers, class Token>
auto TlsStream::async_write_some(const ConstBuffers& buffers, Token&& token) {
    return asio::async_compose<Token, void(ErrorCode, std::size_t)>(
        [this, buffers, started = false](auto& self, ErrorCode error = {},
                                         std::size_t size = 0) mutable {
            if (started) return self.complete(error, size);
            started = true;
            std::string bytes(asio::buffer_size(buffers), '\0');
            const auto copied = asio::buffer_copy(asio::buffer(bytes), buffers);
            ErrorCode outcome = error_;
            if (!outcome) outcome = queue_control(std::move(bytes));
            asio::post(get_executor(), [self = std::move(self), outcome, copied]() mutable {
                self.complete(outcome, outcome ? 0 : copied);
            });
        },
        token, socket_);
}

}  // namespace huecry::relay
