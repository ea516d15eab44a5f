#include "huecry/wire/join_info.hpp"

#include "huecry/wire/codec.hpp"

namespace huecry {

Bytes JoinInfo::encode() const {
    Writer w;
    w.u8(1).raw(directory_head.encode()).u64(floor_index).u64(processed_seq);
    w.raw(running_hash.view()).raw(commit_id.view());
    return w.take();
}

Result<JoinInfo> JoinInfo::decode(BytesView bytes) {
    Reader r(bytes);
    if (r.u8() != 1 && r.ok()) return Error{Errc::update_needed, "join info version"};
    JoinInfo out;
    out.directory_head.head = to_bytes(r.opaque(Head::encoded_size));
    out.directory_head.signature = Signature(r.array<64>());
    out.floor_index = r.u64();
    out.processed_seq = r.u64();
    out.running_hash = Digest(r.array<32>());
    out.commit_id = MessageId(r.array<16>());
    if (!r.done()) return Error{Errc::malformed, "join info"};
    return out;
}

Bytes group_id(const ChannelId& channel, std::uint32_t incarnation) {
    Writer w;
    w.raw(channel.view()).u32(incarnation);
    return w.take();
}

Bytes credential_identity(const PartnershipId& partnership, const DeviceId& device) {
    Writer w;
    w.raw(partnership.view()).raw(device.view());
    return w.take();
}

}  // namespace huecry
