#include "crypto/aead.hpp"
#include "unit/mls_rogue.hpp"

// Records that are not what was written (storage.hpp): each place that refuses one, by itself.
using namespace huecry;
using namespace huecry::test;
using namespace huecry::mls;

namespace {

// bob's group as it is kept, and his records taken apart.
struct Kept {
    Kept() {
        t.b().flush(store);
        key = store.rows.lower_bound("e/")->first;
        secrets = "s/" + key.substr(2) + "/";
    }
    /// What `load` says when the records have been changed.
    Error verdict(const std::function<void(Kept&)>& change, std::optional<Environment> env = {}) {
        const auto before = store.rows;
        change(*this);
        const auto loaded = Group::load(env.value_or(t.bob.env), store);
        store.rows = before;
        return loaded.ok() ? Error{Errc::internal, "accepted"} : loaded.error();
    }
    std::string words(const std::function<void(Kept&)>& change) { return verdict(change).detail; }

    Bytes& group() { return store.rows["g"]; }
    Bytes& epoch() { return store.rows[key]; }
    /// Where fields of the epoch's record begin.
    struct Places {
        std::size_t own, reinit, width;
    };
    Places places() {
        Reader r(epoch());
        const auto at = [&] { return epoch().size() - r.left(); };
        Places out{};
        (void)r.u8();
        (void)GroupContext::read(r);
        r.opaque();
        r.opaque();
        out.own = at();
        (void)r.u32();
        for (int i = 0; i < 7; ++i) r.opaque();
        out.reinit = at();
        (void)r.u8();
        for (auto n = r.u32(); n > 0; --n) {
            (void)r.u32();
            r.opaque();
        }
        out.width = at();
        REQUIRE(r.ok());
        return out;
    }
    /// The lists of the group's record: after the proposals and before the keys of own Updates.
    void set_lists(const std::vector<Bytes>& proposals, BytesView rest) {
        Writer w;
        w.raw(BytesView(group()).first(18));
        w.vector([&](Writer& v) {
            for (const auto& p : proposals) v.opaque(p);
        });
        group() = w.raw(rest).take();
    }

    Trio t;
    MemoryStore store;
    std::string key, secrets;
};

const Bytes no_lists(8);  // no keys, no resumption secrets

void replace(Bytes& record, std::size_t at, std::size_t length, BytesView by) {
    const auto from = record.begin() + static_cast<std::ptrdiff_t>(at);
    record.erase(from, from + static_cast<std::ptrdiff_t>(length));
    record.insert(record.begin() + static_cast<std::ptrdiff_t>(at), by.begin(), by.end());
}

}  // namespace

TEST_CASE("the record of a group") {
    Kept k;
    CHECK(k.words([](auto&) {}) == "accepted");
    auto got = k.verdict([](Kept& s) { s.store.rows.erase("g"); });
    CHECK(got.detail == "group");
    CHECK(got.code == Errc::not_found);
    got = k.verdict([](Kept& s) { s.group()[0] = 2; });
    CHECK(got.detail == "group");
    CHECK(got.code == Errc::store_newer);
    got = k.verdict([](Kept& s) { s.group().push_back(0); });
    CHECK(got.detail == "group");
    CHECK(got.code == Errc::store_damaged);
    CHECK(k.words([](Kept& s) { s.group()[1] = 2; }) == "group");  // neither active nor not
    // This device's own leaf is blank: only a member that has been removed has none.
    CHECK(k.words([](Kept& s) { s.epoch()[s.places().own + 3] = 3; }) == "group");
    CHECK(k.words([](Kept& s) {
        s.epoch()[s.places().own + 3] = 3;
        s.group()[1] = 0;
    }) == "accepted");
    static const X25519Suite other(CipherSuiteId::aes128gcm, crypto::chacha20_poly1305());
    auto env = k.t.bob.env;
    env.suite = &other;
    CHECK(k.verdict([](auto&) {}, env).detail == "group");
}

TEST_CASE("proposals that are kept") {
    Kept k;
    Rogue rogue(k.t.c(), k.t.eve);
    const auto bytes = [](const AuthenticatedContent& c) {
        Writer w;
        c.write(w);
        return w.take();
    };
    const auto good = bytes(rogue.say(Proposal{Remove{{0}}}));
    auto longer = good;
    longer.push_back(0);
    auto format = good;
    format[1] = 3;
    CHECK(k.words([&](Kept& s) { s.set_lists({good}, no_lists); }) == "accepted");
    CHECK(k.words([&](Kept& s) { s.set_lists({longer}, no_lists); }) == "group");
    CHECK(k.words([&](Kept& s) { s.set_lists({format}, no_lists); }) == "group");
    CHECK(k.words([&](Kept& s) { s.set_lists({bytes(rogue.say(Commit{}))}, no_lists); }) ==
          "group");
}

