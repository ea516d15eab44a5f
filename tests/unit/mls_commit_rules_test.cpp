#include "unit/mls_rogue.hpp"

// Commits (RFC 9420 sections 7.5, 12.4.2 and 12.4.3.2), sent by a member or a newcomer who breaks
// one rule, and the rules that a sender keeps.
using namespace huecry;
using namespace huecry::test;
using namespace huecry::mls;

namespace {

const CipherSuite& suite() { return chacha20_suite(); }

AuthenticatedContent content_of(BytesView message) {
    Reader r(message.subspan(4));
    auto m = PublicMessage::read(r);
    REQUIRE(r.done());
    return std::move(m.content);
}
Commit& commit_of(AuthenticatedContent& content) {
    return std::get<Commit>(content.content.content);
}

}  // namespace

TEST_CASE("a path whose secrets are not for this device (section 7.5)") {
    Trio t;
    Rogue rogue(t.b(), t.bob);
    const auto verdict = [&](const Rogue::ChangePath& before,
                             const Rogue::ChangeCommit& after = {}) {
        return must(t.a().process(rogue.path_commit(before, after), {}));
    };
    const auto failed = [](const Received& got, const char* words) {
        CHECK(got.verdict == Verdict::failed);
        CHECK(got.reason == Errc::mls_path_failed);
        CHECK(got.detail == words);
    };
    // The path itself is right: only the tag, which needs the transcript, is missing.
    CHECK(verdict({}).detail == "confirmation tag");
    failed(verdict([&](NewPath& p) { p.path_secrets[0] = t.random.secret(32); }),
           "a derived key does not fit");
    failed(verdict([&](NewPath& p) { p.path_secrets[0] = t.random.secret(31); }),
           "length of the path secret");
    failed(verdict({},
                   [](Commit& c, const RatchetTree&) {
                       c.path->nodes[0].encrypted_path_secret[0].ciphertext[3] ^= 1;
                   }),
           "the path secret does not open");
}

TEST_CASE("the leaf of a path (sections 7.3 and 12.4.2)") {
    Trio t;
    Rogue rogue(t.b(), t.bob);
    const auto verdict = [&](const std::function<void(LeafNode&, const RatchetTree&)>& change) {
        return why(t.a().process(rogue.path_commit({},
                                                   [&](Commit& c, const RatchetTree& tree) {
                                                       change(c.path->leaf, tree);
                                                       rogue.sign_leaf(c.path->leaf);
                                                   }),
                                 {}));
    };
    CHECK(verdict([](auto& leaf, const auto& tree) {
              leaf.encryption_key = to_bytes(tree.encryption_key(2));
          }) == "UpdatePath: encryption key is the old one");
    CHECK(verdict([](auto& leaf, const auto& tree) {
              leaf.encryption_key = to_bytes(tree.encryption_key(0));
          }) == "an encryption key appears twice");
    CHECK(verdict([](auto& leaf, const auto&) { leaf.capabilities.credentials = {2}; }) ==
          "LeafNode: own credential type is not listed");
    CHECK(verdict([](auto& leaf, const auto&) { leaf.extensions.push_back({0xff01, {}}); }) ==
          "LeafNode: own extension is not listed");
    CHECK(verdict([](auto& leaf, const auto&) { leaf.encryption_key = Bytes(32); }) ==
          "LeafNode: encryption_key is unusable");
    const auto weak = rogue.path_commit(
        {}, [](Commit& c, const RatchetTree&) { c.path->nodes[1].encryption_key = Bytes(32); });
    CHECK(why(t.a().process(weak, {})) == "UpdatePath: a key is unusable");
    // A key of the path that some node has already (the parent hash is made to fit it).
    const auto twice = rogue.path_commit({}, [&](Commit& c, const RatchetTree& tree) {
        auto next = tree;
        next.blank_path({1});
        const auto top = to_bytes(tree.encryption_key(0));
        c.path->nodes[1].encryption_key = top;
        next.set_parent(3, {top, {}, {}});
        const auto above = parent_hash(suite(), top, {}, next.tree_hash(suite(), 5));
        c.path->leaf.parent_hash = parent_hash(suite(), c.path->nodes[0].encryption_key, above,
                                               next.tree_hash(suite(), 0));
        rogue.sign_leaf(c.path->leaf);
    });
    CHECK(why(t.a().process(twice, {})) == "an encryption key appears twice");
}

