#include "crypto/aead.hpp"

#include <sodium.h>

#include <stdexcept>

namespace huecry::crypto {
namespace {

class ChaCha20Poly1305 final : public Aead {
public:
    [[nodiscard]] std::uint16_t hpke_id() const override { return 0x0003; }
    [[nodiscard]] std::size_t key_size() const override {
        return crypto_aead_chacha20poly1305_ietf_KEYBYTES;
    }
    [[nodiscard]] std::size_t nonce_size() const override {
        return crypto_aead_chacha20poly1305_ietf_NPUBBYTES;
    }
    [[nodiscard]] std::size_t tag_size() const override {
        return crypto_aead_chacha20poly1305_ietf_ABYTES;
    }

    [[nodiscard]] Bytes seal(BytesView key, BytesView nonce, BytesView aad,
                             BytesView plaintext) const override {
        require(key, nonce);
        Bytes out(plaintext.size() + tag_size());
        unsigned long long length = 0;
        crypto_aead_chacha20poly1305_ietf_encrypt(out.data(), &length, plaintext.data(),
                                                  plaintext.size(), aad.data(), aad.size(), nullptr,
                                                  nonce.data(), key.data());
        return out;
    }

    [[nodiscard]] std::optional<SecretBytes> open(BytesView key, BytesView nonce, BytesView aad,
                                                  BytesView ciphertext) const override {
        require(key, nonce);
        if (ciphertext.size() < tag_size()) return std::nullopt;
        SecretBytes out(ciphertext.size() - tag_size());
        unsigned long long length = 0;
        if (crypto_aead_chacha20poly1305_ietf_decrypt(
                out.span().data(), &length, nullptr, ciphertext.data(), ciphertext.size(),
                aad.data(), aad.size(), nonce.data(), key.data()) != 0)
            return std::nullopt;
        return out;
    }

private:
    void require(BytesView key, BytesView nonce) const {
        if (key.size() != key_size() || nonce.size() != nonce_size())
            throw std::invalid_argument("AEAD: key or nonce of a wrong size");
    }
};

}  // namespace

const Aead& chacha20_poly1305() {
    static const ChaCha20Poly1305 aead;
    return aead;
}

}  // namespace huecry::crypto
