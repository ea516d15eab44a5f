#include "conformance/mls/aes128gcm.hpp"

#include <openssl/evp.h>

#include <memory>
#include <stdexcept>

namespace huecry::test {
namespace {

struct FreeContext {
    void operator()(EVP_CIPHER_CTX* c) const { EVP_CIPHER_CTX_free(c); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

int length_of(BytesView v) { return static_cast<int>(v.size()); }
void must(int result) {
    if (result != 1) throw std::runtime_error("OpenSSL");
}

class Aes128Gcm final : public crypto::Aead {
public:
    [[nodiscard]] std::uint16_t hpke_id() const override { return 0x0001; }
    [[nodiscard]] std::size_t key_size() const override { return 16; }
    [[nodiscard]] std::size_t nonce_size() const override { return 12; }
    [[nodiscard]] std::size_t tag_size() const override { return 16; }

    [[nodiscard]] Bytes seal(BytesView key, BytesView nonce, BytesView aad,
                             BytesView plaintext) const override {
        const Context c(EVP_CIPHER_CTX_new());
        Bytes out(plaintext.size() + tag_size());
        int n = 0;
        must(EVP_EncryptInit_ex(c.get(), EVP_aes_128_gcm(), nullptr, key.data(), nonce.data()));
        if (!aad.empty()) must(EVP_EncryptUpdate(c.get(), nullptr, &n, aad.data(), length_of(aad)));
        if (!plaintext.empty())
            must(
                EVP_EncryptUpdate(c.get(), out.data(), &n, plaintext.data(), length_of(plaintext)));
        must(EVP_EncryptFinal_ex(c.get(), out.data() + plaintext.size(), &n));
        must(EVP_CIPHER_CTX_ctrl(c.get(), EVP_CTRL_GCM_GET_TAG, 16, out.data() + plaintext.size()));
        return out;
    }

    [[nodiscard]] std::optional<SecretBytes> open(BytesView key, BytesView nonce, BytesView aad,
                                                  BytesView ciphertext) const override {
        if (ciphertext.size() < tag_size()) return std::nullopt;
        const auto body = ciphertext.first(ciphertext.size() - tag_size());
        Bytes tag = to_bytes(ciphertext.last(tag_size()));
        const Context c(EVP_CIPHER_CTX_new());
        SecretBytes out(body.size());
        int n = 0;
        must(EVP_DecryptInit_ex(c.get(), EVP_aes_128_gcm(), nullptr, key.data(), nonce.data()));
        if (!aad.empty()) must(EVP_DecryptUpdate(c.get(), nullptr, &n, aad.data(), length_of(aad)));
        if (!body.empty())
            must(EVP_DecryptUpdate(c.get(), out.span().data(), &n, body.data(), length_of(body)));
        must(EVP_CIPHER_CTX_ctrl(c.get(), EVP_CTRL_GCM_SET_TAG, 16, tag.data()));
        std::uint8_t rest[16];
        if (EVP_DecryptFinal_ex(c.get(), rest, &n) != 1) return std::nullopt;
        return out;
    }
};

}  // namespace

const crypto::Aead& aes128gcm() {
    static const Aes128Gcm aead;
    return aead;
}

const mls::CipherSuite& aes128gcm_suite() {
    static const mls::X25519Suite suite(mls::CipherSuiteId::aes128gcm, aes128gcm());
    return suite;
}

}  // namespace huecry::test
