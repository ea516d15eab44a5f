#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "huecry/v1/frame.pb.h"
#include "huecry/wire/transcript.hpp"

// A client of the relay for byte-level tests: its own sockets, HTTP and WebSocket packets, built
// from the protocol's description and nothing of the product's network code. Blocking; every read
// ends after ten seconds with an exception.
namespace huecry::test {

struct HttpReply {
    unsigned status = 0;
    std::map<std::string, std::string> fields;  // names in lower case
    std::string body;
    /// The code of the v1::Failure that is the body; 0 when it is none.
    [[nodiscard]] std::uint32_t failure() const;
};

class WireClient {
public:
    enum class Tls { none, v1_2, v1_3 };

    /// Connects to loopback. Throws std::runtime_error when nobody listens.
    /// `from`: another address of loopback to come from, such as 0x7f000105 for 127.0.1.5.
    explicit WireClient(std::uint16_t port, Tls tls = Tls::v1_3, std::uint32_t from = 0);
    ~WireClient();
    WireClient(const WireClient&) = delete;
    WireClient& operator=(const WireClient&) = delete;

    /// Whether the TLS handshake went through.
    [[nodiscard]] bool secured() const { return secured_; }
    [[nodiscard]] std::array<std::uint8_t, 32> exporter() const;
    /// Whether all bytes could be handed over.
    bool send(const std::string& bytes);
    /// Some bytes; empty at the end of the connection.
    std::string receive();
    /// From now on the kernel keeps so much that is not read, and a little more.
    void buffer(int bytes);
    /// Says that nothing more comes: TLS's and TCP's end.
    void finish();
    /// True when the relay ends the connection before it says anything more.
    [[nodiscard]] bool ended();

    /// Sends one request and reads its answer. `fields`: lines with \r\n.
    HttpReply request(const std::string& method, const std::string& target,
                      const std::string& fields = {}, const std::string& body = {});
    HttpReply read_reply(bool has_body = true);

    /// The upgrade; true when the relay accepts it with the right key.
    [[nodiscard]] bool upgrade();
    void send_message(const v1::Frame& frame);
    /// A raw WebSocket frame: first byte as given, masked unless told otherwise.
    void send_websocket(std::uint8_t first, const std::string& payload, bool masked = true);
    /// The next binary message; empty when the connection is closing (see close_code).
    std::optional<v1::Frame> receive_message();
    /// Messages are dropped until one with this body comes.
    std::optional<v1::Frame> receive_message(v1::Frame::BodyCase kind);
    /// Of the closing frame; 0 before one came.
    [[nodiscard]] unsigned close_code() const { return close_code_; }

private:
    struct Connection;
    bool fill();
    std::string take(std::size_t size);

    std::unique_ptr<Connection> connection_;
    bool secured_ = false;
    std::string buffer_;
    unsigned close_code_ = 0;
};

/// Who proves to be there, by the protocol's transcript.
struct Caller {
    SigningKey key;
    PartnershipId partnership;
    ClientKind kind = ClientKind::device;
    PublicKey relay_key;  // what the relay must prove

    [[nodiscard]] DeviceId device() const { return device_id_of(key.public_key); }
    /// The device's id, or the invite's whose one-time key this is.
    [[nodiscard]] std::array<std::uint8_t, 16> subject() const;
    [[nodiscard]] v1::Hello hello() const;
    /// Checks the relay's proof (throws std::runtime_error) and signs the same transcript.
    [[nodiscard]] v1::Prove prove(const v1::Hello& hello, const v1::HelloReply& reply,
                                  const std::array<std::uint8_t, 32>& exporter) const;
    /// Upgrade, hello and proof; the Ready, or empty when refused (see close_code).
    std::optional<v1::Ready> enter(WireClient& client) const;
    /// The same over HTTPS; the status of the last answer.
    unsigned enter_https(WireClient& client) const;
};

}  // namespace huecry::test
