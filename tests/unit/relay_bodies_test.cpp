#include "relay_world.hpp"
#include "store/body_groups.hpp"
#include "store/database.hpp"

// Bodies of a channel that came in one transaction lie in one row, unless they were few.
using namespace huecry;
using namespace huecry::relay;
using namespace huecry::relay::test;

namespace {

constexpr unsigned every_kind = 0xff;

struct Bodies {
    Folder folder;
    FakeRandom random;
    Bytes key = random.bytes(32);
    PartnershipId p = random.id<PartnershipId>();
    StreamRef stream = StreamRef::channel(random.id<ChannelId>(), 1);
    std::unique_ptr<Store> store;
    std::vector<Bytes> sent{{}};  // by seq

    Bodies() {
        REQUIRE(initialise_crypto());
        auto made = open_sqlcipher_store(folder.path() / "s.db", key);
        REQUIRE(made.ok());
        store = std::move(*made);
        REQUIRE(store->commit(std::vector<Write>{write::Partnership{p, 1}}).ok());
    }
    Write entry(std::uint64_t expiry, std::size_t size, EntryKind kind = EntryKind::application) {
        write::Entry e;
        e.partnership = p;
        e.body = random.bytes(size);
        e.header.stream = stream;
        e.header.seq = sent.size();
        e.header.kind = kind;
        e.header.expiry_ms = expiry;
        e.header.length = static_cast<std::uint32_t>(size);
        e.header_bytes = e.header.encode();
        sent.push_back(e.body);
        return e;
    }
    void commit(std::vector<Write> writes) { REQUIRE(store->commit(writes).ok()); }
    void drop(std::uint64_t first, std::uint64_t last, bool roughly = false,
              unsigned kinds = every_kind) {
        commit({write::DropBodies{p, stream, first, last, kinds, roughly}});
    }
    /// The seqs whose bodies are there, each checked: "1 2 5 ".
    std::string left() {
        const auto all = store->entries(p, stream, 0, 4096, 1 << 30);
        REQUIRE(all.ok());
        CHECK(all->size() == sent.size() - 1);
        std::string out;
        std::uint64_t bytes = 0;
        for (const auto& e : *all) {
            if (!e.has_body) continue;
            CHECK(e.body == sent[e.seq]);
            bytes += e.body.size();
            out += std::to_string(e.seq) + " ";
        }
        CHECK(*store->body_bytes(p, stream, 1, sent.size()) == bytes);
        CHECK(store->load(p)->streams.at(0).bytes == bytes);
        return out;
    }
    std::uint64_t rows() {
        auto db = Database::open(folder.path() / "s.db", key, Database::Mode::reader);
        REQUIRE(db.ok());
        auto q = (*db)->query("SELECT count(*) FROM body_group");
        REQUIRE(*q.step());
        return q.number(0);
    }
    /// The first and last entries of each row.
    std::string spans() {
        auto db = Database::open(folder.path() / "s.db", key, Database::Mode::reader);
        REQUIRE(db.ok());
        auto q = (*db)->query("SELECT key & 0xffffffffff, last & 0xffffffffff FROM body_group");
        std::string out;
        while (*q.step())
            out += std::to_string(q.number(0)) + "-" + std::to_string(q.number(1)) + " ";
        return out;
    }
    std::string due(std::uint64_t now, std::size_t max = 100) {
        const auto found = store->due(now, max);
        REQUIRE(found.ok());
        std::string out;
        for (const auto& one : *found) {
            CHECK(one.length == sent[one.seq].size());
            CHECK(one.stream == stream);
            out += std::to_string(one.seq) + " ";
        }
        return out;
    }
};

}  // namespace

