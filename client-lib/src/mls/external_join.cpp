#include "mls/state.hpp"
#include "mls/tree_validation.hpp"

// Joining by an external Commit (RFC 9420 section 12.4.3.2).
namespace huecry::mls {
namespace {

Result<GroupInfo> parse_group_info(BytesView message, const Limits& limits) {
    if (message.size() > limits.max_message) return Error{Errc::too_large, "GroupInfo"};
    Reader r(message);
    if (r.u16() != 1 || r.u16() != static_cast<std::uint16_t>(WireFormat::group_info))
        return Error{Errc::mls_malformed, "not a GroupInfo"};
    auto out = GroupInfo::read(r);
    if (!r.done()) return Error{Errc::mls_malformed, "GroupInfo"};
    return out;
}

Result<Bytes> external_pub(const CipherSuite& suite, const GroupInfo& info) {
    const auto* e = find(info.extensions, extension_type::external_pub);
    if (e == nullptr) return Error{Errc::mls_invalid, "GroupInfo: no external_pub"};
    Reader r(e->data);
    auto out = to_bytes(r.opaque());
    if (!r.done() || out.size() != suite.public_key_size())
        return Error{Errc::mls_malformed, "GroupInfo: external_pub"};
    return out;
}

LeafNode new_leaf(const Environment& env, const LeafOptions& options) {
    LeafNode leaf;
    leaf.signature_key = to_bytes(env.signer->public_key());
    leaf.credential = Credential::basic(options.identity);
    leaf.capabilities = own_capabilities(*env.suite, *env.random, options.extra_extensions,
                                         options.extra_proposals, options.extra_credentials);
    leaf.extensions = options.extensions;
    return leaf;
}

// A resync removes the leaf that has our signature key.
std::optional<LeafIndex> old_leaf(const RatchetTree& tree, BytesView signature_key) {
    for (std::uint32_t i = 0; i < tree.width(); ++i)
        if (tree.has_member({i}) && to_bytes(tree.signature_key({i})) == to_bytes(signature_key))
            return LeafIndex{i};
    return std::nullopt;
}

PreSharedKeyId with_nonce(const Environment& env, const PskReference& p) {
    return {p.external ? PskType::external : PskType::resumption,
            p.id,
            static_cast<ResumptionUsage>(p.usage),
            p.group_id,
            p.epoch,
            env.random->bytes(env.suite->hash_size())};
}

}  // namespace

Result<ExternalJoin> Group::join_externally(const Environment& env,
                                            const ExternalJoinOptions& options) {
    const auto& suite = *env.suite;
    HUECRY_TRY_ASSIGN(const auto info, parse_group_info(options.group_info, env.limits));
    if (info.context.cipher_suite != static_cast<std::uint16_t>(suite.id()))
        return Error{Errc::mls_unsupported, "GroupInfo: cipher suite"};
    std::optional<BytesView> outside;
    if (options.ratchet_tree) outside = *options.ratchet_tree;
    HUECRY_TRY_ASSIGN(auto tree, verified_tree(suite, env.limits, info, outside));
    HUECRY_TRY_ASSIGN(const auto pub, external_pub(suite, info));
    auto leaf = new_leaf(env, options.leaf);
    const auto init = send_external_init(suite, *env.random, pub);
    if (!init) return Error{Errc::mls_invalid, "GroupInfo: external_pub is unusable"};

    auto impl = std::make_unique<Impl>(env);
    std::vector<ListedProposal> list;
    const auto add = [&](Proposal p) {
        list.push_back({std::make_shared<const Proposal>(std::move(p)),
                        {SenderType::new_member_commit, 0},
                        true,
                        {}});
    };
    add({ExternalInit{init->kem_output}});
    if (options.replace_own_leaf) {
        const auto old = old_leaf(tree, env.signer->public_key());
        if (old) add({Remove{*old}});
    }
    for (const auto& p : options.psk_ids) add({PskProposal{with_nonce(env, p)}});
    HUECRY_TRY(
        check_proposal_list({suite, info.context, tree, env.limits, std::nullopt}, list, true));

    Transition next{std::move(tree), info.context, {}, {}};
    ++next.context.epoch;
    HUECRY_TRY_ASSIGN(const auto applied,
                      apply_proposals(list, env.limits, next.tree, next.context.extensions));
    if (next.tree.member_count() >= env.limits.max_members)
        return Error{Errc::too_large, "members"};
    next.own = next.tree.next_free_leaf();
    if (next.own.value == next.tree.width()) next.tree.extend();
    auto path = make_path(suite, *env.random, *env.signer, info.context.group_id, next.tree,
                          next.keys, next.own, std::move(leaf));
    HUECRY_TRY(check_new_leaves(next.tree, next.context.extensions, {next.own}, path.nodes));
    next.context.tree_hash = next.tree.tree_hash(suite);
    Commit commit;
    for (const auto& item : list) commit.proposals.emplace_back(*item.proposal);
    HUECRY_TRY_ASSIGN(commit.path, encrypt_path(suite, *env.random, next.tree, next.own, path, {},
                                                next.context.encode()));
    std::vector<PreSharedKey> psks;
    for (const auto& id : applied.psks) {
        auto secret = ask(options.psks, id);
        if (!secret) return Error{Errc::mls_path_failed, "a pre-shared key is missing"};
        psks.push_back({id, std::move(*secret)});
    }
    AuthenticatedContent content;
    content.wire_format = WireFormat::public_message;
    content.content.group_id = info.context.group_id;
    content.content.epoch = info.context.epoch;
    content.content.sender = {SenderType::new_member_commit, 0};
    content.content.authenticated_data = options.framing.authenticated_data;
    content.content.content = std::move(commit);
    content.sign(suite, *env.signer, info.context.encode());
    const auto interim = interim_transcript_hash(suite, info.context.confirmed_transcript_hash,
                                                 info.confirmation_tag);
    auto epoch = finish_transition(suite, std::move(next), interim, content.confirmed_input(),
                                   init->secret.view(), path.commit_secret.view(),
                                   psk_secret(suite, psks).view());
    content.confirmation_tag = epoch.state->confirmation_tag;
    impl->current = std::move(epoch.state);
    impl->current->slot = impl->next_slot++;
    return ExternalJoin{Group(std::move(impl)), PublicMessage::protect(suite, content, {}, {})};
}

}  // namespace huecry::mls
