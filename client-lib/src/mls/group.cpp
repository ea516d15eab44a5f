#include "mls/group.hpp"

#include <algorithm>

#include "mls/state.hpp"
#include "mls/tree_validation.hpp"

// The domain's calls that need no chapter of their own: creation (RFC 9420 section 11), queries,
// application messages (section 15).
namespace huecry::mls {

Group::Group(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Group::Group(Group&&) noexcept = default;
Group& Group::operator=(Group&&) noexcept = default;
Group::~Group() = default;

Result<Group> Group::create(const Environment& env, const GroupOptions& options) {
    const auto& suite = *env.suite;
    auto impl = std::make_unique<Impl>(env);
    auto state = std::make_unique<State>();
    auto key = suite.derive_key_pair(env.random->secret(suite.hash_size()).view());
    LeafNode leaf;
    leaf.encryption_key = key.public_key;
    leaf.signature_key = to_bytes(env.signer->public_key());
    leaf.credential = Credential::basic(options.leaf.identity);
    leaf.capabilities =
        own_capabilities(suite, *env.random, options.leaf.extra_extensions,
                         options.leaf.extra_proposals, options.leaf.extra_credentials);
    leaf.lifetime = options.lifetime;
    leaf.extensions = options.leaf.extensions;
    leaf.sign(suite, *env.signer, options.group_id, {});
    HUECRY_TRY(check_leaf_form(suite, leaf));
    HUECRY_TRY(check_extensions_supported(leaf.capabilities, options.extensions));
    state->own = state->tree.add(leaf.encode());
    state->keys.set(node_of(state->own), std::move(key.private_key));
    state->context.cipher_suite = static_cast<std::uint16_t>(suite.id());
    state->context.group_id = options.group_id;
    state->context.extensions = options.extensions;
    state->context.tree_hash = state->tree.tree_hash(suite);
    state->encoded_context = state->context.encode();
    enter_epoch(suite, *state, env.random->secret(suite.hash_size()).view());
    state->slot = impl->next_slot++;
    impl->current = std::move(state);
    return Group(std::move(impl));
}

BytesView Group::group_id() const { return impl_->current->context.group_id; }
std::uint64_t Group::epoch() const { return impl_->current->context.epoch; }
LeafIndex Group::own_leaf() const { return impl_->current->own; }
bool Group::active() const { return impl_->active; }
std::size_t Group::size() const { return impl_->current->tree.member_count(); }

std::vector<Member> Group::members() const {
    std::vector<Member> out;
    const auto& state = *impl_->current;
    out.reserve(state.tree.member_count());
    for (std::uint32_t i = 0; i < state.tree.width(); ++i)
        if (state.tree.has_member({i})) out.push_back(state.member({i}));
    return out;
}

std::optional<Member> Group::member(LeafIndex leaf) const {
    if (!impl_->current->tree.has_member(leaf)) return std::nullopt;
    return impl_->current->member(leaf);
}

const std::vector<Extension>& Group::extensions() const {
    return impl_->current->context.extensions;
}
Bytes Group::epoch_authenticator() const {
    return to_bytes(impl_->current->secrets.authenticator.view());
}
Bytes Group::tree_hash() const { return impl_->current->context.tree_hash; }
Bytes Group::ratchet_tree(At at) const {
    return at == At::pending && !impl_->pending ? Bytes{} : impl_->at(at).tree.encode();
}

SecretBytes Group::export_secret(std::string_view label, BytesView context, std::size_t length,
                                 At at) const {
    if (at == At::pending && !impl_->pending) return {};
    return mls::export_secret(impl_->suite(), impl_->at(at).secrets.exporter.view(), label, context,
                              length);
}

SecretBytes Group::resumption_psk() const { return impl_->current->secrets.resumption.clone(); }

std::uint32_t Group::generations_used() const {
    return impl_->current->secret_tree.position(impl_->current->own, RatchetType::application);
}

Result<Bytes> Group::group_info(bool with_tree, bool with_external_pub,
                                const std::vector<Extension>& extra) {
    HUECRY_TRY(impl_->may_send());
    const auto& suite = impl_->suite();
    const auto& state = *impl_->current;
    auto info = describe_epoch(state);
    info.extensions = extra;
    if (with_tree) info.extensions.push_back({extension_type::ratchet_tree, state.tree.encode()});
    if (with_external_pub) {
        // struct { HPKEPublicKey external_pub; } ExternalPub; (section 12.4.3.2)
        const auto pair = suite.derive_key_pair(state.secrets.external.view());
        info.extensions.push_back(
            {extension_type::external_pub, Writer().opaque(pair.public_key).take()});
    }
    info.sign(suite, *impl_->env.signer);
    Writer w;
    write_message_header(w, WireFormat::group_info);
    info.write(w);
    return w.take();
}

Result<NewMessage> Group::protect(BytesView plaintext, BytesView authenticated_data,
                                  std::size_t padding, At at) {
    HUECRY_TRY(impl_->may_send());
    if (at == At::pending && !impl_->pending) return Errc::mls_pending;
    if (plaintext.size() + authenticated_data.size() + padding > impl_->env.limits.max_message)
        return Errc::too_large;
    // Section 12.4: who has seen valid proposals commits before sending application data.
    if (at == At::current && !impl_->proposals.empty())
        return Error{Errc::mls_pending, "proposals wait to be committed"};
    auto& state = impl_->at(at);
    if (state.reinit) return Error{Errc::mls_invalid, "the group has been reinitialised"};
    FramingOptions framing;
    framing.authenticated_data = to_bytes(authenticated_data);
    HUECRY_TRY_ASSIGN(const auto content, impl_->author(state, SecretBytes(plaintext), framing));
    HUECRY_TRY_ASSIGN(auto framed, impl_->frame(state, content, padding));
    return NewMessage{std::move(framed.message), state.context.epoch, framed.generation};
}

bool Group::has_pending() const { return impl_->pending != nullptr; }

Result<void> Group::merge_pending() {
    if (!impl_->pending) return Errc::mls_pending;
    impl_->advance(std::move(impl_->pending));
    return {};
}

void Group::clear_pending() {
    impl_->dirty = impl_->dirty || impl_->pending;
    impl_->pending.reset();
}

void Group::clear_proposals() {
    impl_->dirty = impl_->dirty || !impl_->proposals.empty();
    impl_->proposals.clear();
    impl_->update_keys.clear();
}

}  // namespace huecry::mls
