#include "net/tls_stream.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <new>

namespace huecry::relay {
namespace {

constexpr std::size_t record_size = 16384;  // the largest (RFC 8446 section 5.1)
constexpr std::size_t record_head = 5;      // type, version, length
constexpr std::size_t buffer_size = 4 * record_size;
constexpr std::size_t max_discarded = 262144;
constexpr auto linger = std::chrono::seconds(2);
constexpr auto awaited = asio::as_tuple(asio::use_awaitable);

// For all connections of the thread; empty between two calls.
// NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables)
thread_local std::array<std::uint8_t, buffer_size> gathered;
thread_local std::array<std::uint8_t, buffer_size> incoming;
thread_local Bytes outgoing;
thread_local std::size_t waiting_in_all = 0;
// NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables)

}  // namespace

/// OpenSSL's end of the wire.
struct TlsWire {
    static int write(BIO*, const char* data, int size) {
        const auto* bytes = reinterpret_cast<const std::uint8_t*>(data);
        outgoing.insert(outgoing.end(), bytes, bytes + size);
        return size;
    }
    static int read(BIO* bio, char* into, int size) {
        auto& stream = *static_cast<TlsStream*>(BIO_get_data(bio));
        BIO_clear_retry_flags(bio);
        auto from = stream.arrived_;
        if (!stream.kept_.empty()) from = BytesView(stream.kept_).subspan(stream.kept_at_);
        const auto count = std::min(from.size(), static_cast<std::size_t>(size));
        if (count == 0) {
            if (!stream.ended_) BIO_set_retry_read(bio);
            return stream.ended_ ? 0 : -1;
        }
        std::memcpy(into, from.data(), count);
        if (stream.kept_.empty()) {
            stream.arrived_ = from.subspan(count);
            return static_cast<int>(count);
        }
        stream.kept_at_ += count;
        if (stream.kept_at_ == stream.kept_.size()) {
            Bytes().swap(stream.kept_);
            stream.kept_at_ = 0;
        }
        return static_cast<int>(count);
    }
    static long control(BIO* bio, int command, long, void*) {
        if (command == BIO_CTRL_EOF) return static_cast<TlsStream*>(BIO_get_data(bio))->ended_;
        return command == BIO_CTRL_FLUSH ? 1 : 0;
    }
    static int create(BIO* bio) {
        BIO_set_init(bio, 1);
        return 1;
    }
    static const BIO_METHOD* method() {
        static const auto* made = [] {
            auto* out = BIO_meth_new(BIO_TYPE_SOURCE_SINK | BIO_get_new_index(), "huecry");
            if (out == nullptr) throw std::bad_alloc();
            BIO_meth_set_write(out, write);
            BIO_meth_set_read(out, read);
            BIO_meth_set_ctrl(out, control);
            BIO_meth_set_create(out, create);
            return out;
        }();
        return made;
    }
};

TlsStream::TlsStream(TcpSocket socket, const TlsContext& context, Turnstile& turnstile,
                     std::uint64_t address)
    : socket_(std::move(socket)),
      context_(context),
      stranger_(new Stranger{turnstile, address, LoopTimer(socket_.get_executor()), {}}) {
    ErrorCode ignored;
    socket_.native_non_blocking(true, ignored);
    socket_.non_blocking(true, ignored);
    socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
}

void TlsStream::make_tls() {
    auto* wire = BIO_new(TlsWire::method());
    ssl_ = SSL_new(context_.native());
    if (ssl_ == nullptr || wire == nullptr) {
        BIO_free(wire);
        return fail(asio::error::no_memory);
    }
    BIO_set_data(wire, this);
    SSL_set_bio(ssl_, wire, wire);
    SSL_set_accept_state(ssl_);
}

TlsStream::~TlsStream() {
    waiting_in_all -= queued_ + blocked_.size();
    SSL_free(ssl_);
}

TlsStream::Step TlsStream::step_of(int result) {
    const int code = SSL_get_error(ssl_, result);
    if (code == SSL_ERROR_WANT_READ) return Step::want_read;
    ErrorCode error = asio::error::connection_reset;
    if (code == SSL_ERROR_ZERO_RETURN) error = asio::error::eof;
    if (code == SSL_ERROR_SSL) error = asio::error::fault;
    ERR_clear_error();
    send_out();  // the alert that says why
    fail(error);
    return Step::failed;
}

/// One receive, if the socket may have something; false when nothing came of it.
bool TlsStream::receive() {
    if (!readable_ || ended_) return false;
    const auto got = ::recv(socket_.native_handle(), incoming.data(), incoming.size(), 0);
    readable_ = got == static_cast<ssize_t>(incoming.size());
    if (got > 0) arrived_ = BytesView(incoming).first(static_cast<std::size_t>(got));
    ended_ = got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);
    return got >= 0 || ended_;
}

