#pragma once

#include <array>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/system/error_code.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "huecry/result.hpp"

namespace huecry::net {

namespace asio = boost::asio;
using ErrorCode = boost::system::error_code;

/// One TLS 1.3 connection to a relay. The socket writes without raising SIGPIPE, for the process is
/// not ours. What is written is copied into one buffer and sent by a loop of its own: whatever
/// gathers while a send is under way, or while `hold(true)` is set, goes out together.
///
/// It is an AsyncStream for Beast; the reading and writing beneath is compiled once, here, and not
/// for each of Beast's handler types. Runtime's thread only. Held by shared_ptr.
class SecureStream : public std::enable_shared_from_this<SecureStream> {
public:
    using executor_type = asio::any_io_executor;

    static std::shared_ptr<SecureStream> make(const asio::any_io_executor& executor);
    ~SecureStream();
    SecureStream(const SecureStream&) = delete;
    SecureStream& operator=(const SecureStream&) = delete;

    [[nodiscard]] executor_type get_executor() const;

    /// Name to addresses, the first address that answers, TLS. The certificate is not looked at:
    /// the relay proves its identity key over this connection's exporter, which no certificate
    /// authority can vouch for and no proxy in between can imitate. Error: unreachable.
    asio::awaitable<Result<void>> open(std::string host, std::uint16_t port);

    /// RFC 9266: "EXPORTER-Channel-Binding", no context. Empty before `open` has succeeded.
    [[nodiscard]] std::optional<std::array<std::uint8_t, 32>> exporter() const;

    /// While held, what is written waits (up to a bound) to go out in one piece.
    void hold(bool on);
    /// Ends every wait with an error, at once. May be called twice and before `open`.
    void close();

    using Done = std::function<void(ErrorCode, std::size_t)>;
    /// At least one byte unless there is an error. The buffer stays valid until `done`.
    void read(asio::mutable_buffer into, Done done);
    /// `done` comes when there is room again, which does not mean that the bytes have left.
    void write(std::string bytes, Done done);

    template <class Buffers, class Token>
    auto async_read_some(const Buffers& buffers, Token&& token);
    template <class Buffers, class Token>
    auto async_write_some(const Buffers& buffers, Token&& token);

private:
    struct Impl;
    explicit SecureStream(std::unique_ptr<Impl> impl);

    asio::awaitable<Result<void>> connect(std::string host, std::uint16_t port);
    void finish_later(Done done, ErrorCode error, std::size_t size);
    void flush();
    void flushed(ErrorCode error);

    /// Any completion handler as a copyable function that runs it on its own executor.
    template <class Handler>
    Done erase(Handler&& handler);

    std::unique_ptr<Impl> impl_;
};

template <class Handler>
SecureStream::Done SecureStream::erase(Handler&& handler) {
    auto shared = std::make_shared<std::decay_t<Handler>>(std::forward<Handler>(handler));
    return [shared, executor = asio::get_associated_executor(*shared, get_executor())](
               ErrorCode error, std::size_t size) mutable {
        auto once = std::move(*shared);
        shared.reset();
        asio::dispatch(executor,
                       [once = std::move(once), error, size]() mutable { once(error, size); });
    };
}

template <class Buffers, class Token>
auto SecureStream::async_read_some(const Buffers& buffers, Token&& token) {
    return asio::async_initiate<Token, void(ErrorCode, std::size_t)>(
        [this](auto&& handler, const Buffers& into) {
            asio::mutable_buffer first;
            const auto end = asio::buffer_sequence_end(into);
            for (auto i = asio::buffer_sequence_begin(into); i != end && first.size() == 0; ++i)
                first = asio::mutable_buffer(*i);
            read(first, erase(std::forward<decltype(handler)>(handler)));
        },
        token, buffers);
}

template <class Buffers, class Token>
auto SecureStream::async_write_some(const Buffers& buffers, Token&& token) {
    return asio::async_initiate<Token, void(ErrorCode, std::size_t)>(
        [this](auto&& handler, const Buffers& from) {
            std::string bytes(asio::buffer_size(from), '\0');
            asio::buffer_copy(asio::buffer(bytes), from);
            write(std::move(bytes), erase(std::forward<decltype(handler)>(handler)));
        },
        token, buffers);
}

}  // namespace huecry::net
