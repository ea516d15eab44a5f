#pragma once

#include "mls/leaf_node.hpp"

namespace huecry::mls {

/*  struct {
        ProtocolVersion version;
        CipherSuite cipher_suite;
        HPKEPublicKey init_key;
        LeafNode leaf_node;
        Extension extensions<V>;
        opaque signature<V>;  // SignWithLabel(., "KeyPackageTBS", KeyPackageTBS)
    } KeyPackage;                                                   (section 10) */
struct KeyPackage {
    std::uint16_t version = 1;
    std::uint16_t cipher_suite = 0;
    Bytes init_key;
    LeafNode leaf;
    std::vector<Extension> extensions;
    Bytes signature;

    void write(Writer& w) const;
    [[nodiscard]] static KeyPackage read(Reader& r);
    [[nodiscard]] static Result<KeyPackage> decode(BytesView bytes);
    [[nodiscard]] Bytes encode() const;
    void sign(const CipherSuite& suite, const crypto::SigningKey& key);
    /// MakeKeyPackageRef (section 5.2).
    [[nodiscard]] Bytes ref(const CipherSuite& suite) const;

private:
    void write_unsigned(Writer& w) const;
    friend Result<void> check_key_package(const CipherSuite& suite, const KeyPackage& package);
};

/// Section 10.1, without comparison with a group's members and without the lifetime. Errors:
/// mls_unsupported (version or suite), mls_unauthentic (a signature), mls_invalid.
[[nodiscard]] Result<void> check_key_package(const CipherSuite& suite, const KeyPackage& package);

struct KeyPackageInfo;
/// What the domain is shown of it.
[[nodiscard]] KeyPackageInfo describe(const CipherSuite& suite, const KeyPackage& package);

/// An MLSMessage(KeyPackage), or the bare structure.
[[nodiscard]] Result<KeyPackage> parse_key_package(BytesView message);

}  // namespace huecry::mls
