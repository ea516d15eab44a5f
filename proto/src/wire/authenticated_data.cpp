#include "huecry/wire/authenticated_data.hpp"

#include "huecry/wire/codec.hpp"

namespace huecry {

Bytes AuthenticatedData::encode() const {
    Writer w;
    w.u8(1).raw(message_id.view()).raw(directory_head.encode());
    w.u64(stream_seq).raw(running_hash.view());
    return w.take();
}

Result<AuthenticatedData> AuthenticatedData::decode(BytesView bytes) {
    Reader r(bytes);
    if (r.u8() != 1 && r.ok()) return Error{Errc::update_needed, "authenticated data version"};
    AuthenticatedData out;
    out.message_id = MessageId(r.array<16>());
    out.directory_head.head = to_bytes(r.opaque(Head::encoded_size));
    out.directory_head.signature = Signature(r.array<64>());
    out.stream_seq = r.u64();
    out.running_hash = Digest(r.array<32>());
    if (!r.done()) return Error{Errc::malformed, "authenticated data"};
    return out;
}

}  // namespace huecry
