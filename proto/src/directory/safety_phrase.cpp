#include "huecry/directory/safety_phrase.hpp"

#include <sodium.h>

#include "directory/safety_words.hpp"
#include "huecry/wire/codec.hpp"

namespace huecry::directory {
namespace {

constexpr unsigned long long passes = 2;
constexpr std::size_t memory = std::size_t{16} << 20;
constexpr std::size_t words = 6;

}  // namespace

Result<std::string> safety_phrase(const PartnershipId& partnership, const DeviceId& device,
                                  const PublicKey& signing_key, const PublicKey& sealing_key,
                                  const InviteId& invite) {
    Writer w;
    w.raw(partnership.view()).raw(device.view()).raw(signing_key.view());
    w.raw(sealing_key.view()).raw(invite.view());
    const auto digest = labelled_hash("huecry/1 safety phrase", w.bytes());
    const auto salt = labelled_hash("huecry/1 safety salt", partnership.view());
    static_assert(crypto_pwhash_argon2id_SALTBYTES == 16);
    std::array<std::uint8_t, 16> stretched{};
    if (crypto_pwhash_argon2id(stretched.data(), stretched.size(),
                               reinterpret_cast<const char*>(digest.view().data()), Digest::size,
                               salt.view().data(), passes, memory,
                               crypto_pwhash_argon2id_ALG_ARGON2ID13) != 0)
        return Error{Errc::no_room, "memory for the safety phrase"};
    std::string out;
    for (std::size_t i = 0; i < words; ++i) {
        if (i != 0) out += ' ';
        out += safety_words[stretched.at(i)];
    }
    return out;
}

Result<std::string> safety_phrase(const PartnershipId& partnership, const Device& device) {
    return safety_phrase(partnership, device.id, device.signing_key, device.sealing_key,
                         device.invite.value_or(InviteId{}));
}

}  // namespace huecry::directory
