#include "bench/fanout/huecry_packets.hpp"

#include <cstring>

#include "bench/fanout/ledger.hpp"
#include "huecry/limits.hpp"
#include "huecry/wire/codec.hpp"

namespace huecry::bench {
namespace {

constexpr std::size_t group_id_size = 20;
constexpr std::size_t sender_data_size = 28;

ProtoWriter stream_message(const StreamRef& stream) {
    ProtoWriter out;
    out.varint(1, static_cast<std::uint64_t>(stream.kind)).bytes(2, stream.id);
    if (stream.incarnation != 0) out.varint(3, stream.incarnation);
    return out;
}

std::string frame(Body body, const ProtoWriter& content, std::uint64_t request = 0) {
    ProtoWriter out;
    if (request != 0) out.varint(1, request);
    return out.message(static_cast<std::uint32_t>(body), content).text();
}

}  // namespace

bool ProtoFields::varint(std::uint64_t& out) {
    out = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (rest_.empty()) return false;
        const auto byte = rest_.front();
        rest_ = rest_.subspan(1);
        out |= std::uint64_t{byte & 0x7fU} << shift;
        if ((byte & 0x80) == 0) return true;
    }
    return false;
}

bool ProtoFields::next() {
    if (rest_.empty()) return false;
    std::uint64_t tag = 0;
    ok_ = varint(tag);
    number = static_cast<std::uint32_t>(tag >> 3);
    if (ok_ && (tag & 7) == 0) return ok_ = varint(value);
    std::uint64_t size = 0;
    ok_ = ok_ && (tag & 7) == 2 && varint(size) && size <= rest_.size();
    if (!ok_) return false;
    bytes = rest_.first(static_cast<std::size_t>(size));
    rest_ = rest_.subspan(static_cast<std::size_t>(size));
    return true;
}

void ProtoWriter::raw(std::uint64_t value) {
    while (value >= 128) {
        text_ += static_cast<char>((value & 0x7f) | 0x80);
        value >>= 7;
    }
    text_ += static_cast<char>(value);
}
ProtoWriter& ProtoWriter::varint(std::uint32_t number, std::uint64_t value) {
    raw(std::uint64_t{number} << 3);
    raw(value);
    return *this;
}
ProtoWriter& ProtoWriter::bytes(std::uint32_t number, BytesView value) {
    raw(std::uint64_t{number} << 3 | 2);
    raw(value.size());
    text_.append(reinterpret_cast<const char*>(value.data()), value.size());
    return *this;
}

FrameView read_frame(BytesView bytes) {
    FrameView out;
    ProtoFields fields(bytes);
    while (fields.next()) {
        if (fields.number == 1) continue;
        out.body = static_cast<Body>(fields.number);
        out.content = fields.bytes;
    }
    if (!fields.ok()) out.body = Body::none;
    return out;
}

bool read_entry(BytesView entry, EntryView& out) {
    out = {};
    ProtoFields fields(entry);
    BytesView header;
    while (fields.next()) {
        if (fields.number == 1) header = fields.bytes;
        if (fields.number == 2) out.body = fields.bytes;
        if (fields.number == 3) out.gone = fields.value != 0;
    }
    if (!fields.ok() || header.size() != Header::encoded_size) return false;
    // version, kind of stream, its id, incarnation; seq; submitter; kind
    for (std::size_t i = 0; i < 8; ++i) out.seq = out.seq << 8 | header[22 + i];
    out.kind = static_cast<EntryKind>(header[46]);
    return true;
}

std::optional<StreamRef> read_stream(BytesView stream) {
    StreamRef out;
    ProtoFields fields(stream);
    while (fields.next()) {
        if (fields.number == 1) out.kind = static_cast<StreamKind>(fields.value);
        if (fields.number == 2 && fields.bytes.size() == out.id.size())
            std::memcpy(out.id.data(), fields.bytes.data(), out.id.size());
        if (fields.number == 3) out.incarnation = static_cast<std::uint32_t>(fields.value);
    }
    return fields.ok() ? std::optional(out) : std::nullopt;
}

