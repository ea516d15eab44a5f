#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "mls/framing.hpp"
#include "mls/proposal_list.hpp"
#include "mls/tree_validation.hpp"
#include "mls/welcome.hpp"
#include "unit/mls_support.hpp"

// The checks of RFC 9420 one by one: each is provoked alone and answers with its own words, which
// mls/RULES.md lists; and the list is compared with the code.
using namespace huecry;
using namespace huecry::test;
using namespace huecry::mls;

namespace {

const CipherSuite& suite() { return chacha20_suite(); }

template <class T>
std::string why(const Result<T>& r) {
    return r.ok() ? std::string("accepted") : r.error().detail;
}

// A key package of our own, to be spoiled and signed again.
struct Packages {
    KeyPackage make(const std::function<void(KeyPackage&)>& spoil, bool sign_leaf = true,
                    bool sign = true) {
        Device device(suite(), random, "somebody");
        auto package = std::move(*parse_key_package(device.key_package().message));
        spoil(package);
        if (sign_leaf) package.leaf.sign(suite(), device.signer, {}, {});
        if (sign) package.sign(suite(), device.signer);
        return package;
    }
    std::string verdict(const std::function<void(KeyPackage&)>& spoil, bool sign_leaf = true,
                        bool sign = true) {
        return why(check_key_package(suite(), make(spoil, sign_leaf, sign)));
    }
    SeededRandom random{77};
};

}  // namespace

TEST_CASE("key packages and their leaves (sections 7.3 and 10.1)") {
    Packages p;
    CHECK(p.verdict([](auto&) {}) == "accepted");
    CHECK(p.verdict([](auto& k) { k.version = 2; }) == "KeyPackage: version or cipher suite");
    CHECK(p.verdict([](auto& k) { k.cipher_suite = 1; }) == "KeyPackage: version or cipher suite");
    CHECK(p.verdict([](auto& k) { k.init_key.pop_back(); }) == "KeyPackage: length of init_key");
    CHECK(p.verdict([](auto& k) { k.init_key = k.leaf.encryption_key; }) ==
          "KeyPackage: init_key is the leaf's key");
    CHECK(p.verdict([](auto& k) { k.leaf.source = LeafNodeSource::update; }) ==
          "KeyPackage: source of the leaf");
    CHECK(p.verdict([](auto& k) { k.leaf.encryption_key.push_back(1); }) ==
          "LeafNode: length of a key");
    CHECK(p.verdict([](auto& k) { k.leaf.capabilities.credentials = {2}; }) ==
          "LeafNode: own credential type is not listed");
    CHECK(p.verdict([](auto& k) { k.leaf.extensions.push_back({0xff01, {}}); }) ==
          "LeafNode: own extension is not listed");
    CHECK(p.verdict([](auto& k) { k.leaf.capabilities.versions = {2}; }) ==
          "LeafNode: version or cipher suite is not listed");
    CHECK(p.verdict([](auto& k) { k.leaf.capabilities.cipher_suites = {1}; }) ==
          "LeafNode: version or cipher suite is not listed");
    CHECK(p.verdict([](auto& k) { k.leaf.lifetime.not_after++; }, false) ==
          "KeyPackage: signature of the leaf");
    CHECK(p.verdict([](auto& k) { k.extensions.push_back({0xff01, {}}); }, true, false) ==
          "KeyPackage: signature");
    // Unknown values are ignored (section 13): GREASE everywhere it may be.
    CHECK(p.verdict([](auto& k) {
        k.leaf.capabilities.extensions.push_back(0x1a1a);
        k.leaf.capabilities.proposals.push_back(0x2a2a);
        k.leaf.extensions.push_back({0x1a1a, Bytes(9)});
        k.extensions.push_back({0x3a3a, Bytes(3)});
    }) == "accepted");
    // The same type twice in one list is malformed.
    auto twice = p.make([](auto& k) { k.extensions = {{0x3a3a, {}}, {0x3a3a, {}}}; });
    CHECK(why(KeyPackage::decode(twice.encode())) == "KeyPackage");
}

