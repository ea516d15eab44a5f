#pragma once

#include <cstdint>
#include <optional>

#include "huecry/wire/bytes.hpp"
#include "huecry/wire/secret.hpp"

// Authenticated encryption as RFC 5116 draws it: one ciphertext with its tag of 16 bytes at the
// end.
namespace huecry::crypto {

class Aead {
public:
    virtual ~Aead() = default;
    /// The identifier of RFC 9180 section 7.3.
    [[nodiscard]] virtual std::uint16_t hpke_id() const = 0;
    [[nodiscard]] virtual std::size_t key_size() const = 0;
    [[nodiscard]] virtual std::size_t nonce_size() const = 0;
    [[nodiscard]] virtual std::size_t tag_size() const = 0;
    /// Key and nonce of the right size, or it is a bug and throws.
    [[nodiscard]] virtual Bytes seal(BytesView key, BytesView nonce, BytesView aad,
                                     BytesView plaintext) const = 0;
    /// Empty when the ciphertext is not authentic.
    [[nodiscard]] virtual std::optional<SecretBytes> open(BytesView key, BytesView nonce,
                                                          BytesView aad,
                                                          BytesView ciphertext) const = 0;
};

/// ChaCha20-Poly1305 (RFC 8439).
[[nodiscard]] const Aead& chacha20_poly1305();

}  // namespace huecry::crypto
