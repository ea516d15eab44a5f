#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "huecry/result.hpp"
#include "huecry/wire/bytes.hpp"
#include "huecry/wire/secret.hpp"

// A passphrase becomes the 32-byte key of the store (Argon2id 1.3, RFC 9106).
namespace huecry::crypto {

inline constexpr std::size_t passphrase_salt_size = 16;

/// Stored beside the salt, so that a later version can raise them for new stores.
struct PassphraseCost {
    std::uint32_t passes = 3;
    std::uint32_t memory_kib = 262144;  // 256 MiB: libsodium's "moderate"
};

/// 32 bytes. Errors: invalid_argument (salt not 16 bytes, costs outside 1..64 passes and
/// 8 KiB..4 GiB), internal (not enough memory).
[[nodiscard]] Result<SecretBytes> passphrase_key(BytesView passphrase, BytesView salt,
                                                 PassphraseCost cost);

}  // namespace huecry::crypto
