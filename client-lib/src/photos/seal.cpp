#include "photos/seal.hpp"

#include <algorithm>
#include <bit>

#include "crypto/file_stream.hpp"
#include "crypto/hkdf.hpp"
#include "huecry/limits.hpp"
#include "huecry/wire/signing.hpp"

namespace huecry::photos {
namespace {

constexpr std::string_view key_label = "huecry/1 photo key";
constexpr std::string_view share_label = "huecry/1 photo share";
constexpr std::size_t length_size = 8;

SecretBytes key_of(const SecretBytes& share, const SecretBytes& secret) {
    SecretBytes both(share_size + secret_size);
    std::copy_n(share.view().begin(), share_size, both.span().begin());
    std::copy_n(secret.view().begin(), secret_size, both.span().begin() + share_size);
    const SecretBytes prk = crypto::hkdf_extract(view(key_label), both.view());
    return crypto::hkdf_expand(prk.view(), view(key_label), crypto::file_key_size);
}

bool halves_fit(const SecretBytes& share, const SecretBytes& secret) {
    return share.size() == share_size && secret.size() == secret_size;
}

// What `plaintext` bytes become.
std::uint64_t sealed_size(std::uint64_t plaintext) {
    const std::uint64_t chunks = (plaintext + limits::photo_chunk - 1) / limits::photo_chunk;
    return crypto::file_header_size + plaintext + chunks * crypto::file_chunk_overhead;
}

}  // namespace

std::uint64_t padme(std::uint64_t length) {
    if (length < 2) return length;
    const auto exponent = static_cast<unsigned>(std::bit_width(length)) - 1;
    const auto kept = static_cast<unsigned>(std::bit_width(exponent));
    const std::uint64_t mask = (std::uint64_t{1} << (exponent - kept)) - 1;
    return (length + mask) & ~mask;
}

Result<Sealed> seal(BytesView photo, const SecretBytes& share, const SecretBytes& secret) {
    if (!halves_fit(share, secret) || photo.empty()) return Errc::invalid_argument;
    if (photo.size() > limits::max_blob) return Errc::photo_too_large;
    const std::uint64_t padded = padme(length_size + photo.size());
    if (sealed_size(padded) > limits::max_blob) return Errc::photo_too_large;
    SecretBytes plaintext(static_cast<std::size_t>(padded));
    for (std::size_t i = 0; i < length_size; ++i) {
        plaintext.span()[i] = static_cast<std::uint8_t>(photo.size() >> (56 - 8 * i));
    }
    std::copy(photo.begin(), photo.end(), plaintext.span().begin() + length_size);

    Sealed out;
    out.ciphertext =
        crypto::seal_file(key_of(share, secret).view(), plaintext.view(), limits::photo_chunk);
    out.digest = sha256(out.ciphertext);
    return out;
}

Result<SecretBytes> open(BytesView ciphertext, const SecretBytes& share, const SecretBytes& secret,
                         const Digest& digest) {
    if (!halves_fit(share, secret)) return Errc::invalid_argument;
    if (ciphertext.size() > limits::max_blob) return Errc::photo_tampered;
    if (!equal_constant_time(sha256(ciphertext).view(), digest.view())) return Errc::photo_tampered;
    auto opened = crypto::open_file(key_of(share, secret).view(), ciphertext, limits::photo_chunk);
    if (!opened) return Errc::photo_tampered;
    const SecretBytes plaintext{BytesView(*opened)};
    wipe(opened->data(), opened->size());

    // A sender that verifies but writes nonsense is no better than a forger.
    const BytesView all = plaintext.view();
    if (all.size() < length_size) return Errc::photo_tampered;
    std::uint64_t length = 0;
    for (std::size_t i = 0; i < length_size; ++i) length = length << 8U | all[i];
    if (length == 0 || length > limits::max_blob || padme(length_size + length) != all.size()) {
        return Errc::photo_tampered;
    }
    const BytesView rest = all.subspan(length_size);
    const BytesView padding = rest.subspan(static_cast<std::size_t>(length));
    if (std::any_of(padding.begin(), padding.end(), [](auto byte) { return byte != 0; })) {
        return Errc::photo_tampered;
    }
    return SecretBytes(rest.first(static_cast<std::size_t>(length)));
}

Digest share_hash(const SecretBytes& share) { return labelled_hash(share_label, share.view()); }

}  // namespace huecry::photos
