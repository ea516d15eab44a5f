#pragma once

#include "mls/cipher_suite.hpp"
#include "mls/extension.hpp"

// The key schedule (RFC 9420 section 8).
namespace huecry::mls {

/*  struct {
        ProtocolVersion version = mls10;
        CipherSuite cipher_suite;
        opaque group_id<V>;
        uint64 epoch;
        opaque tree_hash<V>;
        opaque confirmed_transcript_hash<V>;
        Extension extensions<V>;
    } GroupContext;                                                 (section 8.1) */
struct GroupContext {
    std::uint16_t cipher_suite = 0;
    Bytes group_id;
    std::uint64_t epoch = 0;
    Bytes tree_hash;
    Bytes confirmed_transcript_hash;
    std::vector<Extension> extensions;

    void write(Writer& w) const;
    [[nodiscard]] static GroupContext read(Reader& r);
    [[nodiscard]] Bytes encode() const;
};

/// What one epoch is made of (section 8, table of derived secrets).
struct EpochSecrets {
    SecretBytes sender_data;
    SecretBytes encryption;
    SecretBytes exporter;
    SecretBytes external;
    SecretBytes confirmation;
    SecretBytes membership;
    SecretBytes resumption;
    SecretBytes authenticator;
    SecretBytes init;

    /// From epoch_secret.
    [[nodiscard]] static EpochSecrets derive(const CipherSuite& suite, BytesView epoch_secret);
    [[nodiscard]] EpochSecrets clone() const;
};

/// joiner_secret from the last epoch's init_secret and this one's commit_secret.
[[nodiscard]] SecretBytes joiner_secret(const CipherSuite& suite, BytesView init_secret,
                                        BytesView commit_secret, BytesView group_context);
[[nodiscard]] SecretBytes welcome_secret(const CipherSuite& suite, BytesView joiner,
                                         BytesView psk_secret);
[[nodiscard]] SecretBytes epoch_secret(const CipherSuite& suite, BytesView joiner,
                                       BytesView psk_secret, BytesView group_context);
/// MLS-Exporter (section 8.5).
[[nodiscard]] SecretBytes export_secret(const CipherSuite& suite, BytesView exporter,
                                        std::string_view label, BytesView context,
                                        std::size_t length);

// External initialization (section 8.3).
[[nodiscard]] std::optional<crypto::HpkeExport> send_external_init(const CipherSuite& suite,
                                                                   crypto::Random& random,
                                                                   BytesView external_pub);
[[nodiscard]] std::optional<SecretBytes> receive_external_init(const CipherSuite& suite,
                                                               BytesView external_secret,
                                                               BytesView kem_output);

// Transcript hashes (section 8.2). `confirmed_input` is ConfirmedTranscriptHashInput.
[[nodiscard]] Bytes confirmed_transcript_hash(const CipherSuite& suite, BytesView interim_before,
                                              BytesView confirmed_input);
[[nodiscard]] Bytes interim_transcript_hash(const CipherSuite& suite, BytesView confirmed,
                                            BytesView confirmation_tag);

}  // namespace huecry::mls
