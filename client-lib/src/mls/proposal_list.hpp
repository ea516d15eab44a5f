#pragma once

#include <memory>

#include "mls/framing.hpp"
#include "mls/tree_kem.hpp"

// The proposals of one commit: valid together (RFC 9420 section 12.2), then applied (12.3).
namespace huecry::mls {

struct ListedProposal {
    std::shared_ptr<const Proposal> proposal;
    Sender sender;  // who proposed it; the committer when by value
    bool by_value = true;
    Bytes ref;  // by reference: its ProposalRef
};

struct ProposalContext {
    const CipherSuite& suite;
    const GroupContext& group;
    const RatchetTree& tree;  // before the commit
    const Limits& limits;
    std::optional<LeafIndex> committer;  // empty: an external commit
};

/// One proposal by itself (section 12.1). Errors: mls_invalid, mls_unauthentic, mls_unsupported.
[[nodiscard]] Result<void> check_proposal(const ProposalContext& c, const ListedProposal& item);
/// The list for a commit by a member, or for an external commit.
[[nodiscard]] Result<void> check_proposal_list(const ProposalContext& c,
                                               const std::vector<ListedProposal>& list,
                                               bool has_path);

/// What applying the list has done to the tree, and what it leaves for later steps.
struct AppliedProposals {
    std::vector<LeafIndex> added;  // in the order of the Adds, and so increasing
    std::vector<const Add*> adds;  // the same order; they belong to the list
    std::vector<LeafIndex> updated;
    std::vector<LeafIndex> removed;
    std::vector<PreSharedKeyId> psks;
    std::optional<Bytes> external_init;  // kem_output
    std::optional<ReInit> reinit;
    bool path_required = false;
};
/// Section 12.3, in its order, into `tree` and `extensions`. Error: too_large (members),
/// mls_invalid (an added leaf does not support the group's extensions).
[[nodiscard]] Result<AppliedProposals> apply_proposals(const std::vector<ListedProposal>& list,
                                                       const Limits& limits, RatchetTree& tree,
                                                       std::vector<Extension>& extensions);

}  // namespace huecry::mls
