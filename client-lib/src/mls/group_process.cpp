#include <algorithm>

#include "mls/state.hpp"
#include "mls/tree_validation.hpp"

// Receiving (RFC 9420 sections 6 and 12.4.2). First what a message must be to be authentic; until
// then nothing changes. Then what an authentic one does.
namespace huecry::mls {

struct Group::Impl::Opened {
    AuthenticatedContent content;
    std::optional<SecretTree::Found> key;  // of a PrivateMessage
    std::uint32_t generation = 0;
};

namespace {

// Section 6.1: the key of whoever signed. What nobody has signed is not authentic, whatever else is
// wrong with it.
Result<Bytes> signature_key_of(const State& state, const FramedContent& content) {
    const auto unauthentic = [](const char* why) { return Error{Errc::mls_unauthentic, why}; };
    const auto& sender = content.sender;
    switch (sender.type) {
        case SenderType::member:
            if (!state.tree.has_member({sender.index}))
                return unauthentic("sender: no such member");
            return to_bytes(state.tree.signature_key({sender.index}));
        case SenderType::external: {
            // Section 12.1.8: proposals alone; section 12.1.8.1: sender_index is a place in the
            // list.
            if (content.type() != ContentType::proposal)
                return unauthentic("an external sender sends something else than a proposal");
            const auto* e = find(state.context.extensions, extension_type::external_senders);
            if (e == nullptr) return unauthentic("external senders are not allowed");
            HUECRY_TRY_ASSIGN(const auto senders, decode_external_senders(e->data));
            if (sender.index >= senders.size()) return unauthentic("no such external sender");
            return senders[sender.index].signature_key;
        }
        case SenderType::new_member_commit: {
            const auto* commit = std::get_if<Commit>(&content.content);
            if (commit == nullptr)
                return unauthentic("a new member sends something else than a commit");
            // Section 12.4.3.2: "External Commits MUST contain a path field".
            if (!commit->path) return unauthentic("external commit without a path");
            return commit->path->leaf.signature_key;
        }
        case SenderType::new_member_proposal: {
            const auto* proposal = std::get_if<Proposal>(&content.content);
            const auto* add = proposal != nullptr ? proposal->as<Add>() : nullptr;
            if (add == nullptr) return unauthentic("a new member proposes something else than Add");
            return add->key_package.leaf.signature_key;
        }
    }
    return Errc::internal;
}

Result<void> check_place(const State& state, BytesView group_id, std::uint64_t epoch) {
    if (to_bytes(group_id) != state.context.group_id)
        return Error{Errc::mls_wrong_epoch, "another group"};
    // Section 12.4.2: the epoch is the current one.
    if (epoch != state.context.epoch) return Error{Errc::mls_wrong_epoch, "another epoch"};
    return {};
}

Received described(const State& state, const AuthenticatedContent& content,
                   std::uint32_t generation) {
    Received out;
    out.content_type = content.content.type();
    out.authenticated_data = content.content.authenticated_data;
    out.generation = generation;
    if (content.content.sender.type == SenderType::member) {
        out.sender = LeafIndex{content.content.sender.index};
        out.sender_identity = state.member(*out.sender).identity;
    }
    return out;
}

void set_verdict(Received& out, Verdict verdict, const Error& why) {
    out.verdict = verdict;
    out.reason = why.code;
    out.detail = why.detail;
}

}  // namespace

Result<Group::Impl::Opened> Group::Impl::open(BytesView message) const {
    if (message.size() > env.limits.max_message) return Error{Errc::too_large, "MLSMessage"};
    const auto& state = *current;
    Reader r(message);
    const auto version = r.u16();
    const auto format = r.u16();
    if (version != 1) return Error{Errc::mls_malformed, "MLSMessage"};
    Opened out;
    if (format == static_cast<std::uint16_t>(WireFormat::private_message)) {
        const auto m = PrivateMessage::read(r);
        if (!r.done()) return Error{Errc::mls_malformed, "PrivateMessage"};
        HUECRY_TRY(check_place(state, m.group_id, m.epoch));
        const auto sender = open_sender_data(suite(), state.secrets.sender_data.view(), m);
        if (!sender) return Error{Errc::mls_unauthentic, "SenderData"};
        // Section 6.3.2: the leaf index names a node that is not blank.
        if (!state.tree.has_member(sender->leaf))
            return Error{Errc::mls_unauthentic, "SenderData: no such member"};
        if (sender->leaf == state.own) return Error{Errc::mls_invalid, "our own message"};
        const auto type = m.content_type == ContentType::application ? RatchetType::application
                                                                     : RatchetType::handshake;
        HUECRY_TRY_ASSIGN(out.key,
                          state.secret_tree.find(suite(), sender->leaf, type, sender->generation,
                                                 env.limits.max_skip, env.limits.out_of_order));
        HUECRY_TRY_ASSIGN(out.content, open_content(suite(), m, *sender, out.key->key().key.view(),
                                                    out.key->key().nonce.view()));
        out.generation = sender->generation;
    } else if (format == static_cast<std::uint16_t>(WireFormat::public_message)) {
        auto m = PublicMessage::read(r);
        if (!r.done()) return Error{Errc::mls_malformed, "PublicMessage"};
        HUECRY_TRY(check_place(state, m.content.content.group_id, m.content.content.epoch));
        // Section 6: application data is always a PrivateMessage.
        if (m.content.content.type() == ContentType::application)
            return Error{Errc::mls_malformed, "application data in a PublicMessage"};
        if (m.content.content.sender.type == SenderType::member) {
            if (!m.verify_membership(suite(), state.secrets.membership.view(),
                                     state.encoded_context))
                return Error{Errc::mls_unauthentic, "membership tag"};
            if (m.content.content.sender.index == state.own.value)
                return Error{Errc::mls_invalid, "our own message"};
        }
        out.content = std::move(m.content);
    } else {
        return Error{Errc::mls_malformed, "not a message of a group"};
    }
    HUECRY_TRY_ASSIGN(const auto key, signature_key_of(state, out.content.content));
    if (!out.content.verify(suite(), key, state.encoded_context))
        return Error{Errc::mls_unauthentic, "signature"};
    return out;
}

Result<Received> Group::process(BytesView message, const Judge& judge, const PskLookup& psks) {
    auto& impl = *impl_;
    if (!impl.active) return Errc::mls_not_member;
    HUECRY_TRY_ASSIGN(auto opened, impl.open(message));
    // Authentic: from here on the generation is consumed, whatever comes after.
    const auto type = opened.content.content.type();
    if (opened.key) {
        impl.current->secret_tree.consume(std::move(*opened.key), impl.env.limits.out_of_order);
        opened.key.reset();
    }
    switch (type) {
        case ContentType::application: {
            auto out = described(*impl.current, opened.content, opened.generation);
            out.plaintext = std::move(std::get<SecretBytes>(opened.content.content.content));
            return out;
        }
        case ContentType::proposal:
            return impl.take_proposal(opened);
        case ContentType::commit:
            return impl.take_commit(opened, judge, psks);
    }
    return Errc::internal;
}

Result<Received> Group::Impl::take_proposal(Opened& opened) {
    auto out = described(*current, opened.content, opened.generation);
    ListedProposal item{std::make_shared<const Proposal>(
                            std::move(std::get<Proposal>(opened.content.content.content))),
                        opened.content.content.sender,
                        false,
                        {}};
    opened.content.content.content = *item.proposal;
    if (!env.limits.keep_proposals || proposals.size() >= env.limits.max_proposals) {
        set_verdict(out, Verdict::void_commit, {Errc::mls_void, "standalone proposal"});
        return out;
    }
    const ProposalContext c{suite(), current->context, current->tree, env.limits, current->own};
    if (const auto checked = check_proposal(c, item); !checked) {
        set_verdict(out, Verdict::void_commit, checked.error());
        return out;
    }
    const auto ref = opened.content.proposal_ref(suite());
    if (std::ranges::find(proposals, ref, &CachedProposal::ref) == proposals.end()) {
        Writer w;
        opened.content.write(w);
        proposals.push_back({ref, item.proposal, item.sender, w.take()});
        dirty = true;
    }
    return out;
}

namespace {

// One commit on its way; each step either goes on or says which verdict ends it.
class CommitProcessing {
public:
    CommitProcessing(Group::Impl& group, const AuthenticatedContent& content,
                     const PskLookup& lookup)
        : group_(group),
          state_(*group.current),
          suite_(group.suite()),
          content_(content),
          commit_(std::get<Commit>(content.content.content)),
          lookup_(lookup) {}

