// The client library's one translation unit with Beast's WebSocket: it is costly to compile.
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket.hpp>

#include "huecry/limits.hpp"
#include "huecry/v1/session.pb.h"
#include "net/secure_stream.hpp"
#include "net/transport.hpp"

namespace huecry::net {

namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;

// Found by Beast through argument-dependent lookup.
void beast_close_socket(SecureStream& stream) { stream.close(); }

template <class Handler>
void async_teardown(beast::role_type, SecureStream& stream, Handler&& handler) {
    stream.close();
    asio::post(stream.get_executor(),
               [handler = std::forward<Handler>(handler)]() mutable { handler(ErrorCode{}); });
}

namespace {

constexpr asio::as_tuple_t<asio::use_awaitable_t<>> waiting{};

std::string host_header(const RelayAddress& relay) {
    const bool v6 = relay.host.find(':') != std::string::npos;
    return (v6 ? "[" + relay.host + "]" : relay.host) + ":" + std::to_string(relay.port);
}

/// What the relay said instead of upgrading the connection.
Error declined(const websocket::response_type& response) {
    v1::Failure failure;
    if (response.body().size() <= limits::max_frame_before_proof &&
        failure.ParseFromString(response.body()))
        if (const auto code = error_from_number(failure.code()))
            return Error{*code, "by the relay"};
    return Error{Errc::unreachable, "HTTP status " + std::to_string(response.result_int())};
}

class WebsocketTransport final : public Transport {
public:
    explicit WebsocketTransport(const asio::any_io_executor& executor)
        : stream_(SecureStream::make(executor)), websocket_(*stream_) {
        websocket_.binary(true);
        websocket_.auto_fragment(false);
        websocket_.read_message_max(limits::max_frame);
        buffer_.max_size(limits::max_frame);
    }

    asio::awaitable<Result<void>> open(RelayAddress relay) override {
        auto opening = stream_->open(relay.host, relay.port);
        const auto opened = co_await std::move(opening);
        if (!opened) co_return opened;
        websocket::response_type response;
        const auto host = host_header(relay);
        const std::string target = "/v1/connect";
        const auto [error] = co_await websocket_.async_handshake(response, host, target, waiting);
        if (error == websocket::error::upgrade_declined) co_return declined(response);
        if (error) co_return Error{Errc::unreachable, "upgrade: " + error.message()};
        co_return Result<void>();
    }

    [[nodiscard]] std::optional<std::array<std::uint8_t, 32>> exporter() const override {
        return stream_->exporter();
    }

    asio::awaitable<Result<std::string>> read() override {
        buffer_.clear();
        const auto [error, size] = co_await websocket_.async_read(buffer_, waiting);
        if (error == websocket::error::message_too_big ||
            error == websocket::error::buffer_overflow)
            co_return Error{Errc::bad_frame, "larger than max_frame"};
        if (error == websocket::error::closed) co_return closed();
        if (error) co_return Error{Errc::unreachable, "read: " + error.message()};
        if (!websocket_.got_binary()) co_return Error{Errc::bad_frame, "a text message"};
        const auto data = buffer_.cdata();
        co_return std::string(static_cast<const char*>(data.data()), size);
    }

    asio::awaitable<Result<void>> write(std::vector<std::string> messages) override {
        stream_->hold(true);
        ErrorCode failure;
        for (const auto& message : messages) {
            const auto bytes = asio::buffer(message);
            const auto [error, size] = co_await websocket_.async_write(bytes, waiting);
            static_cast<void>(size);
            failure = error;
            if (failure) break;
        }
        stream_->hold(false);
        if (failure) co_return Error{Errc::unreachable, "write: " + failure.message()};
        co_return Result<void>();
    }

    void close() override { stream_->close(); }

private:
    /// Where no Goodbye came, the close code counts: 4000 + error number.
    [[nodiscard]] Error closed() const {
        constexpr unsigned base = 4000;
        const unsigned number = websocket_.reason().code;
        if (number > base)
            if (const auto code = error_from_number(number - base))
                return Error{*code, "by the relay"};
        return Error{Errc::unreachable, "closed by the relay"};
    }

    std::shared_ptr<SecureStream> stream_;
    websocket::stream<SecureStream&, false> websocket_;
    beast::flat_buffer buffer_;
};

}  // namespace

std::shared_ptr<Transport> make_websocket_transport(const asio::any_io_executor& executor) {
    return std::make_shared<WebsocketTransport>(executor);
}

}  // namespace huecry::net
