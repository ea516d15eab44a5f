#include "net/websocket.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <chrono>

#include "huecry/limits.hpp"

namespace huecry::relay {

namespace beast = boost::beast;
namespace ws = boost::beast::websocket;

// Beast ends a connection through these; the session closes the socket, in its own order.
void teardown(beast::role_type, TlsStream&, ErrorCode& error) { error = {}; }
template <class Handler>
void async_teardown(beast::role_type, TlsStream& stream, Handler&& handler) {
    asio::post(stream.get_executor(),
               [handler = std::forward<Handler>(handler)]() mutable { handler(ErrorCode{}); });
}

namespace {

constexpr auto awaited = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t read_step = 16384;
constexpr std::size_t kept_buffer = 4096;         // capacity that an idle connection may keep
constexpr std::size_t bytes_of_a_fragment = 512;  // smaller ones are counted

std::uint64_t steady_ms() {
    using std::chrono::duration_cast, std::chrono::milliseconds, std::chrono::steady_clock;
    return static_cast<std::uint64_t>(
        duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count());
}

}  // namespace

struct WebSocket::Beast {
    explicit Beast(TlsStream& stream) : websocket(stream) {}
    ws::stream<TlsStream&, false> websocket;
    beast::flat_buffer buffer;
};

WebSocket::WebSocket(TlsStream& stream) : stream_(stream), beast_(std::make_unique<Beast>(stream)) {
    auto& websocket = beast_->websocket;
    websocket.binary(true);
    websocket.auto_fragment(false);
    ws::stream_base::timeout none{};
    none.handshake_timeout = ws::stream_base::none();
    none.idle_timeout = ws::stream_base::none();
    none.keep_alive_pings = false;
    websocket.set_option(none);
    websocket.control_callback([this](ws::frame_type kind, beast::string_view) {
        heard_control(kind == ws::frame_type::pong);
    });
}

WebSocket::~WebSocket() = default;

// Beast hands out nothing as long as only control frames come: the end begins here.
void WebSocket::heard_control(bool pong) {
    if (pong) heard_ = true;
    if (flooded_) return;
    if (controls_.take(steady_ms(), limits::controls_per_minute)) return stream_.allow(allowance_);
    flooded_ = true;
    close(1008);
    stream_.flush();
    stream_.allow(0);
}

asio::awaitable<Result<void>> WebSocket::accept(const HttpHead& head) {
    // Only what the upgrade needs is handed on: no offered extension reaches Beast.
    namespace http = beast::http;
    http::request<http::empty_body> request(http::verb::get, head.target, 11);
    request.set(http::field::host, std::string(head.field("host")));
    request.set(http::field::upgrade, "websocket");
    request.set(http::field::connection, "upgrade");
    request.set(http::field::sec_websocket_key, std::string(head.field("sec-websocket-key")));
    request.set(http::field::sec_websocket_version,
                std::string(head.field("sec-websocket-version")));
    const auto [error] = co_await beast_->websocket.async_accept(request, awaited);
    if (error == ws::error::upgrade_declined || !stream_.is_open())
        co_return Error{Errc::unreachable};
    if (error) co_return Error{Errc::malformed, "upgrade"};
    co_return Result<void>();
}

asio::awaitable<Result<BytesView>> WebSocket::read(std::size_t limit) {
    auto& websocket = beast_->websocket;
    auto& buffer = beast_->buffer;
    buffer.clear();
    if (buffer.capacity() > kept_buffer) buffer = beast::flat_buffer();
    websocket.read_message_max(limit);
    // Beast goes on by itself through fragments in which nothing is.
    allowance_ = 2 * limit + read_step;
    stream_.allow(allowance_);
    std::size_t pieces = 0;
    do {
        const auto room = std::min(read_step, std::max<std::size_t>(buffer.size(), 1024));
        const auto into = buffer.prepare(room);
        const auto [error, got] = co_await websocket.async_read_some(into, awaited);
        if (flooded_) co_return Error{Errc::rate_limited};
        if (error && !stream_.used_up()) co_return Error{Errc::unreachable};
        buffer.commit(got);
        if (stream_.used_up() ||
            ++pieces > limits::max_fragments + buffer.size() / bytes_of_a_fragment) {
            close(1008);
            co_return Error{Errc::too_large};
        }
        if (!websocket.got_binary()) {
            close(1003);
            co_return Error{Errc::bad_frame};
        }
    } while (!websocket.is_message_done());
    heard_ = true;
    const auto data = buffer.data();
    co_return BytesView(static_cast<const std::uint8_t*>(data.data()), data.size());
}

void WebSocket::send(SharedBytes message) {
    if (closed_) return;
    std::array<std::uint8_t, 10> header{0x82};
    std::size_t size = 2;
    const std::uint64_t length = message->size();
    if (length < 126) {
        header[1] = static_cast<std::uint8_t>(length);
    } else {
        const std::size_t bytes = length < 65536 ? 2 : 8;
        header[1] = bytes == 2 ? 126 : 127;
        for (std::size_t i = 0; i < bytes; ++i)
            header[size++] = static_cast<std::uint8_t>(length >> (8 * (bytes - 1 - i)));
    }
    stream_.queue(BytesView(header).first(size), std::move(message));
}

void WebSocket::ping() {
    if (closed_) return;
    stream_.queue(std::string("\x89\x00", 2));
}

void WebSocket::close(std::uint16_t code) {
    if (closed_) return;
    std::string frame("\x88\x02", 2);
    frame += static_cast<char>(code >> 8);
    frame += static_cast<char>(code & 0xff);
    stream_.queue(std::move(frame));
    closed_ = true;
}

bool WebSocket::heard() { return std::exchange(heard_, false); }

}  // namespace huecry::relay
