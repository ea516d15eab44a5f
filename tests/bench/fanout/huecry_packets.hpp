#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "huecry/wire/header.hpp"

// The relay's packets, built and taken apart from the protocol's description: WebSocket frames,
// the few protobuf messages that come often, MLS messages by their outer form.
namespace huecry::bench {

/// Fields of one protobuf message, in order.
class ProtoFields {
public:
    explicit ProtoFields(BytesView message) : rest_(message) {}
    /// False at the end or when malformed (`ok` tells which).
    [[nodiscard]] bool next();
    [[nodiscard]] bool ok() const { return ok_; }
    std::uint32_t number = 0;
    std::uint64_t value = 0;  // of a varint
    BytesView bytes{};        // of a length-delimited field

private:
    [[nodiscard]] bool varint(std::uint64_t& out);
    BytesView rest_;
    bool ok_ = true;
};

class ProtoWriter {
public:
    ProtoWriter& varint(std::uint32_t number, std::uint64_t value);
    ProtoWriter& bytes(std::uint32_t number, BytesView value);
    ProtoWriter& message(std::uint32_t number, const ProtoWriter& inner) {
        return bytes(number, view(inner.text_));
    }
    [[nodiscard]] const std::string& text() const { return text_; }

private:
    void raw(std::uint64_t value);
    std::string text_;
};

// Numbers of Frame.body in frame.proto.
enum class Body : std::uint32_t {
    none = 0,
    hello_reply = 3,
    ready = 5,
    goodbye = 6,
    failure = 7,
    submit = 11,
    submit_result = 12,
    subscribe = 13,
    deliver = 14,
    missed = 15,
    queue_empty = 16,
    ack = 17,
    put_key_packages = 21,
    key_package_count = 22,
};
struct FrameView {
    Body body = Body::none;
    BytesView content;
};
[[nodiscard]] FrameView read_frame(BytesView frame);

struct EntryView {
    std::uint64_t seq = 0;
    EntryKind kind{};
    BytesView body;
    bool gone = false;
};
/// One entry of a Deliver; false when malformed.
[[nodiscard]] bool read_entry(BytesView entry, EntryView& out);
/// A protobuf Stream: the channel's id as in the plan's order is the caller's matter.
[[nodiscard]] std::optional<StreamRef> read_stream(BytesView stream);

std::string subscribe_frame(const StreamRef& stream, std::uint64_t from);
std::string ack_frame(const StreamRef& stream, std::uint64_t seq);
std::string key_package_frame(BytesView key_package);
struct Alert {
    StreamRef channel;
    std::uint64_t request = 0;
    std::uint64_t handshake_seq = 0;
    std::uint64_t directory_index = 0;
    MessageId id;
};
std::string submit_frame(const Alert& alert, BytesView body);

/// An MLSMessage of the wire format mls_private_message; content 1 application, 3 commit. With a
/// ciphertext of `alert_ciphertext` bytes it has payload_size bytes in all.
Bytes private_message(const StreamRef& channel, std::uint8_t content, BytesView ciphertext);
inline constexpr std::size_t private_message_overhead = 66;
/// The ciphertext of such a message; empty when it has another form.
[[nodiscard]] BytesView ciphertext_of(BytesView message);
/// Only its outer form is looked at by a relay.
Bytes key_package(const DeviceId& device);

/// The client's side of RFC 6455.
std::string upgrade_request();
/// A masked frame; opcode 2 binary, 10 pong.
void add_websocket(std::string& out, std::uint8_t opcode, BytesView payload, std::uint32_t mask);
struct WebSocketFrame {
    std::uint8_t opcode = 0;
    BytesView payload;
};
/// How long the first whole frame is; 0: more is needed; −1: malformed, masked, fragmented or
/// longer than a relay sends.
[[nodiscard]] std::int64_t next_websocket(BytesView bytes, WebSocketFrame& out);

}  // namespace huecry::bench