namespace {

// A group of four in one epoch, as a receiver of commits sees it.
struct Lists {
    Lists() {
        for (const auto* name : {"a", "b", "c", "d"}) {
            devices.push_back(std::make_unique<Device>(suite(), random, name));
            (void)tree.add(parse_key_package(devices.back()->key_package().message)->leaf.encode());
        }
        group.cipher_suite = 3;
        group.group_id = to_bytes(view("group"));
        group.epoch = 5;
    }
    ListedProposal item(Proposal p, Sender sender = {SenderType::member, 0}, bool by_value = true) {
        return {std::make_shared<const Proposal>(std::move(p)), sender, by_value, {}};
    }
    std::string member(std::vector<ListedProposal> list) {
        return why(check_proposal_list({suite(), group, tree, limits, LeafIndex{0}}, list, true));
    }
    std::string external(std::vector<ListedProposal> list, bool path = true) {
        return why(check_proposal_list({suite(), group, tree, limits, std::nullopt}, list, path));
    }
    Update update(std::uint32_t leaf, const std::function<void(LeafNode&)>& spoil = {},
                  bool sign = true) {
        auto node = tree.leaf({leaf});
        node.source = LeafNodeSource::update;
        node.encryption_key = random.bytes(32);
        if (spoil) spoil(node);
        if (sign) node.sign(suite(), devices[leaf]->signer, group.group_id, {leaf});
        return {node};
    }
    static PreSharedKeyId psk(std::uint8_t id, std::size_t nonce = 32) {
        PreSharedKeyId out;
        out.id = Bytes{id};
        out.nonce = Bytes(nonce, 4);
        return out;
    }
    SeededRandom random{5};
    std::vector<std::unique_ptr<Device>> devices;
    RatchetTree tree;
    GroupContext group;
    Limits limits;
};

}  // namespace

TEST_CASE("proposal lists (sections 12.1 and 12.2)") {
    Lists l;
    const Sender bob{SenderType::member, 1};
    CHECK(l.member({}) == "accepted");
    CHECK(l.member({l.item({l.update(1)}, bob, false)}) == "accepted");
    CHECK(l.member({l.item({l.update(0)}, {SenderType::member, 0}, false)}) ==
          "the committer's own Update");
    CHECK(l.member({l.item({l.update(1)}, {SenderType::external, 1}, false)}) ==
          "proposal type from an external sender");
    CHECK(l.member({l.item({l.update(1)}, {SenderType::member, 9}, false)}) ==
          "Update: not from a member");
    CHECK(l.member({l.item({l.update(1, [](auto& n) { n.source = LeafNodeSource::commit; })}, bob,
                           false)}) == "Update: source of the leaf");
    CHECK(
        l.member({l.item(
            {l.update(1, [&](auto& n) { n.encryption_key = to_bytes(l.tree.encryption_key(2)); })},
            bob, false)}) == "Update: encryption key is the old one");
    CHECK(l.member({l.item({l.update(1, [](auto& n) { n.extensions.push_back({0xff01, {}}); })},
                           bob, false)}) == "LeafNode: own extension is not listed");
    CHECK(why(check_proposal({suite(), l.group, l.tree, l.limits, LeafIndex{0}},
                             l.item({l.update(1)}, {SenderType::new_member_commit, 1}))) ==
          "Update: not from a member");
    auto unsigned_update = l.update(1);
    unsigned_update.leaf.signature[5] ^= 1;
    CHECK(l.member({l.item({unsigned_update}, bob, false)}) == "Update: signature of the leaf");
    CHECK(l.member({l.item({Remove{{7}}})}) == "Remove: no such member");
    CHECK(l.member({l.item({Remove{{0}}})}) == "the committer removes itself");
    CHECK(l.member({l.item({Remove{{1}}}), l.item({l.update(1)}, bob, false)}) ==
          "two proposals for one leaf");
    CHECK(l.member({l.item({PskProposal{Lists::psk(1)}}), l.item({PskProposal{Lists::psk(2)}})}) ==
          "accepted");
    CHECK(l.member({l.item({PskProposal{Lists::psk(1)}}), l.item({PskProposal{Lists::psk(1)}})}) ==
          "a PSK is named twice");
    CHECK(l.member({l.item({PskProposal{Lists::psk(1, 31)}})}) == "PreSharedKey: nonce");
    auto reinit_psk = Lists::psk(1);
    reinit_psk.type = PskType::resumption;
    reinit_psk.usage = ResumptionUsage::reinit;
    CHECK(l.member({l.item({PskProposal{reinit_psk}})}) == "PreSharedKey: usage");
    CHECK(l.member({l.item({GroupContextExtensions{}}), l.item({GroupContextExtensions{}})}) ==
          "two GroupContextExtensions");
    CHECK(l.member({l.item({GroupContextExtensions{{{3, Bytes{1}}}}})}) == "required_capabilities");
    CHECK(l.member({l.item({GroupContextExtensions{{{5, Bytes{1}}}}})}) == "external_senders");
    CHECK(l.member({l.item({ReInit{{}, 1, 3, {}}})}) == "accepted");
    CHECK(l.member({l.item({ReInit{{}, 0, 3, {}}})}) == "ReInit: version");
    CHECK(l.member({l.item({ReInit{{}, 1, 3, {}}}), l.item({Remove{{1}}})}) ==
          "ReInit with other proposals");
    CHECK(l.member({l.item({ExternalInit{}})}) == "ExternalInit in a member's commit");
    CHECK(l.member({l.item({Remove{{1}}}, {SenderType::new_member_proposal, 0}, false)}) ==
          "a new member proposes something else than Add");
    l.limits.max_proposals = 1;
    CHECK(l.member({l.item({Remove{{1}}}), l.item({Remove{{2}}})}) == "proposals");
}

