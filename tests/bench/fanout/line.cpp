#include "bench/fanout/line.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <new>

namespace huecry::bench {
namespace {

// One for all lines: what is read is handed on before the next read.
std::array<std::uint8_t, 65536> incoming;

}  // namespace

Line::Line(asio::io_context& io, ssl_ctx_st* context, Events events)
    : socket_(io), ssl_(SSL_new(context)), events_(std::move(events)) {
    if (ssl_ == nullptr) throw std::bad_alloc();
}

Line::~Line() { SSL_free(ssl_); }

void Line::connect(const Tcp::endpoint& from, const Tcp::endpoint& to) {
    boost::system::error_code error;
    socket_.open(to.protocol(), error);
    if (!error) socket_.set_option(asio::socket_base::reuse_address(true), error);
    if (!error) socket_.bind(from, error);
    if (error) return fail("cannot bind");
    socket_.set_option(Tcp::no_delay(true), error);
    socket_.async_connect(to, [self = shared_from_this()](boost::system::error_code failed) {
        if (!self->open_) return;
        if (failed) return self->fail("cannot connect");
        self->socket_.native_non_blocking(true, failed);
        SSL_set_fd(self->ssl_, self->socket_.native_handle());
        SSL_set_connect_state(self->ssl_);
        self->handshake();
    });
}

void Line::handshake() {
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_);
    if (result == 1) {
        events_.ready();
        if (open_) read_all();
        return;
    }
    const int code = SSL_get_error(ssl_, result);
    if (code != SSL_ERROR_WANT_READ && code != SSL_ERROR_WANT_WRITE)
        return fail("the TLS handshake failed");
    const auto direction =
        code == SSL_ERROR_WANT_READ ? asio::socket_base::wait_read : asio::socket_base::wait_write;
    socket_.async_wait(direction, [self = shared_from_this()](boost::system::error_code error) {
        if (!self->open_) return;
        if (error) return self->fail("cut off in the TLS handshake");
        self->handshake();
    });
}

void Line::wait_readable() {
    socket_.async_wait(asio::socket_base::wait_read,
                       [self = shared_from_this()](boost::system::error_code error) {
                           if (!self->open_) return;
                           if (error) return self->fail("cut off");
                           self->read_all();
                       });
}

void Line::read_all() {
    std::size_t total = 0;
    while (open_ && total < 4 * incoming.size()) {
        std::size_t got = 0;
        ERR_clear_error();
        const int result = SSL_read_ex(ssl_, incoming.data(), incoming.size(), &got);
        if (result != 1) {
            if (SSL_get_error(ssl_, result) != SSL_ERROR_WANT_READ) return fail("cut off");
            return wait_readable();
        }
        total += got;
        events_.data(BytesView(incoming).first(got));
    }
    if (!open_) return;
    // The others have their turn; OpenSSL may hold bytes that the socket knows nothing of.
    asio::post(socket_.get_executor(), [self = shared_from_this()] {
        if (self->open_) self->read_all();
    });
}

void Line::write(BytesView bytes) {
    if (!open_) return;
    rest_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (!waiting_) write_rest();
}

void Line::write_rest() {
    while (open_ && sent_ < rest_.size()) {
        std::size_t written = 0;
        ERR_clear_error();
        const int result = SSL_write_ex(ssl_, rest_.data() + sent_, rest_.size() - sent_, &written);
        if (result == 1) {
            sent_ += written;
            continue;
        }
        if (SSL_get_error(ssl_, result) != SSL_ERROR_WANT_WRITE) return fail("cannot write");
        waiting_ = true;
        socket_.async_wait(asio::socket_base::wait_write,
                           [self = shared_from_this()](boost::system::error_code error) {
                               self->waiting_ = false;
                               if (!self->open_) return;
                               if (error) return self->fail("cut off while writing");
                               self->write_rest();
                           });
        return;
    }
    rest_.clear();
    sent_ = 0;
}

void Line::close() {
    silent_ = true;
    end();
}

void Line::end() {
    open_ = false;
    boost::system::error_code ignored;
    socket_.close(ignored);
}

void Line::fail(const char* why) {
    if (!open_) return;
    end();
    // Not from within the call that failed.
    asio::post(socket_.get_executor(), [self = shared_from_this(), why] {
        if (!self->silent_) self->events_.end(why);
    });
}

std::array<std::uint8_t, 32> Line::exporter() const {
    static constexpr std::string_view label = "EXPORTER-Channel-Binding";
    std::array<std::uint8_t, 32> out{};
    SSL_export_keying_material(ssl_, out.data(), out.size(), label.data(), label.size(), nullptr, 0,
                               0);
    return out;
}

TlsClient::TlsClient() : context_(SSL_CTX_new(TLS_client_method())) {
    if (context_ == nullptr) throw std::bad_alloc();
    SSL_CTX_set_verify(context_, SSL_VERIFY_NONE, nullptr);
    SSL_CTX_set_min_proto_version(context_, TLS1_3_VERSION);
    SSL_CTX_set_max_proto_version(context_, TLS1_3_VERSION);
    SSL_CTX_set_ciphersuites(context_, "TLS_AES_128_GCM_SHA256");
    SSL_CTX_set1_groups_list(context_, "X25519");
    SSL_CTX_set_session_cache_mode(context_, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_read_ahead(context_, 1);
    SSL_CTX_set_mode(context_, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                   SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

TlsClient::~TlsClient() { SSL_CTX_free(context_); }

}  // namespace huecry::bench
