#include "net/tls_stream.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <new>

namespace huecry::relay {
namespace {

constexpr std::size_t record_size = 16384;  // the largest TLS plaintext (RFC 8446 section 5.1)
constexpr std::size_t max_discarded = 262144;
constexpr auto linger = std::chrono::seconds(2);
constexpr auto awaited = asio::as_tuple(asio::use_awaitable);

// One for all connections: records are gathered and encrypted in one go, without waiting between.
thread_local std::array<std::uint8_t, record_size> scratch;

}  // namespace

TlsStream::TlsStream(asio::ip::tcp::socket socket, const TlsContext& context)
    : socket_(std::move(socket)), ssl_(SSL_new(context.native())) {
    if (ssl_ == nullptr) throw std::bad_alloc();
    ErrorCode ignored;
    socket_.native_non_blocking(true, ignored);
    socket_.non_blocking(true, ignored);
    socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
    SSL_set_fd(ssl_, socket_.native_handle());
    SSL_set_accept_state(ssl_);
}

TlsStream::~TlsStream() { SSL_free(ssl_); }

TlsStream::Step TlsStream::step_of(int result) {
    const int code = SSL_get_error(ssl_, result);
    if (code == SSL_ERROR_WANT_READ) return Step::want_read;
    if (code == SSL_ERROR_WANT_WRITE) return Step::want_write;
    ErrorCode error = asio::error::connection_reset;
    if (code == SSL_ERROR_ZERO_RETURN) error = asio::error::eof;
    if (code == SSL_ERROR_SSL) error = asio::error::fault;
    fail(error);
    return Step::failed;
}

TlsStream::Step TlsStream::read_once(std::uint8_t* into, std::size_t size, std::size_t& got) {
    got = 0;
    if (!open_) return Step::failed;
    ERR_clear_error();
    const int result = SSL_read_ex(ssl_, into, size, &got);
    if (result == 1) return Step::done;
    // End of the peer's data is not the end of ours: only the reader is told.
    if (SSL_get_error(ssl_, result) == SSL_ERROR_ZERO_RETURN) {
        error_ = asio::error::eof;
        return Step::failed;
    }
    return step_of(result);
}

TlsStream::Step TlsStream::write_once(BytesView record) {
    std::size_t written = 0;
    ERR_clear_error();
    const int result = SSL_write_ex(ssl_, record.data(), record.size(), &written);
    return result == 1 ? Step::done : step_of(result);
}

asio::awaitable<ErrorCode> TlsStream::handshake() {
    const auto self = shared_from_this();
    while (open_) {
        ERR_clear_error();
        const int result = SSL_do_handshake(ssl_);
        if (result == 1) co_return ErrorCode{};
        const auto step = step_of(result);
        if (step == Step::failed) break;
        const auto direction =
            step == Step::want_read ? asio::socket_base::wait_read : asio::socket_base::wait_write;
        const auto [error] = co_await socket_.async_wait(direction, awaited);
        if (error) fail(error);
    }
    co_return error_;
}

std::optional<std::array<std::uint8_t, 32>> TlsStream::exporter() const {
    static constexpr std::string_view label = "EXPORTER-Channel-Binding";
    std::array<std::uint8_t, 32> out{};
    if (SSL_is_init_finished(ssl_) != 1 ||
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
        const auto direction =
            step == Step::want_read ? asio::socket_base::wait_read : asio::socket_base::wait_write;
        const auto [error] = co_await socket_.async_wait(direction, awaited);
        if (error) co_return error;
    }
}

void TlsStream::queue(BytesView prefix, SharedBytes body) {
    if (!open_) return;
    Piece piece;
    piece.prefix_size = std::min(prefix.size(), piece.prefix.size());
    std::copy_n(prefix.begin(), piece.prefix_size, piece.prefix.begin());
    piece.body = std::move(body);
    queued_ += piece.size();
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
    return used;
}

void TlsStream::flush() {
    while (open_ && !waiting_) {
        BytesView record = blocked_;
        if (record.empty()) record = BytesView(scratch).first(gather(scratch));
        if (record.empty()) break;
        const auto step = write_once(record);
        if (step == Step::failed) return;
        if (step == Step::done) {
            if (!blocked_.empty()) Bytes().swap(blocked_);
            continue;
        }
        if (blocked_.empty()) blocked_ = to_bytes(record);
        wait_writable();
    }
    if (queued_ > 0 || !blocked_.empty()) return;
    control_queued_ = 0;
    if (drained_) drained_->cancel();
}

void TlsStream::wait_writable() {
    waiting_ = true;
    socket_.async_wait(asio::socket_base::wait_write, [self = shared_from_this()](ErrorCode error) {
        self->waiting_ = false;
        if (error) return self->fail(error);
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
    asio::steady_timer deadline(get_executor(), linger);
    deadline.async_wait([self](ErrorCode error) {
        if (!error) self->close();
    });
    flush();
    const auto sent = co_await drained();
    if (!sent && open_) {
        ERR_clear_error();
        SSL_shutdown(ssl_);
        ErrorCode ignored;
        socket_.shutdown(asio::socket_base::shutdown_send, ignored);
    }
    std::size_t discarded = 0;
    while (open_ && discarded < max_discarded) {
        const auto [error] = co_await socket_.async_wait(asio::socket_base::wait_read, awaited);
        if (error || !open_) break;
        ErrorCode failure;
        const auto got = socket_.read_some(asio::buffer(scratch), failure);
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
    queue_.clear();
    queued_ = 0;
    Bytes().swap(blocked_);
    if (drained_) drained_->cancel();
}

}  // namespace huecry::relay
