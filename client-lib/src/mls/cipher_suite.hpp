#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "crypto/aead.hpp"
#include "crypto/ed25519.hpp"
#include "crypto/hpke.hpp"
#include "huecry/wire/bytes.hpp"
#include "huecry/wire/secret.hpp"
#include "mls/types.hpp"

// Cryptographic objects (RFC 9420 section 5): the engine calls nothing but this.
namespace huecry::mls {

class CipherSuite {
public:
    virtual ~CipherSuite() = default;

    [[nodiscard]] virtual CipherSuiteId id() const = 0;
    /// KDF.Nh, also the length of the hash and of the MAC.
    [[nodiscard]] virtual std::size_t hash_size() const = 0;
    [[nodiscard]] virtual const crypto::Aead& aead() const = 0;

    [[nodiscard]] virtual Bytes hash(BytesView data) const = 0;
    [[nodiscard]] virtual Bytes mac(BytesView key, BytesView data) const = 0;
    [[nodiscard]] virtual bool verify_mac(BytesView key, BytesView data, BytesView tag) const = 0;
    [[nodiscard]] virtual SecretBytes extract(BytesView salt, BytesView ikm) const = 0;
    [[nodiscard]] virtual SecretBytes expand(BytesView secret, BytesView info,
                                             std::size_t length) const = 0;
    [[nodiscard]] virtual bool verify(BytesView public_key, BytesView message,
                                      BytesView signature) const = 0;

    /// The length of an HPKE public key (KEM.Npk).
    [[nodiscard]] virtual std::size_t public_key_size() const = 0;
    [[nodiscard]] virtual std::size_t signature_key_size() const = 0;
    [[nodiscard]] virtual crypto::X25519KeyPair derive_key_pair(BytesView ikm) const = 0;
    [[nodiscard]] virtual Bytes public_of(BytesView private_key) const = 0;
    /// A secret can be agreed with whoever has this public key.
    [[nodiscard]] virtual bool usable(BytesView public_key) const = 0;
    [[nodiscard]] virtual std::optional<crypto::HpkeCiphertext> seal(crypto::Random& random,
                                                                     BytesView public_key,
                                                                     BytesView info,
                                                                     BytesView plaintext) const = 0;
    /// The same to many recipients: what depends on `info` alone is computed once.
    class Sealer {
    public:
        virtual ~Sealer() = default;
        [[nodiscard]] virtual std::optional<crypto::HpkeCiphertext> seal(
            crypto::Random& random, BytesView public_key, BytesView plaintext) const = 0;
    };
    [[nodiscard]] virtual std::unique_ptr<Sealer> sealer(BytesView info) const = 0;
    [[nodiscard]] virtual std::optional<SecretBytes> open(BytesView private_key,
                                                          BytesView public_key,
                                                          BytesView kem_output, BytesView info,
                                                          BytesView ciphertext) const = 0;
    [[nodiscard]] virtual std::optional<crypto::HpkeExport> send_export(
        crypto::Random& random, BytesView public_key, BytesView context,
        std::size_t length) const = 0;
    [[nodiscard]] virtual std::optional<SecretBytes> receive_export(BytesView private_key,
                                                                    BytesView public_key,
                                                                    BytesView kem_output,
                                                                    BytesView context,
                                                                    std::size_t length) const = 0;

    // Section 5.1.2
    [[nodiscard]] Bytes sign_with_label(const crypto::SigningKey& key, std::string_view label,
                                        BytesView content) const;
    [[nodiscard]] bool verify_with_label(BytesView public_key, std::string_view label,
                                         BytesView content, BytesView signature) const;
    // Section 5.1.3
    [[nodiscard]] std::optional<crypto::HpkeCiphertext> encrypt_with_label(
        crypto::Random& random, BytesView public_key, std::string_view label, BytesView context,
        BytesView plaintext) const;
    [[nodiscard]] std::unique_ptr<Sealer> sealer_with_label(std::string_view label,
                                                            BytesView context) const;
    [[nodiscard]] std::optional<SecretBytes> decrypt_with_label(
        BytesView private_key, BytesView public_key, std::string_view label, BytesView context,
        BytesView kem_output, BytesView ciphertext) const;
    // Section 5.2
    [[nodiscard]] Bytes ref_hash(std::string_view label, BytesView value) const;
    // Section 8
    [[nodiscard]] SecretBytes expand_with_label(BytesView secret, std::string_view label,
                                                BytesView context, std::size_t length) const;
    [[nodiscard]] SecretBytes derive_secret(BytesView secret, std::string_view label) const;
    // Section 9
    [[nodiscard]] SecretBytes derive_tree_secret(BytesView secret, std::string_view label,
                                                 std::uint32_t generation,
                                                 std::size_t length) const;
};

/// X25519, SHA-256 and Ed25519 with the AEAD that is given: 0x0003 in the product, and 0x0001 where
/// the tests bring AES-128-GCM.
class X25519Suite final : public CipherSuite {
public:
    X25519Suite(CipherSuiteId id, const crypto::Aead& aead) : id_(id), aead_(&aead) {}

    [[nodiscard]] CipherSuiteId id() const override { return id_; }
    [[nodiscard]] std::size_t hash_size() const override { return 32; }
    [[nodiscard]] const crypto::Aead& aead() const override { return *aead_; }
    [[nodiscard]] Bytes hash(BytesView data) const override;
    [[nodiscard]] Bytes mac(BytesView key, BytesView data) const override;
    [[nodiscard]] bool verify_mac(BytesView key, BytesView data, BytesView tag) const override;
    [[nodiscard]] SecretBytes extract(BytesView salt, BytesView ikm) const override;
    [[nodiscard]] SecretBytes expand(BytesView secret, BytesView info,
                                     std::size_t length) const override;
    [[nodiscard]] bool verify(BytesView public_key, BytesView message,
                              BytesView signature) const override;
    [[nodiscard]] std::size_t public_key_size() const override { return crypto::x25519_size; }
    [[nodiscard]] std::size_t signature_key_size() const override {
        return crypto::ed25519_public_size;
    }
    [[nodiscard]] crypto::X25519KeyPair derive_key_pair(BytesView ikm) const override;
    [[nodiscard]] Bytes public_of(BytesView private_key) const override;
    [[nodiscard]] bool usable(BytesView public_key) const override;
    [[nodiscard]] std::optional<crypto::HpkeCiphertext> seal(crypto::Random& random,
                                                             BytesView public_key, BytesView info,
                                                             BytesView plaintext) const override;
    [[nodiscard]] std::unique_ptr<Sealer> sealer(BytesView info) const override;
    [[nodiscard]] std::optional<SecretBytes> open(BytesView private_key, BytesView public_key,
                                                  BytesView kem_output, BytesView info,
                                                  BytesView ciphertext) const override;
    [[nodiscard]] std::optional<crypto::HpkeExport> send_export(crypto::Random& random,
                                                                BytesView public_key,
                                                                BytesView context,
                                                                std::size_t length) const override;
    [[nodiscard]] std::optional<SecretBytes> receive_export(BytesView private_key,
                                                            BytesView public_key,
                                                            BytesView kem_output, BytesView context,
                                                            std::size_t length) const override;

private:
    CipherSuiteId id_;
    const crypto::Aead* aead_;
};

/// MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519 (0x0003) over libsodium.
[[nodiscard]] const CipherSuite& chacha20_suite();

}  // namespace huecry::mls
