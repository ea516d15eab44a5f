#include "mls/cipher_suite.hpp"

#include "crypto/hash.hpp"
#include "crypto/hkdf.hpp"
#include "crypto/hmac.hpp"
#include "huecry/wire/codec.hpp"

namespace huecry::mls {
namespace {

constexpr std::string_view prefix = "MLS 1.0 ";

// SignContent and EncryptContext (sections 5.1.2, 5.1.3): opaque label<V>, opaque content<V>.
Bytes labelled(std::string_view label, BytesView content) {
    Writer w;
    w.reserve(prefix.size() + label.size() + content.size() + 8);
    w.length(prefix.size() + label.size()).raw(view(prefix)).raw(view(label)).opaque(content);
    return w.take();
}

}  // namespace

Bytes CipherSuite::sign_with_label(const crypto::SigningKey& key, std::string_view label,
                                   BytesView content) const {
    return key.sign(labelled(label, content));
}

bool CipherSuite::verify_with_label(BytesView public_key, std::string_view label, BytesView content,
                                    BytesView signature) const {
    return verify(public_key, labelled(label, content), signature);
}

std::optional<crypto::HpkeCiphertext> CipherSuite::encrypt_with_label(crypto::Random& random,
                                                                      BytesView public_key,
                                                                      std::string_view label,
                                                                      BytesView context,
                                                                      BytesView plaintext) const {
    return seal(random, public_key, labelled(label, context), plaintext);
}

std::unique_ptr<CipherSuite::Sealer> CipherSuite::sealer_with_label(std::string_view label,
                                                                    BytesView context) const {
    return sealer(labelled(label, context));
}

std::optional<SecretBytes> CipherSuite::decrypt_with_label(BytesView private_key,
                                                           BytesView public_key,
                                                           std::string_view label,
                                                           BytesView context, BytesView kem_output,
                                                           BytesView ciphertext) const {
    return open(private_key, public_key, kem_output, labelled(label, context), ciphertext);
}

// RefHashInput: opaque label<V>, opaque value<V>; the label carries its prefix already.
Bytes CipherSuite::ref_hash(std::string_view label, BytesView value) const {
    Writer w;
    w.reserve(label.size() + value.size() + 8);
    return hash(w.opaque(view(label)).opaque(value).bytes());
}

// struct { uint16 length; opaque label<V>; opaque context<V>; } KDFLabel;
SecretBytes CipherSuite::expand_with_label(BytesView secret, std::string_view label,
                                           BytesView context, std::size_t length) const {
    Writer w;
    w.reserve(prefix.size() + label.size() + context.size() + 12);
    w.u16(static_cast<std::uint16_t>(length));
    w.length(prefix.size() + label.size()).raw(view(prefix)).raw(view(label)).opaque(context);
    return expand(secret, w.bytes(), length);
}

SecretBytes CipherSuite::derive_secret(BytesView secret, std::string_view label) const {
    return expand_with_label(secret, label, {}, hash_size());
}

SecretBytes CipherSuite::derive_tree_secret(BytesView secret, std::string_view label,
                                            std::uint32_t generation, std::size_t length) const {
    return expand_with_label(secret, label, Writer().u32(generation).bytes(), length);
}

Bytes X25519Suite::hash(BytesView data) const {
    const auto digest = crypto::sha256(data);
    return {digest.begin(), digest.end()};
}
Bytes X25519Suite::mac(BytesView key, BytesView data) const {
    const auto tag = crypto::hmac_sha256(key, data);
    return {tag.begin(), tag.end()};
}
bool X25519Suite::verify_mac(BytesView key, BytesView data, BytesView tag) const {
    return crypto::hmac_sha256_verify(key, data, tag);
}
SecretBytes X25519Suite::extract(BytesView salt, BytesView ikm) const {
    return crypto::hkdf_extract(salt, ikm);
}
SecretBytes X25519Suite::expand(BytesView secret, BytesView info, std::size_t length) const {
    return crypto::hkdf_expand(secret, info, length);
}
bool X25519Suite::verify(BytesView public_key, BytesView message, BytesView signature) const {
    return crypto::ed25519_verify(public_key, message, signature);
}
crypto::X25519KeyPair X25519Suite::derive_key_pair(BytesView ikm) const {
    return crypto::hpke_derive_key_pair(ikm);
}
Bytes X25519Suite::public_of(BytesView private_key) const {
    return crypto::x25519_public(private_key);
}
bool X25519Suite::usable(BytesView public_key) const {
    // Whichever private key it is tried with: only points of small order give zero, and all do.
    static const Bytes any(crypto::x25519_size, 0x55);
    return crypto::x25519(any, public_key).has_value();
}
std::optional<crypto::HpkeCiphertext> X25519Suite::seal(crypto::Random& random,
                                                        BytesView public_key, BytesView info,
                                                        BytesView plaintext) const {
    return crypto::hpke_seal(*aead_, random, public_key, info, {}, plaintext);
}
namespace {
class X25519Sealer final : public CipherSuite::Sealer {
public:
    X25519Sealer(const crypto::Aead& aead, BytesView info) : sealer_(aead, info) {}
    [[nodiscard]] std::optional<crypto::HpkeCiphertext> seal(crypto::Random& random,
                                                             BytesView public_key,
                                                             BytesView plaintext) const override {
        return sealer_.seal(random, public_key, {}, plaintext);
    }

private:
    crypto::HpkeSealer sealer_;
};
}  // namespace

std::unique_ptr<CipherSuite::Sealer> X25519Suite::sealer(BytesView info) const {
    return std::make_unique<X25519Sealer>(*aead_, info);
}

std::optional<SecretBytes> X25519Suite::open(BytesView private_key, BytesView public_key,
                                             BytesView kem_output, BytesView info,
                                             BytesView ciphertext) const {
    return crypto::hpke_open(*aead_, private_key, public_key, kem_output, info, {}, ciphertext);
}
std::optional<crypto::HpkeExport> X25519Suite::send_export(crypto::Random& random,
                                                           BytesView public_key, BytesView context,
                                                           std::size_t length) const {
    return crypto::hpke_send_export(*aead_, random, public_key, {}, context, length);
}
std::optional<SecretBytes> X25519Suite::receive_export(BytesView private_key, BytesView public_key,
                                                       BytesView kem_output, BytesView context,
                                                       std::size_t length) const {
    return crypto::hpke_receive_export(*aead_, private_key, public_key, kem_output, {}, context,
                                       length);
}

const CipherSuite& chacha20_suite() {
    static const X25519Suite suite(CipherSuiteId::chacha20poly1305, crypto::chacha20_poly1305());
    return suite;
}

}  // namespace huecry::mls
