#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>

#include "huecry/wire/codec.hpp"
#include "mls/framing.hpp"
#include "mls/state.hpp"
#include "unit/mls_support.hpp"

// Verdicts: applied, void, failed, and what is not authentic and leaves no trace.
using namespace huecry;
using namespace huecry::test;
using namespace huecry::mls;

namespace {

template <class T>
T must(Result<T> r) {
    REQUIRE_MESSAGE(r.ok(), (r.ok() ? std::string() : r.error().text()));
    return std::move(r).value();
}

/// The whole saved form of a group, from its own records only.
std::map<std::string, Bytes, std::less<>> saved(Group& group, MemoryStore& store) {
    group.flush(store);
    return store.rows;
}

// Three devices in one group, each with its store.
struct Three {
    explicit Three(std::uint64_t seed = 1)
        : random(seed),
          ann(chacha20_suite(), random, "ann"),
          bob(chacha20_suite(), random, "bob"),
          eve(chacha20_suite(), random, "eve"),
          a(ann.create("group")),
          b(a_first()),
          c(third()) {}

    Group a_first() {
        auto package = bob.key_package();
        const auto made = must(a.commit({.proposals = {AddMember{package.message}}}));
        REQUIRE(a.merge_pending().ok());
        return must(
            must(OpenedWelcome::open(bob.env, *made.welcome, package.message, package.secrets))
                .join());
    }
    Group third() {
        auto package = eve.key_package();
        const auto made =
            must(a.commit({.proposals = {AddMember{package.message}}, .force_path = true}));
        REQUIRE(a.merge_pending().ok());
        REQUIRE(must(b.process(made.message, {})).verdict == Verdict::applied);
        return must(
            must(OpenedWelcome::open(eve.env, *made.welcome, package.message, package.secrets))
                .join());
    }
    [[nodiscard]] bool agree() {
        return a.epoch_authenticator() == b.epoch_authenticator() &&
               b.epoch_authenticator() == c.epoch_authenticator() &&
               a.export_secret("x", view("y"), 40) == c.export_secret("x", view("y"), 40);
    }

    SeededRandom random;
    Device ann, bob, eve;
    Group a, b, c;
};

Judge make_void() {
    return [](const IncomingCommit&) { return Judgement::make_void; };
}

}  // namespace

TEST_CASE("messages pass between all members, with authenticated data and padding") {
    Three t;
    REQUIRE(t.agree());
    const auto sent = must(t.b.protect(view("help"), view("beside"), 100));
    for (auto* g : {&t.a, &t.c}) {
        const auto got = must(g->process(sent.message, {}));
        CHECK(got.content_type == ContentType::application);
        CHECK(to_bytes(got.plaintext.view()) == to_bytes(view("help")));
        CHECK(got.authenticated_data == to_bytes(view("beside")));
        CHECK(got.sender == t.b.own_leaf());
        CHECK(got.sender_identity == to_bytes(view("bob")));
        CHECK(g->process(sent.message, {}).error().code == Errc::mls_generation);
    }
    CHECK(t.b.process(sent.message, {}).error().code == Errc::mls_invalid);
}

TEST_CASE("a void commit consumes its generation and changes nothing else") {
    Three t;
    const auto commit =
        must(t.b.commit({.framing = {.authenticated_data = to_bytes(view("why"))}}));
    MemoryStore store;
    const auto before = saved(t.a, store);
    const auto epoch = t.a.epoch();
    IncomingCommit seen;
    Bytes seen_data;
    const auto got = must(t.a.process(commit.message, [&](const IncomingCommit& c) {
        seen = c;
        seen_data = to_bytes(c.authenticated_data);
        return Judgement::make_void;
    }));
    CHECK(got.verdict == Verdict::void_commit);
    CHECK(got.reason == Errc::mls_void);
    CHECK(seen_data == to_bytes(view("why")));
    CHECK(seen.has_path);
    CHECK(seen.sender == t.b.own_leaf());
    CHECK(seen.committer.identity == to_bytes(view("bob")));
    CHECK_FALSE(seen.changed_committer.has_value());
    CHECK(t.a.epoch() == epoch);
    const auto after = saved(t.a, store);
    std::vector<std::string> changed;
    for (const auto& [key, value] : after) {
        const auto it = before.find(key);
        if (it == before.end() || it->second != value) changed.push_back(key);
    }
    // Only records of the secret tree: the committer's ratchets and the way down to them.
    CHECK_FALSE(changed.empty());
    for (const auto& key : changed) CHECK(key.starts_with("s/"));
    CHECK(t.a.process(commit.message, {}).error().code == Errc::mls_generation);
    // The group goes on: everyone finds it void, the committer clears it, another commits.
    CHECK(must(t.c.process(commit.message, make_void())).verdict == Verdict::void_commit);
    t.b.clear_pending();
    const auto next = must(t.c.commit({}));
    REQUIRE(t.c.merge_pending().ok());
    CHECK(must(t.a.process(next.message, {})).verdict == Verdict::applied);
    CHECK(must(t.b.process(next.message, {})).verdict == Verdict::applied);
    CHECK(t.agree());
}