std::string subscribe_frame(const StreamRef& stream, std::uint64_t from) {
    ProtoWriter content;
    content.message(1, stream_message(stream));
    if (from != 0) content.varint(2, from);
    return frame(Body::subscribe, content);
}

std::string ack_frame(const StreamRef& stream, std::uint64_t seq) {
    ProtoWriter content;
    content.message(1, stream_message(stream)).varint(2, seq);
    return frame(Body::ack, content);
}

std::string key_package_frame(BytesView package) {
    ProtoWriter content;
    content.bytes(2, package);
    return frame(Body::put_key_packages, content, 1);
}

std::string submit_frame(const Alert& alert, BytesView body) {
    ProtoWriter item;
    item.bytes(1, alert.id.view()).varint(2, static_cast<std::uint64_t>(EntryKind::application));
    item.varint(3, limits::alert_expiry_s * 1000).bytes(4, body);
    ProtoWriter content;
    content.message(1, stream_message(alert.channel)).message(2, item);
    if (alert.handshake_seq != 0) content.varint(3, alert.handshake_seq);
    content.varint(4, alert.directory_index);
    return frame(Body::submit, content, alert.request);
}

Bytes private_message(const StreamRef& channel, std::uint8_t content, BytesView ciphertext) {
    Writer w;
    w.u16(1).u16(2);
    Writer group;
    group.raw(channel.id).u32(channel.incarnation);
    const std::array<std::uint8_t, sender_data_size> sender_data{};
    w.opaque(group.bytes()).u64(1).u8(content).opaque({}).opaque(sender_data).opaque(ciphertext);
    return w.take();
}

BytesView ciphertext_of(BytesView message) {
    static constexpr std::size_t fixed = 4 + 1 + group_id_size + 8 + 1 + 1 + 1 + sender_data_size;
    if (message.size() < fixed) return {};
    Reader r(message.subspan(fixed));
    const auto out = r.opaque();
    return r.done() ? out : BytesView{};
}

Bytes key_package(const DeviceId& device) {
    Writer w;
    w.u16(1).u16(5).raw(device.view());
    return w.take();
}

std::string upgrade_request() {
    return "GET /v1/connect HTTP/1.1\r\nHost: relay\r\nUpgrade: websocket\r\nConnection: Upgrade"
           "\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
}

void add_websocket(std::string& out, std::uint8_t opcode, BytesView payload, std::uint32_t mask) {
    const auto size = payload.size();
    out += static_cast<char>(0x80 | opcode);
    if (size < 126) {
        out += static_cast<char>(0x80 | size);
    } else {
        const std::size_t bytes = size < 65536 ? 2 : 8;
        out += static_cast<char>(0x80 | (bytes == 2 ? 126 : 127));
        for (std::size_t i = bytes; i-- > 0;) out += static_cast<char>(size >> (8 * i) & 0xff);
    }
    std::array<std::uint8_t, 4> key;
    std::memcpy(key.data(), &mask, key.size());
    out.append(reinterpret_cast<const char*>(key.data()), key.size());
    const auto begin = out.size();
    out.resize(begin + size);
    for (std::size_t i = 0; i < size; ++i)
        out[begin + i] = static_cast<char>(payload[i] ^ key[i % 4]);
}

std::int64_t next_websocket(BytesView bytes, WebSocketFrame& out) {
    if (bytes.size() < 2) return 0;
    if ((bytes[0] & 0xf0) != 0x80 || (bytes[1] & 0x80) != 0) return -1;
    std::uint64_t size = bytes[1];
    std::size_t head = 2;
    if (size >= 126) {
        const std::size_t more = size == 126 ? 2 : 8;
        if (bytes.size() < 2 + more) return 0;
        size = 0;
        for (std::size_t i = 0; i < more; ++i) size = size << 8 | bytes[2 + i];
        head += more;
    }
    if (size > limits::max_frame) return -1;
    if (bytes.size() - head < size) return 0;
    out.opcode = bytes[0] & 15;
    out.payload = bytes.subspan(head, static_cast<std::size_t>(size));
    return static_cast<std::int64_t>(head + size);
}

}  // namespace huecry::bench