TEST_CASE("bodies of one transaction are one row, and each goes on its own") {
    Bodies b;
    std::vector<Write> writes;
    for (int i = 0; i < 8; ++i) writes.push_back(b.entry(100, 300));
    b.commit(writes);
    CHECK(b.rows() == 1);
    CHECK(b.left() == "1 2 3 4 5 6 7 8 ");
    b.drop(4, 5);
    CHECK(b.left() == "1 2 3 6 7 8 ");
    b.drop(1, 1);
    b.drop(8, 8);
    CHECK(b.left() == "2 3 6 7 ");
    CHECK(b.spans() == "2-7 ");  // no more is kept of those than of others
    b.drop(1, 6);
    CHECK(b.left() == "7 ");
    b.drop(7, 7);
    CHECK(b.left().empty());
    CHECK(b.rows() == 0);
    b.drop(1, 8);
    CHECK(b.store->check().ok());
}

TEST_CASE("of a row's entries those without a body lose their headers, the others keep them") {
    Bodies b;
    std::vector<Write> writes;
    for (int i = 0; i < 7; ++i) writes.push_back(b.entry(100, 300 + static_cast<unsigned>(i)));
    b.commit(writes);
    CHECK(*b.store->body_bytes(b.p, b.stream, 2, 3) == 301 + 302);
    CHECK(*b.store->body_bytes(b.p, b.stream, 6, 99) == 305 + 306);
    const auto middle = b.store->entries(b.p, b.stream, 3, 2, 1 << 20);
    REQUIRE(middle.ok());
    REQUIRE(middle->size() == 2);
    CHECK((*middle)[0].body == b.sent[4]);
    CHECK((*middle)[1].body == b.sent[5]);
    b.drop(2, 3);
    b.commit({write::Prune{0, 1000, 0, 0}});
    const auto left = b.store->entries(b.p, b.stream, 0, 10, 1 << 20);
    REQUIRE(left.ok());
    std::string out;
    for (const auto& e : *left) out += std::to_string(e.seq) + (e.has_body ? "x " : " ");
    CHECK(out == "1x 4x 5x 6x 7x ");
    b.drop(4, 4);
    b.commit({write::Prune{0, 1000, 0, 0}});
    CHECK(b.store->entries(b.p, b.stream, 0, 10, 1 << 20)->size() == 4);
}

TEST_CASE("few bodies lie beside their headers, and go like the others") {
    Bodies b;
    b.commit({b.entry(100, 50), b.entry(200, 60), b.entry(0, 70)});
    CHECK(b.rows() == 0);
    std::vector<Write> writes;
    for (int i = 0; i < 4; ++i) writes.push_back(b.entry(150, 300));
    b.commit(writes);
    CHECK(b.rows() == 1);
    CHECK(b.left() == "1 2 3 4 5 6 7 ");
    CHECK(b.due(150) == "1 4 5 6 7 ");
    CHECK(b.due(500) == "1 4 5 6 7 2 ");
    CHECK(b.due(500, 3) == "1 4 5 ");
    b.drop(2, 4, true);
    CHECK(b.left() == "1 4 5 6 7 ");
    b.drop(1, 5);
    CHECK(b.left() == "6 7 ");
}

TEST_CASE("what has another kind than those that go stays") {
    Bodies b;
    b.commit({b.entry(100, 50), b.entry(100, 60, EntryKind::handshake), b.entry(100, 70),
              b.entry(100, 80)});
    CHECK(b.rows() == 1);
    b.drop(1, 4, false, 1U << static_cast<unsigned>(EntryKind::application));
    CHECK(b.left() == "2 ");
}

TEST_CASE("each body is due at its own time, also beside others") {
    Bodies b;
    b.commit({b.entry(300, 10), b.entry(100, 11), b.entry(0, 12), b.entry(200, 13)});
    b.commit({b.entry(150, 14)});
    CHECK(b.due(99).empty());
    CHECK(b.due(100) == "2 ");
    CHECK(b.due(199) == "2 5 ");
    CHECK(b.due(1000) == "1 2 4 5 ");
    CHECK(b.due(1000, 2) == "1 2 ");
    b.drop(2, 2);
    CHECK(b.due(199) == "5 ");
    CHECK(b.due(200) == "5 4 ");
    b.drop(4, 5);
    CHECK(b.due(299).empty());
    CHECK(b.left() == "1 3 ");
    b.drop(1, 1);
    CHECK(b.due(1 << 30).empty());
}

