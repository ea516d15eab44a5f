#include <algorithm>

#include "mls/state.hpp"
#include "mls/tree_validation.hpp"

// Joining by Welcome (RFC 9420 section 12.4.3.1).
namespace huecry::mls {

struct OpenedWelcome::Impl {
    Environment env;
    KeyPackage package;
    SecretBytes encryption_key;
    GroupSecrets secrets;
    SecretBytes psk_secret;
    GroupInfo info;
};

OpenedWelcome::OpenedWelcome(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
OpenedWelcome::OpenedWelcome(OpenedWelcome&&) noexcept = default;
OpenedWelcome& OpenedWelcome::operator=(OpenedWelcome&&) noexcept = default;
OpenedWelcome::~OpenedWelcome() = default;

namespace {

Result<Welcome> parse_welcome(BytesView message, const Limits& limits) {
    if (message.size() > limits.max_message) return Error{Errc::too_large, "Welcome"};
    Reader r(message);
    if (r.u16() != 1 || r.u16() != static_cast<std::uint16_t>(WireFormat::welcome))
        return Error{Errc::mls_malformed, "not a Welcome"};
    auto out = Welcome::read(r);
    if (!r.done()) return Error{Errc::mls_malformed, "Welcome"};
    return out;
}

Result<GroupSecrets> open_secrets(const CipherSuite& suite, const Welcome& welcome,
                                  const KeyPackage& package, BytesView init_key) {
    const auto ref = package.ref(suite);
    const auto entry = std::ranges::find(welcome.secrets, ref, &EncryptedGroupSecrets::new_member);
    if (entry == welcome.secrets.end()) return Error{Errc::not_found, "Welcome: not for this key"};
    const auto plain = suite.decrypt_with_label(
        init_key, package.init_key, "Welcome", welcome.encrypted_group_info,
        entry->secrets.kem_output, entry->secrets.ciphertext);
    if (!plain) return Error{Errc::mls_unauthentic, "Welcome: GroupSecrets"};
    Reader r(plain->view());
    auto out = GroupSecrets::read(r);
    if (!r.done()) return Error{Errc::mls_malformed, "GroupSecrets"};
    return out;
}

bool begins_new_group(const PreSharedKeyId& id) {
    return id.type == PskType::resumption && id.usage != ResumptionUsage::application;
}

Result<SecretBytes> combine(const CipherSuite& suite, const std::vector<PreSharedKeyId>& ids,
                            const PskLookup& lookup) {
    // "if a PreSharedKeyID has type resumption with usage reinit or branch, verify that it is the
    // only such PSK"
    if (std::ranges::count_if(ids, begins_new_group) > 1)
        return Error{Errc::mls_invalid, "Welcome: two PSKs of a new group"};
    std::vector<PreSharedKey> psks;
    for (const auto& id : ids) {
        if (id.nonce.size() != suite.hash_size())
            return Error{Errc::mls_invalid, "Welcome: PSK nonce"};
        auto secret = ask(lookup, id);
        if (!secret) return Error{Errc::mls_path_failed, "Welcome: a pre-shared key is missing"};
        psks.push_back({id, std::move(*secret)});
    }
    return psk_secret(suite, psks);
}

}  // namespace

Result<OpenedWelcome> OpenedWelcome::open(const Environment& env, BytesView message,
                                          BytesView key_package, const KeyPackageSecrets& secrets,
                                          const PskLookup& psks) {
    const auto& suite = *env.suite;
    auto impl = std::make_unique<Impl>();
    impl->env = env;
    impl->encryption_key = secrets.encryption_key.clone();
    HUECRY_TRY_ASSIGN(const auto welcome, parse_welcome(message, env.limits));
    HUECRY_TRY_ASSIGN(impl->package, parse_key_package(key_package));
    if (welcome.cipher_suite != static_cast<std::uint16_t>(suite.id()) ||
        impl->package.cipher_suite != welcome.cipher_suite)
        return Error{Errc::mls_unsupported, "Welcome: cipher suite"};
    if (secrets.init_key.size() != suite.public_key_size() ||
        suite.public_of(secrets.init_key.view()) != impl->package.init_key ||
        secrets.encryption_key.size() != suite.public_key_size() ||
        suite.public_of(secrets.encryption_key.view()) != impl->package.leaf.encryption_key)
        return Error{Errc::invalid_argument, "these are not the key package's secrets"};
    HUECRY_TRY_ASSIGN(impl->secrets,
                      open_secrets(suite, welcome, impl->package, secrets.init_key.view()));
    HUECRY_TRY_ASSIGN(impl->psk_secret, combine(suite, impl->secrets.psks, psks));
    const auto welcome_key =
        welcome_secret(suite, impl->secrets.joiner_secret.view(), impl->psk_secret.view());
    HUECRY_TRY_ASSIGN(impl->info,
                      open_group_info(suite, welcome_key.view(), welcome.encrypted_group_info));
    if (impl->info.context.cipher_suite != welcome.cipher_suite)
        return Error{Errc::mls_invalid, "GroupInfo: cipher suite"};
    // A PSK of a reinitialised or branched group comes in its first epoch only.
    if (std::ranges::any_of(impl->secrets.psks, begins_new_group) && impl->info.context.epoch != 1)
        return Error{Errc::mls_invalid, "GroupInfo: epoch of a new group"};
    return OpenedWelcome(std::move(impl));
}

BytesView OpenedWelcome::group_id() const { return impl_->info.context.group_id; }
std::uint64_t OpenedWelcome::epoch() const { return impl_->info.context.epoch; }
const std::vector<Extension>& OpenedWelcome::group_info_extensions() const {
    return impl_->info.extensions;
}
LeafIndex OpenedWelcome::adder() const { return impl_->info.signer; }
bool OpenedWelcome::has_tree() const {
    return find(impl_->info.extensions, extension_type::ratchet_tree) != nullptr;
}

namespace {

std::optional<LeafIndex> find_leaf(const RatchetTree& tree, BytesView encoded) {
    const auto wanted = to_bytes(encoded);
    for (std::uint32_t i = 0; i < tree.width(); ++i)
        if (std::ranges::equal(tree.encoded(node_of({i})), wanted)) return LeafIndex{i};
    return std::nullopt;
}

}  // namespace

Result<RatchetTree> verified_tree(const CipherSuite& suite, const Limits& limits,
                                  const GroupInfo& info, std::optional<BytesView> ratchet_tree) {
    const auto* inside = find(info.extensions, extension_type::ratchet_tree);
    if (!ratchet_tree && inside == nullptr)
        return Error{Errc::not_found, "there is no ratchet tree"};
    HUECRY_TRY_ASSIGN(auto tree,
                      RatchetTree::decode(ratchet_tree ? *ratchet_tree : BytesView(inside->data),
                                          std::bit_ceil(limits.max_members) * 2));
    if (tree.member_count() > limits.max_members) return Error{Errc::too_large, "members"};
    // "the tree hash of the ratchet tree matches the tree_hash field in GroupInfo"
    if (tree.tree_hash(suite) != info.context.tree_hash)
        return Error{Errc::mls_invalid, "tree hash"};
    // "If the node is blank or if signature verification fails, return an error."
    if (!tree.has_member(info.signer))
        return Error{Errc::mls_unauthentic, "GroupInfo: no such signer"};
    if (!info.verify(suite, tree.signature_key(info.signer)))
        return Error{Errc::mls_unauthentic, "GroupInfo: signature"};
    HUECRY_TRY(validate_tree(suite, tree, info.context));
    return tree;
}

Result<Group> OpenedWelcome::join(std::optional<BytesView> ratchet_tree) const {
    const auto& in = *impl_;
    const auto& suite = *in.env.suite;
    auto group = std::make_unique<Group::Impl>(in.env);
    auto state = std::make_unique<State>();
    HUECRY_TRY_ASSIGN(state->tree, verified_tree(suite, in.env.limits, in.info, ratchet_tree));
    // "Identify a leaf whose LeafNode is identical to the one in the KeyPackage." Being one of the
    // tree's, it supports the group's extensions (section 13.4).
    const auto own = find_leaf(state->tree, in.package.leaf.encode());
    if (!own) return Error{Errc::mls_invalid, "Welcome: this device is not in the tree"};
    state->own = *own;
    state->context = in.info.context;
    state->encoded_context = state->context.encode();
    state->keys.set(node_of(*own), in.encryption_key.clone());
    if (in.secrets.path_secret)
        HUECRY_TRY(implant(suite, state->tree, state->keys, *own, in.info.signer,
                           *in.secrets.path_secret));
    const auto epoch = epoch_secret(suite, in.secrets.joiner_secret.view(), in.psk_secret.view(),
                                    state->encoded_context);
    enter_epoch(suite, *state, epoch.view());
    // "Verify the confirmation tag in the GroupInfo"
    if (!equal_constant_time(state->confirmation_tag, in.info.confirmation_tag))
        return Error{Errc::mls_unauthentic, "GroupInfo: confirmation tag"};
    state->slot = group->next_slot++;
    group->current = std::move(state);
    return Group(std::move(group));
}

}  // namespace huecry::mls