TEST_CASE("the list of a commit, judged in the new tree (section 12.4.2)") {
    Limits few;
    few.max_members = 4;
    Trio t({}, few);
    Rogue rogue(t.b(), t.bob);
    const auto verdict = [&](std::vector<std::variant<Proposal, Bytes>> list) {
        Commit commit;
        commit.proposals = std::move(list);
        return why(t.a().process(rogue.in_public(rogue.say(std::move(commit))), {}));
    };
    const auto package = [&](Device& device) {
        return Proposal{Add{std::move(*parse_key_package(device.key_package().message))}};
    };
    Device zoe(suite(), t.random, "zoe"), yan(suite(), t.random, "yan");
    CHECK(verdict({Proposal{Remove{{2}}}}) == "Commit: path is missing");
    CHECK(verdict({}) == "Commit: path is missing");
    CHECK(verdict({Proposal{GroupContextExtensions{}}}) == "Commit: path is missing");
    CHECK(verdict({Proposal{ReInit{{}, 1, 3, {}}}}) == "confirmation tag");
    CHECK(verdict({package(zoe)}) == "confirmation tag");
    CHECK(verdict({package(zoe), package(yan)}) == "members");
    CHECK(verdict({package(t.eve)}) == "a signature key appears twice");
    CHECK(verdict({Bytes(32, 1)}) == "a proposal is not known here");
    CHECK(verdict({Proposal{Add{[&] {
              auto k = std::move(*parse_key_package(zoe.key_package().message));
              k.leaf.capabilities.versions = {2};
              k.leaf.sign(suite(), zoe.signer, {}, {});
              k.sign(suite(), zoe.signer);
              return k;
          }()}}}) == "LeafNode: version or cipher suite is not listed");
    PreSharedKeyId id;
    id.nonce = Bytes(32);
    const auto missing = [&] {
        Commit commit;
        commit.proposals = {Proposal{PskProposal{id}}};
        return must(t.a().process(rogue.in_public(rogue.say(std::move(commit))), {}));
    }();
    CHECK(missing.verdict == Verdict::failed);
    CHECK(missing.detail == "a pre-shared key is missing");
}

TEST_CASE("what was proposed and fits no tree keeps nobody from committing (section 12.4.1)") {
    Trio t;
    Rogue rogue(t.b(), t.bob);
    Device zoe(suite(), t.random, "zoe");
    const auto good = std::move(*parse_key_package(zoe.key_package().message));
    auto update = rogue.tree.leaf({1});
    update.source = LeafNodeSource::update;
    update.encryption_key = to_bytes(rogue.tree.encryption_key(0));  // ann's
    rogue.sign_leaf(update);
    PreSharedKeyId unknown;
    unknown.nonce = Bytes(32);
    for (const auto& p :
         {Proposal{Add{std::move(*parse_key_package(t.eve.key_package().message))}},
          Proposal{Update{update}}, Proposal{GroupContextExtensions{{{0xf0f0, {}}}}},
          Proposal{PskProposal{unknown}}, Proposal{Add{good}}}) {
        const auto message = rogue.in_public(rogue.say(p));
        for (auto* g : {&t.a(), &t.c()}) CHECK(why(g->process(message, {})) == "accepted");
    }
    const auto commit = must(t.a().commit({}));
    REQUIRE(t.a().merge_pending().ok());
    CHECK(t.a().size() == 4);
    CHECK(t.a().member({3})->identity == to_bytes(view("zoe")));
    CHECK(why(t.c().process(commit.message, {})) == "accepted");
    CHECK(t.c().epoch_authenticator() == t.a().epoch_authenticator());
}

namespace {

// What zoe, who is outside, makes of a GroupInfo; spoiled and signed again by her.
struct Newcomer {
    explicit Newcomer(Trio& trio, bool replace = false)
        : t(trio), zoe(suite(), t.random, "zoe"), info(must(t.a().group_info(true, true))) {
        auto& device = replace ? t.eve : zoe;
        auto made = must(Group::join_externally(
            device.env,
            {.group_info = info, .leaf = {to_bytes(view("zoe"))}, .replace_own_leaf = replace}));
        message = made.message;
        signer = &device.signer;
    }
    std::string verdict(const std::function<void(Commit&)>& change, LeafIndex leaf) {
        auto content = content_of(message);
        change(commit_of(content));
        commit_of(content).path->leaf.sign(suite(), *signer, t.a().group_id(), leaf);
        Reader r(BytesView(info).subspan(4));
        content.sign(suite(), *signer, GroupContext::read(r).encode());
        return why(t.a().process(PublicMessage::protect(suite(), content, {}, {}), {}));
    }
    Trio& t;
    Device zoe;
    Bytes info;
    Bytes message;
    const crypto::SigningKey* signer = nullptr;
};

}  // namespace

