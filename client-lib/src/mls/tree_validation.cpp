#include "mls/tree_validation.hpp"

#include <algorithm>
#include <bit>
#include <bitset>
#include <set>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

namespace huecry::mls {
namespace {

std::string_view text(BytesView v) { return {reinterpret_cast<const char*>(v.data()), v.size()}; }

// Whether D, in the resolution of P's child C, holds the parent hash of P with the other child.
bool links(const RatchetTree& tree, NodeIndex d, BytesView expected) {
    if (!is_leaf(d)) return tree.parent_node(d).parent_hash == to_bytes(expected);
    const auto leaf = tree.leaf(leaf_of(d));
    return leaf.source == LeafNodeSource::commit && leaf.parent_hash == to_bytes(expected);
}

// Section 7.9.2: how many nodes below P's child `c` are parent-hash valid with respect to P.
std::size_t chains_through(const CipherSuite& suite, const RatchetTree& tree, NodeIndex p,
                           const ParentNode& node, NodeIndex c) {
    const auto s = sibling(c);
    std::vector<NodeIndex> unmerged;
    for (const auto leaf : node.unmerged_leaves)
        if (in_subtree(node_of(leaf), c)) unmerged.push_back(node_of(leaf));
    const auto resolution = tree.resolution(c);
    if (resolution.size() != unmerged.size() + 1) return 0;
    const auto expected = parent_hash(suite, tree.encryption_key(p), node.parent_hash,
                                      tree.original_tree_hash(suite, s, node.unmerged_leaves));
    std::size_t found = 0;
    for (const auto d : resolution) {
        // "the intersection of P's unmerged_leaves with the subtree under C is equal to the
        // resolution of C with D removed"
        const bool rest_is_unmerged = std::ranges::all_of(resolution, [&](NodeIndex other) {
            return other == d || std::ranges::binary_search(unmerged, other);
        });
        if (rest_is_unmerged && links(tree, d, expected)) ++found;
    }
    return found;
}

CredentialType credential_type_of(const RatchetTree& tree, LeafIndex leaf) {
    Reader r(tree.encoded(node_of(leaf)));
    r.opaque();
    r.opaque();
    return r.u16();
}

template <class F>
void each_member(const RatchetTree& tree, F&& visit) {
    for (std::uint32_t i = 0; i < tree.width(); ++i)
        if (tree.has_member({i})) visit(LeafIndex{i});
}

// New keys, and how often each is met in the tree. Most keys of the tree differ from all of them in
// their first byte already, and are passed by at the cost of looking at it.
class KeyCount {
public:
    void expect(BytesView key) {
        if (!key.empty()) first_.set(key[0]);
        counts_[text(key)] = 0;
    }
    /// False: no new key begins with this byte.
    [[nodiscard]] bool may_meet(std::uint8_t tag) const { return first_.test(tag); }
    /// False when a new key is met for the second time.
    [[nodiscard]] bool meet(BytesView key) {
        if (key.empty()) return true;
        const auto it = counts_.find(text(key));
        return it == counts_.end() || ++it->second < 2;
    }

private:
    std::bitset<256> first_;
    std::unordered_map<std::string_view, int> counts_;
};

// Section 7.3: keys are unique among members; section 12.4.2: new ones in the whole tree. On the
// way the credential types of all members are noted.
Result<void> check_unique(const RatchetTree& tree, const std::vector<LeafIndex>& leaves,
                          const std::vector<NodeIndex>& path_nodes,
                          std::vector<CredentialType>& in_use) {
    KeyCount encryption, signature;
    for (const auto leaf : leaves) {
        encryption.expect(tree.encryption_key(node_of(leaf)));
        signature.expect(tree.signature_key(leaf));
    }
    for (const auto x : path_nodes) encryption.expect(tree.encryption_key(x));
    const auto& blocks = tree.blocks();
    for (NodeIndex first = 0; first < node_count(tree.width()); first += RatchetTree::block_nodes) {
        const auto& block = *blocks[first / RatchetTree::block_nodes];
        for (auto left = block.used; left != 0; left &= left - 1) {
            const auto i = static_cast<std::uint32_t>(std::countr_zero(left));
            const auto x = first + i;
            if (x >= node_count(tree.width())) break;
            if (encryption.may_meet(block.key_tags[i]) && !encryption.meet(tree.encryption_key(x)))
                return Error{Errc::mls_invalid, "an encryption key appears twice"};
            if (!is_leaf(x)) continue;
            if (signature.may_meet(block.signature_tags[i / 2]) &&
                !signature.meet(tree.signature_key(leaf_of(x))))
                return Error{Errc::mls_invalid, "a signature key appears twice"};
            const auto type = block.credentials[i / 2];
            if (std::ranges::find(in_use, type) == in_use.end()) in_use.push_back(type);
        }
    }
    return {};
}

}  // namespace

Result<void> check_extensions_supported(const Capabilities& capabilities,
                                        const std::vector<Extension>& extensions) {
    for (const auto& e : extensions)
        if (!capabilities.supports_extension(e.type))
            return Error{Errc::mls_unsupported, "a member lacks a group extension"};
    const auto* required = find(extensions, extension_type::required_capabilities);
    if (required == nullptr) return {};
    HUECRY_TRY_ASSIGN(const auto needed, RequiredCapabilities::decode(required->data));
    if (!capabilities.satisfies(needed))
        return Error{Errc::mls_unsupported, "a member lacks a required capability"};
    return {};
}

Result<void> check_all_support(const RatchetTree& tree, const std::vector<Extension>& extensions) {
    Result<void> out;
    each_member(tree, [&](LeafIndex leaf) {
        if (out) out = check_extensions_supported(tree.leaf(leaf).capabilities, extensions);
    });
    return out;
}

Result<void> check_new_leaves(const RatchetTree& tree, const std::vector<Extension>& extensions,
                              const std::vector<LeafIndex>& leaves,
                              const std::vector<NodeIndex>& path_nodes) {
    if (leaves.empty() && path_nodes.empty()) return {};
    std::vector<CredentialType> in_use;
    HUECRY_TRY(check_unique(tree, leaves, path_nodes, in_use));
    std::set<CredentialType> brought;
    for (const auto index : leaves) {
        const auto leaf = tree.leaf(index);
        HUECRY_TRY(check_extensions_supported(leaf.capabilities, extensions));
        for (const auto type : in_use)
            if (!leaf.capabilities.supports_credential(type))
                return Error{Errc::mls_invalid, "a new leaf lacks a credential type in use"};
        brought.insert(leaf.credential.type);
    }
    // Members support each other's types already: only a single type can need no second look.
    if (in_use.size() < 2) return {};
    Result<void> out;
    each_member(tree, [&](LeafIndex index) {
        const auto capabilities = tree.leaf(index).capabilities;
        for (const auto type : brought)
            if (!capabilities.supports_credential(type))
                out = Error{Errc::mls_invalid, "a member lacks a new leaf's credential type"};
    });
    return out;
}

Result<void> check_parent_hashes(const CipherSuite& suite, const RatchetTree& tree) {
    for (NodeIndex x = 1; x < node_count(tree.width()); x += 2) {
        if (tree.is_blank(x)) continue;
        const auto node = tree.parent_node(x);
        if (chains_through(suite, tree, x, node, left(x)) +
                chains_through(suite, tree, x, node, right(x)) !=
            1)
            return Error{Errc::mls_invalid, "a parent node has no valid parent hash"};
    }
    return {};
}

Result<void> check_unmerged_leaves(const RatchetTree& tree) {
    std::unordered_set<std::string_view> keys;
    for (NodeIndex x = 0; x < node_count(tree.width()); ++x) {
        if (tree.is_blank(x)) continue;
        // Sections 7.3 and 12.4.3.1: no encryption key appears twice.
        if (!keys.insert(text(tree.encryption_key(x))).second)
            return Error{Errc::mls_invalid, "an encryption key appears twice"};
        if (is_leaf(x)) continue;
        for (const auto leaf : tree.parent_node(x).unmerged_leaves) {
            // "a non-blank leaf node that is a descendant of the parent node"
            if (!tree.has_member(leaf) || !in_subtree(node_of(leaf), x))
                return Error{Errc::mls_invalid, "unmerged_leaves: not a member below"};
            // "every non-blank intermediate node … also has an entry for the leaf node"
            for (auto y = parent(node_of(leaf)); y != x; y = parent(y)) {
                if (tree.is_blank(y)) continue;
                if (!std::ranges::binary_search(tree.parent_node(y).unmerged_leaves, leaf))
                    return Error{Errc::mls_invalid, "unmerged_leaves: missing below"};
            }
        }
    }
    return {};
}

Result<void> validate_tree(const CipherSuite& suite, const RatchetTree& tree,
                           const GroupContext& context) {
    HUECRY_TRY(check_unmerged_leaves(tree));
    HUECRY_TRY(check_parent_hashes(suite, tree));
    std::unordered_set<std::string_view> signature_keys;
    std::set<CredentialType> in_use;
    each_member(tree, [&](LeafIndex leaf) { in_use.insert(credential_type_of(tree, leaf)); });
    for (std::uint32_t i = 0; i < tree.width(); ++i) {
        if (!tree.has_member({i})) continue;
        const auto leaf = tree.leaf({i});
        if (!signature_keys.insert(text(tree.signature_key({i}))).second)
            return Error{Errc::mls_invalid, "a signature key appears twice"};
        HUECRY_TRY(check_leaf_form(suite, leaf));
        HUECRY_TRY(check_extensions_supported(leaf.capabilities, context.extensions));
        for (const auto type : in_use)
            if (!leaf.capabilities.supports_credential(type))
                return Error{Errc::mls_invalid, "a member lacks a credential type in use"};
        if (!leaf.verify(suite, context.group_id, {i}))
            return Error{Errc::mls_unauthentic, "signature of a member's leaf"};
    }
    for (NodeIndex x = 1; x < node_count(tree.width()); x += 2)
        if (!tree.is_blank(x) && tree.encryption_key(x).size() != suite.public_key_size())
            return Error{Errc::mls_invalid, "length of a parent node's key"};
    return {};
}

}  // namespace huecry::mls