/// Before another connection uses the shared buffer.
void TlsStream::keep_rest() {
    if (arrived_.empty()) return;
    kept_ = to_bytes(arrived_);
    arrived_ = {};
}

/// What OpenSSL has written; false when the connection has failed.
bool TlsStream::send_out() {
    if (outgoing.empty()) return open_;
    std::size_t sent = 0;
    if (open_ && blocked_.empty()) {
        const auto count =
            ::send(socket_.native_handle(), outgoing.data(), outgoing.size(), MSG_NOSIGNAL);
        if (count < 0 && errno != EAGAIN && errno != EINTR) fail(asio::error::connection_reset);
        if (count > 0) sent = static_cast<std::size_t>(count);
    }
    if (open_ && sent < outgoing.size()) {
        const auto rest = BytesView(outgoing).subspan(sent);
        blocked_.insert(blocked_.end(), rest.begin(), rest.end());
        waiting_in_all += rest.size();
        wait_writable();
    }
    outgoing.clear();
    return open_;
}

TlsStream::Step TlsStream::read_once(std::uint8_t* into, std::size_t size, std::size_t& got) {
    got = 0;
    if (!open_) return Step::failed;
    if (used_up()) {
        error_ = asio::error::eof;
        return Step::failed;
    }
    // Nothing was left by the last call: OpenSSL need not be asked.
    if (kept_.empty() && SSL_has_pending(ssl_) == 0 && !ended_ && !receive())
        return Step::want_read;
    for (;;) {
        ERR_clear_error();
        const int result = SSL_read_ex(ssl_, into, size, &got);
        keep_rest();
        if (result == 1) {
            allowance_ -= std::min(allowance_, got);
            send_out();
            return Step::done;
        }
        const bool closing = SSL_get_error(ssl_, result) == SSL_ERROR_ZERO_RETURN;
        // End of the peer's data is not the end of ours: only the reader is told.
        if (closing) {
            send_out();
            error_ = asio::error::eof;
            return Step::failed;
        }
        if (step_of(result) == Step::failed || !send_out()) return Step::failed;
        if (!receive()) return Step::want_read;
    }
}

bool TlsStream::must_wait() {
    auto& stranger = *stranger_;
    stranger.place = stranger.turnstile.enter(stranger.address, stranger.turn);
    return stranger.place.has_value();
}

void TlsStream::proved() {
    if (stranger_) stranger_->turnstile.proved(stranger_->address);
    stranger_.reset();
}

/// How many bytes the record at the front of the socket has; nothing when OpenSSL is to refuse it.
std::optional<std::size_t> TlsStream::first_record_size() {
    std::array<std::uint8_t, record_head> head{};
    const auto got = ::recv(socket_.native_handle(), head.data(), head.size(), MSG_PEEK);
    const auto length = static_cast<std::size_t>(head[3] << 8 | head[4]);
    if (got != record_head || head[0] != 22 || length == 0 || length > record_size) return {};
    return record_head + length;
}

