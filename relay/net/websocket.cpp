#include "net/websocket.hpp"

#include <openssl/evp.h>
#include <openssl/sha.h>

namespace huecry::relay {
namespace {

constexpr std::string_view guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // RFC 6455 section 1.3
constexpr std::uint16_t no_code = 1005;

std::string accept_field(std::string_view key) {
    const auto text = std::string(key).append(guid);
    std::array<std::uint8_t, SHA_DIGEST_LENGTH> digest{};
    SHA1(reinterpret_cast<const std::uint8_t*>(text.data()), text.size(), digest.data());
    std::array<std::uint8_t, 4 * ((SHA_DIGEST_LENGTH + 2) / 3) + 1> out{};
    const int size = EVP_EncodeBlock(out.data(), digest.data(), digest.size());
    return {reinterpret_cast<const char*>(out.data()), static_cast<std::size_t>(size)};
}

}  // namespace

void WebSocket::accept(const HttpHead& head) {
    stream_.queue(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: " +
        accept_field(head.field("sec-websocket-key")) + "\r\n\r\n");
}

std::optional<BytesView> WebSocket::take(BytesView& input, std::size_t limit) {
    using Kind = WebSocketReader::Kind;
    while (!ended_) {
        const auto event = reader_.next(input, limit);
        switch (event.kind) {
            case Kind::more:
                return std::nullopt;
            case Kind::message:
                heard_ = true;
                return event.payload;
            case Kind::ping:
                answer_ping(event.payload);
                break;
            case Kind::pong:
                heard_ = true;
                break;
            case Kind::close:
            case Kind::fault:
                close(event.code);
                ended_ = true;
                break;
        }
    }
    return std::nullopt;
}

void WebSocket::answer_ping(BytesView payload) {
    if (closed_) return;
    std::string frame("\x8a", 1);
    frame += static_cast<char>(payload.size());
    frame += to_string(payload);
    if (!stream_.queue_control(std::move(frame))) ended_ = true;
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
    std::string frame("\x88\x00", 2);
    if (code != no_code) {
        frame[1] = 2;
        frame += static_cast<char>(code >> 8);
        frame += static_cast<char>(code & 0xff);
    }
    stream_.queue(std::move(frame));
    closed_ = true;
}

bool WebSocket::heard() { return std::exchange(heard_, false); }

}  // namespace huecry::relay
