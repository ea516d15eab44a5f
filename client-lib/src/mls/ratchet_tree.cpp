#include "mls/ratchet_tree.hpp"

#include <algorithm>

namespace huecry::mls {

void ParentNode::write(Writer& w) const {
    w.opaque(encryption_key).opaque(parent_hash);
    w.length(unmerged_leaves.size() * 4);
    for (const auto leaf : unmerged_leaves) w.u32(leaf.value);
}

ParentNode ParentNode::read(Reader& r) {
    ParentNode out;
    out.encryption_key = to_bytes(r.opaque());
    out.parent_hash = to_bytes(r.opaque());
    Reader v = r.vector();
    out.unmerged_leaves.reserve(v.left() / 4);
    while (v.ok() && !v.empty()) {
        const LeafIndex leaf{v.u32()};
        // Section 7.1: sorted in increasing order.
        if (!out.unmerged_leaves.empty() && leaf <= out.unmerged_leaves.back()) v.fail();
        out.unmerged_leaves.push_back(leaf);
    }
    if (!v.ok()) r.fail();
    return out;
}

Bytes ParentNode::encode() const {
    Writer w;
    write(w);
    return w.take();
}

RatchetTree::RatchetTree() { resize_blocks(); }

void RatchetTree::resize_blocks() {
    const auto wanted = (node_count(width_) + block_nodes - 1) / block_nodes;
    blocks_.resize(wanted);
    for (auto& b : blocks_)
        if (!b) b = std::make_shared<Block>();
}

// A block that another copy of the tree (or the record of what was saved) holds too is copied
// first. That is done even where only a hash is forgotten: the others' hash stays valid.
RatchetTree::Block& RatchetTree::writable(NodeIndex x) {
    auto& b = blocks_[x / block_nodes];
    if (b.use_count() > 1) b = std::make_shared<Block>(*b);
    return *b;
}

void RatchetTree::Block::note(std::uint32_t at) {
    const auto bit = 1U << at;
    used &= ~bit;
    if (nodes[at].empty()) return;
    used |= bit;
    Reader r(nodes[at].view());
    const auto key = r.opaque();
    key_tags[at] = key.empty() ? 0 : key[0];
    if (!is_leaf(at)) return;
    const auto signature = r.opaque();
    signature_tags[at / 2] = signature.empty() ? 0 : signature[0];
    credentials[at / 2] = r.u16();
}

void RatchetTree::put(NodeIndex x, SharedBytes bytes) {
    if (is_leaf(x)) {
        const bool was = !is_blank(x);
        const bool is = !bytes.empty();
        if (is && !was) ++members_;
        if (!is && was) {
            --members_;
            free_from_ = std::min(free_from_, leaf_of(x).value);
        }
    }
    auto& block = writable(x);
    block.nodes[x % block_nodes] = std::move(bytes);
    block.note(x % block_nodes);
    touch(x);
}

void RatchetTree::touch(NodeIndex x) {
    for (;; x = mls::parent(x)) {
        if (!is_leaf(x)) writable(x).hashed &= ~(1U << (x % block_nodes));
        if (x == root()) return;
    }
}

BytesView RatchetTree::encryption_key(NodeIndex x) const {
    Reader r(encoded(x));
    return r.opaque();
}

BytesView RatchetTree::signature_key(LeafIndex leaf) const {
    Reader r(encoded(node_of(leaf)));
    r.opaque();
    return r.opaque();
}

LeafNode RatchetTree::leaf(LeafIndex leaf) const {
    Reader r(encoded(node_of(leaf)));
    return LeafNode::read(r);
}

ParentNode RatchetTree::parent_node(NodeIndex x) const {
    Reader r(encoded(x));
    return ParentNode::read(r);
}

void RatchetTree::set_leaf(LeafIndex leaf, BytesView encoded) {
    put(node_of(leaf), SharedBytes(encoded));
}

void RatchetTree::set_parent(NodeIndex x, const ParentNode& node) {
    put(x, SharedBytes(node.encode()));
}

void RatchetTree::blank(NodeIndex x) {
    if (!is_blank(x)) put(x, {});
}

void RatchetTree::blank_path(LeafIndex leaf) {
    for (const auto x : direct_path(leaf, width_)) blank(x);
}

LeafIndex RatchetTree::next_free_leaf() const {
    auto i = free_from_;
    while (i < width_ && !is_blank(node_of({i}))) ++i;
    return {i};
}

void RatchetTree::extend() {
    width_ *= 2;
    resize_blocks();
}

LeafIndex RatchetTree::add(BytesView encoded_leaf) {
    const auto leaf = next_free_leaf();
    if (leaf.value == width_) extend();
    for (const auto x : direct_path(leaf, width_)) {
        if (is_blank(x)) continue;
        auto p = parent_node(x);
        p.unmerged_leaves.insert(std::ranges::upper_bound(p.unmerged_leaves, leaf), leaf);
        set_parent(x, p);
    }
    set_leaf(leaf, encoded_leaf);
    free_from_ = leaf.value + 1;
    return leaf;
}

void RatchetTree::truncate() {
    while (width_ > 1) {
        const auto half = width_ / 2;
        bool used = false;
        for (auto i = half; i < width_ && !used; ++i) used = !is_blank(node_of({i}));
        if (used) return;
        for (auto x = root(); x < node_count(width_); ++x)
            if (!is_blank(x)) {
                auto& block = writable(x);
                block.nodes[x % block_nodes] = {};
                block.note(x % block_nodes);
            }
        for (auto x = root(); x < node_count(width_); ++x)
            if (!is_leaf(x)) writable(x).hashed &= ~(1U << (x % block_nodes));
        width_ = half;
        free_from_ = std::min(free_from_, half);
        resize_blocks();
    }
}

void RatchetTree::resolve(NodeIndex x, const std::vector<LeafIndex>& except,
                          std::vector<NodeIndex>& out) const {
    const auto excluded = [&](LeafIndex leaf) {
        return !except.empty() && std::ranges::binary_search(except, leaf);
    };
    if (is_leaf(x)) {
        if (!is_blank(x) && !excluded(leaf_of(x))) out.push_back(x);
        return;
    }
    if (is_blank(x)) {
        resolve(left(x), except, out);
        resolve(right(x), except, out);
        return;
    }
    out.push_back(x);
    for (const auto leaf : parent_node(x).unmerged_leaves)
        if (!excluded(leaf)) out.push_back(node_of(leaf));
}

std::vector<NodeIndex> RatchetTree::resolution(NodeIndex x,
                                               const std::vector<LeafIndex>& except) const {
    std::vector<NodeIndex> out;
    resolve(x, except, out);
    return out;
}

bool RatchetTree::subtree_is_empty(NodeIndex x) const {
    if (!is_blank(x)) return false;
    return is_leaf(x) || (subtree_is_empty(left(x)) && subtree_is_empty(right(x)));
}

std::vector<NodeIndex> RatchetTree::filtered_direct_path(LeafIndex leaf) const {
    std::vector<NodeIndex> out;
    auto child = node_of(leaf);
    for (const auto x : direct_path(leaf, width_)) {
        if (!subtree_is_empty(sibling(child))) out.push_back(x);
        child = x;
    }
    return out;
}

Result<RatchetTree> RatchetTree::from_blocks(std::uint32_t width,
                                             std::vector<std::shared_ptr<Block>> blocks) {
    if (!std::has_single_bit(width) ||
        blocks.size() != (node_count(width) + block_nodes - 1) / block_nodes)
        return Error{Errc::store_damaged, "ratchet tree"};
    RatchetTree out;
    out.width_ = width;
    out.blocks_ = std::move(blocks);
    for (const auto& block : out.blocks_)
        for (std::uint32_t i = 0; i < block_nodes; ++i) block->note(i);
    for (std::uint32_t i = 0; i < width; ++i)
        if (!out.is_blank(node_of({i}))) ++out.members_;
    return out;
}

}  // namespace huecry::mls
