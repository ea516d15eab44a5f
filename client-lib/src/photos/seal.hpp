#pragma once

#include "huecry/result.hpp"
#include "huecry/wire/bytes.hpp"
#include "huecry/wire/ids.hpp"
#include "huecry/wire/secret.hpp"

// A photo as it lies at the relay. Its key comes from two halves: the share, which the relay keeps
// until the photo's expiry, and the secret, which travels inside the end-to-end encrypted message.
// Plaintext: length of the photo (8 bytes, big endian), the photo, zeros up to the Padmé length;
// encrypted as one secretstream in chunks of limits::photo_chunk.
namespace huecry::photos {

inline constexpr std::size_t share_size = 32;
inline constexpr std::size_t secret_size = 32;

struct Sealed {
    Bytes ciphertext;
    /// SHA-256 of the ciphertext: goes into the message.
    Digest digest;
};

/// `share` and `secret` are 32 random bytes each, new for every photo.
/// Errors: invalid_argument (their sizes, or an empty photo), photo_too_large.
[[nodiscard]] Result<Sealed> seal(BytesView photo, const SecretBytes& share,
                                  const SecretBytes& secret);

/// The photo, or nothing at all: not one byte is given out before the last chunk is verified.
/// Errors: photo_tampered; invalid_argument when a half has the wrong size.
[[nodiscard]] Result<SecretBytes> open(BytesView ciphertext, const SecretBytes& share,
                                       const SecretBytes& secret, const Digest& digest);

/// What the message says of the share, so that a wrong one is the relay's provable fault.
[[nodiscard]] Digest share_hash(const SecretBytes& share);

/// The least length not below `length` that tells at most log log of it (Padmé, Nikitin and others
/// 2019, section 4): at most 12 % longer.
[[nodiscard]] std::uint64_t padme(std::uint64_t length);

}  // namespace huecry::photos