    struct Stop {
        Verdict verdict;
        Error why;
    };

    /// Section 12.4: references become proposals.
    [[nodiscard]] std::optional<Stop> collect() {
        // Where nobody keeps proposals nobody knows it: the same for everyone.
        const auto unknown =
            group_.env.limits.keep_proposals ? Verdict::failed : Verdict::void_commit;
        for (const auto& p : commit_.proposals) {
            if (const auto* value = std::get_if<Proposal>(&p)) {
                list_.push_back(
                    {std::make_shared<const Proposal>(*value), content_.content.sender, true, {}});
                continue;
            }
            const auto& ref = std::get<Bytes>(p);
            const auto it = std::ranges::find(group_.proposals, ref, &CachedProposal::ref);
            if (it == group_.proposals.end())
                return Stop{unknown, {Errc::mls_invalid, "a proposal is not known here"}};
            list_.push_back({it->proposal, it->sender, false, ref});
        }
        return std::nullopt;
    }

    [[nodiscard]] IncomingCommit describe() const;
    /// Everything that every member sees alike; a breach makes the commit void.
    [[nodiscard]] Result<void> apply();
    [[nodiscard]] bool removes_me() const { return removes_me_; }
    /// What needs this device's keys.
    [[nodiscard]] std::optional<Stop> finish(std::unique_ptr<State>& out);

private:
    [[nodiscard]] bool external() const {
        return content_.content.sender.type == SenderType::new_member_commit;
    }
    [[nodiscard]] Result<void> apply_path();

