#include "mls/tree_kem.hpp"
#include "mls/tree_validation.hpp"
#include "unit/mls_rogue.hpp"

// The ratchet tree and the secret tree by themselves (RFC 9420 sections 7, 9 and 12.4.3).
using namespace huecry;
using namespace huecry::test;
using namespace huecry::mls;

namespace {

const CipherSuite& suite() { return chacha20_suite(); }

// Leaf i is that of device i; nothing above.
struct Grove {
    explicit Grove(std::size_t n) {
        for (std::size_t i = 0; i < n; ++i) {
            devices.push_back(std::make_unique<Device>(suite(), random, std::to_string(i)));
            packages.push_back(devices.back()->key_package());
            (void)tree.add(parse_key_package(packages.back().message)->leaf.encode());
        }
        group.cipher_suite = 3;
        group.group_id = Bytes{1};
    }
    NewPath path_of(RatchetTree& t, TreeKeys& keys, std::uint32_t leaf) {
        return make_path(suite(), random, devices[leaf]->signer, group.group_id, t, keys, {leaf},
                         t.leaf({leaf}));
    }
    SeededRandom random{17};
    std::vector<std::unique_ptr<Device>> devices;
    std::vector<NewKeyPackage> packages;
    RatchetTree tree;
    GroupContext group;
};

}  // namespace

TEST_CASE("a path is opened with the keys that this device has (section 7.5)") {
    Grove g(4);
    auto tree = g.tree;
    TreeKeys theirs;
    const auto path = g.path_of(tree, theirs, 0);
    const auto update = must(encrypt_path(suite(), g.random, tree, {0}, path, {}, view("context")));
    const auto open = [&](const UpdatePath& p, LeafIndex own, bool with_key = true) {
        TreeKeys keys;
        if (with_key) keys.set(node_of(own), g.packages[own.value].secrets.encryption_key.clone());
        return why(decrypt_path(suite(), tree, keys, own, {0}, p, {}, view("context")));
    };
    for (std::uint32_t own = 1; own < 4; ++own) CHECK(open(update, {own}) == "accepted");
    CHECK(open(update, {3}, false) == "no path secret for this device");
    CHECK(open(update, {0}) == "no node of the path is shared");
    auto more = update;
    more.nodes.push_back(more.nodes.back());
    CHECK(open(more, {0}) == "no node of the path is shared");
    auto shorter = update;
    shorter.nodes.pop_back();
    CHECK(open(shorter, {1}) != "accepted");
    CHECK(open(shorter, {3}) == "no node of the path is shared");
    // What a Welcome brings must have a node to belong to: leaf 3 has none under a tree of one
    // side.
    RatchetTree lonely;
    (void)lonely.add(g.tree.encoded(0));
    lonely.extend();
    lonely.extend();
    TreeKeys keys;
    const auto secret = g.random.secret(32);
    CHECK(why(implant(suite(), lonely, keys, {3}, {0}, secret)) ==
          "Welcome: path secret without a node");
    CHECK(why(implant(suite(), tree, keys, {0}, {0}, secret)) == "Welcome: path secret");
    CHECK(why(implant(suite(), tree, keys, {3}, {0}, g.random.secret(31))) ==
          "Welcome: path secret");
    CHECK(why(implant(suite(), tree, keys, {3}, {0}, secret)) ==
          "Welcome: a derived key does not fit");
    CHECK(why(implant(suite(), tree, keys, {3}, {0}, path.path_secrets.back())) == "accepted");
    // A member whose leaf holds a key on which nothing can be agreed.
    auto leaf = tree.leaf({1});
    leaf.encryption_key = Bytes(32);
    tree.set_leaf({1}, leaf.encode());
    CHECK(why(encrypt_path(suite(), g.random, tree, {0}, path, {}, view("context"))) ==
          "a member's key is unusable");
}

