#include "huecry/directory/document_key.hpp"

#include <sodium.h>

#include "huecry/limits.hpp"
#include "huecry/wire/signing.hpp"

namespace huecry::directory {
namespace {

constexpr std::string_view document_label = "huecry/1 document";
constexpr std::size_t nonce_size = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t tag_size = crypto_aead_xchacha20poly1305_ietf_ABYTES;
static_assert(crypto_box_SEALBYTES + document_key_size == sealed_document_key_size);
static_assert(crypto_aead_xchacha20poly1305_ietf_KEYBYTES == document_key_size);

}  // namespace

Result<Bytes> seal_document_key(const SecretBytes& key, const PublicKey& seal_public) {
    if (key.size() != document_key_size) return Error{Errc::invalid_argument, "document key"};
    Bytes out(sealed_document_key_size);
    if (crypto_box_seal(out.data(), key.view().data(), key.size(), seal_public.view().data()) != 0)
        return Error{Errc::invalid_argument, "the key to seal to"};
    return out;
}

Result<SecretBytes> open_document_key(BytesView sealed, const PublicKey& seal_public,
                                      const SecretBytes& seal_private) {
    if (sealed.size() != sealed_document_key_size ||
        seal_private.size() != crypto_box_SECRETKEYBYTES)
        return Error{Errc::malformed, "sealed document key"};
    SecretBytes out(document_key_size);
    if (crypto_box_seal_open(out.span().data(), sealed.data(), sealed.size(),
                             seal_public.view().data(), seal_private.view().data()) != 0)
        return Error{Errc::malformed, "sealed document key"};
    return out;
}

Result<Bytes> seal_document(const SecretBytes& key, BytesView nonce, std::string_view text) {
    if (key.size() != document_key_size || nonce.size() != nonce_size)
        return Error{Errc::invalid_argument, "document key or nonce"};
    if (text.size() > limits::max_agreement) return Error{Errc::too_large, "agreement"};
    Bytes out = to_bytes(nonce);
    out.resize(nonce_size + text.size() + tag_size);
    const auto plain = view(text);
    const auto label = view(document_label);
    crypto_aead_xchacha20poly1305_ietf_encrypt(out.data() + nonce_size, nullptr, plain.data(),
                                               plain.size(), label.data(), label.size(), nullptr,
                                               nonce.data(), key.view().data());
    return out;
}

Result<std::string> open_document(const SecretBytes& key, BytesView blob) {
    if (key.size() != document_key_size) return Error{Errc::invalid_argument, "document key"};
    if (blob.size() < nonce_size + tag_size) return Error{Errc::malformed, "document"};
    if (blob.size() > nonce_size + tag_size + limits::max_agreement)
        return Error{Errc::too_large, "document"};
    const auto sealed = blob.subspan(nonce_size);
    const auto label = view(document_label);
    Bytes plain(sealed.size() - tag_size);
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(plain.data(), nullptr, nullptr, sealed.data(),
                                                   sealed.size(), label.data(), label.size(),
                                                   blob.data(), key.view().data()) != 0)
        return Error{Errc::malformed, "document"};
    return to_string(plain);
}

Digest document_digest(const SecretBytes& key, std::string_view text) {
    // Sha256 in pieces: a joined copy of the key would be one more thing to wipe.
    const auto label = view("huecry/1 document digest");
    const std::array<std::uint8_t, 1> length{static_cast<std::uint8_t>(label.size())};
    return Sha256().add(length).add(label).add(key.view()).add(view(text)).finish();
}

}  // namespace huecry::directory
