#include <algorithm>

#include "mls/state.hpp"
#include "mls/tree_validation.hpp"

// Making proposals and commits (RFC 9420 sections 12.1 and 12.4.1).
namespace huecry::mls {
namespace {

PreSharedKeyId psk_id(const PskReference& reference, Bytes nonce) {
    PreSharedKeyId out;
    out.type = reference.external ? PskType::external : PskType::resumption;
    out.id = reference.id;
    out.usage = static_cast<ResumptionUsage>(reference.usage);
    out.group_id = reference.group_id;
    out.epoch = reference.epoch;
    out.nonce = std::move(nonce);
    return out;
}

// Section 12.4.1: one Welcome for everyone who was added.
struct WelcomeMaker {
    const CipherSuite& suite;
    const Environment& env;
    const State& next;
    const AppliedProposals& applied;
    const std::optional<NewPath>& path;

    [[nodiscard]] Result<GroupInfo> group_info(const CommitOptions& options) const {
        auto info = describe_epoch(next);
        Bytes tree;
        if (options.tree_in_welcome || options.welcome_extensions) tree = next.tree.encode();
        if (options.welcome_extensions) {
            HUECRY_TRY_ASSIGN(info.extensions, options.welcome_extensions(tree));
        }
        if (options.tree_in_welcome)
            info.extensions.push_back({extension_type::ratchet_tree, std::move(tree)});
        info.sign(suite, *env.signer);
        return info;
    }