TEST_CASE("keys of parent nodes are in the suite's format (section 5.1.1)") {
    Grove g(2);
    const auto verdict = [&](std::size_t length) {
        auto tree = g.tree;
        const ParentNode top{Bytes(length, 9), {}, {}};
        tree.set_parent(1, top);
        auto leaf = tree.leaf({0});
        leaf.source = LeafNodeSource::commit;
        leaf.parent_hash = parent_hash(suite(), top.encryption_key, {}, tree.tree_hash(suite(), 2));
        leaf.sign(suite(), g.devices[0]->signer, g.group.group_id, {0});
        tree.set_leaf({0}, leaf.encode());
        return why(validate_tree(suite(), tree, g.group));
    };
    CHECK(verdict(32) == "accepted");
    CHECK(verdict(31) == "length of a parent node's key");
    CHECK(verdict(33) == "length of a parent node's key");
}

TEST_CASE("every leaf of a joiner's tree is a good one (sections 7.3 and 12.4.3.1)") {
    Grove g(3);
    const auto verdict = [&](const std::function<void(LeafNode&)>& change,
                             std::vector<Extension> extensions = {}) {
        auto tree = g.tree;
        auto leaf = tree.leaf({2});
        change(leaf);
        leaf.sign(suite(), g.devices[2]->signer, {}, {});
        tree.set_leaf({2}, leaf.encode());
        auto group = g.group;
        group.extensions = std::move(extensions);
        return why(validate_tree(suite(), tree, group));
    };
    CHECK(verdict([](auto&) {}) == "accepted");
    CHECK(verdict([](auto& l) { l.encryption_key.pop_back(); }) == "LeafNode: length of a key");
    CHECK(verdict([](auto& l) { l.extensions.push_back({0xff01, {}}); }) ==
          "LeafNode: own extension is not listed");
    CHECK(verdict([](auto&) {}, {{0xf0f0, {}}}) == "a member lacks a group extension");
    CHECK(verdict([](auto&) {}, {{extension_type::required_capabilities, Bytes{1}}}) ==
          "required_capabilities");
    // Two blank nodes stand between an unmerged leaf and the node that names it: that is allowed.
    auto tree = g.tree;
    TreeKeys keys;
    (void)g.path_of(tree, keys, 0);
    CHECK(why(validate_tree(suite(), tree, g.group)) == "accepted");
    auto top = tree.parent_node(3);
    top.unmerged_leaves = {{3}};  // blank
    tree.set_parent(3, top);
    CHECK(why(validate_tree(suite(), tree, g.group)) == "unmerged_leaves: not a member below");
}

TEST_CASE("keys of a path are new in the whole tree (section 12.4.2)") {
    Grove g(4);
    auto tree = g.tree;
    TreeKeys keys;
    const auto path = g.path_of(tree, keys, 0);
    CHECK(why(check_new_leaves(tree, {}, {{0}}, path.nodes)) == "accepted");
    auto top = tree.parent_node(3);
    top.encryption_key = to_bytes(tree.encryption_key(6));
    tree.set_parent(3, top);
    CHECK(why(check_new_leaves(tree, {}, {{0}}, path.nodes)) == "an encryption key appears twice");
    // Two new leaves with one key.
    tree = g.tree;
    auto leaf = tree.leaf({3});
    leaf.signature_key = to_bytes(tree.signature_key({2}));
    tree.set_leaf({3}, leaf.encode());
    CHECK(why(check_new_leaves(tree, {}, {{2}, {3}}, {})) == "a signature key appears twice");
}

