#include <algorithm>

#include "mls/ratchet_tree.hpp"

// Tree hashes (RFC 9420 section 7.8) and the encoding of a whole tree (section 12.4.3.3).
namespace huecry::mls {
namespace {

enum class NodeType : std::uint8_t { leaf = 1, parent = 2 };

/*  struct {
        optional<ParentNode> parent_node;
        opaque left_hash<V>;
        opaque right_hash<V>;
    } ParentNodeHashInput;                            after NodeType node_type = parent */
Bytes hash_parent(const CipherSuite& suite, BytesView node, BytesView left_hash,
                  BytesView right_hash) {
    Writer w;
    w.reserve(node.size() + 72);
    w.u8(static_cast<std::uint8_t>(NodeType::parent)).u8(node.empty() ? 0 : 1).raw(node);
    w.opaque(left_hash).opaque(right_hash);
    return suite.hash(w.bytes());
}

}  // namespace

/*  struct { uint32 leaf_index; optional<LeafNode> leaf_node; } LeafNodeHashInput;
                                                      after NodeType node_type = leaf */
Bytes RatchetTree::hash_leaf(const CipherSuite& suite, NodeIndex x, bool as_blank) const {
    const auto node = as_blank ? BytesView{} : encoded(x);
    Writer w;
    w.reserve(node.size() + 6);
    w.u8(static_cast<std::uint8_t>(NodeType::leaf)).u32(leaf_of(x).value);
    w.u8(node.empty() ? 0 : 1).raw(node);
    return suite.hash(w.bytes());
}

Bytes RatchetTree::tree_hash(const CipherSuite& suite, NodeIndex x) const {
    if (is_leaf(x)) return hash_leaf(suite, x, false);
    auto& block = *blocks_[x / block_nodes];
    const auto bit = 1U << (x % block_nodes);
    auto& kept = block.hashes[(x % block_nodes) / 2];
    if ((block.hashed & bit) != 0) return {kept.begin(), kept.end()};
    auto hash =
        hash_parent(suite, encoded(x), tree_hash(suite, left(x)), tree_hash(suite, right(x)));
    if (hash.size() == kept.size()) {
        std::ranges::copy(hash, kept.begin());
        block.hashed |= bit;
    }
    return hash;
}

Bytes RatchetTree::original_tree_hash(const CipherSuite& suite, NodeIndex x,
                                      const std::vector<LeafIndex>& without) const {
    const auto first = first_leaf(x);
    const auto it = std::ranges::lower_bound(without, first);
    // None of them lives below x: its hash is what it was.
    if (it == without.end() || it->value >= first.value + leaves_below(x))
        return tree_hash(suite, x);
    if (is_leaf(x)) return hash_leaf(suite, x, true);
    Bytes node = to_bytes(encoded(x));
    if (!node.empty()) {
        auto p = parent_node(x);
        std::erase_if(p.unmerged_leaves,
                      [&](LeafIndex leaf) { return std::ranges::binary_search(without, leaf); });
        node = p.encode();
    }
    return hash_parent(suite, node, original_tree_hash(suite, left(x), without),
                       original_tree_hash(suite, right(x), without));
}

/*  struct {
        NodeType node_type;
        select (Node.node_type) {
            case leaf:   LeafNode leaf_node;
            case parent: ParentNode parent_node;
        };
    } Node;
    optional<Node> ratchet_tree<V>; */
Bytes RatchetTree::encode() const {
    auto count = node_count(width_);
    while (count > 0 && is_blank(count - 1)) --count;
    return Writer()
        .vector([&](Writer& v) {
            for (NodeIndex x = 0; x < count; ++x) {
                if (is_blank(x)) {
                    v.u8(0);
                    continue;
                }
                const auto type = is_leaf(x) ? NodeType::leaf : NodeType::parent;
                v.u8(1).u8(static_cast<std::uint8_t>(type)).raw(encoded(x));
            }
        })
        .take();
}

Result<RatchetTree> RatchetTree::decode(BytesView bytes, std::uint32_t max_width) {
    Reader r(bytes);
    Reader v = r.vector();
    if (!r.done()) return Error{Errc::mls_malformed, "ratchet_tree"};
    RatchetTree out;
    NodeIndex x = 0;
    bool last_blank = true;
    for (; v.ok() && !v.empty(); ++x) {
        if (x >= node_count(out.width_)) {
            if (out.width_ >= max_width) return Error{Errc::too_large, "ratchet_tree"};
            out.extend();
        }
        last_blank = !v.present();
        if (last_blank) continue;
        const auto type = NodeType{v.u8()};
        // Section 12.4.3.3: leaves are in the even places.
        if (type != (is_leaf(x) ? NodeType::leaf : NodeType::parent)) v.fail();
        const auto before = v.rest();
        if (is_leaf(x)) {
            (void)LeafNode::read(v);
        } else {
            (void)ParentNode::read(v);
        }
        if (v.ok()) out.put(x, SharedBytes(before.first(before.size() - v.left())));
    }
    // Section 12.4.3.3: the receiver MUST check that the last node is not blank.
    if (!v.ok() || last_blank) return Error{Errc::mls_malformed, "ratchet_tree"};
    return out;
}

}  // namespace huecry::mls
