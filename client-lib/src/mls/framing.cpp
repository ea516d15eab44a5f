#include "mls/framing.hpp"

namespace huecry::mls {

void write_message_header(Writer& w, WireFormat format) {
    w.u16(1).u16(static_cast<std::uint16_t>(format));
}

std::optional<ContentType> content_type(std::uint8_t value) {
    if (value < 1 || value > 3) return std::nullopt;
    return ContentType{value};
}

void Sender::write(Writer& w) const {
    w.u8(static_cast<std::uint8_t>(type));
    if (type == SenderType::member || type == SenderType::external) w.u32(index);
}

Sender Sender::read(Reader& r) {
    Sender out;
    const auto type = r.u8();
    if (type < 1 || type > 4) r.fail();
    out.type = SenderType{type};
    if (out.type == SenderType::member || out.type == SenderType::external) out.index = r.u32();
    return out;
}

void FramedContent::write_content(Writer& w) const {
    if (const auto* data = std::get_if<SecretBytes>(&content)) w.opaque(data->view());
    if (const auto* proposal = std::get_if<Proposal>(&content)) proposal->write(w);
    if (const auto* commit = std::get_if<Commit>(&content)) commit->write(w);
}

void FramedContent::read_content(Reader& r, ContentType type, FramedContent& into) {
    switch (type) {
        case ContentType::application:
            into.content = SecretBytes(r.opaque());
            return;
        case ContentType::proposal:
            into.content = Proposal::read(r);
            return;
        case ContentType::commit:
            into.content = Commit::read(r);
            return;
    }
}

void FramedContent::write(Writer& w) const {
    w.opaque(group_id).u64(epoch);
    sender.write(w);
    w.opaque(authenticated_data).u8(static_cast<std::uint8_t>(type()));
    write_content(w);
}

FramedContent FramedContent::read(Reader& r) {
    FramedContent out;
    out.group_id = to_bytes(r.opaque());
    out.epoch = r.u64();
    out.sender = Sender::read(r);
    out.authenticated_data = to_bytes(r.opaque());
    const auto type = mls::content_type(r.u8());
    if (!type) {
        r.fail();
        return out;
    }
    read_content(r, *type, out);
    return out;
}

void AuthenticatedContent::write_auth(Writer& w) const {
    w.opaque(signature);
    if (content.type() == ContentType::commit) w.opaque(confirmation_tag);
}

void AuthenticatedContent::read_auth(Reader& r) {
    signature = to_bytes(r.opaque());
    if (content.type() == ContentType::commit) confirmation_tag = to_bytes(r.opaque());
}

void AuthenticatedContent::write(Writer& w) const {
    w.u16(static_cast<std::uint16_t>(wire_format));
    content.write(w);
    write_auth(w);
}

AuthenticatedContent AuthenticatedContent::read(Reader& r) {
    AuthenticatedContent out;
    const auto format = r.u16();
    if (format != 1 && format != 2) r.fail();
    out.wire_format = WireFormat{format};
    out.content = FramedContent::read(r);
    out.read_auth(r);
    return out;
}

/*  struct {
        ProtocolVersion version = mls10;
        WireFormat wire_format;
        FramedContent content;
        select (FramedContentTBS.content.sender.sender_type) {
            case member, new_member_commit:      GroupContext context;
            case external, new_member_proposal:  struct{};
        };
    } FramedContentTBS;                                             (section 6.1) */
Bytes AuthenticatedContent::to_be_signed(BytesView group_context) const {
    Writer w;
    write_message_header(w, wire_format);
    content.write(w);
    if (content.sender.type == SenderType::member ||
        content.sender.type == SenderType::new_member_commit)
        w.raw(group_context);
    return w.take();
}

void AuthenticatedContent::sign(const CipherSuite& suite, const crypto::SigningKey& key,
                                BytesView group_context) {
    signature = suite.sign_with_label(key, "FramedContentTBS", to_be_signed(group_context));
}

bool AuthenticatedContent::verify(const CipherSuite& suite, BytesView key,
                                  BytesView group_context) const {
    return suite.verify_with_label(key, "FramedContentTBS", to_be_signed(group_context), signature);
}

Bytes AuthenticatedContent::proposal_ref(const CipherSuite& suite) const {
    Writer w;
    write(w);
    return suite.ref_hash("MLS 1.0 Proposal Reference", w.bytes());
}

// struct { WireFormat wire_format; FramedContent content; opaque signature<V>; }
Bytes AuthenticatedContent::confirmed_input() const {
    Writer w;
    w.u16(static_cast<std::uint16_t>(wire_format));
    content.write(w);
    return w.opaque(signature).take();
}

}  // namespace huecry::mls