TEST_CASE("the form of a ratchet tree (sections 7.1 and 12.4.3.3)") {
    Grove g(3);
    auto tree = g.tree;
    TreeKeys keys;
    (void)g.path_of(tree, keys, 0);
    const auto verdict = [](BytesView bytes, std::uint32_t width = 8) {
        return why(RatchetTree::decode(bytes, width));
    };
    const auto spoiled = [&](const ParentNode& node) {
        auto copy = tree;
        copy.set_parent(3, node);
        return copy.encode();
    };
    auto top = tree.parent_node(3);
    CHECK(verdict(tree.encode()) == "accepted");
    top.unmerged_leaves = {{1}, {2}};
    CHECK(verdict(spoiled(top)) == "accepted");
    top.unmerged_leaves = {{2}, {1}};
    CHECK(verdict(spoiled(top)) == "ratchet_tree");
    top.unmerged_leaves = {{1}, {1}};
    CHECK(verdict(spoiled(top)) == "ratchet_tree");
    CHECK(RatchetTree::decode(tree.encode(), 2).error().code == Errc::too_large);
    auto longer = tree.encode();
    longer.push_back(0);
    CHECK(verdict(longer) == "ratchet_tree");
    const auto of = [](const std::function<void(Writer&)>& write) {
        return Writer().vector(write).take();
    };
    const auto leaf = to_bytes(tree.encoded(0));
    const auto parent = to_bytes(tree.encoded(1));
    CHECK(verdict(of([&](Writer& w) { w.u8(1).u8(1).raw(leaf); })) == "accepted");
    CHECK(verdict(of([&](Writer& w) { w.u8(1).u8(1).raw(leaf).u8(0); })) == "ratchet_tree");
    CHECK(verdict(of([&](Writer& w) { w.u8(1).u8(1).raw(BytesView(leaf).first(9)); })) ==
          "ratchet_tree");
    CHECK(verdict(of([](Writer&) {})) == "ratchet_tree");
    // Leaves in the even places, parents in the odd ones: what is inside would be read all the
    // same.
    CHECK(verdict(of([&](Writer& w) { w.u8(1).u8(2).raw(leaf); })) == "ratchet_tree");
    CHECK(verdict(of([&](Writer& w) {
              w.u8(1).u8(1).raw(leaf).u8(1).u8(1).raw(parent).u8(1).u8(1).raw(leaf);
          })) == "ratchet_tree");
    // unmerged_leaves of five bytes.
    CHECK(verdict(of([&](Writer& w) {
              w.u8(1).u8(1).raw(leaf).u8(1).u8(2);
              w.opaque(Bytes(32)).opaque({}).opaque(Bytes{0, 0, 0, 0, 1});
              w.u8(1).u8(1).raw(leaf);
          })) == "ratchet_tree");
}

TEST_CASE("a ratchet ends (section 9)") {
    SecretTree tree(suite(), 4, SecretBytes(Bytes(32, 1)));
    (void)must(tree.next(suite(), {1}, RatchetType::application));
    MemoryStore store;
    tree.flush(store, "", true);
    auto& record = store.rows.at("r/1/1");
    for (std::size_t i = 1; i <= 4; ++i) record[i] = 0xff;
    auto last = must(SecretTree::load(store, "", 4));
    CHECK(must(last.next(suite(), {1}, RatchetType::application)).generation == 0xffffffff);
    CHECK(why(last.next(suite(), {1}, RatchetType::application)) == "ratchet is at its end");
    CHECK(why(last.find(suite(), {1}, RatchetType::application, 0, 10, 2)) == "used already");
    last.flush(store, "", true);
    auto loaded = must(SecretTree::load(store, "", 4));
    CHECK(why(loaded.next(suite(), {1}, RatchetType::application)) == "ratchet is at its end");
    // The same for a receiver that has taken the last one.
    auto receiver = must(SecretTree::load(store, "", 4));
    CHECK(why(receiver.find(suite(), {1}, RatchetType::application, 0xffffffff, 10, 2)) ==
          "used already");
}

TEST_CASE("RatchetTree::from_blocks wants as many blocks as its width needs") {
    std::vector<std::shared_ptr<RatchetTree::Block>> one{std::make_shared<RatchetTree::Block>()};
    CHECK(why(RatchetTree::from_blocks(16, one)) == "accepted");
    CHECK(why(RatchetTree::from_blocks(3, one)) == "ratchet tree");
    CHECK(why(RatchetTree::from_blocks(32, one)) == "ratchet tree");
}
