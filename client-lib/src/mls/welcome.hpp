#pragma once

#include "mls/commit.hpp"
#include "mls/key_schedule.hpp"

// GroupInfo and Welcome (RFC 9420 section 12.4.3): the structures.
namespace huecry::mls {

/*  struct {
        GroupContext group_context;
        Extension extensions<V>;
        MAC confirmation_tag;
        uint32 signer;
        opaque signature<V>;  // SignWithLabel(., "GroupInfoTBS", GroupInfoTBS)
    } GroupInfo; */
struct GroupInfo {
    GroupContext context;
    std::vector<Extension> extensions;
    Bytes confirmation_tag;
    LeafIndex signer;
    Bytes signature;

    void write(Writer& w) const;
    [[nodiscard]] static GroupInfo read(Reader& r);
    void sign(const CipherSuite& suite, const crypto::SigningKey& key);
    [[nodiscard]] bool verify(const CipherSuite& suite, BytesView signature_key) const;

private:
    void write_unsigned(Writer& w) const;
};

/*  struct {
        opaque joiner_secret<V>;
        optional<PathSecret> path_secret;   // struct { opaque path_secret<V>; } PathSecret;
        PreSharedKeyID psks<V>;
    } GroupSecrets; */
struct GroupSecrets {
    SecretBytes joiner_secret;
    std::optional<SecretBytes> path_secret;
    std::vector<PreSharedKeyId> psks;

    void write(Writer& w) const;
    [[nodiscard]] static GroupSecrets read(Reader& r);
};

/// struct { KeyPackageRef new_member; HPKECiphertext encrypted_group_secrets; }
struct EncryptedGroupSecrets {
    Bytes new_member;
    HpkeCiphertext secrets;
};

/*  struct {
        CipherSuite cipher_suite;
        EncryptedGroupSecrets secrets<V>;
        opaque encrypted_group_info<V>;
    } Welcome; */
struct Welcome {
    std::uint16_t cipher_suite = 0;
    std::vector<EncryptedGroupSecrets> secrets;
    Bytes encrypted_group_info;

    void write(Writer& w) const;
    [[nodiscard]] static Welcome read(Reader& r);
};

/// welcome_key and welcome_nonce (section 12.4.3.1), then the AEAD.
[[nodiscard]] Bytes seal_group_info(const CipherSuite& suite, BytesView welcome_secret,
                                    const GroupInfo& info);
[[nodiscard]] Result<GroupInfo> open_group_info(const CipherSuite& suite, BytesView welcome_secret,
                                                BytesView encrypted);

}  // namespace huecry::mls
