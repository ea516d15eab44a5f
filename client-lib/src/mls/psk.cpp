#include "mls/psk.hpp"

namespace huecry::mls {

void PreSharedKeyId::write(Writer& w) const {
    w.u8(static_cast<std::uint8_t>(type));
    if (type == PskType::external) {
        w.opaque(id);
    } else {
        w.u8(static_cast<std::uint8_t>(usage)).opaque(group_id).u64(epoch);
    }
    w.opaque(nonce);
}

PreSharedKeyId PreSharedKeyId::read(Reader& r) {
    PreSharedKeyId out;
    const auto type = r.u8();
    if (type < 1 || type > 2) r.fail();
    out.type = PskType{type};
    if (out.type == PskType::external) {
        out.id = to_bytes(r.opaque());
    } else {
        const auto usage = r.u8();
        if (usage < 1 || usage > 3) r.fail();
        out.usage = ResumptionUsage{usage};
        out.group_id = to_bytes(r.opaque());
        out.epoch = r.u64();
    }
    out.nonce = to_bytes(r.opaque());
    return out;
}

/*  struct { PreSharedKeyID id; uint16 index; uint16 count; } PSKLabel;
    psk_extracted_[i] = KDF.Extract(0, psk_[i])
    psk_input_[i] = ExpandWithLabel(psk_extracted_[i], "derived psk", PSKLabel, KDF.Nh)
    psk_secret_[i] = KDF.Extract(psk_input_[i-1], psk_secret_[i-1]) */
SecretBytes psk_secret(const CipherSuite& suite, const std::vector<PreSharedKey>& psks) {
    const SecretBytes zero(suite.hash_size());
    SecretBytes secret(suite.hash_size());
    for (std::size_t i = 0; i < psks.size(); ++i) {
        Writer label;
        psks[i].id.write(label);
        label.u16(static_cast<std::uint16_t>(i)).u16(static_cast<std::uint16_t>(psks.size()));
        const auto extracted = suite.extract(zero.view(), psks[i].secret.view());
        const auto input = suite.expand_with_label(extracted.view(), "derived psk", label.bytes(),
                                                   suite.hash_size());
        secret = suite.extract(input.view(), secret.view());
    }
    return secret;
}

}  // namespace huecry::mls
