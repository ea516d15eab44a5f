#include "mls/leaf_node.hpp"

#include <algorithm>

#include "crypto/random.hpp"

namespace huecry::mls {
namespace {
template <class T>
bool contains(const std::vector<T>& list, T value) {
    return std::ranges::find(list, value) != list.end();
}
}  // namespace

void Capabilities::write(Writer& w) const {
    write_u16s(w, versions);
    write_u16s(w, cipher_suites);
    write_u16s(w, extensions);
    write_u16s(w, proposals);
    write_u16s(w, credentials);
}

Capabilities Capabilities::read(Reader& r) {
    return {read_u16s(r), read_u16s(r), read_u16s(r), read_u16s(r), read_u16s(r)};
}

bool Capabilities::supports_extension(ExtensionType type) const {
    return is_default_extension(type) || contains(extensions, type);
}
bool Capabilities::supports_proposal(ProposalType type) const {
    return is_default_proposal(type) || contains(proposals, type);
}
bool Capabilities::supports_credential(CredentialType type) const {
    return contains(credentials, type);
}

bool Capabilities::satisfies(const RequiredCapabilities& required) const {
    return std::ranges::all_of(required.extensions,
                               [&](auto t) { return supports_extension(t); }) &&
           std::ranges::all_of(required.proposals, [&](auto t) { return supports_proposal(t); }) &&
           std::ranges::all_of(required.credentials,
                               [&](auto t) { return supports_credential(t); });
}

void LeafNode::write_unsigned(Writer& w) const {
    w.opaque(encryption_key).opaque(signature_key);
    credential.write(w);
    capabilities.write(w);
    w.u8(static_cast<std::uint8_t>(source));
    if (source == LeafNodeSource::key_package) w.u64(lifetime.not_before).u64(lifetime.not_after);
    if (source == LeafNodeSource::commit) w.opaque(parent_hash);
    mls::write(w, extensions);
}

void LeafNode::write(Writer& w) const {
    write_unsigned(w);
    w.opaque(signature);
}

LeafNode LeafNode::read(Reader& r) {
    LeafNode out;
    out.encryption_key = to_bytes(r.opaque());
    out.signature_key = to_bytes(r.opaque());
    out.credential = Credential::read(r);
    out.capabilities = Capabilities::read(r);
    const auto source = r.u8();
    if (source < 1 || source > 3) r.fail();
    out.source = LeafNodeSource{source};
    if (out.source == LeafNodeSource::key_package) {
        out.lifetime.not_before = r.u64();
        out.lifetime.not_after = r.u64();
    }
    if (out.source == LeafNodeSource::commit) out.parent_hash = to_bytes(r.opaque());
    out.extensions = read_extensions(r);
    out.signature = to_bytes(r.opaque());
    return out;
}

Bytes LeafNode::encode() const {
    Writer w;
    write(w);
    return w.take();
}

Bytes LeafNode::to_be_signed(BytesView group_id, LeafIndex leaf) const {
    Writer w;
    write_unsigned(w);
    if (source != LeafNodeSource::key_package) w.opaque(group_id).u32(leaf.value);
    return w.take();
}

void LeafNode::sign(const CipherSuite& suite, const crypto::SigningKey& key, BytesView group_id,
                    LeafIndex leaf) {
    signature = suite.sign_with_label(key, "LeafNodeTBS", to_be_signed(group_id, leaf));
}

bool LeafNode::verify(const CipherSuite& suite, BytesView group_id, LeafIndex leaf) const {
    return suite.verify_with_label(signature_key, "LeafNodeTBS", to_be_signed(group_id, leaf),
                                   signature);
}

Result<void> check_leaf_form(const CipherSuite& suite, const LeafNode& leaf) {
    // Section 5.1.1: keys in the suite's format.
    if (leaf.encryption_key.size() != suite.public_key_size() ||
        leaf.signature_key.size() != suite.signature_key_size())
        return Error{Errc::mls_invalid, "LeafNode: length of a key"};
    // Section 7.2: the credential type used MUST be listed.
    if (!leaf.capabilities.supports_credential(leaf.credential.type))
        return Error{Errc::mls_invalid, "LeafNode: own credential type is not listed"};
    // Section 7.3: each extension is listed in capabilities.extensions.
    for (const auto& e : leaf.extensions)
        if (!leaf.capabilities.supports_extension(e.type))
            return Error{Errc::mls_invalid, "LeafNode: own extension is not listed"};
    // Section 7.2: there are no default versions and suites.
    if (!contains(leaf.capabilities.versions, std::uint16_t{1}) ||
        !contains(leaf.capabilities.cipher_suites, static_cast<std::uint16_t>(suite.id())))
        return Error{Errc::mls_unsupported, "LeafNode: version or cipher suite is not listed"};
    return {};
}

Result<void> check_leaf_key(const CipherSuite& suite, const LeafNode& leaf) {
    if (!suite.usable(leaf.encryption_key))
        return Error{Errc::mls_invalid, "LeafNode: encryption_key is unusable"};
    return {};
}

Capabilities own_capabilities(const CipherSuite& suite, crypto::Random& random,
                              const std::vector<ExtensionType>& extra_extensions,
                              const std::vector<ProposalType>& extra_proposals,
                              const std::vector<CredentialType>& extra_credentials) {
    const auto grease = [&] {
        return static_cast<std::uint16_t>((random.u32() % 15) * 0x1010 + 0x0a0a);
    };
    Capabilities out;
    out.versions = {1};
    out.cipher_suites = {static_cast<std::uint16_t>(suite.id()), grease()};
    out.extensions = {extension_type::last_resort, extension_type::huecry_join};
    out.extensions.insert(out.extensions.end(), extra_extensions.begin(), extra_extensions.end());
    out.extensions.push_back(grease());
    out.proposals = extra_proposals;
    out.proposals.push_back(grease());
    out.credentials = {credential_type::basic};
    out.credentials.insert(out.credentials.end(), extra_credentials.begin(),
                           extra_credentials.end());
    out.credentials.push_back(grease());
    return out;
}

}  // namespace huecry::mls
