#include "mls/key_schedule.hpp"

namespace huecry::mls {

void GroupContext::write(Writer& w) const {
    w.u16(1).u16(cipher_suite).opaque(group_id).u64(epoch).opaque(tree_hash);
    w.opaque(confirmed_transcript_hash);
    mls::write(w, extensions);
}

GroupContext GroupContext::read(Reader& r) {
    GroupContext out;
    if (r.u16() != 1) r.fail();  // version = mls10
    out.cipher_suite = r.u16();
    out.group_id = to_bytes(r.opaque());
    out.epoch = r.u64();
    out.tree_hash = to_bytes(r.opaque());
    out.confirmed_transcript_hash = to_bytes(r.opaque());
    out.extensions = read_extensions(r);
    return out;
}

Bytes GroupContext::encode() const {
    Writer w;
    write(w);
    return w.take();
}

EpochSecrets EpochSecrets::derive(const CipherSuite& suite, BytesView epoch_secret) {
    const auto of = [&](std::string_view label) {
        return suite.derive_secret(epoch_secret, label);
    };
    return {of("sender data"), of("encryption"),     of("exporter"),
            of("external"),    of("confirm"),        of("membership"),
            of("resumption"),  of("authentication"), of("init")};
}

EpochSecrets EpochSecrets::clone() const {
    return {sender_data.clone(), encryption.clone(),    exporter.clone(),
            external.clone(),    confirmation.clone(),  membership.clone(),
            resumption.clone(),  authenticator.clone(), init.clone()};
}

SecretBytes joiner_secret(const CipherSuite& suite, BytesView init_secret, BytesView commit_secret,
                          BytesView group_context) {
    const auto extracted = suite.extract(init_secret, commit_secret);
    return suite.expand_with_label(extracted.view(), "joiner", group_context, suite.hash_size());
}

SecretBytes welcome_secret(const CipherSuite& suite, BytesView joiner, BytesView psk_secret) {
    return suite.derive_secret(suite.extract(joiner, psk_secret).view(), "welcome");
}

SecretBytes epoch_secret(const CipherSuite& suite, BytesView joiner, BytesView psk_secret,
                         BytesView group_context) {
    return suite.expand_with_label(suite.extract(joiner, psk_secret).view(), "epoch", group_context,
                                   suite.hash_size());
}

SecretBytes export_secret(const CipherSuite& suite, BytesView exporter, std::string_view label,
                          BytesView context, std::size_t length) {
    return suite.expand_with_label(suite.derive_secret(exporter, label).view(), "exported",
                                   suite.hash(context), length);
}

namespace {
constexpr std::string_view external_init_label = "MLS 1.0 external init secret";
}

std::optional<crypto::HpkeExport> send_external_init(const CipherSuite& suite,
                                                     crypto::Random& random,
                                                     BytesView external_pub) {
    return suite.send_export(random, external_pub, view(external_init_label), suite.hash_size());
}

std::optional<SecretBytes> receive_external_init(const CipherSuite& suite,
                                                 BytesView external_secret, BytesView kem_output) {
    const auto pair = suite.derive_key_pair(external_secret);
    return suite.receive_export(pair.private_key.view(), pair.public_key, kem_output,
                                view(external_init_label), suite.hash_size());
}

Bytes confirmed_transcript_hash(const CipherSuite& suite, BytesView interim_before,
                                BytesView confirmed_input) {
    Writer w;
    w.reserve(interim_before.size() + confirmed_input.size());
    return suite.hash(w.raw(interim_before).raw(confirmed_input).bytes());
}

// struct { MAC confirmation_tag; } InterimTranscriptHashInput;
Bytes interim_transcript_hash(const CipherSuite& suite, BytesView confirmed,
                              BytesView confirmation_tag) {
    return suite.hash(Writer().raw(confirmed).opaque(confirmation_tag).bytes());
}

}  // namespace huecry::mls
