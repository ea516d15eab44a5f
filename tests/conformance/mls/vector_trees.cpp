#include <doctest/doctest.h>

#include "conformance/mls/vectors.hpp"
#include "mls/proposal_list.hpp"
#include "mls/tree_validation.hpp"
#include "unit/mls_support.hpp"

// Vectors of ratchet trees: operations, validation, TreeKEM.
using namespace huecry;
using namespace huecry::test;
using namespace huecry::mls;

namespace {

void require(bool good, const char* what) {
    if (!good) throw std::runtime_error(what);
}
void same(BytesView a, BytesView b, const char* what) { require(to_bytes(a) == to_bytes(b), what); }

RatchetTree tree_of(BytesView bytes) {
    auto tree = RatchetTree::decode(bytes, 4096);
    require(tree.ok(), "ratchet tree");
    same(tree->encode(), bytes, "ratchet tree encodes otherwise");
    return std::move(*tree);
}

}  // namespace

TEST_CASE("tree-operations") {
    run_vectors("tree-operations", [](const json::value& v) -> std::string {
        const auto* suite = suite_of(v);
        if (suite == nullptr) return "cipher suite is not 1 or 3";
        auto tree = tree_of(hex(v, "tree_before"));
        same(tree.tree_hash(*suite), hex(v, "tree_hash_before"), "tree_hash_before");
        auto proposal = Proposal::decode(hex(v, "proposal"));
        require(proposal.ok(), "proposal");
        std::vector<Extension> extensions;
        const auto sender = static_cast<std::uint32_t>(number(v, "proposal_sender"));
        const auto before = tree;
        const auto applied =
            apply_proposals({{std::make_shared<const Proposal>(std::move(*proposal)),
                              {SenderType::member, sender},
                              true,
                              {}}},
                            {}, tree, extensions);
        require(applied.ok(), "apply");
        same(tree.encode(), hex(v, "tree_after"), "tree_after");
        same(tree.tree_hash(*suite), hex(v, "tree_hash_after"), "tree_hash_after");
        // The copy from before is untouched, kept hashes and all.
        same(before.encode(), hex(v, "tree_before"), "the copy has changed");
        same(before.tree_hash(*suite), hex(v, "tree_hash_before"), "the copy's hash has changed");
        return {};
    });
}

TEST_CASE("tree-validation") {
    run_vectors("tree-validation", [](const json::value& v) -> std::string {
        const auto* suite = suite_of(v);
        if (suite == nullptr) return "cipher suite is not 1 or 3";
        const auto tree = tree_of(hex(v, "tree"));
        const auto& resolutions = array(v, "resolutions");
        const auto& hashes = array(v, "tree_hashes");
        require(resolutions.size() <= node_count(tree.width()), "number of nodes");
        for (NodeIndex x = 0; x < resolutions.size(); ++x) {
            std::vector<NodeIndex> expected;
            for (const auto& n : resolutions[x].as_array())
                expected.push_back(n.to_number<NodeIndex>());
            require(tree.resolution(x) == expected, "resolution");
            same(tree.tree_hash(*suite, x), hex(hashes[x]), "tree hash");
        }
        require(check_parent_hashes(*suite, tree).ok(), "parent hashes");
        require(check_unmerged_leaves(tree).ok(), "unmerged leaves");
        const auto group_id = hex(v, "group_id");
        for (std::uint32_t i = 0; i < tree.width(); ++i)
            if (tree.has_member({i}))
                require(tree.leaf({i}).verify(*suite, group_id, {i}), "signature of a leaf");
        GroupContext context;
        context.group_id = group_id;
        const auto whole = validate_tree(*suite, tree, context);
        require(whole.ok(), whole.ok() ? "" : whole.error().detail.c_str());
        return {};
    });
}

