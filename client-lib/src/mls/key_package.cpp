#include "mls/key_package.hpp"

#include "crypto/random.hpp"
#include "mls/group.hpp"

namespace huecry::mls {

void KeyPackage::write_unsigned(Writer& w) const {
    w.u16(version).u16(cipher_suite).opaque(init_key);
    leaf.write(w);
    mls::write(w, extensions);
}

void KeyPackage::write(Writer& w) const {
    write_unsigned(w);
    w.opaque(signature);
}

KeyPackage KeyPackage::read(Reader& r) {
    KeyPackage out;
    out.version = r.u16();
    out.cipher_suite = r.u16();
    out.init_key = to_bytes(r.opaque());
    out.leaf = LeafNode::read(r);
    out.extensions = read_extensions(r);
    out.signature = to_bytes(r.opaque());
    return out;
}

Result<KeyPackage> KeyPackage::decode(BytesView bytes) {
    Reader r(bytes);
    auto out = read(r);
    if (!r.done()) return Error{Errc::mls_malformed, "KeyPackage"};
    return out;
}

Bytes KeyPackage::encode() const {
    Writer w;
    write(w);
    return w.take();
}

void KeyPackage::sign(const CipherSuite& suite, const crypto::SigningKey& key) {
    Writer w;
    write_unsigned(w);
    signature = suite.sign_with_label(key, "KeyPackageTBS", w.bytes());
}

Bytes KeyPackage::ref(const CipherSuite& suite) const {
    return suite.ref_hash("MLS 1.0 KeyPackage Reference", encode());
}

Result<void> check_key_package(const CipherSuite& suite, const KeyPackage& package) {
    // Section 10.1: version and cipher suite match the group's.
    if (package.version != 1 || package.cipher_suite != static_cast<std::uint16_t>(suite.id()))
        return Error{Errc::mls_unsupported, "KeyPackage: version or cipher suite"};
    if (package.init_key.size() != suite.public_key_size())
        return Error{Errc::mls_invalid, "KeyPackage: length of init_key"};
    // Section 10.1: leaf_node.encryption_key differs from init_key.
    if (package.leaf.encryption_key == package.init_key)
        return Error{Errc::mls_invalid, "KeyPackage: init_key is the leaf's key"};
    // Section 7.3: leaf_node_source of a KeyPackage is key_package.
    if (package.leaf.source != LeafNodeSource::key_package)
        return Error{Errc::mls_invalid, "KeyPackage: source of the leaf"};
    // Section 10 wants KeyPackage.extensions listed in the capabilities and, of a receiver, that
    // unknown ones are ignored: so they are listed by `make_key_package` and not checked here.
    HUECRY_TRY(check_leaf_form(suite, package.leaf));
    // With a key that nothing can be sealed to nobody could commit any more: it comes into no tree.
    if (!suite.usable(package.init_key))
        return Error{Errc::mls_invalid, "KeyPackage: init_key is unusable"};
    HUECRY_TRY(check_leaf_key(suite, package.leaf));
    if (!package.leaf.verify(suite, {}, {}))
        return Error{Errc::mls_unauthentic, "KeyPackage: signature of the leaf"};
    Writer w;
    package.write_unsigned(w);
    if (!suite.verify_with_label(package.leaf.signature_key, "KeyPackageTBS", w.bytes(),
                                 package.signature))
        return Error{Errc::mls_unauthentic, "KeyPackage: signature"};
    return {};
}

Result<KeyPackage> parse_key_package(BytesView message) {
    // An MLSMessage begins with version 1 and wire format 5, a KeyPackage with version 1 and a
    // suite: 5 is a suite that this engine does not have, so there is no doubt which is which.
    Reader r(message);
    if (r.u16() == 1 && r.u16() == static_cast<std::uint16_t>(WireFormat::key_package))
        return KeyPackage::decode(r.rest());
    return KeyPackage::decode(message);
}

// ---- the domain's calls

SecretBytes KeyPackageSecrets::save() const {
    SecretBytes out(1 + init_key.size() + encryption_key.size());
    auto to = out.span();
    to[0] = 1;
    std::copy(init_key.view().begin(), init_key.view().end(), to.begin() + 1);
    std::copy(encryption_key.view().begin(), encryption_key.view().end(),
              to.begin() + 1 + static_cast<std::ptrdiff_t>(init_key.size()));
    return out;
}

Result<KeyPackageSecrets> KeyPackageSecrets::load(BytesView saved) {
    if (saved.size() != 1 + 2 * crypto::x25519_size) return Errc::store_damaged;
    if (saved[0] != 1) return Errc::store_newer;
    return KeyPackageSecrets{SecretBytes(saved.subspan(1, crypto::x25519_size)),
                             SecretBytes(saved.subspan(1 + crypto::x25519_size))};
}

KeyPackageSecrets KeyPackageSecrets::clone() const {
    return {init_key.clone(), encryption_key.clone()};
}

Result<NewKeyPackage> make_key_package(const Environment& env, const KeyPackageOptions& options) {
    const auto& suite = *env.suite;
    auto init = suite.derive_key_pair(env.random->secret(suite.hash_size()).view());
    auto leaf = suite.derive_key_pair(env.random->secret(suite.hash_size()).view());
    KeyPackage package;
    package.cipher_suite = static_cast<std::uint16_t>(suite.id());
    package.init_key = init.public_key;
    package.leaf.encryption_key = leaf.public_key;
    package.leaf.signature_key = to_bytes(env.signer->public_key());
    package.leaf.credential = Credential::basic(options.leaf.identity);
    package.leaf.capabilities =
        own_capabilities(suite, *env.random, options.leaf.extra_extensions,
                         options.leaf.extra_proposals, options.leaf.extra_credentials);
    for (const auto& e : options.extensions)
        if (!package.leaf.capabilities.supports_extension(e.type))
            package.leaf.capabilities.extensions.push_back(e.type);
    package.leaf.lifetime = options.lifetime;
    package.leaf.extensions = options.leaf.extensions;
    package.leaf.sign(suite, *env.signer, {}, {});
    package.extensions = options.extensions;
    if (options.last_resort) package.extensions.push_back({extension_type::last_resort, {}});
    package.sign(suite, *env.signer);
    HUECRY_TRY(check_key_package(suite, package));
    Writer w;
    w.u16(1).u16(static_cast<std::uint16_t>(WireFormat::key_package));
    package.write(w);
    return NewKeyPackage{
        w.take(), package.ref(suite),
        KeyPackageSecrets{std::move(init.private_key), std::move(leaf.private_key)}};
}

KeyPackageInfo describe(const CipherSuite& suite, const KeyPackage& package) {
    Writer w;
    w.u16(1).u16(static_cast<std::uint16_t>(WireFormat::key_package));
    package.write(w);
    return {package.ref(suite),
            package.leaf.credential.identity,
            package.leaf.signature_key,
            package.leaf.encryption_key,
            package.init_key,
            package.leaf.lifetime,
            find(package.extensions, extension_type::last_resort) != nullptr,
            package.extensions,
            suite.hash(w.bytes())};
}

Result<KeyPackageInfo> inspect_key_package(const CipherSuite& suite, BytesView message,
                                           std::optional<std::uint64_t> now) {
    HUECRY_TRY_ASSIGN(const auto package, parse_key_package(message));
    HUECRY_TRY(check_key_package(suite, package));
    // Section 7.3: a leaf in a message that the client sends must be within its lifetime.
    if (now && !package.leaf.lifetime.covers(*now))
        return Error{Errc::expired, "KeyPackage: lifetime"};
    return describe(suite, package);
}

}  // namespace huecry::mls
