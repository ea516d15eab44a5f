#include "huecry/directory/invite_keys.hpp"

#include <sodium.h>

namespace huecry::directory {
namespace {

constexpr std::size_t secret_size = 32;

SecretBytes derive(BytesView secret, std::string_view label) {
    static_assert(crypto_auth_hmacsha256_KEYBYTES == secret_size);
    SecretBytes out(crypto_auth_hmacsha256_BYTES);
    const auto message = view(label);
    crypto_auth_hmacsha256(out.span().data(), message.data(), message.size(), secret.data());
    return out;
}

}  // namespace

Result<InviteKeys> invite_keys(BytesView secret) {
    if (secret.size() != secret_size) return Error{Errc::invalid_argument, "invite secret"};
    InviteKeys keys;
    keys.signing = signing_key_from_seed(derive(secret, "huecry/1 invite signing").view());
    keys.seal_private = derive(secret, "huecry/1 invite sealing");
    std::array<std::uint8_t, crypto_scalarmult_BYTES> public_key{};
    if (crypto_scalarmult_base(public_key.data(), keys.seal_private.view().data()) != 0)
        return Error{Errc::internal, "X25519"};
    keys.seal_public = PublicKey(public_key);
    return keys;
}

}  // namespace huecry::directory