TEST_CASE("external commits (section 12.4.3.2)") {
    Lists l;
    const auto init = l.item({ExternalInit{Bytes(32, 9)}});
    CHECK(l.external({init}) == "accepted");
    CHECK(l.external({init, l.item({Remove{{1}}}), l.item({PskProposal{Lists::psk(1)}})}) ==
          "accepted");
    CHECK(l.external({init}, false) == "external commit without a path");
    CHECK(l.external({}) == "external commit: not exactly one ExternalInit");
    CHECK(l.external({init, init}) == "external commit: not exactly one ExternalInit");
    CHECK(l.external({init, l.item({Remove{{1}}}), l.item({Remove{{2}}})}) ==
          "external commit: more than one Remove");
    CHECK(l.external({init, l.item({Remove{{1}}}, {SenderType::member, 1}, false)}) ==
          "external commit: proposal by reference");
    CHECK(l.external({init, l.item({GroupContextExtensions{}})}) ==
          "external commit: proposal of another type");
}

TEST_CASE("leaves against the group (sections 7.3, 11.1, 12.1.7 and 13.4)") {
    Lists l;
    const auto new_leaf = [&](const std::function<void(LeafNode&)>& spoil,
                              std::vector<Extension> extensions = {}) {
        auto tree = l.tree;
        Device zoe(suite(), l.random, "zoe");
        auto leaf = parse_key_package(zoe.key_package().message)->leaf;
        spoil(leaf);
        const auto at = tree.add(leaf.encode());
        return why(check_new_leaves(tree, extensions, {at}, {}));
    };
    CHECK(new_leaf([](auto&) {}) == "accepted");
    CHECK(new_leaf([&](auto& n) { n.encryption_key = to_bytes(l.tree.encryption_key(4)); }) ==
          "an encryption key appears twice");
    CHECK(new_leaf([&](auto& n) { n.signature_key = to_bytes(l.tree.signature_key({2})); }) ==
          "a signature key appears twice");
    CHECK(new_leaf([](auto&) {}, {{0xf0f0, {}}}) == "a member lacks a group extension");
    const auto required = [&](RequiredCapabilities r) {
        return new_leaf([](auto&) {}, {{extension_type::required_capabilities, r.encode()}});
    };
    CHECK(required({{}, {0xf0f0}, {}}) == "a member lacks a required capability");
    CHECK(required({{0xf0f0}, {}, {}}) == "a member lacks a required capability");
    CHECK(required({{}, {}, {credential_type::x509}}) == "a member lacks a required capability");
    // What every client has is listed nowhere (section 7.2).
    CHECK(required({{extension_type::external_senders},
                    {proposal_type::group_context_extensions},
                    {credential_type::basic}}) == "accepted");
    CHECK(new_leaf([](auto& n) {
              n.credential = {credential_type::x509, {}, {Bytes{1}}};
              n.capabilities.credentials = {credential_type::x509};
          }) == "a new leaf lacks a credential type in use");
    CHECK(new_leaf([](auto& n) {
              n.credential = {credential_type::x509, {}, {Bytes{1}}};
              n.capabilities.credentials = {credential_type::x509, credential_type::basic};
          }) == "a member lacks a new leaf's credential type");
    CHECK(why(check_all_support(l.tree, {{0xf0f0, {}}})) == "a member lacks a group extension");
}