/// A ClientHello that comes in crumbs, or in part, stays with the kernel until its record is whole.
asio::awaitable<void> TlsStream::first_record() {
    ErrorCode ignored;
    std::size_t there = socket_.available(ignored);
    bool waited = false;
    std::optional<std::size_t> wanted = record_head;
    for (;;) {
        if (there >= record_head) wanted = first_record_size();
        if (!wanted || there >= *wanted) break;
        waited = true;
        const auto mark = static_cast<int>(*wanted);
        socket_.set_option(asio::socket_base::receive_low_watermark(mark), ignored);
        const auto [error] = co_await async_readable(awaited);
        if (error) co_return fail(error);
        there = socket_.available(ignored);
        if (there < *wanted) co_return fail(asio::error::eof);
    }
    if (waited) socket_.set_option(asio::socket_base::receive_low_watermark(1), ignored);
}

asio::awaitable<ErrorCode> TlsStream::handshake() {
    const auto self = shared_from_this();
    // Who says nothing costs next to nothing.
    const auto [silent] = co_await async_readable(awaited);
    if (silent) fail(silent);
    if (open_) co_await first_record();
    if (open_) make_tls();
    while (open_) {
        ERR_clear_error();
        const int result = SSL_do_handshake(ssl_);
        keep_rest();
        if (result == 1) {
            send_out();
            co_return error_;
        }
        if (step_of(result) == Step::failed || !send_out()) break;
        if (receive()) continue;
        const auto [error] = co_await async_readable(awaited);
        if (error) fail(error);
        readable_ = true;
    }
    co_return error_;
}

std::size_t TlsStream::all_waiting() { return waiting_in_all; }

std::optional<std::array<std::uint8_t, 32>> TlsStream::exporter() const {
    static constexpr std::string_view label = "EXPORTER-Channel-Binding";
    std::array<std::uint8_t, 32> out{};
    if (ssl_ == nullptr || SSL_is_init_finished(ssl_) != 1 ||
        SSL_export_keying_material(ssl_, out.data(), out.size(), label.data(), label.size(),
                                   nullptr, 0, 0) != 1)
        return std::nullopt;
    return out;
}

asio::awaitable<ErrorCode> TlsStream::read(std::span<std::uint8_t> into, std::size_t& got) {
    const auto self = shared_from_this();
    for (;;) {
        const auto step = read_once(into.data(), into.size(), got);
        if (step == Step::done) co_return ErrorCode{};
        if (step == Step::failed) co_return error_ ? error_ : asio::error::operation_aborted;
        const auto [error] = co_await async_readable(awaited);
        if (error) co_return error;
        readable_ = true;
    }
}

void TlsStream::queue(BytesView prefix, SharedBytes body) {
    if (!open_) return;
    Piece piece;
    piece.prefix_size = std::min(prefix.size(), piece.prefix.size());
    std::copy_n(prefix.begin(), piece.prefix_size, piece.prefix.begin());
    piece.body = std::move(body);
    queued_ += piece.size();
    waiting_in_all += piece.size();
    queue_.push_back(std::move(piece));
}

ErrorCode TlsStream::queue_control(std::string bytes) {
    if (!open_) return asio::error::operation_aborted;
    if (control_queued_ + bytes.size() > max_queued_control) return asio::error::no_buffer_space;
    control_queued_ += bytes.size();
    queue(std::move(bytes));
    flush();
    return open_ ? ErrorCode{} : error_;
}

std::size_t TlsStream::gather(std::span<std::uint8_t> into) {
    std::size_t used = 0;
    const auto take = [&](BytesView part, std::size_t skip) {
        const auto size = std::min(part.size() - skip, into.size() - used);
        std::copy_n(part.begin() + static_cast<std::ptrdiff_t>(skip), size,
                    into.begin() + static_cast<std::ptrdiff_t>(used));
        used += size;
        first_offset_ += size;
    };
    while (!queue_.empty() && used < into.size()) {
        const auto& piece = queue_.front();
        if (first_offset_ < piece.prefix_size)
            take(BytesView(piece.prefix).first(piece.prefix_size), first_offset_);
        if (first_offset_ >= piece.prefix_size)
            take(view(*piece.body), first_offset_ - piece.prefix_size);
        if (first_offset_ < piece.size()) break;
        queue_.pop_front();
        first_offset_ = 0;
    }
    queued_ -= used;
    waiting_in_all -= used;
    return used;
}

