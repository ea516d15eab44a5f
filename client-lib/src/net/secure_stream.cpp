#include "net/secure_stream.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <vector>

namespace huecry::net {

using asio::ip::tcp;

namespace {

constexpr asio::as_tuple_t<asio::use_awaitable_t<>> waiting{};
/// One address that swallows packets must not use up the whole deadline.
constexpr std::chrono::seconds address_deadline{4};
constexpr std::size_t max_addresses = 8;
/// What may wait to be sent before a writer has to wait as well.
constexpr std::size_t write_ahead = 262144;

asio::ssl::context make_context() {
    asio::ssl::context context(asio::ssl::context::tlsv13_client);
    auto* native = context.native_handle();
    SSL_CTX_set_min_proto_version(native, TLS1_3_VERSION);
    SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_OFF);
    // See open(): the relay's identity key is what is trusted.
    context.set_verify_mode(asio::ssl::verify_none);
    return context;
}

/// getaddrinfo cannot be interrupted: the wait for it is on a timer, so that `close` ends it.
struct Resolution {
    explicit Resolution(const asio::any_io_executor& executor)
        : wake(executor, asio::steady_timer::time_point::max()) {}
    asio::steady_timer wake;
    bool done = false;
    std::vector<tcp::endpoint> found{};
};

Error unreachable(std::string_view what, const ErrorCode& error) {
    return Error{Errc::unreachable, std::string(what) + ": " + error.message()};
}

}  // namespace

struct SecureStream::Impl {
    explicit Impl(const asio::any_io_executor& ex)
        : executor(ex), context(make_context()), tls(ex, context), resolver(ex) {}

    asio::any_io_executor executor;
    asio::ssl::context context;
    asio::ssl::stream<tcp::socket> tls;
    tcp::resolver resolver;
    std::shared_ptr<Resolution> resolution;
    bool opened = false;
    bool closed = false;
    bool held = false;
    bool sending = false;
    std::string pending;
    std::string in_flight;
    std::size_t blocked_size = 0;
    Done blocked;
    ErrorCode failure;
};

