#include "e2e/wire_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <stdexcept>

namespace huecry::test {
namespace {

constexpr std::string_view key = "dGhlIHNhbXBsZSBub25jZQ==";           // RFC 6455 section 1.3
constexpr std::string_view accepted = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";  // the answer to it there

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

}  // namespace

std::uint32_t HttpReply::failure() const {
    v1::Failure failure;
    return status >= 400 && failure.ParseFromString(body) ? failure.code() : 0;
}

struct WireClient::Connection {
    int fd = -1;
    SSL_CTX* context = nullptr;
    SSL* ssl = nullptr;
    ~Connection() {
        if (ssl != nullptr) SSL_free(ssl);
        if (context != nullptr) SSL_CTX_free(context);
        if (fd >= 0) close(fd);
    }
};

WireClient::WireClient(std::uint16_t port, Tls tls, std::uint32_t from)
    : connection_(std::make_unique<Connection>()) {
    // OpenSSL writes without MSG_NOSIGNAL, and being cut off is what these tests look for.
    (void)std::signal(SIGPIPE, SIG_IGN);
    auto& c = *connection_;
    c.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c.fd < 0) throw std::runtime_error("no socket");
    const timeval longest{10, 0};
    setsockopt(c.fd, SOL_SOCKET, SO_RCVTIMEO, &longest, sizeof longest);
    setsockopt(c.fd, SOL_SOCKET, SO_SNDTIMEO, &longest, sizeof longest);
    const int on = 1;
    setsockopt(c.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    if (from != 0) {
        address.sin_addr.s_addr = htonl(from);
        if (bind(c.fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
            throw std::runtime_error("that address is not here");
    }
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(c.fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        throw std::runtime_error("nobody listens");
    if (tls == Tls::none) return;
    c.context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_verify(c.context, SSL_VERIFY_NONE, nullptr);
    SSL_CTX_set_max_proto_version(c.context, tls == Tls::v1_2 ? TLS1_2_VERSION : TLS1_3_VERSION);
    c.ssl = SSL_new(c.context);
    SSL_set_fd(c.ssl, c.fd);
    secured_ = SSL_connect(c.ssl) == 1;
}

WireClient::~WireClient() = default;

std::array<std::uint8_t, 32> WireClient::exporter() const {
    std::array<std::uint8_t, 32> out{};
    const std::string label = "EXPORTER-Channel-Binding";
    SSL_export_keying_material(connection_->ssl, out.data(), out.size(), label.data(), label.size(),
                               nullptr, 0, 0);
    return out;
}

bool WireClient::send(const std::string& bytes) {
    if (connection_->ssl == nullptr)
        return ::send(connection_->fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
               static_cast<ssize_t>(bytes.size());
    std::size_t written = 0;
    return SSL_write_ex(connection_->ssl, bytes.data(), bytes.size(), &written) == 1;
}

bool WireClient::fill() {
    std::array<char, 65536> bytes{};
    errno = 0;
    int failure = 0;
    std::size_t got = 0;
    if (connection_->ssl != nullptr) {
        if (SSL_read_ex(connection_->ssl, bytes.data(), bytes.size(), &got) != 1) failure = errno;
    } else {
        const auto count = recv(connection_->fd, bytes.data(), bytes.size(), 0);
        if (count < 0) failure = errno;
        got = count > 0 ? static_cast<std::size_t>(count) : 0;
    }
    if (got == 0 && (failure == EAGAIN || failure == EWOULDBLOCK))
        throw std::runtime_error("the relay said nothing for ten seconds");
    buffer_.append(bytes.data(), got);
    return got > 0;
}

std::string WireClient::receive() {
    if (buffer_.empty()) fill();
    return std::exchange(buffer_, {});
}

void WireClient::buffer(int bytes) {
    setsockopt(connection_->fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
}

void WireClient::finish() {
    if (connection_->ssl != nullptr) SSL_shutdown(connection_->ssl);
    shutdown(connection_->fd, SHUT_WR);
}

bool WireClient::ended() { return receive().empty(); }

std::string WireClient::take(std::size_t size) {
    while (buffer_.size() < size)
        if (!fill()) throw std::runtime_error("the connection ended early");
    auto out = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return out;
}

HttpReply WireClient::request(const std::string& method, const std::string& target,
                              const std::string& fields, const std::string& body) {
    auto text = method + " " + target + " HTTP/1.1\r\nHost: relay\r\n" + fields;
    if (!body.empty()) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    send(text + "\r\n" + body);
    return read_reply(method != "HEAD");
}

HttpReply WireClient::read_reply(bool has_body) {
    HttpReply out;
    std::size_t end = 0;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos)
        if (!fill()) throw std::runtime_error("no whole answer");
    const auto head = take(end + 4);
    out.status = static_cast<unsigned>(std::stoul(head.substr(9, 3)));
    for (std::size_t at = head.find("\r\n") + 2; at < end;) {
        const auto stop = head.find("\r\n", at);
        const auto colon = head.find(": ", at);
        out.fields[lower(head.substr(at, colon - at))] = head.substr(colon + 2, stop - colon - 2);
        at = stop + 2;
    }
    if (has_body && out.fields.contains("content-length"))
        out.body = take(std::stoul(out.fields["content-length"]));
    return out;
}

bool WireClient::upgrade() {
    send(
        "GET /v1/connect HTTP/1.1\r\nHost: relay\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " +
        std::string(key) + "\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n");
    const auto reply = read_reply(false);
    return reply.status == 101 && reply.fields.at("sec-websocket-accept") == accepted &&
           !reply.fields.contains("sec-websocket-extensions");
}

void WireClient::send_message(const v1::Frame& frame) {
    send_websocket(0x82, frame.SerializeAsString());
}

void WireClient::send_websocket(std::uint8_t first, const std::string& payload, bool masked) {
    std::string out(1, static_cast<char>(first));
    const auto size = payload.size();
    const int mask_bit = masked ? 0x80 : 0;
    std::size_t extra = 0;
    auto short_size = static_cast<int>(size);
    if (size >= 126) {
        extra = size < 65536 ? 2 : 8;
        short_size = size < 65536 ? 126 : 127;
    }
    out += static_cast<char>(mask_bit | short_size);
    for (std::size_t i = 0; i < extra; ++i)
        out += static_cast<char>(size >> (8 * (extra - 1 - i)) & 0xff);
    std::string mask;
    if (masked) mask = "\x12\x34\x56\x78";
    out += mask;
    for (std::size_t i = 0; i < size; ++i)
        out += static_cast<char>(payload[i] ^ (masked ? mask[i % 4] : 0));
    send(out);
}

std::optional<v1::Frame> WireClient::receive_message() {
    for (;;) {
        if (buffer_.empty() && !fill()) return std::nullopt;
        const auto head = take(2);
        const auto byte = [](const std::string& s, std::size_t i) {
            return static_cast<std::uint8_t>(s[i]);
        };
        std::uint64_t size = byte(head, 1);
        if (size >= 126) {
            const auto more = take(size == 126 ? 2 : 8);
            size = 0;
            for (std::size_t i = 0; i < more.size(); ++i) size = size << 8 | byte(more, i);
        }
        const auto payload = take(size);
        if (byte(head, 0) == 0x88) {
            close_code_ =
                payload.size() < 2 ? 1005u : unsigned{byte(payload, 0)} << 8 | byte(payload, 1);
            return std::nullopt;
        }
        if (byte(head, 0) == 0x89) send_websocket(0x8a, payload);
        if (byte(head, 0) != 0x82) continue;
        v1::Frame frame;
        if (!frame.ParseFromString(payload)) throw std::runtime_error("no frame");
        return frame;
    }
}

std::optional<v1::Frame> WireClient::receive_message(v1::Frame::BodyCase kind) {
    for (;;) {
        auto frame = receive_message();
        if (!frame || frame->body_case() == kind) return frame;
    }
}

std::array<std::uint8_t, 16> Caller::subject() const {
    std::array<std::uint8_t, 16> out{};
    if (kind == ClientKind::invite) {
        std::copy_n(invite_id_of(key.public_key).view().begin(), 16, out.begin());
    } else {
        std::copy_n(device().view().begin(), 16, out.begin());
    }
    return out;
}

v1::Hello Caller::hello() const {
    std::array<std::uint8_t, 32> nonce{};
    RAND_bytes(nonce.data(), static_cast<int>(nonce.size()));
    v1::Hello out;
    out.set_version(protocol_version);
    out.set_nonce(to_string(nonce));
    out.set_partnership(to_string(partnership.view()));
    out.set_kind(static_cast<std::uint32_t>(kind));
    out.set_subject(to_string(subject()));
    return out;
}

v1::Prove Caller::prove(const v1::Hello& hello, const v1::HelloReply& reply,
                        const std::array<std::uint8_t, 32>& exporter) const {
    SessionTranscript t;
    t.exporter = exporter;
    std::copy_n(view(hello.nonce()).begin(), 32, t.client_nonce.begin());
    if (reply.nonce().size() != 32 || reply.signature().size() != 64)
        throw std::runtime_error("hello reply");
    std::copy_n(view(reply.nonce()).begin(), 32, t.relay_nonce.begin());
    t.relay_key = relay_key;
    t.partnership = partnership;
    t.kind = kind;
    t.subject = subject();
    if (!relay_proved(t, *Signature::from(view(reply.signature()))))
        throw std::runtime_error("the relay's proof is wrong");
    v1::Prove out;
    out.set_key(to_string(key.public_key.view()));
    out.set_signature(to_string(prove_client(t, key).view()));
    return out;
}

std::optional<v1::Ready> Caller::enter(WireClient& client) const {
    if (!client.upgrade()) throw std::runtime_error("no upgrade");
    v1::Frame frame;
    *frame.mutable_hello() = hello();
    client.send_message(frame);
    const auto reply = client.receive_message(v1::Frame::kHelloReply);
    if (!reply) return std::nullopt;
    v1::Frame proof;
    *proof.mutable_prove() = prove(frame.hello(), reply->hello_reply(), client.exporter());
    client.send_message(proof);
    const auto ready = client.receive_message(v1::Frame::kReady);
    if (!ready) return std::nullopt;
    return ready->ready();
}

unsigned Caller::enter_https(WireClient& client) const {
    const auto greeting = hello();
    const auto answer = client.request("POST", "/v1/hello", {}, greeting.SerializeAsString());
    v1::HelloReply reply;
    if (answer.status != 200 || !reply.ParseFromString(answer.body)) return answer.status;
    const auto proof = prove(greeting, reply, client.exporter());
    return client.request("POST", "/v1/prove", {}, proof.SerializeAsString()).status;
}

}  // namespace huecry::test