TEST_CASE("a joiner's tree (sections 7.9.2 and 12.4.3.1)") {
    Lists l;
    // Leaf 0 has made a path: nodes 1 and 3 are set. Then e joins as an unmerged leaf of none.
    TreeKeys keys;
    auto good = l.tree;
    (void)make_path(suite(), l.random, l.devices[0]->signer, l.group.group_id, good, keys, {0},
                    good.leaf({0}));
    const auto verdict = [&](const std::function<void(RatchetTree&)>& spoil) {
        auto tree = good;
        spoil(tree);
        return why(validate_tree(suite(), tree, l.group));
    };
    const auto spoil_parent = [](NodeIndex x, const std::function<void(ParentNode&)>& change) {
        return [=](RatchetTree& tree) {
            auto node = tree.parent_node(x);
            change(node);
            tree.set_parent(x, node);
        };
    };
    CHECK(verdict([](auto&) {}) == "accepted");
    CHECK(verdict(spoil_parent(3, [&](auto& n) { n.encryption_key = l.random.bytes(32); })) ==
          "a parent node has no valid parent hash");
    CHECK(verdict(spoil_parent(1, [](auto& n) { n.parent_hash[0] ^= 1; })) ==
          "a parent node has no valid parent hash");
    CHECK(verdict([&](auto& t) { t.set_parent(5, {l.random.bytes(32), {}, {}}); }) ==
          "a parent node has no valid parent hash");
    CHECK(verdict(spoil_parent(1, [](auto& n) { n.unmerged_leaves = {{2}}; })) ==
          "unmerged_leaves: not a member below");
    CHECK(verdict(spoil_parent(3, [](auto& n) { n.unmerged_leaves = {{1}}; })) ==
          "unmerged_leaves: missing below");
    CHECK(verdict(spoil_parent(3, [&](auto& n) {
              n.encryption_key = to_bytes(good.encryption_key(2));
          })) == "an encryption key appears twice");
    const auto spoil_leaf = [&](std::uint32_t at, const std::function<void(LeafNode&)>& change) {
        return [=](RatchetTree& tree) {
            auto leaf = tree.leaf({at});
            change(leaf);
            tree.set_leaf({at}, leaf.encode());
        };
    };
    // Leaf 3 lies under the copath of leaf 0, so the tree without the path is spoiled instead.
    const auto without_path = [&](const std::function<void(RatchetTree&)>& spoil) {
        auto tree = l.tree;
        spoil(tree);
        return why(validate_tree(suite(), tree, l.group));
    };
    CHECK(without_path([](auto&) {}) == "accepted");
    CHECK(without_path(spoil_leaf(3, [](auto& n) { n.signature[0] ^= 1; })) ==
          "signature of a member's leaf");
    CHECK(without_path(spoil_leaf(3, [&](auto& n) {
              n.signature_key = to_bytes(l.tree.signature_key({1}));
          })) == "a signature key appears twice");
    CHECK(without_path(spoil_leaf(3, [](auto& n) {
              n.capabilities.credentials = {credential_type::x509};
              n.credential = {credential_type::x509, {}, {}};
          })) == "a member lacks a credential type in use");
    CHECK(why(RatchetTree::decode(Bytes{1, 0}, 8)) == "ratchet_tree");
    CHECK(RatchetTree::decode(good.encode(), 2).error().code == Errc::too_large);
}

TEST_CASE("paths (sections 7.5 and 7.6)") {
    Lists l;
    TreeKeys keys;
    keys.set(0, SecretBytes(32));
    auto after = l.tree;
    const auto made = make_path(suite(), l.random, l.devices[0]->signer, l.group.group_id, after,
                                keys, {0}, after.leaf({0}));
    const auto path = encrypt_path(suite(), l.random, after, {0}, made, {}, view("context"));
    REQUIRE(path.ok());
    const auto verdict = [&](const std::function<void(UpdatePath&)>& spoil) {
        auto copy = *path;
        spoil(copy);
        auto tree = l.tree;
        return why(merge_path(suite(), tree, {0}, copy, {}));
    };
    CHECK(verdict([](auto&) {}) == "accepted");
    CHECK(verdict([](auto& u) { u.nodes.pop_back(); }) == "UpdatePath: number of nodes");
    CHECK(verdict([](auto& u) { u.nodes[0].encrypted_path_secret.clear(); }) ==
          "UpdatePath: number of ciphertexts");
    CHECK(verdict([](auto& u) { u.nodes[0].encryption_key.pop_back(); }) ==
          "UpdatePath: length of a key");
    CHECK(verdict([](auto& u) { u.nodes[0].encryption_key[0] ^= 1; }) ==
          "UpdatePath: parent hash of the leaf");
    CHECK(verdict([](auto& u) { u.leaf.parent_hash[0] ^= 1; }) ==
          "UpdatePath: parent hash of the leaf");
}

