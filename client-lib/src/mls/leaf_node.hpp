#pragma once

#include <optional>
#include <vector>

#include "mls/cipher_suite.hpp"
#include "mls/credential.hpp"
#include "mls/extension.hpp"

namespace huecry::mls {

/*  struct {
        ProtocolVersion versions<V>;
        CipherSuite cipher_suites<V>;
        ExtensionType extensions<V>;
        ProposalType proposals<V>;
        CredentialType credentials<V>;
    } Capabilities;                                                 (section 7.2) */
struct Capabilities {
    std::vector<std::uint16_t> versions;
    std::vector<std::uint16_t> cipher_suites;
    std::vector<ExtensionType> extensions;
    std::vector<ProposalType> proposals;
    std::vector<CredentialType> credentials;

    void write(Writer& w) const;
    [[nodiscard]] static Capabilities read(Reader& r);
    [[nodiscard]] bool supports_extension(ExtensionType type) const;
    [[nodiscard]] bool supports_proposal(ProposalType type) const;
    [[nodiscard]] bool supports_credential(CredentialType type) const;
    /// Section 11.1: everything that is required is listed, or a default that needs no listing.
    [[nodiscard]] bool satisfies(const RequiredCapabilities& required) const;
    bool operator==(const Capabilities&) const = default;
};

/// struct { uint64 not_before; uint64 not_after; } Lifetime; seconds since 1970 (section 7.2)
struct Lifetime {
    std::uint64_t not_before = 0;
    std::uint64_t not_after = 0;
    [[nodiscard]] bool covers(std::uint64_t now) const {
        return not_before <= now && now <= not_after;
    }
    bool operator==(const Lifetime&) const = default;
};

enum class LeafNodeSource : std::uint8_t { key_package = 1, update = 2, commit = 3 };

/*  struct {
        HPKEPublicKey encryption_key;
        SignaturePublicKey signature_key;
        Credential credential;
        Capabilities capabilities;
        LeafNodeSource leaf_node_source;
        select (LeafNode.leaf_node_source) {
            case key_package: Lifetime lifetime;
            case update:      struct{};
            case commit:      opaque parent_hash<V>;
        };
        Extension extensions<V>;
        opaque signature<V>;  // SignWithLabel(., "LeafNodeTBS", LeafNodeTBS)
    } LeafNode;                                                     (section 7.2) */
struct LeafNode {
    Bytes encryption_key;
    Bytes signature_key;
    Credential credential;
    Capabilities capabilities;
    LeafNodeSource source = LeafNodeSource::key_package;
    Lifetime lifetime;  // source key_package
    Bytes parent_hash;  // source commit
    std::vector<Extension> extensions;
    Bytes signature;

    void write(Writer& w) const;
    [[nodiscard]] static LeafNode read(Reader& r);
    [[nodiscard]] Bytes encode() const;

    /// LeafNodeTBS: the fields above the signature; for update and commit also the group and place.
    [[nodiscard]] Bytes to_be_signed(BytesView group_id, LeafIndex leaf) const;
    void sign(const CipherSuite& suite, const crypto::SigningKey& key, BytesView group_id,
              LeafIndex leaf);
    /// Section 7.3, "the signature on the LeafNode is valid using signature_key".
    [[nodiscard]] bool verify(const CipherSuite& suite, BytesView group_id, LeafIndex leaf) const;

private:
    void write_unsigned(Writer& w) const;
};

/// What of section 7.3 a leaf shows by itself: keys of the suite's length, own credential type and
/// own extensions listed, version and suite listed. Signature, source and comparison with the other
/// members are the caller's. Errors: mls_invalid, mls_unsupported.
[[nodiscard]] Result<void> check_leaf_form(const CipherSuite& suite, const LeafNode& leaf);
/// Of a leaf that is new in a tree: something can be sealed to its key. With another nobody could
/// commit a path any more. Error: mls_invalid.
[[nodiscard]] Result<void> check_leaf_key(const CipherSuite& suite, const LeafNode& leaf);

/// The capabilities of this engine with additions; GREASE values come from `random` (section 13.5).
[[nodiscard]] Capabilities own_capabilities(const CipherSuite& suite, crypto::Random& random,
                                            const std::vector<ExtensionType>& extra_extensions,
                                            const std::vector<ProposalType>& extra_proposals,
                                            const std::vector<CredentialType>& extra_credentials);

}  // namespace huecry::mls
