#include <algorithm>

#include "mls/framing.hpp"

// Encoding and decoding a PrivateMessage (RFC 9420 section 6.3).
namespace huecry::mls {
namespace {

// struct { opaque group_id<V>; uint64 epoch; ContentType content_type; } SenderDataAAD;
// PrivateContentAAD has authenticated_data<V> besides.
Bytes aad(const PrivateMessage& m, bool with_data) {
    Writer w;
    w.reserve(m.group_id.size() + 16 + (with_data ? m.authenticated_data.size() + 4 : 0));
    w.opaque(m.group_id).u64(m.epoch).u8(static_cast<std::uint8_t>(m.content_type));
    if (with_data) w.opaque(m.authenticated_data);
    return w.take();
}

// Section 6.3.1: the nonce's first four bytes are XORed with the reuse guard.
SecretBytes guarded(BytesView nonce, const std::array<std::uint8_t, 4>& guard) {
    SecretBytes out(nonce);
    for (std::size_t i = 0; i < guard.size(); ++i) out.span()[i] ^= guard[i];
    return out;
}

}  // namespace

void PrivateMessage::write(Writer& w) const {
    w.opaque(group_id).u64(epoch).u8(static_cast<std::uint8_t>(content_type));
    w.opaque(authenticated_data).opaque(encrypted_sender_data).opaque(ciphertext);
}

PrivateMessage PrivateMessage::read(Reader& r) {
    PrivateMessage out;
    out.group_id = to_bytes(r.opaque());
    out.epoch = r.u64();
    const auto type = mls::content_type(r.u8());
    if (!type) r.fail();
    out.content_type = type.value_or(ContentType::application);
    out.authenticated_data = to_bytes(r.opaque());
    out.encrypted_sender_data = to_bytes(r.opaque());
    out.ciphertext = to_bytes(r.opaque());
    return out;
}

SenderDataKey sender_data_key(const CipherSuite& suite, BytesView sender_data_secret,
                              BytesView ciphertext) {
    const auto sample = ciphertext.first(std::min(ciphertext.size(), suite.hash_size()));
    return {
        suite.expand_with_label(sender_data_secret, "key", sample, suite.aead().key_size()),
        suite.expand_with_label(sender_data_secret, "nonce", sample, suite.aead().nonce_size())};
}

std::optional<SenderData> open_sender_data(const CipherSuite& suite, BytesView sender_data_secret,
                                           const PrivateMessage& message) {
    const auto keys = sender_data_key(suite, sender_data_secret, message.ciphertext);
    const auto plain = suite.aead().open(keys.key.view(), keys.nonce.view(), aad(message, false),
                                         message.encrypted_sender_data);
    Reader r(plain ? plain->view() : BytesView());  // what does not open is too short
    SenderData out;
    out.leaf = {r.u32()};
    out.generation = r.u32();
    out.reuse_guard = r.array<4>();
    if (!r.done()) return std::nullopt;
    return out;
}

Result<AuthenticatedContent> open_content(const CipherSuite& suite, const PrivateMessage& message,
                                          const SenderData& sender, BytesView key,
                                          BytesView nonce) {
    const auto plain = suite.aead().open(key, guarded(nonce, sender.reuse_guard).view(),
                                         aad(message, true), message.ciphertext);
    if (!plain) return Error{Errc::mls_unauthentic, "PrivateMessage"};
    Reader r(plain->view());
    AuthenticatedContent out;
    out.wire_format = WireFormat::private_message;
    out.content.group_id = message.group_id;
    out.content.epoch = message.epoch;
    out.content.sender = {SenderType::member, sender.leaf.value};
    out.content.authenticated_data = message.authenticated_data;
    FramedContent::read_content(r, message.content_type, out.content);
    out.read_auth(r);
    if (!r.ok()) return Error{Errc::mls_malformed, "PrivateMessageContent"};
    // Section 6.3.1: the padding MUST be all zero.
    if (!std::ranges::all_of(r.rest(), [](auto b) { return b == 0; }))
        return Error{Errc::mls_malformed, "PrivateMessageContent: padding"};
    return out;
}

Bytes seal_message(const CipherSuite& suite, const AuthenticatedContent& content,
                   const SenderData& sender, BytesView key, BytesView nonce,
                   BytesView sender_data_secret, std::size_t padding) {
    PrivateMessage m;
    m.group_id = content.content.group_id;
    m.epoch = content.content.epoch;
    m.content_type = content.content.type();
    m.authenticated_data = content.content.authenticated_data;
    Writer plain;
    content.content.write_content(plain);
    content.write_auth(plain);
    Bytes bytes = plain.take();
    bytes.resize(bytes.size() + padding);
    m.ciphertext =
        suite.aead().seal(key, guarded(nonce, sender.reuse_guard).view(), aad(m, true), bytes);
    wipe(bytes.data(), bytes.size());
    const auto keys = sender_data_key(suite, sender_data_secret, m.ciphertext);
    const auto data =
        Writer().u32(sender.leaf.value).u32(sender.generation).raw(sender.reuse_guard).take();
    m.encrypted_sender_data =
        suite.aead().seal(keys.key.view(), keys.nonce.view(), aad(m, false), data);
    Writer w;
    w.reserve(m.ciphertext.size() + m.authenticated_data.size() + m.group_id.size() + 80);
    write_message_header(w, WireFormat::private_message);
    m.write(w);
    return w.take();
}

}  // namespace huecry::mls
