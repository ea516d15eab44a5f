#include "domain/offender_record.hpp"

#include "domain/nickname.hpp"
#include "huecry/limits.hpp"
#include "huecry/wire/codec.hpp"

namespace huecry::domain {
namespace {

constexpr std::string_view label = "huecry/1 record offender";

Bytes signed_bytes(const OffenderRecord& record) {
    Writer out;
    out.raw(record.id.view())
        .opaque(view(record.nickname))
        .u64(record.created_ms)
        .u64(record.expiry_ms)
        .raw(record.author.view());
    return out.take();
}

}  // namespace

void OffenderRecord::sign(const SigningKey& key) {
    author = device_id_of(key.public_key);
    signature = sign_labelled(key, label, signed_bytes(*this));
}

bool OffenderRecord::signed_by(const PublicKey& key) const {
    return device_id_of(key) == author &&
           verify_labelled(key, label, signed_bytes(*this), signature);
}

content::v1::OffenderRecord OffenderRecord::message() const {
    content::v1::OffenderRecord out;
    out.set_id(to_string(id.view()));
    out.set_nickname(nickname);
    out.set_created_ms(created_ms);
    out.set_expiry_ms(expiry_ms);
    out.set_author(to_string(author.view()));
    out.set_signature(to_string(signature.view()));
    return out;
}

std::optional<OffenderRecord> OffenderRecord::from(const content::v1::OffenderRecord& message) {
    const auto id = OffenderId::from(view(message.id()));
    const auto author = DeviceId::from(view(message.author()));
    const auto signature = Signature::from(view(message.signature()));
    if (!id || !author || !signature || !validate_nickname(message.nickname())) return std::nullopt;
    if (message.expiry_ms() <= message.created_ms() ||
        message.expiry_ms() - message.created_ms() > limits::record_expiry_s * 1000)
        return std::nullopt;
    OffenderRecord out;
    out.id = *id;
    out.nickname = message.nickname();
    out.created_ms = message.created_ms();
    out.expiry_ms = message.expiry_ms();
    out.author = *author;
    out.signature = *signature;
    return out;
}

}  // namespace huecry::domain
