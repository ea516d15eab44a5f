#include "huecry/wire/header.hpp"

#include "huecry/wire/codec.hpp"

namespace huecry {
namespace {

template <class T>
T read_id(Reader& r) {
    return T(r.array<T::size>());
}

void write_stream(Writer& w, const StreamRef& s) {
    w.u8(static_cast<std::uint8_t>(s.kind)).raw(s.id).u32(s.incarnation);
}

StreamRef read_stream(Reader& r) {
    StreamRef s;
    const auto kind = r.u8();
    if (kind < 1 || kind > 3) r.fail();
    s.kind = static_cast<StreamKind>(kind);
    s.id = r.array<16>();
    s.incarnation = r.u32();
    return s;
}

template <class IdType>
std::array<std::uint8_t, 16> array_of(const IdType& id) {
    std::array<std::uint8_t, 16> out{};
    std::copy(id.view().begin(), id.view().end(), out.begin());
    return out;
}

}  // namespace

StreamRef StreamRef::channel(const ChannelId& id, std::uint32_t incarnation) {
    return {StreamKind::channel, array_of(id), incarnation};
}
StreamRef StreamRef::mailbox(const DeviceId& id) { return {StreamKind::mailbox, array_of(id), 0}; }

Bytes Header::encode() const {
    Writer w;
    w.reserve(encoded_size);
    w.u8(1);
    write_stream(w, stream);
    w.u64(seq).raw(submitter.view()).u8(static_cast<std::uint8_t>(kind)).raw(message_id.view());
    w.u64(accepted_ms).u64(expiry_ms).u32(length).raw(digest.view());
    return w.take();
}

Result<Header> Header::decode(BytesView bytes) {
    Reader r(bytes);
    Header h;
    if (r.u8() != 1) return Error{Errc::update_needed, "entry header version"};
    h.stream = read_stream(r);
    h.seq = r.u64();
    h.submitter = read_id<DeviceId>(r);
    const auto kind = r.u8();
    if (kind < 1 || kind > 5) r.fail();
    h.kind = static_cast<EntryKind>(kind);
    h.message_id = read_id<MessageId>(r);
    h.accepted_ms = r.u64();
    h.expiry_ms = r.u64();
    h.length = r.u32();
    h.digest = read_id<Digest>(r);
    if (!r.done()) return Error{Errc::malformed, "entry header"};
    return h;
}

Digest chain_start(const PartnershipId& partnership, const StreamRef& stream) {
    Writer w;
    w.raw(partnership.view());
    write_stream(w, stream);
    return labelled_hash("huecry/1 chain start", w.bytes());
}

Digest chain_next(const Digest& previous, BytesView header) {
    Writer w;
    w.reserve(32 + header.size());
    w.raw(previous.view()).raw(header);
    return labelled_hash("huecry/1 chain", w.bytes());
}

Bytes Head::encode() const {
    Writer w;
    w.reserve(encoded_size);
    w.u8(1).raw(partnership.view());
    write_stream(w, stream);
    w.u64(seq).raw(hash.view()).u64(time_ms).u64(generation);
    return w.take();
}

Result<Head> Head::decode(BytesView bytes) {
    Reader r(bytes);
    Head h;
    if (r.u8() != 1) return Error{Errc::update_needed, "head version"};
    h.partnership = read_id<PartnershipId>(r);
    h.stream = read_stream(r);
    h.seq = r.u64();
    h.hash = read_id<Digest>(r);
    h.time_ms = r.u64();
    h.generation = r.u64();
    if (!r.done()) return Error{Errc::malformed, "head"};
    return h;
}

SignedHead SignedHead::sign(const Head& head, const SigningKey& relay) {
    SignedHead out;
    out.head = head.encode();
    out.signature = sign_labelled(relay, "huecry/1 head", out.head);
    return out;
}

Result<Head> SignedHead::verify(const PublicKey& relay) const {
    if (!verify_labelled(relay, "huecry/1 head", head, signature))
        return Error{Errc::wrong_relay, "signature on a head"};
    return Head::decode(head);
}

Bytes SignedHead::encode() const {
    Writer w;
    w.opaque(head).raw(signature.view());
    return w.take();
}

Result<SignedHead> SignedHead::decode(BytesView bytes) {
    Reader r(bytes);
    SignedHead out;
    out.head = to_bytes(r.opaque(Head::encoded_size));
    out.signature = read_id<Signature>(r);
    if (!r.done()) return Error{Errc::malformed, "signed head"};
    return out;
}

}  // namespace huecry
