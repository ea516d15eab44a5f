#include "mls/framing.hpp"

// Encoding and decoding a PublicMessage (RFC 9420 section 6.2).
namespace huecry::mls {
namespace {

// struct { FramedContentTBS content_tbs; FramedContentAuthData auth; } AuthenticatedContentTBM;
Bytes to_be_macced(const AuthenticatedContent& content, BytesView group_context) {
    Writer w;
    w.raw(content.to_be_signed(group_context));
    content.write_auth(w);
    return w.take();
}

}  // namespace

Bytes PublicMessage::protect(const CipherSuite& suite, const AuthenticatedContent& content,
                             BytesView membership_key, BytesView group_context) {
    Writer w;
    write_message_header(w, WireFormat::public_message);
    content.content.write(w);
    content.write_auth(w);
    if (content.content.sender.type == SenderType::member)
        w.opaque(suite.mac(membership_key, to_be_macced(content, group_context)));
    return w.take();
}

PublicMessage PublicMessage::read(Reader& r) {
    PublicMessage out;
    out.content.wire_format = WireFormat::public_message;
    out.content.content = FramedContent::read(r);
    out.content.read_auth(r);
    if (out.content.content.sender.type == SenderType::member)
        out.membership_tag = to_bytes(r.opaque());
    return out;
}

bool PublicMessage::verify_membership(const CipherSuite& suite, BytesView membership_key,
                                      BytesView group_context) const {
    return suite.verify_mac(membership_key, to_be_macced(content, group_context), membership_tag);
}

}  // namespace huecry::mls
