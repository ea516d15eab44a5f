#include "crypto/hpke.hpp"

#include "crypto/hkdf.hpp"
#include "crypto/random.hpp"
#include "huecry/wire/codec.hpp"

namespace huecry::crypto {
namespace {

// Section 7: DHKEM(X25519, HKDF-SHA256) and HKDF-SHA256.
constexpr std::uint16_t kem_id = 0x0020;
constexpr std::uint16_t kdf_id = 0x0001;
constexpr std::size_t nh = 32;
constexpr std::uint8_t mode_base = 0x00;

Bytes kem_suite() { return Writer().raw(view("KEM")).u16(kem_id).take(); }
Bytes hpke_suite(const Aead& aead) {
    return Writer().raw(view("HPKE")).u16(kem_id).u16(kdf_id).u16(aead.hpke_id()).take();
}

// Section 4: LabeledExtract and LabeledExpand. The input may be secret, so it is wiped.
SecretBytes labeled_extract(BytesView suite, BytesView salt, std::string_view label,
                            BytesView ikm) {
    Writer w;
    w.reserve(32 + label.size() + ikm.size());
    auto input = w.raw(view("HPKE-v1")).raw(suite).raw(view(label)).raw(ikm).take();
    auto out = hkdf_extract(salt, input);
    wipe(input.data(), input.size());
    return out;
}
SecretBytes labeled_expand(BytesView suite, BytesView prk, std::string_view label, BytesView info,
                           std::size_t length) {
    Writer w;
    w.reserve(32 + label.size() + info.size());
    w.u16(static_cast<std::uint16_t>(length)).raw(view("HPKE-v1")).raw(suite);
    w.raw(view(label)).raw(info);
    return hkdf_expand(prk, w.bytes(), length);
}

// Section 4.1: ExtractAndExpand, over kem_context = enc || pkR.
std::optional<SecretBytes> shared_secret(BytesView private_key, BytesView public_key, BytesView enc,
                                         BytesView recipient) {
    auto dh = x25519(private_key, public_key);
    if (!dh) return std::nullopt;
    const auto suite = kem_suite();
    const auto prk = labeled_extract(suite, {}, "eae_prk", dh->view());
    const auto context = Writer().raw(enc).raw(recipient).take();
    return labeled_expand(suite, prk.view(), "shared_secret", context, nh);
}

// key_schedule_context of the base mode: all that depends on `info`.
Bytes schedule_context(const Aead& aead, BytesView info) {
    const auto suite = hpke_suite(aead);
    const auto psk_id_hash = labeled_extract(suite, {}, "psk_id_hash", {});
    const auto info_hash = labeled_extract(suite, {}, "info_hash", info);
    return Writer().u8(mode_base).raw(psk_id_hash.view()).raw(info_hash.view()).take();
}

// Section 5.1: KeySchedule of the base mode, then only what the caller needs of it.
struct Schedule {
    Bytes suite;
    Bytes context;
    SecretBytes secret;

