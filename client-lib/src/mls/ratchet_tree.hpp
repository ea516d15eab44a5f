#pragma once

#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "mls/cipher_suite.hpp"
#include "mls/leaf_node.hpp"
#include "mls/shared_bytes.hpp"
#include "mls/tree_math.hpp"

// The public ratchet tree (RFC 9420 sections 4 and 7): who is in the group and which key belongs to
// which subtree. Copying one is cheap: copies share blocks of 32 nodes until one of them changes.
namespace huecry::mls {

/*  struct {
        HPKEPublicKey encryption_key;
        opaque parent_hash<V>;
        uint32 unmerged_leaves<V>;
    } ParentNode;                                                   (section 7.1) */
struct ParentNode {
    Bytes encryption_key;
    Bytes parent_hash;
    std::vector<LeafIndex> unmerged_leaves;

    void write(Writer& w) const;
    /// Fails when unmerged_leaves is not sorted and free of repetition.
    [[nodiscard]] static ParentNode read(Reader& r);
    [[nodiscard]] Bytes encode() const;
};

class RatchetTree {
public:
    static constexpr std::uint32_t block_nodes = 32;
    struct Block {
        std::array<SharedBytes, block_nodes> nodes;
        std::array<std::array<std::uint8_t, 32>, block_nodes / 2> hashes;  // of parent nodes
        std::uint32_t hashed = 0;                                          // which are valid
        // At a glance, without following a pointer: which nodes are not blank, the first byte of
        // each key, and of leaves the type of the credential. Kept by the tree.
        std::uint32_t used = 0;
        std::array<std::uint8_t, block_nodes> key_tags{};
        std::array<std::uint8_t, block_nodes / 2> signature_tags{};
        std::array<CredentialType, block_nodes / 2> credentials{};
        void note(std::uint32_t at);
    };

    /// One blank leaf.
    RatchetTree();

    /// Number of leaves, blank ones too: a power of two.
    [[nodiscard]] std::uint32_t width() const { return width_; }
    [[nodiscard]] std::uint32_t member_count() const { return members_; }
    [[nodiscard]] NodeIndex root() const { return root_of(width_); }

    [[nodiscard]] bool is_blank(NodeIndex x) const { return node(x).empty(); }
    [[nodiscard]] bool has_member(LeafIndex leaf) const {
        return leaf.value < width_ && !is_blank(node_of(leaf));
    }
    /// The encoded LeafNode or ParentNode; empty when blank.
    [[nodiscard]] BytesView encoded(NodeIndex x) const { return node(x).view(); }
    /// Of a node that is not blank: the first field of both kinds.
    [[nodiscard]] BytesView encryption_key(NodeIndex x) const;
    /// Of a member: the second field of a LeafNode.
    [[nodiscard]] BytesView signature_key(LeafIndex leaf) const;
    [[nodiscard]] LeafNode leaf(LeafIndex leaf) const;
    [[nodiscard]] ParentNode parent_node(NodeIndex x) const;

    void set_leaf(LeafIndex leaf, BytesView encoded);
    void set_parent(NodeIndex x, const ParentNode& node);
    void blank(NodeIndex x);
    /// Every node above the leaf becomes blank (sections 7.5, 12.1.2, 12.1.3).
    void blank_path(LeafIndex leaf);

    /// The leftmost blank leaf, or the first of the extension that would be needed
    /// (section 12.1.1).
    [[nodiscard]] LeafIndex next_free_leaf() const;
    /// Section 12.1.1: at the leftmost blank leaf, as an unmerged leaf of every node above it.
    LeafIndex add(BytesView encoded_leaf);
    /// Section 7.7: doubles the width.
    void extend();
    /// Section 7.7: halves it as long as the right half is blank.
    void truncate();

    /// Section 4.1.1. Leaves in `except` (sorted) are left out.
    [[nodiscard]] std::vector<NodeIndex> resolution(
        NodeIndex x, const std::vector<LeafIndex>& except = {}) const;
    /// Section 4.1.2: the direct path without nodes whose copath child resolves to nothing.
    [[nodiscard]] std::vector<NodeIndex> filtered_direct_path(LeafIndex leaf) const;
    /// True when nothing lives below `x`.
    [[nodiscard]] bool subtree_is_empty(NodeIndex x) const;

    /// Section 7.8. Hashes of parent nodes are kept until something below them changes.
    [[nodiscard]] Bytes tree_hash(const CipherSuite& suite, NodeIndex x) const;
    [[nodiscard]] Bytes tree_hash(const CipherSuite& suite) const {
        return tree_hash(suite, root());
    }
    /// The tree hash of `x` as it was without `without` (section 7.9, original_sibling_tree_hash):
    /// those leaves are blank and in no list of unmerged leaves.
    [[nodiscard]] Bytes original_tree_hash(const CipherSuite& suite, NodeIndex x,
                                           const std::vector<LeafIndex>& without) const;

    /// optional<Node> ratchet_tree<V> (section 12.4.3.3): without blanks at its end.
    [[nodiscard]] Bytes encode() const;
    /// Errors: mls_malformed, too_large (wider than `max_width`).
    [[nodiscard]] static Result<RatchetTree> decode(BytesView bytes, std::uint32_t max_width);

    // For storage: blocks are compared by address to see what has changed.
    [[nodiscard]] const std::vector<std::shared_ptr<Block>>& blocks() const { return blocks_; }
    [[nodiscard]] static Result<RatchetTree> from_blocks(
        std::uint32_t width, std::vector<std::shared_ptr<Block>> blocks);

private:
    [[nodiscard]] const SharedBytes& node(NodeIndex x) const {
        return blocks_[x / block_nodes]->nodes[x % block_nodes];
    }
    Block& writable(NodeIndex x);
    void put(NodeIndex x, SharedBytes bytes);
    /// Forgets the hashes of `x` and of everything above it.
    void touch(NodeIndex x);
    void resize_blocks();
    [[nodiscard]] Bytes hash_leaf(const CipherSuite& suite, NodeIndex x, bool as_blank) const;
    void resolve(NodeIndex x, const std::vector<LeafIndex>& except,
                 std::vector<NodeIndex>& out) const;

    std::uint32_t width_ = 1;
    std::uint32_t members_ = 0;
    std::uint32_t free_from_ = 0;  // no leaf before this one is blank
    std::vector<std::shared_ptr<Block>> blocks_;
};

}  // namespace huecry::mls