namespace {

struct Holder {
    TreeKeys keys;
    crypto::SigningKey signer;
};

// Each leaf's private keys, checked against the public tree.
std::map<std::uint32_t, Holder> holders(const CipherSuite& suite, const RatchetTree& tree,
                                        const json::value& v) {
    std::map<std::uint32_t, Holder> out;
    for (const auto& p : array(v, "leaves_private")) {
        const auto index = static_cast<std::uint32_t>(number(p, "index"));
        auto& holder = out[index];
        holder.keys.set(node_of({index}), SecretBytes(hex(p, "encryption_priv")));
        auto signer = crypto::SigningKey::from_seed(hex(p, "signature_priv"));
        require(signer.has_value(), "signature_priv");
        holder.signer = std::move(*signer);
        same(holder.signer.public_key(), tree.signature_key({index}), "signature key");
        same(suite.public_of(hex(p, "encryption_priv")), tree.encryption_key(node_of({index})),
             "encryption key");
        for (const auto& s : array(p, "path_secrets")) {
            const auto x = static_cast<NodeIndex>(number(s, "node"));
            auto pair = PathSecrets(suite, SecretBytes(hex(s, "path_secret"))).node_key();
            same(pair.public_key, tree.encryption_key(x), "node key");
            holder.keys.set(x, std::move(pair.private_key));
        }
    }
    return out;
}

GroupContext context_of(const CipherSuite& suite, const json::value& v, const RatchetTree& tree) {
    GroupContext out;
    out.cipher_suite = static_cast<std::uint16_t>(suite.id());
    out.group_id = hex(v, "group_id");
    out.epoch = number(v, "epoch");
    out.tree_hash = tree.tree_hash(suite);
    out.confirmed_transcript_hash = hex(v, "confirmed_transcript_hash");
    return out;
}

void everyone_gets(const CipherSuite& suite, const RatchetTree& tree,
                   const std::map<std::uint32_t, Holder>& all, std::uint32_t sender,
                   const UpdatePath& path, BytesView context, BytesView commit_secret) {
    for (const auto& [index, holder] : all) {
        if (index == sender) continue;
        auto keys = holder.keys.clone();
        keys.drop_blank(tree);
        const auto secret = decrypt_path(suite, tree, keys, {index}, {sender}, path, {}, context);
        require(secret.ok(), "path secret");
        same(secret->view(), commit_secret, "commit secret");
    }
}

void check_update_path(const CipherSuite& suite, const json::value& v, const json::value& u,
                       const RatchetTree& before, const std::map<std::uint32_t, Holder>& all) {
    const auto sender = static_cast<std::uint32_t>(number(u, "sender"));
    const auto bytes = hex(u, "update_path");
    Reader r(bytes);
    const auto path = UpdatePath::read(r);
    require(r.done(), "update_path");
    auto tree = before;
    require(merge_path(suite, tree, {sender}, path, {}).ok(), "merge");
    same(tree.tree_hash(suite), hex(u, "tree_hash_after"), "tree_hash_after");
    require(check_parent_hashes(suite, tree).ok(), "parent hashes after the path");
    require(path.leaf.verify(suite, hex(v, "group_id"), {sender}), "signature of the leaf");
    const auto context = context_of(suite, v, tree).encode();
    everyone_gets(suite, tree, all, sender, path, context, hex(u, "commit_secret"));
    // Each member's path secret at the common ancestor is the expected one: its node key fits.
    const auto& expected = array(u, "path_secrets");
    for (std::uint32_t j = 0; j < expected.size(); ++j) {
        if (expected[j].is_null()) continue;
        const auto ancestor = common_ancestor(node_of({j}), node_of({sender}));
        same(PathSecrets(suite, SecretBytes(hex(expected[j]))).node_key().public_key,
             tree.encryption_key(ancestor), "path secret");
    }
    // The same leaf makes a path of its own.
    SeededRandom random(sender);
    auto fresh = before;
    auto keys = all.at(sender).keys.clone();
    const auto made = make_path(suite, random, all.at(sender).signer, hex(v, "group_id"), fresh,
                                keys, {sender}, fresh.leaf({sender}));
    const auto new_context = context_of(suite, v, fresh).encode();
    const auto sealed = encrypt_path(suite, random, fresh, {sender}, made, {}, new_context);
    require(sealed.ok(), "a new path");
    auto merged = before;
    require(merge_path(suite, merged, {sender}, *sealed, {}).ok(), "merge of a new path");
    same(merged.tree_hash(suite), fresh.tree_hash(suite), "tree hash of a new path");
    everyone_gets(suite, merged, all, sender, *sealed, new_context, made.commit_secret.view());
}

}  // namespace

TEST_CASE("treekem") {
    run_vectors("treekem", [](const json::value& v) -> std::string {
        const auto* suite = suite_of(v);
        if (suite == nullptr) return "cipher suite is not 1 or 3";
        const auto tree = tree_of(hex(v, "ratchet_tree"));
        const auto all = holders(*suite, tree, v);
        for (const auto& u : array(v, "update_paths")) check_update_path(*suite, v, u, tree, all);
        return {};
    });
}