/// Whole records of a long message are taken from where it stands; all else is put together first.
bool TlsStream::encrypt_some() {
    const auto& front = queue_.front();
    SharedBytes body;
    BytesView bytes;
    if (first_offset_ >= front.prefix_size) {
        const auto rest = view(*front.body).subspan(first_offset_ - front.prefix_size);
        bytes = rest.first(std::min(rest.size(), buffer_size) / record_size * record_size);
        body = front.body;
    }
    if (bytes.empty()) {
        const bool is_long = front.size() - first_offset_ >= 2 * record_size;
        const auto into = std::span(gathered).first(is_long ? record_size : buffer_size);
        bytes = BytesView(gathered).first(gather(into));
    } else {
        queued_ -= bytes.size();
        waiting_in_all -= bytes.size();
        first_offset_ += bytes.size();
        if (first_offset_ == front.size()) {
            queue_.pop_front();
            first_offset_ = 0;
        }
    }
    std::size_t written = 0;
    const int result = SSL_write_ex(ssl_, bytes.data(), bytes.size(), &written);
    if (result != 1) step_of(result);
    return result == 1;
}

void TlsStream::flush() {
    while (open_ && blocked_.empty() && !queue_.empty()) {
        bool good = true;
        while (good && !queue_.empty() && outgoing.size() < buffer_size) good = encrypt_some();
        send_out();
        if (!good) return fail(asio::error::fault);  // it cannot be the wire: it takes everything
    }
    if (queued_ > 0 || !blocked_.empty()) return;
    control_queued_ = 0;
    if (drained_) drained_->cancel();
}

void TlsStream::wait_writable() {
    if (waiting_) return;
    waiting_ = true;
    socket_.async_wait(asio::socket_base::wait_write, [self = shared_from_this()](ErrorCode error) {
        self->waiting_ = false;
        if (error) return self->fail(error);
        waiting_in_all -= self->blocked_.size();
        outgoing.swap(self->blocked_);
        Bytes().swap(self->blocked_);
        if (!self->send_out()) return;
        self->flush();
        if (self->queued_ == 0 && self->blocked_.empty() && self->on_drained_) self->on_drained_();
    });
}

asio::awaitable<ErrorCode> TlsStream::drained() {
    const auto self = shared_from_this();
    while (open_ && (queued_ > 0 || !blocked_.empty())) {
        if (!drained_) drained_.emplace(get_executor());
        drained_->expires_at(asio::steady_timer::time_point::max());
        co_await drained_->async_wait(awaited);
    }
    co_return open_ ? ErrorCode{} : error_;
}

asio::awaitable<void> TlsStream::finish() {
    const auto self = shared_from_this();
    LoopTimer deadline(get_executor(), linger);
    deadline.async_wait([self](ErrorCode error) {
        if (!error) self->close();
    });
    flush();
    const auto sent = co_await drained();
    if (!sent && open_ && ssl_ != nullptr) {
        ERR_clear_error();
        SSL_shutdown(ssl_);
        send_out();
        ErrorCode ignored;
        socket_.shutdown(asio::socket_base::shutdown_send, ignored);
    }
    std::size_t discarded = 0;
    while (open_ && discarded < max_discarded) {
        const auto [error] = co_await async_readable(awaited);
        if (error || !open_) break;
        ErrorCode failure;
        const auto got = socket_.read_some(asio::buffer(incoming), failure);
        if (failure && failure != asio::error::would_block) break;
        discarded += got;
    }
    deadline.cancel();
    close();
}

void TlsStream::close() { fail(asio::error::operation_aborted); }

void TlsStream::fail(ErrorCode error) {
    if (!open_) return;
    open_ = false;
    error_ = error;
    ErrorCode ignored;
    socket_.close(ignored);
    waiting_in_all -= queued_ + blocked_.size();
    queue_.clear();
    queued_ = 0;
    Bytes().swap(blocked_);
    if (drained_) drained_->cancel();
    if (stranger_ && stranger_->place) {
        stranger_->turnstile.leave(*stranger_->place);
        stranger_->turn.cancel();
    }
}

}  // namespace huecry::relay
