#include "mls/proposal_list.hpp"

#include <algorithm>
#include <set>

#include "mls/tree_validation.hpp"

namespace huecry::mls {
namespace {

Error invalid(const char* what) { return {Errc::mls_invalid, what}; }

// Section 12.1.2 and the Update rules of section 7.3.
Result<void> check_update(const ProposalContext& c, const ListedProposal& item,
                          const Update& update) {
    if (item.sender.type != SenderType::member || !c.tree.has_member({item.sender.index}))
        return invalid("Update: not from a member");
    if (update.leaf.source != LeafNodeSource::update) return invalid("Update: source of the leaf");
    HUECRY_TRY(check_leaf_form(c.suite, update.leaf));
    HUECRY_TRY(check_leaf_key(c.suite, update.leaf));
    const LeafIndex at{item.sender.index};
    if (update.leaf.encryption_key == to_bytes(c.tree.encryption_key(node_of(at))))
        return invalid("Update: encryption key is the old one");
    if (!update.leaf.verify(c.suite, c.group.group_id, at))
        return Error{Errc::mls_unauthentic, "Update: signature of the leaf"};
    return {};
}

// Section 12.1.4. Reinitialization and branching begin new groups and are not committed here.
Result<void> check_psk(const ProposalContext& c, const PskProposal& p) {
    if (p.psk.nonce.size() != c.suite.hash_size()) return invalid("PreSharedKey: nonce");
    if (p.psk.type == PskType::resumption && p.psk.usage != ResumptionUsage::application) {
        // Sections 11.2 and 11.3: allowed in the initial commit of the new group.
        if (c.group.epoch != 0) return invalid("PreSharedKey: usage");
    }
    return {};
}

struct Tally {
    std::set<LeafIndex> touched;
    std::vector<const PreSharedKeyId*> psks;
    std::size_t extensions = 0, reinits = 0, external_inits = 0, removes = 0;
};

Result<void> count(Tally& t, const ListedProposal& item) {
    const auto& p = *item.proposal;
    if (p.as<Update>() != nullptr || p.as<Remove>() != nullptr) {
        const auto leaf =
            p.as<Remove>() != nullptr ? p.as<Remove>()->removed : LeafIndex{item.sender.index};
        if (!t.touched.insert(leaf).second) return invalid("two proposals for one leaf");
        if (p.as<Remove>() != nullptr) ++t.removes;
    }
    if (const auto* psk = p.as<PskProposal>()) {
        for (const auto* other : t.psks)
            if (*other == psk->psk) return invalid("a PSK is named twice");
        t.psks.push_back(&psk->psk);
    }
    if (p.as<GroupContextExtensions>() != nullptr && ++t.extensions > 1)
        return invalid("two GroupContextExtensions");
    if (p.as<ReInit>() != nullptr) ++t.reinits;
    if (p.as<ExternalInit>() != nullptr) ++t.external_inits;
    return {};
}

Result<void> check_member_list(const ProposalContext& c, const std::vector<ListedProposal>& list,
                               const Tally& t) {
    for (const auto& item : list) {
        const auto* remove = item.proposal->as<Remove>();
        if (remove != nullptr && remove->removed == *c.committer)
            return invalid("the committer removes itself");
        if (item.proposal->as<Update>() != nullptr && item.sender.index == c.committer->value)
            return invalid("the committer's own Update");
    }
    if (t.external_inits > 0) return invalid("ExternalInit in a member's commit");
    if (t.reinits > 0 && list.size() > 1) return invalid("ReInit with other proposals");
    return {};
}

// Section 12.2, last part, and section 12.4.3.2.
Result<void> check_external_list(const std::vector<ListedProposal>& list, const Tally& t,
                                 bool has_path) {
    if (!has_path) return invalid("external commit without a path");
    if (t.external_inits != 1) return invalid("external commit: not exactly one ExternalInit");
    if (t.removes > 1) return invalid("external commit: more than one Remove");
    for (const auto& item : list) {
        if (!item.by_value) return invalid("external commit: proposal by reference");
        const auto type = item.proposal->type();
        if (type != proposal_type::external_init && type != proposal_type::remove &&
            type != proposal_type::psk)
            return invalid("external commit: proposal of another type");
    }
    return {};
}

}  // namespace

Result<void> check_proposal(const ProposalContext& c, const ListedProposal& item) {
    const auto& p = *item.proposal;
    // Section 12.1.8: what those outside the group may propose.
    if (item.sender.type == SenderType::external && !allowed_from_external(p.type()))
        return invalid("proposal type from an external sender");
    if (item.sender.type == SenderType::new_member_proposal && p.as<Add>() == nullptr)
        return invalid("a new member proposes something else than Add");
    if (const auto* add = p.as<Add>()) return check_key_package(c.suite, add->key_package);
    if (const auto* update = p.as<Update>()) return check_update(c, item, *update);
    if (const auto* remove = p.as<Remove>()) {
        if (!c.tree.has_member(remove->removed)) return invalid("Remove: no such member");
    }
    // Section 12.1.6: only by value in an external commit, so never kept for one of a member's.
    if (p.as<ExternalInit>() != nullptr && !item.by_value)
        return invalid("ExternalInit as a proposal of its own");
    if (const auto* psk = p.as<PskProposal>()) return check_psk(c, *psk);
    if (const auto* reinit = p.as<ReInit>()) {
        if (reinit->version < 1) return invalid("ReInit: version");
    }
    if (const auto* gce = p.as<GroupContextExtensions>()) {
        // Section 12.1.7; members removed or added in the commit are judged when it is applied.
        const auto* required = find(gce->extensions, extension_type::required_capabilities);
        if (required != nullptr) HUECRY_TRY(RequiredCapabilities::decode(required->data));
        const auto* senders = find(gce->extensions, extension_type::external_senders);
        if (senders != nullptr) HUECRY_TRY(decode_external_senders(senders->data));
    }
    return {};
}

Result<void> check_proposal_list(const ProposalContext& c, const std::vector<ListedProposal>& list,
                                 bool has_path) {
    if (list.size() > c.limits.max_proposals) return Error{Errc::too_large, "proposals"};
    Tally tally;
    for (const auto& item : list) HUECRY_TRY(count(tally, item));
    if (c.committer) {
        HUECRY_TRY(check_member_list(c, list, tally));
    } else {
        HUECRY_TRY(check_external_list(list, tally, has_path));
    }
    // The signatures come last: they are what costs.
    for (const auto& item : list) HUECRY_TRY(check_proposal(c, item));
    return {};
}

Result<AppliedProposals> apply_proposals(const std::vector<ListedProposal>& list,
                                         const Limits& limits, RatchetTree& tree,
                                         std::vector<Extension>& extensions) {
    AppliedProposals out;
    bool new_extensions = false;
    for (const auto& item : list) {
        out.path_required = out.path_required || requires_path(item.proposal->type());
        if (const auto* gce = item.proposal->as<GroupContextExtensions>()) {
            extensions = gce->extensions;
            new_extensions = true;
        }
    }
    for (const auto& item : list) {
        const auto* update = item.proposal->as<Update>();
        if (update == nullptr) continue;
        const LeafIndex leaf{item.sender.index};
        tree.set_leaf(leaf, update->leaf.encode());
        tree.blank_path(leaf);
        out.updated.push_back(leaf);
    }
    for (const auto& item : list) {
        const auto* remove = item.proposal->as<Remove>();
        if (remove == nullptr) continue;
        tree.blank_path(remove->removed);
        tree.blank(node_of(remove->removed));
        out.removed.push_back(remove->removed);
    }
    if (!out.removed.empty()) tree.truncate();
    for (const auto& item : list) {
        const auto* add = item.proposal->as<Add>();
        if (add == nullptr) continue;
        if (tree.member_count() >= limits.max_members) return Error{Errc::too_large, "members"};
        out.added.push_back(tree.add(add->key_package.leaf.encode()));
        out.adds.push_back(add);
    }
    if (new_extensions) HUECRY_TRY(check_all_support(tree, extensions));
    for (const auto& item : list) {
        if (const auto* psk = item.proposal->as<PskProposal>()) out.psks.push_back(psk->psk);
        if (const auto* init = item.proposal->as<ExternalInit>())
            out.external_init = init->kem_output;
        if (const auto* reinit = item.proposal->as<ReInit>()) out.reinit = *reinit;
    }
    return out;
}

}  // namespace huecry::mls
