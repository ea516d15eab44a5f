#include "delivery/private_message.hpp"

#include "huecry/wire/codec.hpp"

namespace huecry::relay {
namespace {

constexpr std::uint16_t mls10 = 1;
constexpr std::uint16_t private_message_format = 2;

}  // namespace

// struct {
//     ProtocolVersion version = mls10; WireFormat wire_format = mls_private_message;
//     opaque group_id<V>; uint64 epoch; ContentType content_type; opaque authenticated_data<V>;
//     opaque encrypted_sender_data<V>; opaque ciphertext<V>;
// } MLSMessage;
Result<PrivateMessage> read_private_message(BytesView message) {
    Reader r(message);
    if (r.u16() != mls10 || r.u16() != private_message_format) return Errc::mls_malformed;
    PrivateMessage out;
    out.group_id = to_bytes(r.opaque(64));
    out.epoch = r.u64();
    const auto content = r.u8();
    (void)r.opaque();
    (void)r.opaque(1024);
    (void)r.opaque();
    if (!r.done()) return Errc::mls_malformed;
    switch (content) {
        case 1:
            out.kind = EntryKind::application;
            return out;
        case 3:
            out.kind = EntryKind::handshake;
            return out;
        default:
            return Errc::mls_invalid;
    }
}

Bytes group_id_of(const StreamRef& channel) {
    Writer w;
    w.raw(channel.id).u32(channel.incarnation);
    return w.take();
}

bool has_format(BytesView message, MlsFormat format) {
    Reader r(message);
    return r.u16() == mls10 && r.u16() == static_cast<std::uint16_t>(format) && r.left() > 0;
}

}  // namespace huecry::relay
