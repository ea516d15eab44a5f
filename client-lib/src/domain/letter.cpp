#include "domain/letter.hpp"

#include "crypto/hpke.hpp"
#include "huecry/wire/codec.hpp"
#include "huecry/wire/padding.hpp"

namespace huecry::domain {
namespace {

constexpr std::string_view label = "huecry/1 directed";

/// Signed, and bound to the ciphertext.
Bytes envelope(const PartnershipId& partnership, const DeviceId& from, const DeviceId& to,
               const MessageId& id) {
    Writer out;
    out.raw(partnership.view()).raw(from.view()).raw(to.view()).raw(id.view());
    return out.take();
}

Bytes signed_bytes(BytesView envelope, BytesView body) {
    Writer out;
    out.raw(envelope).opaque(body);
    return out.take();
}

}  // namespace

Result<Bytes> seal_letter(const Context& context, const directory::Device& to, const MessageId& id,
                          const content::v1::Directed& body) {
    const auto bytes = body.SerializeAsString();
    const auto bound = envelope(context.self.partnership, context.self.device, to.id, id);
    const auto signature =
        sign_labelled(*context.self.key, label, signed_bytes(bound, view(bytes)));
    Writer plain;
    plain.raw(signature.view()).raw(view(bytes));
    HUECRY_TRY_ASSIGN(const auto padded, pad(plain.bytes()));
    const auto sealed = crypto::hpke_seal(context.mls().suite->aead(), context.random,
                                          to.sealing_key.view(), view(label), bound, padded);
    if (!sealed) return Error{Errc::malformed, "a device's sealing key"};
    Writer out;
    out.raw(sealed->kem_output).raw(sealed->ciphertext);
    return out.take();
}

Result<Letter> open_letter(const Context& context, const directory::State& state,
                           const Header& header, BytesView bytes) {
    const auto* from = state.device(header.submitter);
    const auto* self = state.device(context.self.device);
    if (from == nullptr || self == nullptr) return Error{Errc::malformed, "from nobody"};
    if (bytes.size() <= crypto::x25519_size) return Error{Errc::malformed, "a letter"};
    const auto bound = envelope(context.self.partnership, header.submitter, context.self.device,
                                header.message_id);
    const auto padded = crypto::hpke_open(
        context.mls().suite->aead(), context.self.sealing_key.view(), self->sealing_key.view(),
        bytes.first(crypto::x25519_size), view(label), bound, bytes.subspan(crypto::x25519_size));
    if (!padded) return Error{Errc::malformed, "a letter that is not for this device"};
    HUECRY_TRY_ASSIGN(const auto plain, unpad(padded->view()));
    if (plain.size() < Signature::size) return Error{Errc::malformed, "a letter"};
    const auto signature = Signature::from(plain.first(Signature::size));
    const auto body = plain.subspan(Signature::size);
    if (!signature ||
        !verify_labelled(from->signing_key, label, signed_bytes(bound, body), *signature))
        return Error{Errc::malformed, "a letter that its sender has not signed"};
    Letter out{.from = header.submitter, .body = {}};
    if (!out.body.ParseFromArray(body.data(), static_cast<int>(body.size())))
        return Error{Errc::malformed, "a letter"};
    return out;
}

}  // namespace huecry::domain
