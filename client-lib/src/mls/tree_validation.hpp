#pragma once

#include "mls/key_schedule.hpp"
#include "mls/tree_kem.hpp"

// What a ratchet tree must fulfil (RFC 9420 sections 7.3, 7.9.2 and 12.4.3.1).
namespace huecry::mls {

/// The whole tree, as a joiner must check it. Errors: mls_invalid, mls_unauthentic,
/// mls_unsupported.
[[nodiscard]] Result<void> validate_tree(const CipherSuite& suite, const RatchetTree& tree,
                                         const GroupContext& context);

/// Section 7.9.2: every parent node is authenticated by exactly one chain from a leaf.
[[nodiscard]] Result<void> check_parent_hashes(const CipherSuite& suite, const RatchetTree& tree);
/// Section 12.4.3.1: entries of unmerged_leaves, and keys that appear only once.
[[nodiscard]] Result<void> check_unmerged_leaves(const RatchetTree& tree);

/// Section 7.3 for leaves that a commit has set in `tree`: compatible with the group's extensions,
/// credential types supported both ways, keys unique. `path_nodes` are new as well (12.4.2).
[[nodiscard]] Result<void> check_new_leaves(const RatchetTree& tree,
                                            const std::vector<Extension>& extensions,
                                            const std::vector<LeafIndex>& leaves,
                                            const std::vector<NodeIndex>& path_nodes);
/// Sections 7.3, 11.1 and 13.4: what a GroupContext's extensions demand of every member.
[[nodiscard]] Result<void> check_extensions_supported(const Capabilities& capabilities,
                                                      const std::vector<Extension>& extensions);
/// Section 12.1.7: the same of all members.
[[nodiscard]] Result<void> check_all_support(const RatchetTree& tree,
                                             const std::vector<Extension>& extensions);

}  // namespace huecry::mls