SecureStream::SecureStream(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SecureStream::~SecureStream() = default;

std::shared_ptr<SecureStream> SecureStream::make(const asio::any_io_executor& executor) {
    return std::shared_ptr<SecureStream>(new SecureStream(std::make_unique<Impl>(executor)));
}

SecureStream::executor_type SecureStream::get_executor() const { return impl_->executor; }

asio::awaitable<Result<void>> SecureStream::open(std::string host, std::uint16_t port) {
    auto connecting = connect(host, port);
    const auto connected = co_await std::move(connecting);
    if (!connected) co_return connected;
    ErrorCode ignored;
    impl_->tls.next_layer().set_option(tcp::no_delay(true), ignored);
    asio::ip::make_address(host, ignored);
    // RFC 6066 section 3: a server name is never an address.
    if (ignored) SSL_set_tlsext_host_name(impl_->tls.native_handle(), host.c_str());
    const auto role = asio::ssl::stream_base::client;
    const auto [error] = co_await impl_->tls.async_handshake(role, waiting);
    if (error) co_return unreachable("TLS", error);
    if (impl_->closed) co_return Error{Errc::unreachable, "closed"};
    impl_->opened = true;
    co_return Result<void>();
}

asio::awaitable<Result<void>> SecureStream::connect(std::string host, std::uint16_t port) {
    const auto self = shared_from_this();
    const auto resolution = std::make_shared<Resolution>(impl_->executor);
    impl_->resolution = resolution;
    ErrorCode error;
    if (const auto literal = asio::ip::make_address(host, error); !error) {
        resolution->found.emplace_back(literal, port);
    } else {
        impl_->resolver.async_resolve(
            host, std::to_string(port),
            [resolution](const ErrorCode&, const tcp::resolver::results_type& results) {
                for (const auto& one : results)
                    if (resolution->found.size() < max_addresses)
                        resolution->found.push_back(one.endpoint());
                resolution->wake.cancel();
            });
        const auto [woken] = co_await resolution->wake.async_wait(waiting);
        static_cast<void>(woken);
    }
    if (impl_->closed) co_return Error{Errc::unreachable, "closed"};
    if (resolution->found.empty()) co_return Error{Errc::unreachable, "the name is not known"};
    for (const auto& endpoint : resolution->found) {
        auto& socket = impl_->tls.next_layer();
        ErrorCode ignored;
        socket.close(ignored);
        asio::steady_timer deadline(impl_->executor, address_deadline);
        deadline.async_wait([self](const ErrorCode& cancelled) {
            ErrorCode nothing;
            if (!cancelled) self->impl_->tls.next_layer().close(nothing);
        });
        const auto [outcome] = co_await socket.async_connect(endpoint, waiting);
        const bool in_time = deadline.cancel() > 0;
        if (impl_->closed) co_return Error{Errc::unreachable, "closed"};
        if (!outcome && in_time) co_return Result<void>();
        error = outcome ? outcome : ErrorCode(asio::error::timed_out);
    }
    co_return unreachable("connect", error);
}

std::optional<std::array<std::uint8_t, 32>> SecureStream::exporter() const {
    if (!impl_->opened) return std::nullopt;
    constexpr std::string_view label = "EXPORTER-Channel-Binding";
    std::array<std::uint8_t, 32> out{};
    if (SSL_export_keying_material(impl_->tls.native_handle(), out.data(), out.size(), label.data(),
                                   label.size(), nullptr, 0, 0) != 1)
        return std::nullopt;
    return out;
}

void SecureStream::close() {
    impl_->closed = true;
    impl_->resolver.cancel();
    if (impl_->resolution) impl_->resolution->wake.cancel();
    ErrorCode ignored;
    impl_->tls.next_layer().close(ignored);
}

void SecureStream::finish_later(Done done, ErrorCode error, std::size_t size) {
    asio::post(impl_->executor, [done = std::move(done), error, size] { done(error, size); });
}

void SecureStream::read(asio::mutable_buffer into, Done done) {
    if (impl_->closed) return finish_later(std::move(done), asio::error::operation_aborted, 0);
    if (into.size() == 0) return finish_later(std::move(done), {}, 0);
    impl_->tls.async_read_some(
        into, [self = shared_from_this(), done = std::move(done)](
                  const ErrorCode& error, std::size_t size) { done(error, size); });
}

void SecureStream::write(std::string bytes, Done done) {
    if (impl_->closed) impl_->failure = asio::error::operation_aborted;
    if (impl_->failure) return finish_later(std::move(done), impl_->failure, 0);
    const auto size = bytes.size();
    if (impl_->pending.empty())
        impl_->pending = std::move(bytes);
    else
        impl_->pending += bytes;
    const bool full = impl_->pending.size() > write_ahead;
    if (full) {
        impl_->blocked = std::move(done);
        impl_->blocked_size = size;
    } else {
        finish_later(std::move(done), {}, size);
    }
    if (full || !impl_->held) flush();
}

void SecureStream::hold(bool on) {
    impl_->held = on;
    if (!on) flush();
}

void SecureStream::flush() {
    if (impl_->sending || impl_->pending.empty() || impl_->closed) return;
    impl_->sending = true;
    impl_->in_flight = std::exchange(impl_->pending, {});
    asio::async_write(
        impl_->tls, asio::buffer(impl_->in_flight),
        [self = shared_from_this()](const ErrorCode& error, std::size_t) { self->flushed(error); });
}

void SecureStream::flushed(ErrorCode error) {
    impl_->sending = false;
    if (impl_->closed) error = asio::error::operation_aborted;
    if (error) impl_->failure = error;
    const auto size = error ? 0 : impl_->blocked_size;
    if (const auto blocked = std::exchange(impl_->blocked, nullptr))
        finish_later(blocked, error, size);
    if (!error && !impl_->held) flush();
}

}  // namespace huecry::net
