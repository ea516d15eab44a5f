#include "mls/welcome.hpp"

namespace huecry::mls {

void GroupInfo::write_unsigned(Writer& w) const {
    context.write(w);
    mls::write(w, extensions);
    w.opaque(confirmation_tag).u32(signer.value);
}

void GroupInfo::write(Writer& w) const {
    write_unsigned(w);
    w.opaque(signature);
}

GroupInfo GroupInfo::read(Reader& r) {
    GroupInfo out;
    out.context = GroupContext::read(r);
    out.extensions = read_extensions(r);
    out.confirmation_tag = to_bytes(r.opaque());
    out.signer = {r.u32()};
    out.signature = to_bytes(r.opaque());
    return out;
}

void GroupInfo::sign(const CipherSuite& suite, const crypto::SigningKey& key) {
    Writer w;
    write_unsigned(w);
    signature = suite.sign_with_label(key, "GroupInfoTBS", w.bytes());
}

bool GroupInfo::verify(const CipherSuite& suite, BytesView signature_key) const {
    Writer w;
    write_unsigned(w);
    return suite.verify_with_label(signature_key, "GroupInfoTBS", w.bytes(), signature);
}

void GroupSecrets::write(Writer& w) const {
    w.opaque(joiner_secret.view()).u8(path_secret ? 1 : 0);
    if (path_secret) w.opaque(path_secret->view());
    w.vector([&](Writer& v) {
        for (const auto& id : psks) id.write(v);
    });
}

GroupSecrets GroupSecrets::read(Reader& r) {
    GroupSecrets out;
    out.joiner_secret = SecretBytes(r.opaque());
    if (r.present()) out.path_secret = SecretBytes(r.opaque());
    Reader v = r.vector();
    while (v.ok() && !v.empty()) {
        out.psks.push_back(PreSharedKeyId::read(v));
        if (out.psks.size() > max_elements) v.fail();
    }
    if (!v.ok()) r.fail();
    return out;
}

void Welcome::write(Writer& w) const {
    w.u16(cipher_suite);
    w.vector([&](Writer& v) {
        for (const auto& s : secrets) {
            v.opaque(s.new_member);
            mls::write(v, s.secrets);
        }
    });
    w.opaque(encrypted_group_info);
}

Welcome Welcome::read(Reader& r) {
    Welcome out;
    out.cipher_suite = r.u16();
    Reader v = r.vector();
    while (v.ok() && !v.empty()) {
        EncryptedGroupSecrets s;
        s.new_member = to_bytes(v.opaque());
        s.secrets = read_hpke_ciphertext(v);
        out.secrets.push_back(std::move(s));
        if (out.secrets.size() > max_elements) v.fail();
    }
    if (!v.ok()) r.fail();
    out.encrypted_group_info = to_bytes(r.opaque());
    return out;
}

namespace {
struct WelcomeKeys {
    SecretBytes key;
    SecretBytes nonce;
    WelcomeKeys(const CipherSuite& suite, BytesView secret)
        : key(suite.expand_with_label(secret, "key", {}, suite.aead().key_size())),
          nonce(suite.expand_with_label(secret, "nonce", {}, suite.aead().nonce_size())) {}
};
}  // namespace

Bytes seal_group_info(const CipherSuite& suite, BytesView welcome_secret, const GroupInfo& info) {
    const WelcomeKeys keys(suite, welcome_secret);
    Writer w;
    info.write(w);
    return suite.aead().seal(keys.key.view(), keys.nonce.view(), {}, w.bytes());
}

Result<GroupInfo> open_group_info(const CipherSuite& suite, BytesView welcome_secret,
                                  BytesView encrypted) {
    const WelcomeKeys keys(suite, welcome_secret);
    const auto plain = suite.aead().open(keys.key.view(), keys.nonce.view(), {}, encrypted);
    if (!plain) return Error{Errc::mls_unauthentic, "Welcome: GroupInfo"};
    Reader r(plain->view());
    auto out = GroupInfo::read(r);
    if (!r.done()) return Error{Errc::mls_malformed, "GroupInfo"};
    return out;
}

}  // namespace huecry::mls
