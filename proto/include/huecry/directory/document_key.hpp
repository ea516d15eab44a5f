#pragma once

#include "huecry/result.hpp"
#include "huecry/wire/ids.hpp"
#include "huecry/wire/secret.hpp"

// The agreement's text is a blob under a document key (32 random bytes). Members get the key in the
// all-members channel; newcomers from their invite, where it is sealed to the invite's X25519 key,
// so that joining can show the text with nobody online.
namespace huecry::directory {

inline constexpr std::size_t document_key_size = 32;
inline constexpr std::size_t sealed_document_key_size = 80;  // libsodium sealed box of 32 bytes

/// A sealed box (X25519, XSalsa20-Poly1305, ephemeral key from libsodium's randomness).
Result<Bytes> seal_document_key(const SecretBytes& document_key, const PublicKey& seal_public);
/// `malformed` when it is not for this key or was changed.
Result<SecretBytes> open_document_key(BytesView sealed, const PublicKey& seal_public,
                                      const SecretBytes& seal_private);

/// The blob: nonce[24] ‖ XChaCha20-Poly1305 (libsodium, IETF form) of the text, with the label
/// "huecry/1 document" as additional data. `nonce` is 24 random bytes.
Result<Bytes> seal_document(const SecretBytes& document_key, BytesView nonce,
                            std::string_view text);
/// `malformed`, `too_large`. The text is UTF-8 by the caller's check.
Result<std::string> open_document(const SecretBytes& document_key, BytesView blob);
/// What the directory holds of the text: label "huecry/1 document digest", key ‖ text. The key is
/// the salt: whoever has not got it cannot test guesses of the text.
Digest document_digest(const SecretBytes& document_key, std::string_view text);

}  // namespace huecry::directory
