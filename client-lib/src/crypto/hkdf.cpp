#include "crypto/hkdf.hpp"

#include <sodium.h>

#include <algorithm>
#include <stdexcept>

#include "crypto/hmac.hpp"

namespace huecry::crypto {

SecretBytes hkdf_extract(BytesView salt, BytesView ikm) {
    auto prk = hmac_sha256(salt, ikm);
    SecretBytes out{BytesView(prk)};
    wipe(prk.data(), prk.size());
    return out;
}

SecretBytes hkdf_expand(BytesView prk, BytesView info, std::size_t length) {
    if (length > 255 * sizeof(Hash256)) throw std::length_error("HKDF-Expand: too long");
    SecretBytes out(length);
    Hash256 block{};
    crypto_auth_hmacsha256_state state;
    const std::uint8_t none = 0;
    const auto* key = prk.empty() ? &none : prk.data();
    std::size_t done = 0;
    for (std::uint8_t counter = 1; done < length; ++counter) {
        crypto_auth_hmacsha256_init(&state, key, prk.size());
        if (counter > 1) crypto_auth_hmacsha256_update(&state, block.data(), block.size());
        crypto_auth_hmacsha256_update(&state, info.data(), info.size());
        crypto_auth_hmacsha256_update(&state, &counter, 1);
        crypto_auth_hmacsha256_final(&state, block.data());
        const auto n = std::min(block.size(), length - done);
        std::copy_n(block.begin(), n, out.span().begin() + static_cast<std::ptrdiff_t>(done));
        done += n;
    }
    sodium_memzero(&state, sizeof state);
    wipe(block.data(), block.size());
    return out;
}

}  // namespace huecry::crypto