TEST_CASE("a row holds so many entries and bytes, and one body of any size") {
    Bodies b;
    std::vector<Write> writes;
    for (std::size_t i = 0; i <= max_group_entries; ++i) writes.push_back(b.entry(100, 1));
    b.commit(writes);
    CHECK(b.rows() == 2);
    b.commit(
        {b.entry(100, max_group_bytes - 1), b.entry(100, 1), b.entry(100, 1), b.entry(100, 1)});
    CHECK(b.rows() == 4);
    b.commit(
        {b.entry(100, 3 * max_group_bytes), b.entry(100, 7), b.entry(100, 8), b.entry(100, 9)});
    CHECK(b.rows() == 6);
    const auto all = b.left();
    // From the middle of rows, with a limit: nothing is lost or said twice.
    std::uint64_t seq = 200;
    while (seq + 1 < b.sent.size()) {
        const auto some = b.store->entries(b.p, b.stream, seq, 50, 70'000);
        REQUIRE(some.ok());
        REQUIRE(!some->empty());
        for (const auto& e : *some) {
            CHECK(e.seq == ++seq);
            CHECK(e.body == b.sent[seq]);
        }
    }
    b.drop(1, b.sent.size());
    CHECK(b.rows() == 0);
    CHECK(!all.empty());
}

TEST_CASE("dropped roughly, a row goes when the last of it may") {
    Bodies b;
    b.commit({b.entry(100, 10), b.entry(100, 11), b.entry(100, 12), b.entry(100, 13)});
    b.commit({b.entry(100, 14)});
    b.drop(1, 3, true);
    CHECK(b.left() == "1 2 3 4 5 ");
    b.drop(4, 4, true);
    CHECK(b.left() == "5 ");
    b.commit({b.entry(100, 15), b.entry(100, 16), b.entry(100, 17), b.entry(100, 18)});
    b.drop(5, 6, true);
    CHECK(b.left() == "6 7 8 9 ");
    b.drop(6, 6);
    CHECK(b.left() == "7 8 9 ");
}

TEST_CASE("bodies are dropped in the transaction that brought them, and with their rows") {
    Bodies b;
    b.commit({b.entry(100, 10), b.entry(100, 11), b.entry(100, 12), b.entry(100, 13),
              write::DropBodies{b.p, b.stream, 1, 1, every_kind, false}, b.entry(100, 14),
              write::DropBodies{b.p, b.stream, 5, 5, every_kind, false}, b.entry(100, 15)});
    CHECK(b.left() == "2 3 4 6 ");
    b.commit({write::DropEntries{b.p, b.stream, 1, 3}});
    CHECK(b.rows() == 1);
    const auto all = b.store->entries(b.p, b.stream, 0, 10, 1000);
    REQUIRE(all->size() == 3);
    CHECK((*all)[0].body == b.sent[4]);
    CHECK(!(*all)[1].has_body);
    CHECK((*all)[2].body == b.sent[6]);
}

TEST_CASE("a row of bodies that does not fit its entries is not served") {
    for (const auto* damage :
         {"UPDATE body_group SET parts = x'00'", "UPDATE body_group SET last = last + 1",
          "UPDATE body_group SET bodies = zeroblob(9)",
          "UPDATE body_group SET parts = x'"
          "00000007000000000000006403"
          "00000008000000000000006403"
          "00000009000000000000006403"
          "0000000a000000000000006403'"}) {
        Bodies b;
        b.commit({b.entry(100, 7), b.entry(100, 8), b.entry(100, 9), b.entry(100, 10)});
        CHECK(b.left() == "1 2 3 4 ");
        {
            auto db = Database::open(b.folder.path() / "s.db", b.key, Database::Mode::writer);
            REQUIRE(db.ok());
            REQUIRE((*db)->execute(damage).ok());
        }
        CAPTURE(damage);
        const auto read = b.store->entries(b.p, b.stream, 0, 10, 1000);
        const bool same = std::string_view(damage).ends_with("6403'");  // as it was
        CHECK(read.ok() == same);
        if (!read) CHECK(read.error().code == Errc::store_damaged);
    }
}