    Group::Impl& group_;
    const State& state_;
    const CipherSuite& suite_;
    const AuthenticatedContent& content_;
    const Commit& commit_;
    const PskLookup& lookup_;
    std::vector<ListedProposal> list_;
    Transition next_;
    AppliedProposals applied_;
    LeafIndex sender_;
    bool removes_me_ = false;
};

Member member_of(const LeafNode& leaf, LeafIndex index) {
    return {index, leaf.credential.identity, leaf.credential.type, leaf.signature_key,
            leaf.encryption_key};
}

IncomingCommit CommitProcessing::describe() const {
    IncomingCommit out;
    out.epoch = content_.content.epoch;
    out.authenticated_data = content_.content.authenticated_data;
    out.has_path = commit_.path.has_value();
    if (!external()) {
        out.sender = LeafIndex{content_.content.sender.index};
        out.committer = state_.member(*out.sender);
    }
    if (commit_.path) {
        const auto after = member_of(commit_.path->leaf, out.sender.value_or(LeafIndex{}));
        if (external()) out.committer = after;
        if (after.identity != out.committer.identity ||
            after.credential != out.committer.credential ||
            after.signature_key != out.committer.signature_key)
            out.changed_committer = after;
    }
    for (const auto& item : list_) {
        if (const auto* add = item.proposal->as<Add>()) {
            out.adds.push_back({mls::describe(suite_, add->key_package), item.by_value});
            continue;
        }
        const auto* remove = item.proposal->as<Remove>();
        if (remove != nullptr && state_.tree.has_member(remove->removed)) {
            out.removes.push_back({state_.member(remove->removed), item.by_value});
            out.removes_me = out.removes_me || remove->removed == state_.own;
            continue;
        }
        SeenOther other{item.proposal->type(), item.by_value, std::nullopt};
        if (item.sender.type == SenderType::member) other.sender = LeafIndex{item.sender.index};
        out.others.push_back(other);
    }
    return out;
}

Result<void> CommitProcessing::apply_path() {
    const auto& path = *commit_.path;
    if (external()) {
        // Section 12.4.3.2: the leftmost blank leaf of the new tree.
        sender_ = next_.tree.next_free_leaf();
        if (sender_.value == next_.tree.width()) next_.tree.extend();
        if (next_.tree.member_count() >= group_.env.limits.max_members)
            return Error{Errc::too_large, "members"};
    }
    // Section 7.3: leaf_node_source MUST be commit.
    if (path.leaf.source != LeafNodeSource::commit)
        return Error{Errc::mls_invalid, "UpdatePath: source of the leaf"};
    HUECRY_TRY(check_leaf_form(suite_, path.leaf));
    HUECRY_TRY(check_leaf_key(suite_, path.leaf));
    if (!path.leaf.verify(suite_, state_.context.group_id, sender_))
        return Error{Errc::mls_unauthentic, "UpdatePath: signature of the leaf"};
    // Section 12.4.2: the key differs from the committer's current one (of a resync: the old
    // leaf's).
    const auto differs = [&](LeafIndex old) {
        return path.leaf.encryption_key != to_bytes(state_.tree.encryption_key(node_of(old)));
    };
    if (!external() && !differs(sender_))
        return Error{Errc::mls_invalid, "UpdatePath: encryption key is the old one"};
    if (external() && !applied_.removed.empty() && !differs(applied_.removed.front()))
        return Error{Errc::mls_invalid, "UpdatePath: encryption key is the old one"};
    // An external committer's place is empty until here: its leaf counts from now on, so that the
    // nodes above it are those of section 7.5.
    if (external()) next_.tree.set_leaf(sender_, path.leaf.encode());
    return merge_path(suite_, next_.tree, sender_, path, applied_.added);
}

Result<void> CommitProcessing::apply() {
    if (!external()) sender_ = {content_.content.sender.index};
    const ProposalContext c{suite_, state_.context, state_.tree, group_.env.limits,
                            external() ? std::nullopt : std::optional(sender_)};
    HUECRY_TRY(check_proposal_list(c, list_, commit_.path.has_value()));
    next_ = begin_transition(state_);
    HUECRY_TRY_ASSIGN(
        applied_, apply_proposals(list_, group_.env.limits, next_.tree, next_.context.extensions));
    // Section 12.4: an empty list and some types need a path.
    if (!commit_.path && (list_.empty() || applied_.path_required))
        return Error{Errc::mls_invalid, "Commit: path is missing"};
    removes_me_ = std::ranges::find(applied_.removed, state_.own) != applied_.removed.end();
    auto changed = applied_.added;
    changed.insert(changed.end(), applied_.updated.begin(), applied_.updated.end());
    std::vector<NodeIndex> nodes;
    if (commit_.path) {
        HUECRY_TRY(apply_path());
        changed.push_back(sender_);
        nodes = next_.tree.filtered_direct_path(sender_);
    }
    // Sections 7.3 and 12.4.2, in the new tree.
    HUECRY_TRY(check_new_leaves(next_.tree, next_.context.extensions, changed, nodes));
    next_.context.tree_hash = next_.tree.tree_hash(suite_);
    return {};
}

std::optional<CommitProcessing::Stop> CommitProcessing::finish(std::unique_ptr<State>& out) {
    const auto failed = [](const Error& why) { return Stop{Verdict::failed, why}; };
    for (const auto leaf : applied_.updated) {
        if (leaf != state_.own) continue;
        const auto key =
            group_.update_keys.find(to_bytes(next_.tree.encryption_key(node_of(leaf))));
        if (key == group_.update_keys.end())
            return failed({Errc::mls_path_failed, "the key of an own Update is gone"});
        next_.keys.set(node_of(leaf), key->second.clone());
    }
    next_.keys.drop_blank(next_.tree);
    SecretBytes commit_secret(suite_.hash_size());
    if (commit_.path) {
        auto opened = decrypt_path(suite_, next_.tree, next_.keys, state_.own, sender_,
                                   *commit_.path, applied_.added, next_.context.encode());
        if (!opened) return failed(opened.error());
        commit_secret = std::move(*opened);
    }
    auto psks = group_.combine_psks(applied_.psks, lookup_);
    if (!psks) return failed(psks.error());
    auto init = state_.secrets.init.clone();
    if (applied_.external_init) {
        auto external_init =
            receive_external_init(suite_, state_.secrets.external.view(), *applied_.external_init);
        if (!external_init)
            return Stop{Verdict::void_commit, {Errc::mls_invalid, "ExternalInit: kem_output"}};
        init = std::move(*external_init);
    }
    auto epoch = finish_transition(suite_, std::move(next_), state_.interim_transcript_hash,
                                   content_.confirmed_input(), init.view(), commit_secret.view(),
                                   psks->view());
    // Section 12.4.2: the confirmation tag is the same.
    if (!equal_constant_time(epoch.state->confirmation_tag, content_.confirmation_tag))
        return Stop{Verdict::void_commit, {Errc::mls_invalid, "confirmation tag"}};
    epoch.state->reinit = applied_.reinit;
    out = std::move(epoch.state);
    return std::nullopt;
}

}  // namespace

Received Group::Impl::take_commit(Opened& opened, const Judge& judge, const PskLookup& psks) {
    auto out = described(*current, opened.content, opened.generation);
    CommitProcessing work(*this, opened.content, psks);
    if (const auto stop = work.collect()) {
        set_verdict(out, stop->verdict, stop->why);
        return out;
    }
    if (judge && judge(work.describe()) == Judgement::make_void) {
        set_verdict(out, Verdict::void_commit, {Errc::mls_void, {}});
        return out;
    }
    if (const auto applied = work.apply(); !applied) {
        set_verdict(out, Verdict::void_commit, applied.error());
        return out;
    }
    if (work.removes_me()) {
        // Section 12.4.2: no key opens the rest; the group's secrets go.
        out.removed_me = true;
        active = false;
        current->secrets = {};
        current->secret_tree = {};
        current->keys = {};
        pending.reset();
        proposals.clear();
        update_keys.clear();
        resumption.clear();
        current->stored = false;
        dirty = true;
        return out;
    }
    std::unique_ptr<State> next;
    if (const auto stop = work.finish(next)) {
        set_verdict(out, stop->verdict, stop->why);
        return out;
    }
    next->slot = next_slot++;
    next->stored_blocks = current->stored_blocks;
    advance(std::move(next));
    return out;
}

}  // namespace huecry::mls