    Schedule(const Aead& aead, BytesView shared, Bytes key_schedule_context)
        : suite(hpke_suite(aead)),
          context(std::move(key_schedule_context)),
          secret(labeled_extract(suite, shared, "secret", {})) {}
    [[nodiscard]] SecretBytes key(const Aead& aead) const {
        return labeled_expand(suite, secret.view(), "key", context, aead.key_size());
    }
    [[nodiscard]] SecretBytes nonce(const Aead& aead) const {
        return labeled_expand(suite, secret.view(), "base_nonce", context, aead.nonce_size());
    }
    // Section 5.3
    [[nodiscard]] SecretBytes exported(BytesView exporter_context, std::size_t length) const {
        const auto exporter = labeled_expand(suite, secret.view(), "exp", context, nh);
        return labeled_expand(suite, exporter.view(), "sec", exporter_context, length);
    }
};

X25519KeyPair fresh(Random& random) {
    X25519KeyPair pair{random.secret(x25519_size), {}};
    pair.public_key = x25519_public(pair.private_key.view());
    return pair;
}

// Section 4.1: Decap.
std::optional<SecretBytes> decapsulate(BytesView private_key, BytesView public_key,
                                       BytesView kem_output) {
    if (private_key.size() != x25519_size) return std::nullopt;
    Bytes computed;
    if (public_key.empty()) {
        computed = x25519_public(private_key);
        public_key = computed;
    }
    return shared_secret(private_key, kem_output, kem_output, public_key);
}

}  // namespace

X25519KeyPair hpke_derive_key_pair(BytesView ikm) {
    const auto suite = kem_suite();
    const auto prk = labeled_extract(suite, {}, "dkp_prk", ikm);
    X25519KeyPair pair{labeled_expand(suite, prk.view(), "sk", {}, x25519_size), {}};
    pair.public_key = x25519_public(pair.private_key.view());
    return pair;
}

namespace {
std::optional<HpkeCiphertext> seal_in(const Aead& aead, const X25519KeyPair& ephemeral,
                                      BytesView public_key, Bytes context, BytesView aad,
                                      BytesView plaintext) {
    const auto shared =
        shared_secret(ephemeral.private_key.view(), public_key, ephemeral.public_key, public_key);
    if (!shared) return std::nullopt;
    const Schedule schedule(aead, shared->view(), std::move(context));
    const auto key = schedule.key(aead);
    const auto nonce = schedule.nonce(aead);
    return HpkeCiphertext{ephemeral.public_key,
                          aead.seal(key.view(), nonce.view(), aad, plaintext)};
}
}  // namespace

std::optional<HpkeCiphertext> hpke_seal_with(const Aead& aead, const X25519KeyPair& ephemeral,
                                             BytesView public_key, BytesView info, BytesView aad,
                                             BytesView plaintext) {
    return seal_in(aead, ephemeral, public_key, schedule_context(aead, info), aad, plaintext);
}

HpkeSealer::HpkeSealer(const Aead& aead, BytesView info)
    : aead_(&aead), context_(schedule_context(aead, info)) {}

std::optional<HpkeCiphertext> HpkeSealer::seal(Random& random, BytesView public_key, BytesView aad,
                                               BytesView plaintext) const {
    return seal_in(*aead_, fresh(random), public_key, context_, aad, plaintext);
}

std::optional<HpkeCiphertext> hpke_seal(const Aead& aead, Random& random, BytesView public_key,
                                        BytesView info, BytesView aad, BytesView plaintext) {
    return hpke_seal_with(aead, fresh(random), public_key, info, aad, plaintext);
}

std::optional<SecretBytes> hpke_open(const Aead& aead, BytesView private_key, BytesView public_key,
                                     BytesView kem_output, BytesView info, BytesView aad,
                                     BytesView ciphertext) {
    const auto shared = decapsulate(private_key, public_key, kem_output);
    if (!shared) return std::nullopt;
    const Schedule schedule(aead, shared->view(), schedule_context(aead, info));
    const auto key = schedule.key(aead);
    const auto nonce = schedule.nonce(aead);
    return aead.open(key.view(), nonce.view(), aad, ciphertext);
}

std::optional<HpkeExport> hpke_send_export_with(const Aead& aead, const X25519KeyPair& ephemeral,
                                                BytesView public_key, BytesView info,
                                                BytesView exporter_context, std::size_t length) {
    const auto shared =
        shared_secret(ephemeral.private_key.view(), public_key, ephemeral.public_key, public_key);
    if (!shared) return std::nullopt;
    const Schedule schedule(aead, shared->view(), schedule_context(aead, info));
    return HpkeExport{ephemeral.public_key, schedule.exported(exporter_context, length)};
}

std::optional<HpkeExport> hpke_send_export(const Aead& aead, Random& random, BytesView public_key,
                                           BytesView info, BytesView exporter_context,
                                           std::size_t length) {
    return hpke_send_export_with(aead, fresh(random), public_key, info, exporter_context, length);
}

std::optional<SecretBytes> hpke_receive_export(const Aead& aead, BytesView private_key,
                                               BytesView public_key, BytesView kem_output,
                                               BytesView info, BytesView exporter_context,
                                               std::size_t length) {
    const auto shared = decapsulate(private_key, public_key, kem_output);
    if (!shared) return std::nullopt;
    return Schedule(aead, shared->view(), schedule_context(aead, info))
        .exported(exporter_context, length);
}

}  // namespace huecry::crypto