TEST_CASE("what is not authentic leaves the state identical to the byte") {
    Three t;
    MemoryStore store;
    const auto before = saved(t.a, store);
    std::vector<Bytes> valid;
    valid.push_back(must(t.b.protect(view("hello"), view("d"))).message);
    valid.push_back(must(t.b.commit({})).message);
    t.b.clear_pending();
    valid.push_back(
        must(t.b.commit({.framing = {.wire_format = WireFormat::public_message}})).message);
    t.b.clear_pending();
    valid.push_back(must(t.c.propose(UpdateSelf{}, {})));
    const auto info = must(t.a.group_info(true, true));
    Device zoe(chacha20_suite(), t.random, "zoe");
    auto external = must(
        Group::join_externally(zoe.env, {.group_info = info, .leaf = {to_bytes(view("zoe"))}}));
    valid.push_back(external.message);
    std::size_t tried = 0;
    const auto refused = [&](BytesView message) {
        ++tried;
        const auto got = t.a.process(message, {});
        if (!got.ok()) return;
        // Nothing but its confirmation tag, which no signature covers, of an external commit: void.
        REQUIRE(got->verdict == Verdict::void_commit);
        REQUIRE_FALSE(got->sender.has_value());
        REQUIRE(got->detail == "confirmation tag");
    };
    for (const auto& message : valid) {
        for (std::size_t n = 0; n < message.size(); ++n) refused(BytesView(message).first(n));
        auto longer = message;
        longer.push_back(0);
        refused(longer);
        for (std::size_t bit = 0; bit < 8 * message.size(); ++bit) {
            auto changed = message;
            changed[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
            refused(changed);
        }
    }
    CHECK(tried > 10000);
    CHECK(saved(t.a, store) == before);
    // The originals still work.
    CHECK(must(t.a.process(valid[0], {})).plaintext.size() == 5);
    CHECK(must(t.a.process(external.message, {})).verdict == Verdict::applied);
    CHECK(t.a.epoch_authenticator() == external.group.epoch_authenticator());
}

TEST_CASE("a Welcome, a key package and a GroupInfo are refused when a bit is changed") {
    Three t;
    Device zoe(chacha20_suite(), t.random, "zoe");
    const auto package = zoe.key_package();
    const auto made = must(t.a.commit({.proposals = {AddMember{package.message}}}));
    const auto joins = [&](BytesView welcome) {
        const auto opened = OpenedWelcome::open(zoe.env, welcome, package.message, package.secrets);
        return opened.ok() && opened->join().ok();
    };
    CHECK(joins(*made.welcome));
    for (std::size_t bit = 0; bit < 8 * made.welcome->size(); bit += 3) {
        auto changed = *made.welcome;
        changed[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
        CHECK_FALSE(joins(changed));
    }
    for (std::size_t n = 0; n < made.welcome->size(); n += 3)
        CHECK_FALSE(joins(BytesView(*made.welcome).first(n)));
    for (std::size_t bit = 0; bit < 8 * package.message.size(); ++bit) {
        auto changed = package.message;
        changed[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
        CHECK_FALSE(inspect_key_package(chacha20_suite(), changed, std::nullopt).ok());
    }
    const auto info = must(t.b.group_info(true, true));
    for (std::size_t bit = 0; bit < 8 * info.size(); bit += 7) {
        auto changed = info;
        changed[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
        CHECK_FALSE(Group::join_externally(zoe.env,
                                           {.group_info = changed, .leaf = {to_bytes(view("zoe"))}})
                        .ok());
    }
}

namespace {

// What a rogue member does: its own commit, changed and signed anew, so that it is authentic. The
// membership key is read from its saved epoch (persist.cpp).
Bytes forge(MemoryStore& store, const Device& device, BytesView public_commit,
            const std::function<void(AuthenticatedContent&)>& change) {
    const auto record = std::ranges::find_if(
        store.rows, [](const auto& row) { return row.first.starts_with("e/"); });
    REQUIRE(record != store.rows.end());
    Reader e(record->second);
    (void)e.u8();
    const auto context = GroupContext::read(e).encode();
    for (int skipped = 0; skipped < 2; ++skipped) (void)e.opaque();
    (void)e.u32();
    for (int skipped = 0; skipped < 3; ++skipped) (void)e.opaque();
    const auto membership_key = to_bytes(e.opaque());
    Reader r(public_commit.subspan(4));
    auto m = PublicMessage::read(r);
    REQUIRE(r.done());
    change(m.content);
    m.content.sign(*device.env.suite, device.signer, context);
    return PublicMessage::protect(*device.env.suite, m.content, membership_key, context);
}

Commit& commit_of(AuthenticatedContent& content) {
    return std::get<Commit>(content.content.content);
}

}  // namespace

TEST_CASE("only this device's part of a path is wrong: failed, and the epoch stays") {
    Three t;
    const CommitOptions in_public{.framing = {.wire_format = WireFormat::public_message}};
    const auto commit = must(t.b.commit(in_public));
    t.b.clear_pending();
    MemoryStore store, rogue;
    t.b.flush(rogue);
    const auto before = saved(t.a, store);
    const auto epoch = t.a.epoch();
    const auto verdict = [&](Group& of, const std::function<void(AuthenticatedContent&)>& change) {
        return must(of.process(forge(rogue, t.bob, commit.message, change), {}));
    };
    // bob is leaf 1: the first node of his path is shared with ann (leaf 0) alone.
    const auto spoil_ann = [](AuthenticatedContent& c) {
        commit_of(c).path->nodes[0].encrypted_path_secret[0].ciphertext[3] ^= 1;
    };
    const auto failed = verdict(t.a, spoil_ann);
    CHECK(failed.verdict == Verdict::failed);
    CHECK(failed.reason == Errc::mls_path_failed);
    CHECK(t.a.epoch() == epoch);
    CHECK(saved(t.a, store) == before);
    // What everyone sees alike is void for everyone.
    using Change = std::function<void(AuthenticatedContent&)>;
    const std::vector<std::pair<const char*, Change>> all{
        {"confirmation tag", [](auto& c) { c.confirmation_tag[0] ^= 1; }},
        {"Commit: path is missing", [](auto& c) { commit_of(c).path.reset(); }},
        {"UpdatePath: number of nodes", [](auto& c) { commit_of(c).path->nodes.pop_back(); }},
        {"UpdatePath: number of ciphertexts",
         [](auto& c) {
             auto& list = commit_of(c).path->nodes[0].encrypted_path_secret;
             list.push_back(list.front());
         }},
        {"UpdatePath: signature of the leaf",
         [](auto& c) { commit_of(c).path->leaf.parent_hash[0] ^= 1; }},
        {"UpdatePath: signature of the leaf",
         [](auto& c) { commit_of(c).path->leaf.signature[0] ^= 1; }},
        {"UpdatePath: source of the leaf",
         [](auto& c) { commit_of(c).path->leaf.source = LeafNodeSource::update; }},
        {"Remove: no such member",
         [](auto& c) { commit_of(c).proposals.push_back(Proposal{Remove{{9}}}); }},
        {"the committer removes itself",
         [](auto& c) { commit_of(c).proposals.push_back(Proposal{Remove{{1}}}); }},
        {"ExternalInit in a member's commit",
         [](auto& c) { commit_of(c).proposals.push_back(Proposal{ExternalInit{Bytes(32, 9)}}); }},
        {"ReInit with other proposals",
         [](auto& c) {
             commit_of(c).proposals.push_back(Proposal{ReInit{{}, 1, 3, {}}});
             commit_of(c).proposals.push_back(Proposal{Remove{{2}}});
         }},
        {"two proposals for one leaf",
         [](auto& c) {
             commit_of(c).proposals.push_back(Proposal{Remove{{2}}});
             commit_of(c).proposals.push_back(Proposal{Remove{{2}}});
         }},
        {"two GroupContextExtensions",
         [](auto& c) {
             commit_of(c).proposals.push_back(Proposal{GroupContextExtensions{}});
             commit_of(c).proposals.push_back(Proposal{GroupContextExtensions{}});
         }},
        {"PreSharedKey: nonce",
         [](auto& c) {
             PreSharedKeyId id;
             id.nonce = Bytes(31);
             commit_of(c).proposals.push_back(Proposal{PskProposal{id}});
         }},
        {"PreSharedKey: usage",
         [](auto& c) {
             PreSharedKeyId id;
             id.type = PskType::resumption;
             id.usage = ResumptionUsage::branch;
             id.nonce = Bytes(32);
             commit_of(c).proposals.push_back(Proposal{PskProposal{id}});
         }},
        {"a member lacks a group extension",
         [](auto& c) {
             commit_of(c).proposals.push_back(
                 Proposal{GroupContextExtensions{{{0xf0f0, Bytes{}}}}});
         }},
        {"the committer's own Update",
         [](auto& c) {
             Update update{commit_of(c).path->leaf};
             update.leaf.source = LeafNodeSource::update;
             commit_of(c).proposals.push_back(Proposal{update});
         }},
    };
    for (const auto& [what, change] : all) {
        CAPTURE(what);
        for (auto* group : {&t.a, &t.c}) {
            const auto got = verdict(*group, change);
            CHECK(got.verdict == Verdict::void_commit);
            CHECK(got.reason != Errc::mls_void);
            CHECK(got.detail == what);
        }
    }
    // A pre-shared key that this device lacks, a reference that it does not know: its own affair.
    CHECK(verdict(t.a, [](auto& c) { commit_of(c).proposals.push_back(Bytes(32, 1)); }).verdict ==
          Verdict::failed);
    CHECK(saved(t.a, store) == before);
    REQUIRE(t.agree());
}

TEST_CASE("a generation of 2^32-1 is refused at once") {
    SecretTree tree(chacha20_suite(), 4, SecretBytes(Bytes(32, 1)));
    const auto begin = std::chrono::steady_clock::now();
    const auto found =
        tree.find(chacha20_suite(), {1}, RatchetType::application, 0xffffffff, 1000, 32);
    const auto spent = std::chrono::steady_clock::now() - begin;
    CHECK(found.error().code == Errc::mls_generation);
    CHECK(spent < std::chrono::milliseconds(1));
    CHECK(tree.find(chacha20_suite(), {1}, RatchetType::application, 1000, 1000, 32).ok());
    CHECK_FALSE(tree.find(chacha20_suite(), {1}, RatchetType::application, 1001, 1000, 32).ok());
}

TEST_CASE("out of order: the window is kept, what lies before it is gone") {
    Three t;
    std::vector<Bytes> sent;
    for (int i = 0; i < 100; ++i) sent.push_back(must(t.b.protect(Bytes(1, 9), {})).message);
    CHECK(t.b.generations_used() == 100);
    CHECK(must(t.a.process(sent[60], {})).generation == 60);
    for (int i = 28; i < 60; ++i) CHECK(t.a.process(sent[static_cast<std::size_t>(i)], {}).ok());
    CHECK(t.a.process(sent[27], {}).error().code == Errc::mls_generation);
    CHECK(t.a.process(sent[99], {}).ok());
}

TEST_CASE("a message in the pending epoch is sent before the commit has its place") {
    Three t;
    const auto commit = must(t.a.commit({.proposals = {RemoveMember{t.c.own_leaf()}}}));
    const auto early = must(t.a.protect(view("first"), {}, 0, At::pending));
    const auto now = must(t.a.protect(view("still here"), {}));
    CHECK(early.epoch == commit.epoch);
    CHECK(must(t.b.process(now.message, {})).plaintext.size() == 10);
    // Saved and loaded between the two.
    MemoryStore store;
    t.a.flush(store);
    auto loaded = must(Group::load(t.ann.env, store));
    REQUIRE(loaded.has_pending());
    const auto second = must(loaded.protect(view("second"), {}, 0, At::pending));
    CHECK(second.generation == early.generation + 1);
    loaded.flush(store);
    REQUIRE(loaded.merge_pending().ok());
    loaded.flush(store);
    loaded = must(Group::load(t.ann.env, store));
    const auto third = must(loaded.protect(view("third"), {}));
    CHECK(third.generation == second.generation + 1);
    CHECK(must(t.b.process(commit.message, {})).verdict == Verdict::applied);
    for (const auto& m : {early, second, third})
        CHECK(must(t.b.process(m.message, {})).sender == t.a.own_leaf());
    const auto removed = must(t.c.process(commit.message, {}));
    CHECK(removed.removed_me);
    CHECK_FALSE(t.c.active());
    CHECK(t.c.protect(view("x"), {}).error().code == Errc::mls_not_member);
    CHECK(t.c.process(early.message, {}).error().code == Errc::mls_not_member);
    MemoryStore gone;
    t.c.flush(gone);
    CHECK_FALSE(must(Group::load(t.eve.env, gone)).active());
}

TEST_CASE("another's commit drops the pending one") {
    Three t;
    (void)must(t.a.commit({}));
    CHECK(t.a.commit({}).error().code == Errc::mls_pending);
    const auto theirs = must(t.b.commit({}));
    REQUIRE(t.b.merge_pending().ok());
    CHECK(must(t.a.process(theirs.message, {})).verdict == Verdict::applied);
    CHECK_FALSE(t.a.has_pending());
    CHECK(must(t.c.process(theirs.message, {})).verdict == Verdict::applied);
    CHECK(t.agree());
}

TEST_CASE("the judge sees who is added and removed") {
    Three t;
    Device zoe(chacha20_suite(), t.random, "zoe");
    const auto package = zoe.key_package();
    const auto commit =
        must(t.b.commit({.proposals = {AddMember{package.message}, RemoveMember{t.c.own_leaf()}}}));
    std::vector<std::string> log;
    const auto got = must(t.a.process(commit.message, [&](const IncomingCommit& c) {
        for (const auto& add : c.adds)
            log.push_back("+" + to_string(add.key_package.identity) +
                          (add.key_package.ref == package.ref ? "!" : "?"));
        for (const auto& remove : c.removes) log.push_back("-" + to_string(remove.member.identity));
        return Judgement::apply;
    }));
    CHECK(got.verdict == Verdict::applied);
    CHECK(log == std::vector<std::string>{"+zoe!", "-eve"});
    // zoe takes eve's place: the leftmost blank leaf.
    CHECK(t.a.member({2})->identity == to_bytes(view("zoe")));
}

TEST_CASE("proposals by reference are committed, and what is missing here fails") {
    Three t;
    const auto update = must(t.b.propose(UpdateSelf{}, {}));
    CHECK(must(t.a.process(update, {})).content_type == ContentType::proposal);
    CHECK(t.a.protect(view("x"), {}).error().code == Errc::mls_pending);
    const auto commit = must(t.a.commit({}));
    REQUIRE(t.a.merge_pending().ok());
    // eve has not seen the proposal.
    const auto missing = must(t.c.process(commit.message, {}));
    CHECK(missing.verdict == Verdict::failed);
    MemoryStore store;
    t.b.flush(store);
    auto b = must(Group::load(t.bob.env, store));
    CHECK(must(b.process(commit.message, {})).verdict == Verdict::applied);
    CHECK(b.epoch_authenticator() == t.a.epoch_authenticator());
}

TEST_CASE("standalone proposals are void where they are not kept") {
    Limits strict;
    strict.keep_proposals = false;
    SeededRandom random(5);
    Device ann(chacha20_suite(), random, "ann", strict);
    Device bob(chacha20_suite(), random, "bob");
    auto a = ann.create("g");
    const auto package = bob.key_package();
    const auto made = must(a.commit({.proposals = {AddMember{package.message}}}));
    REQUIRE(a.merge_pending().ok());
    auto b = must(
        must(OpenedWelcome::open(bob.env, *made.welcome, package.message, package.secrets)).join());
    CHECK(must(a.process(must(b.propose(UpdateSelf{}, {})), {})).verdict == Verdict::void_commit);
    CHECK(a.protect(view("x"), {}).ok());
    // What nobody keeps is unknown to everybody: a commit that names it is void, not this device's
    // affair alone.
    const auto commit = must(b.commit({.framing = {.wire_format = WireFormat::public_message}}));
    b.clear_pending();
    MemoryStore rogue;
    b.flush(rogue);
    const auto got =
        must(a.process(forge(rogue, bob, commit.message,
                             [](auto& c) { commit_of(c).proposals.push_back(Bytes(32, 1)); }),
                       {}));
    CHECK(got.verdict == Verdict::void_commit);
    CHECK(got.detail == "a proposal is not known here");
}