    [[nodiscard]] Result<Bytes> make(const SecretBytes& joiner, const SecretBytes& psks,
                                     const CommitOptions& options) const {
        HUECRY_TRY_ASSIGN(const auto info, group_info(options));
        Welcome welcome;
        welcome.cipher_suite = static_cast<std::uint16_t>(suite.id());
        welcome.encrypted_group_info =
            seal_group_info(suite, welcome_secret(suite, joiner.view(), psks.view()).view(), info);
        const auto sealer = suite.sealer_with_label("Welcome", welcome.encrypted_group_info);
        for (std::size_t i = 0; i < applied.adds.size(); ++i) {
            Writer w;
            w.reserve(256 + 128 * applied.psks.size());
            secrets_for(applied.added[i], joiner).write(w);
            auto plain = w.take();
            const auto& package = applied.adds[i]->key_package;
            auto sealed = sealer->seal(*env.random, package.init_key, plain);
            wipe(plain.data(), plain.size());
            // check_key_package has tried the key.
            if (sealed) welcome.secrets.push_back({package.ref(suite), std::move(*sealed)});
        }
        Writer w;
        write_message_header(w, WireFormat::welcome);
        welcome.write(w);
        return w.take();
    }

private:
    // The path secret of the lowest node above both the committer and the new member.
    [[nodiscard]] GroupSecrets secrets_for(LeafIndex leaf, const SecretBytes& joiner) const {
        GroupSecrets out{joiner.clone(), std::nullopt, applied.psks};
        if (!path) return out;
        const auto ancestor = common_ancestor(node_of(leaf), node_of(next.own));
        const auto at = std::ranges::find(path->nodes, ancestor);
        if (at != path->nodes.end())
            out.path_secret =
                path->path_secrets[static_cast<std::size_t>(at - path->nodes.begin())].clone();
        return out;
    }
};

}  // namespace

Result<Proposal> Group::Impl::realise(const ProposalRequest& request) {
    if (const auto* add = std::get_if<AddMember>(&request)) {
        HUECRY_TRY_ASSIGN(auto package, parse_key_package(add->key_package));
        return Proposal{Add{std::move(package)}};
    }
    if (const auto* remove = std::get_if<RemoveMember>(&request))
        return Proposal{Remove{remove->leaf}};
    if (const auto* psk = std::get_if<AddPsk>(&request))
        return Proposal{PskProposal{psk_id(psk->psk, env.random->bytes(suite().hash_size()))}};
    if (const auto* set = std::get_if<SetExtensions>(&request))
        return Proposal{GroupContextExtensions{set->extensions}};
    if (const auto* reinit = std::get_if<Reinitialise>(&request))
        return Proposal{ReInit{reinit->group_id, 1, static_cast<std::uint16_t>(reinit->suite),
                               reinit->extensions}};
    // UpdateSelf: a fresh key, kept until the proposal is committed (section 12.1.2).
    auto pair = suite().derive_key_pair(env.random->secret(suite().hash_size()).view());
    auto leaf = current->tree.leaf(current->own);
    leaf.encryption_key = pair.public_key;
    leaf.source = LeafNodeSource::update;
    leaf.signature_key = to_bytes(env.signer->public_key());
    leaf.sign(suite(), *env.signer, current->context.group_id, current->own);
    update_keys[pair.public_key] = std::move(pair.private_key);
    dirty = true;
    return Proposal{Update{std::move(leaf)}};
}

Result<Bytes> Group::propose(const ProposalRequest& request, const FramingOptions& framing) {
    HUECRY_TRY(impl_->may_send());
    if (impl_->proposals.size() >= impl_->env.limits.max_proposals)
        return Error{Errc::too_large, "proposals"};
    if (framing.wire_format != WireFormat::private_message &&
        framing.wire_format != WireFormat::public_message)
        return Error{Errc::invalid_argument, "wire format"};
    auto& state = *impl_->current;
    HUECRY_TRY_ASSIGN(auto proposal, impl_->realise(request));
    ListedProposal item{std::make_shared<const Proposal>(proposal),
                        {SenderType::member, state.own.value},
                        false,
                        {}};
    HUECRY_TRY(check_proposal(
        {impl_->suite(), state.context, state.tree, impl_->env.limits, state.own}, item));
    HUECRY_TRY_ASSIGN(const auto content, impl_->author(state, std::move(proposal), framing));
    HUECRY_TRY_ASSIGN(auto framed, impl_->frame(state, content, framing.padding));
    Writer w;
    content.write(w);
    impl_->proposals.push_back(
        {content.proposal_ref(impl_->suite()), item.proposal, item.sender, w.take()});
    impl_->dirty = true;
    return std::move(framed.message);
}

bool Group::Impl::fit_together(const std::vector<ListedProposal>& list) const {
    const ProposalContext c{suite(), current->context, current->tree, env.limits, current->own};
    if (!check_proposal_list(c, list, true)) return false;
    auto tree = current->tree;
    auto extensions = current->context.extensions;
    const auto applied = apply_proposals(list, env.limits, tree, extensions);
    if (!applied) return false;
    auto changed = applied->added;
    changed.insert(changed.end(), applied->updated.begin(), applied->updated.end());
    return check_new_leaves(tree, extensions, changed, {}).ok();
}

// Section 12.4.1: all that is valid; a Remove before an Update of the same leaf, the latest Update
// of several, a ReInit only when nothing else waits.
std::vector<ListedProposal> Group::Impl::cached_for_commit(const PskLookup& psks) const {
    const ProposalContext c{suite(), current->context, current->tree, env.limits, current->own};
    std::vector<ListedProposal> good;
    for (const auto& cached : proposals) {
        ListedProposal item{cached.proposal, cached.sender, false, cached.ref};
        const auto& p = *item.proposal;
        const bool own_update =
            p.as<Update>() != nullptr && item.sender.index == current->own.value;
        const bool own_remove =
            p.as<Remove>() != nullptr && p.as<Remove>()->removed == current->own;
        if (own_update || own_remove || !check_proposal(c, item)) continue;
        const auto* psk = p.as<PskProposal>();
        if (psk != nullptr && !find_psk(psk->psk, psks)) continue;
        good.push_back(std::move(item));
    }
    const auto target = [](const ListedProposal& i) -> std::optional<LeafIndex> {
        if (const auto* r = i.proposal->as<Remove>()) return r->removed;
        if (i.proposal->as<Update>() != nullptr) return LeafIndex{i.sender.index};
        return std::nullopt;
    };
    const auto replaces = [&](const ListedProposal& later, const ListedProposal& earlier) {
        if (later.proposal->as<GroupContextExtensions>() != nullptr)
            return earlier.proposal->as<GroupContextExtensions>() != nullptr;
        if (const auto* a = later.proposal->as<Add>()) {
            const auto* b = earlier.proposal->as<Add>();
            return b != nullptr &&
                   b->key_package.leaf.signature_key == a->key_package.leaf.signature_key;
        }
        if (!target(later) || target(later) != target(earlier)) return false;
        return later.proposal->as<Remove>() != nullptr || earlier.proposal->as<Update>() != nullptr;
    };
    std::vector<ListedProposal> out;
    for (std::size_t i = 0; i < good.size(); ++i) {
        bool drop = good[i].proposal->as<ReInit>() != nullptr && good.size() > 1;
        for (std::size_t j = 0; j < good.size() && !drop; ++j) {
            const bool removed = good[i].proposal->as<Update>() != nullptr &&
                                 good[j].proposal->as<Remove>() != nullptr &&
                                 target(good[i]) == target(good[j]);
            drop = removed || (j > i && replaces(good[j], good[i]));
        }
        if (!drop) out.push_back(good[i]);
    }
    if (out.empty() || fit_together(out)) return out;
    // Nobody keeps others from committing by what fits no tree: it is left out.
    std::vector<ListedProposal> fitting;
    for (auto& item : out) {
        fitting.push_back(std::move(item));
        if (!fit_together(fitting)) fitting.pop_back();
    }
    return fitting;
}

bool Group::fits(const std::vector<ProposalRequest>& proposals) const {
    std::vector<ListedProposal> list;
    for (const auto& request : proposals) {
        auto proposal = impl_->realise(request);
        if (!proposal) return false;
        list.push_back({std::make_shared<const Proposal>(std::move(*proposal)),
                        {SenderType::member, impl_->current->own.value},
                        true,
                        {}});
    }
    return impl_->fit_together(list);
}

Result<NewCommit> Group::commit(const CommitOptions& options) {
    HUECRY_TRY(impl_->may_send());
    if (impl_->pending) return Errc::mls_pending;
    auto& impl = *impl_;
    auto& state = *impl.current;
    const auto& suite = impl.suite();
    std::vector<ListedProposal> list;
    if (options.by_reference) list = impl.cached_for_commit(options.psks);
    for (const auto& request : options.proposals) {
        if (std::holds_alternative<UpdateSelf>(request))
            return Error{Errc::invalid_argument, "an Update is committed by others"};
        HUECRY_TRY_ASSIGN(auto proposal, impl.realise(request));
        const auto* add = proposal.as<Add>();
        if (add != nullptr && options.now && !add->key_package.leaf.lifetime.covers(*options.now))
            return Error{Errc::expired, "KeyPackage: lifetime"};
        list.push_back({std::make_shared<const Proposal>(std::move(proposal)),
                        {SenderType::member, state.own.value},
                        true,
                        {}});
    }
    HUECRY_TRY(check_proposal_list({suite, state.context, state.tree, impl.env.limits, state.own},
                                   list, true));

    auto next = begin_transition(state);
    HUECRY_TRY_ASSIGN(const auto applied,
                      apply_proposals(list, impl.env.limits, next.tree, next.context.extensions));
    next.keys.drop_blank(next.tree);
    Commit commit;
    for (const auto& item : list)
        item.by_value ? commit.proposals.emplace_back(*item.proposal)
                      : commit.proposals.emplace_back(item.ref);
    auto changed = applied.added;
    changed.insert(changed.end(), applied.updated.begin(), applied.updated.end());
    std::optional<NewPath> path;
    SecretBytes commit_secret(suite.hash_size());
    if (list.empty() || applied.path_required || options.force_path) {
        auto leaf = next.tree.leaf(state.own);
        leaf.signature_key = to_bytes(impl.env.signer->public_key());
        path = make_path(suite, *impl.env.random, *impl.env.signer, state.context.group_id,
                         next.tree, next.keys, state.own, std::move(leaf));
        commit_secret = path->commit_secret.clone();
        changed.push_back(state.own);
    }
    HUECRY_TRY(check_new_leaves(next.tree, next.context.extensions, changed,
                                path ? path->nodes : std::vector<NodeIndex>{}));
    next.context.tree_hash = next.tree.tree_hash(suite);
    if (path) {
        HUECRY_TRY_ASSIGN(commit.path, encrypt_path(suite, *impl.env.random, next.tree, state.own,
                                                    *path, applied.added, next.context.encode()));
    }
    HUECRY_TRY_ASSIGN(const auto psks, impl.combine_psks(applied.psks, options.psks));
    HUECRY_TRY_ASSIGN(auto content, impl.author(state, std::move(commit), options.framing));
    auto epoch = finish_transition(suite, std::move(next), state.interim_transcript_hash,
                                   content.confirmed_input(), state.secrets.init.view(),
                                   commit_secret.view(), psks.view());
    epoch.state->reinit = applied.reinit;
    content.confirmation_tag = epoch.state->confirmation_tag;

    NewCommit out;
    out.has_path = path.has_value();
    out.epoch = epoch.state->context.epoch;
    if (!applied.adds.empty()) {
        HUECRY_TRY_ASSIGN(out.welcome,
                          (WelcomeMaker{suite, impl.env, *epoch.state, applied, path}.make(
                              epoch.joiner_secret, psks, options)));
    }
    HUECRY_TRY_ASSIGN(auto framed, impl.frame(state, content, options.framing.padding));
    out.message = std::move(framed.message);
    impl.keep(std::move(epoch.state));
    return out;
}

}  // namespace huecry::mls