TEST_CASE("the key of an own Update that is gone makes its commit fail here") {
    Kept k;
    const auto update = must(k.t.b().propose(UpdateSelf{}, {}));
    CHECK(why(k.t.c().process(update, {})) == "accepted");
    const auto commit = must(k.t.c().commit({}));
    k.t.b().flush(k.store);
    auto whole = must(Group::load(k.t.bob.env, k.store));
    Reader r(BytesView(k.group()).subspan(18));
    const auto proposals = r.vector().rest();
    Reader p(proposals);
    const auto kept = to_bytes(p.opaque());
    REQUIRE(p.done());
    k.set_lists({kept}, no_lists);
    auto without = must(Group::load(k.t.bob.env, k.store));
    const auto got = must(without.process(commit.message, {}));
    CHECK(got.verdict == Verdict::failed);
    CHECK(got.detail == "the key of an own Update is gone");
    CHECK(why(whole.process(commit.message, {})) == "accepted");
}

TEST_CASE("the record of an epoch") {
    Kept k;
    const char* const words = "epoch of a group";
    auto got = k.verdict([](Kept& s) { s.store.rows.erase(s.key); });
    CHECK(got.detail == words);
    CHECK(got.code == Errc::store_damaged);
    got = k.verdict([](Kept& s) { s.epoch()[0] = 2; });
    CHECK(got.detail == words);
    CHECK(got.code == Errc::store_newer);
    CHECK(k.words([](Kept& s) { s.epoch().push_back(0); }) == words);
    CHECK(k.words([](Kept& s) { s.epoch()[2] = 2; }) == words);  // version of the GroupContext
    CHECK(k.words([](Kept& s) { s.epoch()[s.places().width + 3] = 3; }) == words);
    // Wider than any group that this client takes on: four leaves of at most one member.
    auto env = k.t.bob.env;
    env.limits.max_members = 1;
    CHECK(k.verdict([](auto&) {}, env).detail == "accepted");
    Trio wide;
    CommitOptions five;
    std::vector<std::unique_ptr<Device>> devices;
    for (int i = 0; i < 5; ++i) {
        devices.push_back(std::make_unique<Device>(chacha20_suite(), wide.random, "more"));
        five.proposals.push_back(AddMember{devices.back()->key_package().message});
    }
    (void)must(wide.a().commit(five));
    REQUIRE(wide.a().merge_pending().ok());
    MemoryStore store;
    wide.a().flush(store);
    auto few = wide.ann.env;
    few.limits.max_members = 1;
    CHECK(why(Group::load(few, store)) == words);
    CHECK(why(Group::load(wide.ann.env, store)) == "accepted");
    // The end of a group is a ReInit and nothing else.
    const auto reinit = [&](const Proposal& p) {
        return k.words([&](Kept& s) {
            Writer w;
            p.write(w.u8(1));
            replace(s.epoch(), s.places().reinit, 1, w.bytes());
        });
    };
    CHECK(reinit({ReInit{{}, 1, 3, {}}}) == "accepted");
    CHECK(reinit({Remove{{1}}}) == words);
}

TEST_CASE("blocks of the tree") {
    Kept k;
    const char* const words = "epoch of a group";
    const auto block = k.store.rows.lower_bound("t/0/")->first;
    CHECK(k.words([&](Kept& s) { s.store.rows.erase(block); }) == words);
    CHECK(k.words([&](Kept& s) { s.store.rows[block].push_back(0); }) == words);
    // A node with a byte too many: a leaf, and the parent above it.
    const auto node = [&](std::size_t which) {
        return k.words([&](Kept& s) {
            auto& record = s.store.rows[block];
            Reader r(record);
            for (std::size_t i = 0; i < which; ++i) r.opaque();
            const auto at = record.size() - r.left();
            auto longer = to_bytes(r.opaque());
            const auto length = record.size() - r.left() - at;
            longer.push_back(0);
            replace(record, at, length, Writer().opaque(longer).bytes());
        });
    };
    CHECK(node(0) == words);
    CHECK(node(1) == words);
}

TEST_CASE("records of the secret tree") {
    Kept k;
    const auto verdict = [&](const char* name, Bytes value) {
        return k.words([&](Kept& s) { s.store.rows[s.secrets + name] = std::move(value); });
    };
    const Bytes secret(32);
    const auto ratchet = Writer().u8(0).u32(0).raw(secret).take();
    const auto skipped = Writer().u32(4).opaque(secret).opaque(Bytes(12)).take();
    CHECK(verdict("n/1", secret) == "accepted");
    CHECK(verdict("r/0/1", ratchet) == "accepted");
    CHECK(verdict("w/0/1", skipped) == "accepted");
    CHECK(verdict("nx1", secret) == "secret tree");
    CHECK(verdict("n/", secret) == "secret tree");
    CHECK(verdict("n/99", secret) == "secret tree");
    CHECK(verdict("n/4294967297", secret) == "secret tree");            // 2^32 + 1
    CHECK(verdict("n/18446744073709551617", secret) == "secret tree");  // 2^64 + 1
    CHECK(verdict("r/0", ratchet) == "secret tree");
    CHECK(verdict("r/0/11", ratchet) == "secret tree");
    CHECK(verdict("r/0x1", ratchet) == "secret tree");
    CHECK(verdict("r/0/2", ratchet) == "secret tree");
    CHECK(verdict("r/0/1", Bytes(5)) == "secret tree");
    CHECK(verdict("r/0/1", Bytes(3)) == "secret tree");
    CHECK(verdict("w/0/1", Bytes(3)) == "secret tree");
}
