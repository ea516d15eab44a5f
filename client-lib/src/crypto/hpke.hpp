#pragma once

#include <optional>

#include "crypto/aead.hpp"
#include "crypto/x25519.hpp"
#include "huecry/wire/bytes.hpp"
#include "huecry/wire/secret.hpp"

// HPKE (RFC 9180), base mode: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and the AEAD that is given.
// One context, one message: nothing here needs a second sequence number.
namespace huecry::crypto {

class Random;

struct HpkeCiphertext {
    Bytes kem_output;
    Bytes ciphertext;
};
struct HpkeExport {
    Bytes kem_output;
    SecretBytes secret;
};

/// DeriveKeyPair (section 7.1.3); ikm of at least 32 bytes.
[[nodiscard]] X25519KeyPair hpke_derive_key_pair(BytesView ikm);

/// SealBase (section 6.1). Empty when the public key is unusable.
[[nodiscard]] std::optional<HpkeCiphertext> hpke_seal(const Aead& aead, Random& random,
                                                      BytesView public_key, BytesView info,
                                                      BytesView aad, BytesView plaintext);
/// The same with the ephemeral key given: for RFC 9180's vectors only.
[[nodiscard]] std::optional<HpkeCiphertext> hpke_seal_with(const Aead& aead,
                                                           const X25519KeyPair& ephemeral,
                                                           BytesView public_key, BytesView info,
                                                           BytesView aad, BytesView plaintext);
/// SealBase to many recipients with one `info`: what depends on it alone is computed once (a
/// Welcome binds each of a thousand ciphertexts to the same hundreds of kilobytes).
class HpkeSealer {
public:
    HpkeSealer(const Aead& aead, BytesView info);
    [[nodiscard]] std::optional<HpkeCiphertext> seal(Random& random, BytesView public_key,
                                                     BytesView aad, BytesView plaintext) const;

private:
    const Aead* aead_;
    Bytes context_;  // key_schedule_context (section 5.1)
};

/// OpenBase (section 6.1). Empty when anything is wrong. `public_key` belongs to `private_key`;
/// without it, it is computed (a base multiplication).
[[nodiscard]] std::optional<SecretBytes> hpke_open(const Aead& aead, BytesView private_key,
                                                   BytesView public_key, BytesView kem_output,
                                                   BytesView info, BytesView aad,
                                                   BytesView ciphertext);
/// SendExportBase and ReceiveExportBase (section 6.2).
[[nodiscard]] std::optional<HpkeExport> hpke_send_export(const Aead& aead, Random& random,
                                                         BytesView public_key, BytesView info,
                                                         BytesView exporter_context,
                                                         std::size_t length);
[[nodiscard]] std::optional<HpkeExport> hpke_send_export_with(const Aead& aead,
                                                              const X25519KeyPair& ephemeral,
                                                              BytesView public_key, BytesView info,
                                                              BytesView exporter_context,
                                                              std::size_t length);
[[nodiscard]] std::optional<SecretBytes> hpke_receive_export(
    const Aead& aead, BytesView private_key, BytesView public_key, BytesView kem_output,
    BytesView info, BytesView exporter_context, std::size_t length);

}  // namespace huecry::crypto
