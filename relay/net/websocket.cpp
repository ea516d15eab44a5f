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
constexpr std::size_t least_read = 1024;          // of a message that is not small
constexpr std::size_t small_message = 128;        // acknowledgements, subscriptions, pings
constexpr std::size_t kept_buffer = 4096;         // capacity that is kept for the next message
constexpr std::size_t bytes_of_a_fragment = 512;  // smaller ones are counted

std::uint64_t steady_ms() {
    using std::chrono::duration_cast, std::chrono::milliseconds, std::chrono::steady_clock;
    return static_cast<std::uint64_t>(
        duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count());
}

}  // namespace

struct WebSocket::Beast {
    explicit Beast(TlsStream& stream) : websocket(stream) {}
    /// Where the next piece goes. After a small message only the few bytes inside: whoever sends
    /// nothing, or nothing large, holds no buffer.
    asio::mutable_buffer room() {
        if (buffer.capacity() == 0 && first_size == 0) return asio::buffer(first);
        if (first_size != 0) {
            buffer.commit(
                asio::buffer_copy(buffer.prepare(least_read), asio::buffer(first, first_size)));
            first_size = 0;
        }
        return buffer.prepare(std::min(read_step, std::max(buffer.size(), least_read)));
    }
    void add(std::size_t got) {
        if (buffer.capacity() == 0) {
            first_size = got;
        } else {
            buffer.commit(got);
        }
    }
    [[nodiscard]] std::size_t size() const { return first_size + buffer.size(); }
    [[nodiscard]] BytesView view() const {
        if (first_size != 0) return BytesView(first).first(first_size);
        const auto data = buffer.data();
        return {static_cast<const std::uint8_t*>(data.data()), data.size()};
    }
    void clear() {
        const bool keep = buffer.size() > small_message && buffer.capacity() <= kept_buffer;
        if (!keep) buffer = beast::flat_buffer();
        buffer.clear();
        first_size = 0;
    }

    ws::stream<TlsStream&, false> websocket;
    std::array<std::uint8_t, small_message> first;
    std::size_t first_size = 0;
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

void WebSocket::read_all(std::shared_ptr<Receiver> receiver) { read_message(std::move(receiver)); }

void WebSocket::read_message(std::shared_ptr<Receiver> receiver) {
    beast_->clear();
    const auto limit = receiver->limit();
    beast_->websocket.read_message_max(limit);
    // Beast goes on by itself through fragments in which nothing is.
    allowance_ = 2 * limit + read_step;
    stream_.allow(allowance_);
    pieces_ = 0;
    read_piece(std::move(receiver));
}

void WebSocket::read_piece(std::shared_ptr<Receiver> receiver) {
    const auto into = beast_->room();
    beast_->websocket.async_read_some(
        into, [this, receiver = std::move(receiver)](ErrorCode error, std::size_t got) mutable {
            take_piece(std::move(receiver), error, got);
        });
}

void WebSocket::take_piece(std::shared_ptr<Receiver> receiver, ErrorCode error, std::size_t got) {
    if (flooded_) return receiver->ended(Errc::rate_limited);
    if (error && !stream_.used_up()) return receiver->ended(Errc::unreachable);
    beast_->add(got);
    if (stream_.used_up() ||
        ++pieces_ > limits::max_fragments + beast_->size() / bytes_of_a_fragment) {
        close(1008);
        return receiver->ended(Errc::too_large);
    }
    if (!beast_->websocket.got_binary()) {
        close(1003);
        return receiver->ended(Errc::bad_frame);
    }
    if (!beast_->websocket.is_message_done()) return read_piece(std::move(receiver));
    heard_ = true;
    receiver->message(beast_->view());
    read_message(std::move(receiver));
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
