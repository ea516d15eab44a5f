#include "domain/signed_alert.hpp"

#include <algorithm>
#include <array>

#include "huecry/wire/codec.hpp"

namespace huecry::domain {
namespace {

constexpr std::string_view label = "huecry/1 alert";
// Field 32, length-delimited, 64 bytes.
constexpr std::array<std::uint8_t, 3> before_signature{0x82, 0x02, 0x40};
constexpr std::size_t suffix = before_signature.size() + Signature::size;

Bytes signed_bytes(const AlertPlace& place, BytesView content) {
    Writer out;
    out.raw(place.partnership.view()).raw(place.channel.view()).raw(place.id.view());
    out.opaque(content);
    return out.take();
}

}  // namespace

void sign_alert(content::v1::Content& content, const AlertPlace& place, const SigningKey& author) {
    content.clear_author_signature();
    const auto bytes = content.SerializeAsString();
    const auto signature = sign_labelled(author, label, signed_bytes(place, view(bytes)));
    content.set_author_signature(to_string(signature.view()));
}

std::optional<content::v1::Content> open_signed_alert(BytesView said, const AlertPlace& place,
                                                      const PublicKey& author) {
    if (said.size() <= suffix) return std::nullopt;
    const auto body = said.first(said.size() - suffix);
    if (!std::ranges::equal(said.subspan(body.size(), before_signature.size()), before_signature))
        return std::nullopt;
    const auto signature = Signature::from(said.last(Signature::size));
    if (!signature || !verify_labelled(author, label, signed_bytes(place, body), *signature))
        return std::nullopt;
    content::v1::Content out;
    if (!out.ParseFromArray(said.data(), static_cast<int>(said.size())) || !out.has_alert())
        return std::nullopt;
    return out;
}

}  // namespace huecry::domain