namespace {

// A check by its name (its words, or the condition of a reader) and the file where it stands.
using Names = std::set<std::pair<std::string, std::string>>;

const std::filesystem::path root(HUECRY_SOURCE_FOLDER);

std::string text_of(const std::filesystem::path& file) {
    std::ifstream in(file);
    std::stringstream out;
    out << in.rdbuf();
    return out.str();
}

Names in_code(const std::regex& pattern) {
    Names out;
    for (const auto& entry : std::filesystem::directory_iterator(root / "client-lib/src/mls")) {
        if (entry.path().extension() != ".cpp") continue;
        const auto text = text_of(entry.path());
        for (std::sregex_iterator it(text.begin(), text.end(), pattern), end; it != end; ++it)
            out.emplace((*it)[1].matched ? (*it)[1].str() : "otherwise",
                        entry.path().filename().string());
    }
    return out;
}

std::vector<std::string> split(const std::string& list) {
    std::vector<std::string> out;
    std::istringstream in(list);
    for (std::string item; in >> item;) {
        if (item.back() == ',') item.pop_back();
        out.push_back(item);
    }
    return out;
}

// Rows of RULES.md: name, files, tests.
Names listed(const std::regex& row, bool tests_name_it) {
    Names out;
    std::istringstream rules(text_of(root / "client-lib/src/mls/RULES.md"));
    for (std::string line; std::getline(rules, line);) {
        std::smatch m;
        if (!std::regex_match(line, m, row)) continue;
        for (const auto& file : split(m[2])) out.emplace(m[1], file);
        CHECK_MESSAGE(!split(m[3]).empty(), "no test: " << m[1].str());
        for (const auto& test : split(m[3])) {
            const auto text = text_of(root / "tests" / test);
            CHECK_MESSAGE(!text.empty(), "no such test: " << test);
            if (tests_name_it)
                CHECK_MESSAGE(text.find("\"" + m[1].str() + "\"") != std::string::npos,
                              test << " does not provoke: " << m[1].str());
        }
    }
    return out;
}

void compare(const Names& code, const Names& list) {
    for (const auto& c : code)
        CHECK_MESSAGE(list.contains(c), "not in RULES.md: " << c.first << ", " << c.second);
    for (const auto& c : list)
        CHECK_MESSAGE(code.contains(c), "not in the code: " << c.first << ", " << c.second);
}

}  // namespace

TEST_CASE("RULES.md lists the checks of the code, and the tests that name them") {
    const auto code = in_code(std::regex(
        R"re((?:Error\{\s*Errc::\w+,|invalid\(|unauthentic\(|\{Errc::\w+,)\s*"([^"]+)")re"));
    CHECK(code.size() > 130);
    compare(code, listed(std::regex(R"(\| [^|]+ \| `(.+)` \| ([^|`]+) \| ([^|]*) \|)"), true));
    const std::regex reader_fails(
        R"re(if \(([^\n]+)\) (?:\{\s*)?\w+\.fail\(\);|(?:else \{|default:)\s*\w+\.fail\(\);)re");
    const auto form = in_code(reader_fails);
    CHECK(form.size() > 30);
    compare(form, listed(std::regex(R"(- `(.+)`, ([a-z_]+\.cpp) \([^)]*\): (\S+))"), false));
    // No reader fails in another way than these.
    const auto count = [](const std::regex& pattern) {
        std::size_t n = 0;
        for (const auto& entry : std::filesystem::directory_iterator(root / "client-lib/src/mls")) {
            if (entry.path().extension() != ".cpp") continue;
            const auto text = text_of(entry.path());
            n += static_cast<std::size_t>(
                std::distance(std::sregex_iterator(text.begin(), text.end(), pattern), {}));
        }
        return n;
    };
    CHECK(count(reader_fails) == count(std::regex(R"(\w\.fail\(\))")));
}
