#include "mls/tree_kem.hpp"

namespace huecry::mls {
namespace {

// The child of `x` that is not above `leaf`.
NodeIndex copath_child(NodeIndex x, LeafIndex leaf) {
    return node_of(leaf) < x ? right(x) : left(x);
}

// Sections 7.5 and 7.9: parent hashes of a filtered direct path whose keys are set, from the root
// down; returns the one for the leaf. The siblings have not changed, so their hashes are current.
Bytes set_parent_hashes(const CipherSuite& suite, RatchetTree& tree, LeafIndex leaf,
                        const std::vector<NodeIndex>& path, const std::vector<Bytes>& keys) {
    Bytes above;
    for (auto i = path.size(); i-- > 0;) {
        tree.set_parent(path[i], {keys[i], above, {}});
        above =
            parent_hash(suite, keys[i], above, tree.tree_hash(suite, copath_child(path[i], leaf)));
    }
    return above;
}

}  // namespace

void TreeKeys::drop_blank(const RatchetTree& tree) {
    std::erase_if(keys_, [&](const auto& entry) {
        return entry.first >= node_count(tree.width()) || tree.is_blank(entry.first);
    });
}

TreeKeys TreeKeys::clone() const {
    TreeKeys out;
    for (const auto& [x, key] : keys_) out.keys_.emplace(x, key.clone());
    return out;
}

crypto::X25519KeyPair PathSecrets::node_key() const {
    return suite_->derive_key_pair(suite_->derive_secret(secret_.view(), "node").view());
}

Bytes parent_hash(const CipherSuite& suite, BytesView encryption_key, BytesView parents_parent_hash,
                  BytesView sibling_tree_hash) {
    Writer w;
    w.opaque(encryption_key).opaque(parents_parent_hash).opaque(sibling_tree_hash);
    return suite.hash(w.bytes());
}

NewPath make_path(const CipherSuite& suite, crypto::Random& random,
                  const crypto::SigningKey& signer, BytesView group_id, RatchetTree& tree,
                  TreeKeys& keys, LeafIndex own, LeafNode leaf) {
    NewPath out;
    tree.blank_path(own);
    out.nodes = tree.filtered_direct_path(own);
    PathSecrets secrets(suite, random.secret(suite.hash_size()));
    std::vector<Bytes> public_keys;
    for (const auto x : out.nodes) {
        auto pair = secrets.node_key();
        public_keys.push_back(std::move(pair.public_key));
        keys.set(x, std::move(pair.private_key));
        out.path_secrets.push_back(secrets.secret().clone());
        secrets.step();
    }
    out.commit_secret = secrets.secret().clone();
    auto leaf_key = suite.derive_key_pair(random.secret(suite.hash_size()).view());
    leaf.encryption_key = std::move(leaf_key.public_key);
    leaf.source = LeafNodeSource::commit;
    leaf.parent_hash = set_parent_hashes(suite, tree, own, out.nodes, public_keys);
    leaf.sign(suite, signer, group_id, own);
    keys.set(node_of(own), std::move(leaf_key.private_key));
    tree.set_leaf(own, leaf.encode());
    keys.drop_blank(tree);
    out.leaf = std::move(leaf);
    return out;
}

Result<UpdatePath> encrypt_path(const CipherSuite& suite, crypto::Random& random,
                                const RatchetTree& tree, LeafIndex own, const NewPath& path,
                                const std::vector<LeafIndex>& added, BytesView group_context) {
    UpdatePath out{path.leaf, {}};
    const auto sealer = suite.sealer_with_label("UpdatePathNode", group_context);
    for (std::size_t i = 0; i < path.nodes.size(); ++i) {
        const auto x = path.nodes[i];
        UpdatePathNode node{to_bytes(tree.encryption_key(x)), {}};
        for (const auto to : tree.resolution(copath_child(x, own), added)) {
            auto sealed =
                sealer->seal(random, tree.encryption_key(to), path.path_secrets[i].view());
            if (!sealed) return Error{Errc::mls_invalid, "a member's key is unusable"};
            node.encrypted_path_secret.push_back(std::move(*sealed));
        }
        out.nodes.push_back(std::move(node));
    }
    return out;
}

Result<void> merge_path(const CipherSuite& suite, RatchetTree& tree, LeafIndex sender,
                        const UpdatePath& path, const std::vector<LeafIndex>& added) {
    tree.blank_path(sender);
    const auto nodes = tree.filtered_direct_path(sender);
    // Section 7.6: one UpdatePathNode for each node of the filtered direct path.
    if (nodes.size() != path.nodes.size())
        return Error{Errc::mls_invalid, "UpdatePath: number of nodes"};
    std::vector<Bytes> keys;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        // Section 7.6: one ciphertext for each node of the resolution, without new leaves.
        if (path.nodes[i].encrypted_path_secret.size() !=
            tree.resolution(copath_child(nodes[i], sender), added).size())
            return Error{Errc::mls_invalid, "UpdatePath: number of ciphertexts"};
        if (path.nodes[i].encryption_key.size() != suite.public_key_size())
            return Error{Errc::mls_invalid, "UpdatePath: length of a key"};
        if (!suite.usable(path.nodes[i].encryption_key))
            return Error{Errc::mls_invalid, "UpdatePath: a key is unusable"};
        keys.push_back(path.nodes[i].encryption_key);
    }
    const auto expected = set_parent_hashes(suite, tree, sender, nodes, keys);
    // Section 7.9.2: the leaf's parent_hash is recomputed and compared.
    if (path.leaf.parent_hash != expected)
        return Error{Errc::mls_invalid, "UpdatePath: parent hash of the leaf"};
    tree.set_leaf(sender, path.leaf.encode());
    return {};
}