TEST_CASE("external commits (sections 8.3 and 12.4.3.2)") {
    Trio t;
    Newcomer n(t);
    CHECK(n.verdict([](auto& c) { c.proposals = {Proposal{ExternalInit{Bytes(32)}}}; }, {3}) ==
          "ExternalInit: kem_output");
    CHECK(n.verdict([](auto& c) { c.proposals.clear(); }, {3}) ==
          "external commit: not exactly one ExternalInit");
    CHECK(n.verdict([](auto& c) { c.path->leaf.source = LeafNodeSource::update; }, {3}) ==
          "UpdatePath: source of the leaf");
    CHECK(n.verdict([](auto&) {}, {2}) == "UpdatePath: signature of the leaf");
    CHECK(why(t.a().process(n.message, {})) == "accepted");
    // A resync takes the old leaf's place, with another key.
    Trio second;
    Newcomer again(second, true);
    const auto old = must(RatchetTree::decode(second.a().ratchet_tree(), 8));
    CHECK(again.verdict(
              [&](auto& c) { c.path->leaf.encryption_key = to_bytes(old.encryption_key(4)); },
              {2}) == "UpdatePath: encryption key is the old one");
    CHECK(why(second.a().process(again.message, {})) == "accepted");
    // More members than this client takes on.
    Limits few;
    few.max_members = 3;
    Trio full({}, few);
    auto& joiner = full.eve;
    const auto info = must(full.b().group_info(true, true));
    Device zoe(suite(), full.random, "zoe");
    const auto made = must(
        Group::join_externally(zoe.env, {.group_info = info, .leaf = {to_bytes(view("zoe"))}}));
    CHECK(why(full.a().process(made.message, {})) == "members");
    CHECK(joiner.name == "eve");
}

TEST_CASE("what an external joiner asks for (section 12.4.3.2)") {
    Trio t;
    const auto info = must(t.a().group_info(true, true));
    Device zoe(suite(), t.random, "zoe");
    const auto join = [&](Device& device, const std::function<void(ExternalJoinOptions&)>& change) {
        ExternalJoinOptions options{.group_info = info, .leaf = {to_bytes(view("z"))}};
        change(options);
        return why(Group::join_externally(device.env, options));
    };
    CHECK(join(zoe, [](auto&) {}) == "accepted");
    CHECK(join(zoe, [](auto& o) { o.group_info[1] = 2; }) == "not a GroupInfo");
    CHECK(join(zoe, [](auto& o) { o.group_info[5] = 2; }) == "GroupInfo");  // of GroupContext
    CHECK(join(zoe, [](auto& o) { o.group_info.push_back(0); }) == "GroupInfo");
    CHECK(join(zoe, [](auto& o) { o.psk_ids = {{.id = {1}}}; }) == "a pre-shared key is missing");
    CHECK(join(zoe, [](auto& o) {
              o.psk_ids = {{.external = false, .id = {}, .usage = PskReference::Usage::branch}};
          }) == "PreSharedKey: usage");
    // The same device twice, when it does not take its old leaf's place.
    CHECK(join(t.eve, [](auto&) {}) == "a signature key appears twice");
    CHECK(join(t.eve, [](auto& o) { o.replace_own_leaf = true; }) == "accepted");
    Limits few;
    few.max_members = 3;
    Device crowded(suite(), t.random, "crowded", few);
    CHECK(join(crowded, [](auto&) {}) == "members");
    Limits small;
    small.max_message = 100;
    Device tiny(suite(), t.random, "tiny", small);
    const auto refused =
        Group::join_externally(tiny.env, {.group_info = info, .leaf = {to_bytes(view("z"))}});
    CHECK(refused.error().code == Errc::too_large);
}

TEST_CASE("what this device does not send (sections 7.3, 12.1 and 12.4.1)") {
    Trio t;
    auto& g = t.a();
    CHECK(why(g.propose(RemoveMember{{9}}, {})) == "Remove: no such member");
    CHECK(g.member({2}).has_value());
    CHECK_FALSE(g.member({3}).has_value());
    MemoryStore store;
    g.flush(store);
    store.written = 0;
    CHECK(why(g.propose(UpdateSelf{}, {.wire_format = WireFormat::welcome})) == "wire format");
    g.flush(store);
    CHECK(store.written == 0);  // no key was made for it
    CHECK(why(g.commit({.proposals = {RemoveMember{{9}}}})) == "Remove: no such member");
    Device zoe(suite(), t.random, "zoe");
    const auto package = zoe.key_package().message;
    CHECK(why(g.commit({.proposals = {AddMember{package}, AddMember{package}}})) ==
          "an encryption key appears twice");
    CHECK(why(make_key_package(
              zoe.env, {.leaf = {.identity = Bytes(1), .extensions = {{0xff01, {}}}},
                        .lifetime = test_lifetime})) == "LeafNode: own extension is not listed");
    // Keys on which no secret can be agreed: of a key package, and of a member's leaf.
    auto weak = std::move(*parse_key_package(zoe.key_package().message));
    weak.init_key = Bytes(32);
    weak.sign(suite(), zoe.signer);
    CHECK(why(g.commit({.proposals = {AddMember{weak.encode()}}})) ==
          "KeyPackage: init_key is unusable");
    weak = std::move(*parse_key_package(zoe.key_package().message));
    weak.leaf.encryption_key = Bytes(32);
    weak.leaf.sign(suite(), zoe.signer, {}, {});
    weak.sign(suite(), zoe.signer);
    CHECK(why(g.commit({.proposals = {AddMember{weak.encode()}}})) ==
          "LeafNode: encryption_key is unusable");
    CHECK(inspect_key_package(suite(), package, test_lifetime.not_after + 1).error().detail ==
          "KeyPackage: lifetime");
    CHECK(inspect_key_package(suite(), package, test_lifetime.not_before - 1).error().detail ==
          "KeyPackage: lifetime");
    auto forged = package;
    forged.back() ^= 1;
    CHECK(why(inspect_key_package(suite(), forged, test_now)) == "KeyPackage: signature");
}

