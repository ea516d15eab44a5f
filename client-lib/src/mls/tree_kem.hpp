#pragma once

#include <map>
#include <optional>

#include "crypto/random.hpp"
#include "mls/commit.hpp"
#include "mls/ratchet_tree.hpp"

// TreeKEM: fresh keys along a path, for everyone else (RFC 9420 sections 7.4 to 7.6 and 7.9).
namespace huecry::mls {

/// The private keys that this device holds: of its leaf and of nodes above it.
class TreeKeys {
public:
    void set(NodeIndex x, SecretBytes key) { keys_[x] = std::move(key); }
    [[nodiscard]] const SecretBytes* find(NodeIndex x) const {
        const auto it = keys_.find(x);
        return it == keys_.end() ? nullptr : &it->second;
    }
    /// Section 7.5: the keys of nodes that have become blank go.
    void drop_blank(const RatchetTree& tree);
    [[nodiscard]] TreeKeys clone() const;
    [[nodiscard]] const std::map<NodeIndex, SecretBytes>& all() const { return keys_; }

private:
    std::map<NodeIndex, SecretBytes> keys_;
};

/// The chain of path secrets from one node of a filtered direct path upwards (section 7.4).
class PathSecrets {
public:
    PathSecrets(const CipherSuite& suite, SecretBytes first)
        : suite_(&suite), secret_(std::move(first)) {}
    [[nodiscard]] const SecretBytes& secret() const { return secret_; }
    /// KEM.DeriveKeyPair(DeriveSecret(path_secret, "node")).
    [[nodiscard]] crypto::X25519KeyPair node_key() const;
    /// path_secret[n+1] = DeriveSecret(path_secret[n], "path").
    void step() { secret_ = suite_->derive_secret(secret_.view(), "path"); }

private:
    const CipherSuite* suite_;
    SecretBytes secret_;
};

/// A path that this device has made: already in the tree, not yet encrypted.
struct NewPath {
    LeafNode leaf;
    std::vector<NodeIndex> nodes;           // the filtered direct path
    std::vector<SecretBytes> path_secrets;  // one for each
    SecretBytes commit_secret;
};
/// Section 7.5 for the committer: fresh keys in `tree` and `keys`, parent hashes, signed leaf.
/// `leaf` gives everything but key, source, parent hash and signature.
[[nodiscard]] NewPath make_path(const CipherSuite& suite, crypto::Random& random,
                                const crypto::SigningKey& signer, BytesView group_id,
                                RatchetTree& tree, TreeKeys& keys, LeafIndex own, LeafNode leaf);
/// Section 7.6: each path secret for the resolution of the copath node; `added` (sorted) is left
/// out. Error: mls_invalid when a key of the tree is unusable.
[[nodiscard]] Result<UpdatePath> encrypt_path(const CipherSuite& suite, crypto::Random& random,
                                              const RatchetTree& tree, LeafIndex own,
                                              const NewPath& path,
                                              const std::vector<LeafIndex>& added,
                                              BytesView group_context);

/// Section 7.5 for a receiver, the part that needs no secret. Error: mls_invalid (number of nodes
/// or ciphertexts, length of a key, parent hash of the leaf).
[[nodiscard]] Result<void> merge_path(const CipherSuite& suite, RatchetTree& tree, LeafIndex sender,
                                      const UpdatePath& path, const std::vector<LeafIndex>& added);
/// Section 7.5 for a receiver, the part that does: new keys into `keys`; returns commit_secret.
/// Error: mls_path_failed.
[[nodiscard]] Result<SecretBytes> decrypt_path(const CipherSuite& suite, const RatchetTree& tree,
                                               TreeKeys& keys, LeafIndex own, LeafIndex sender,
                                               const UpdatePath& path,
                                               const std::vector<LeafIndex>& added,
                                               BytesView group_context);
/// From a Welcome's path secret: keys of the common ancestor with `signer` and above (section
/// 12.4.3.1). Error: mls_path_failed when a public key does not fit.
[[nodiscard]] Result<void> implant(const CipherSuite& suite, const RatchetTree& tree,
                                   TreeKeys& keys, LeafIndex own, LeafIndex signer,
                                   const SecretBytes& path_secret);

/// struct { HPKEPublicKey encryption_key; opaque parent_hash<V>;
///          opaque original_sibling_tree_hash<V>; } ParentHashInput;            (section 7.9)
[[nodiscard]] Bytes parent_hash(const CipherSuite& suite, BytesView encryption_key,
                                BytesView parents_parent_hash, BytesView sibling_tree_hash);

}  // namespace huecry::mls