Result<SecretBytes> decrypt_path(const CipherSuite& suite, const RatchetTree& tree, TreeKeys& keys,
                                 LeafIndex own, LeafIndex sender, const UpdatePath& path,
                                 const std::vector<LeafIndex>& added, BytesView group_context) {
    const auto nodes = tree.filtered_direct_path(sender);
    const auto ancestor = common_ancestor(node_of(own), node_of(sender));
    std::size_t at = 0;
    while (at < nodes.size() && nodes[at] != ancestor) ++at;
    if (at == nodes.size() || path.nodes.size() != nodes.size())
        return Error{Errc::mls_path_failed, "no node of the path is shared"};
    const auto resolution = tree.resolution(copath_child(ancestor, sender), added);
    const auto& ciphertexts = path.nodes[at].encrypted_path_secret;
    std::optional<SecretBytes> secret;
    for (std::size_t i = 0; i < resolution.size() && i < ciphertexts.size() && !secret; ++i) {
        // An unmerged leaf has no key of its ancestor and finds its own leaf here.
        const auto* key =
            in_subtree(node_of(own), resolution[i]) ? keys.find(resolution[i]) : nullptr;
        if (key == nullptr) continue;
        secret = suite.decrypt_with_label(key->view(), tree.encryption_key(resolution[i]),
                                          "UpdatePathNode", group_context,
                                          ciphertexts[i].kem_output, ciphertexts[i].ciphertext);
        if (!secret) return Error{Errc::mls_path_failed, "the path secret does not open"};
    }
    if (!secret) return Error{Errc::mls_path_failed, "no path secret for this device"};
    if (secret->size() != suite.hash_size())
        return Error{Errc::mls_path_failed, "length of the path secret"};
    PathSecrets secrets(suite, std::move(*secret));
    for (auto i = at; i < nodes.size(); ++i) {
        auto pair = secrets.node_key();
        // Section 7.5: derived public keys are the same as those of the UpdatePath.
        if (pair.public_key != path.nodes[i].encryption_key)
            return Error{Errc::mls_path_failed, "a derived key does not fit"};
        keys.set(nodes[i], std::move(pair.private_key));
        secrets.step();
    }
    return secrets.secret().clone();
}

Result<void> implant(const CipherSuite& suite, const RatchetTree& tree, TreeKeys& keys,
                     LeafIndex own, LeafIndex signer, const SecretBytes& path_secret) {
    if (path_secret.size() != suite.hash_size() || own == signer)
        return Error{Errc::mls_invalid, "Welcome: path secret"};
    const auto ancestor = common_ancestor(node_of(own), node_of(signer));
    PathSecrets secrets(suite, path_secret.clone());
    bool reached = false;
    for (const auto x : tree.filtered_direct_path(signer)) {
        reached = reached || x == ancestor;
        if (!reached) continue;
        auto pair = secrets.node_key();
        if (to_bytes(tree.encryption_key(x)) != pair.public_key)
            return Error{Errc::mls_path_failed, "Welcome: a derived key does not fit"};
        keys.set(x, std::move(pair.private_key));
        secrets.step();
    }
    if (!reached) return Error{Errc::mls_invalid, "Welcome: path secret without a node"};
    return {};
}

}  // namespace huecry::mls