TEST_CASE("a creator keeps the rules of its own group (section 11)") {
    SeededRandom random(4);
    Device ann(suite(), random, "ann");
    const auto create = [&](LeafOptions leaf, std::vector<Extension> extensions) {
        return why(Group::create(ann.env, {.group_id = Bytes(1),
                                           .leaf = std::move(leaf),
                                           .lifetime = test_lifetime,
                                           .extensions = std::move(extensions)}));
    };
    CHECK(create({.identity = Bytes(1)}, {}) == "accepted");
    CHECK(create({.identity = Bytes(1), .extensions = {{0xff01, {}}}}, {}) ==
          "LeafNode: own extension is not listed");
    CHECK(create({.identity = Bytes(1)}, {{0xff01, {}}}) == "a member lacks a group extension");
}

TEST_CASE("new extensions of a group are supported by all its members (section 12.1.7)") {
    SeededRandom random(6);
    Device ann(suite(), random, "ann"), bob(suite(), random, "bob");
    auto group =
        must(Group::create(ann.env, {.group_id = Bytes(1),
                                     .leaf = {.identity = Bytes(1), .extra_extensions = {0xf0f0}},
                                     .lifetime = test_lifetime}));
    const CommitOptions extend{.proposals = {SetExtensions{{{0xf0f0, {}}}}}};
    CHECK(why(group.commit(extend)) == "accepted");
    group.clear_pending();
    (void)must(group.commit({.proposals = {AddMember{bob.key_package().message}}}));
    REQUIRE(group.merge_pending().ok());
    CHECK(why(group.commit(extend)) == "a member lacks a group extension");
    // Unless the one who does not is removed with it.
    CHECK(why(group.commit({.proposals = {RemoveMember{{1}}, extend.proposals[0]}})) == "accepted");
}

TEST_CASE("there is a time for everything: pending commits, limits, the end of a group") {
    Limits small;
    small.max_message = 5000;
    Trio t({}, small);
    auto& g = t.a();
    CHECK(g.protect(view("x"), {}, 0, At::pending).error().code == Errc::mls_pending);
    CHECK(g.protect(Bytes(3000), Bytes(2001), 0).error().code == Errc::too_large);
    CHECK(g.merge_pending().error().code == Errc::mls_pending);
    (void)must(g.commit({}));
    CHECK(g.commit({}).error().code == Errc::mls_pending);
    g.clear_pending();
    // The pending epoch is the group's last one: nothing is sent in it, and then nothing at all.
    const auto last =
        must(g.commit({.proposals = {Reinitialise{{1}, CipherSuiteId::chacha20poly1305, {}}}}));
    CHECK(why(g.protect(view("x"), {}, 0, At::pending)) == "the group has been reinitialised");
    CHECK(g.protect(view("x"), {}).ok());
    REQUIRE(g.merge_pending().ok());
    for (const auto& refused : {why(g.protect(view("x"), {})), why(g.commit({})),
                                why(g.propose(UpdateSelf{}, {})), why(g.group_info(true, true))})
        CHECK(refused == "the group has been reinitialised");
    CHECK(why(t.b().process(last.message, {})) == "accepted");
    CHECK(why(t.b().commit({})) == "the group has been reinitialised");
}

TEST_CASE("a member who has been removed neither sends nor receives") {
    Trio t;
    const auto removal = must(t.a().commit({.proposals = {RemoveMember{{1}}}}));
    CHECK(must(t.b().process(removal.message, {})).removed_me);
    REQUIRE(t.a().merge_pending().ok());
    const auto later = must(t.a().protect(view("x"), {})).message;
    CHECK(t.b().process(later, {}).error().code == Errc::mls_not_member);
    CHECK(t.b().protect(view("x"), {}).error().code == Errc::mls_not_member);
    CHECK(t.b().commit({}).error().code == Errc::mls_not_member);
    CHECK(t.b().propose(UpdateSelf{}, {}).error().code == Errc::mls_not_member);
    CHECK(t.b().group_info(true, true).error().code == Errc::mls_not_member);
}
