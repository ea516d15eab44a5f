#include <fstream>
#include <sstream>

#include "relay_world.hpp"
#include "store/database.hpp"

using namespace huecry;
using namespace huecry::relay;
using namespace huecry::relay::test;

namespace {

struct Opened {
    Folder folder;
    FakeRandom random;
    Bytes key = random.bytes(32);
    PartnershipId p = random.id<PartnershipId>();
    StreamRef stream = StreamRef::channel(random.id<ChannelId>(), 1);
    std::unique_ptr<Store> store;

    Opened() {
        REQUIRE(initialise_crypto());
        open();
        REQUIRE(store->commit(std::vector<Write>{write::Partnership{p, 1}}).ok());
    }
    [[nodiscard]] std::filesystem::path file() const { return folder.path() / "s.db"; }
    void open() {
        store.reset();
        auto made = open_sqlcipher_store(file(), key);
        REQUIRE(made.ok());
        store = std::move(*made);
    }
    write::Entry entry(const StreamRef& s, std::uint64_t seq, std::uint64_t expiry = 0,
                       EntryKind kind = EntryKind::application) {
        write::Entry e;
        e.partnership = p;
        e.body = random.bytes(64);
        e.header.stream = s;
        e.header.seq = seq;
        e.header.kind = kind;
        e.header.expiry_ms = expiry;
        e.header.length = 64;
        e.header.digest = sha256(e.body);
        e.header_bytes = e.header.encode();
        return e;
    }
};

}  // namespace

TEST_CASE("store contract: entries in order, bounded, bodies go and rows stay") {
    Opened o;
    std::vector<Write> writes;
    for (std::uint64_t i = 1; i <= 10; ++i)
        writes.emplace_back(o.entry(o.stream, i, 1000 + i,
                                    i % 3 == 0 ? EntryKind::handshake : EntryKind::application));
    REQUIRE(o.store->commit(writes).ok());
    o.open();
    auto got = o.store->entries(o.p, o.stream, 4, 3, 1 << 20);
    REQUIRE(got.ok());
    REQUIRE(got->size() == 3);
    CHECK(got->front().seq == 5);
    CHECK(got->front().body.size() == 64);
    CHECK(o.store->entries(o.p, o.stream, 0, 100, 1)->size() == 1);
    CHECK(o.store->entries(o.random.id<PartnershipId>(), o.stream, 0, 100, 1 << 20)->empty());
    const auto rows = o.store->load(o.p);
    REQUIRE(rows.ok());
    REQUIRE(rows->streams.size() == 1);
    CHECK(rows->streams[0].seq == 10);
    CHECK(rows->streams[0].last_handshake == 9);
    CHECK(rows->streams[0].bytes == 640);
    const unsigned applications = 1U << 3;
    REQUIRE(
        o.store->commit(std::vector<Write>{write::DropBodies{o.p, o.stream, 1, 6, applications}})
            .ok());
    CHECK(*o.store->body_bytes(o.p, o.stream, 1, 10) == 6 * 64);
    const auto due = o.store->due(1007, 100);
    REQUIRE(due.ok());
    REQUIRE(due->size() == 3);  // 3, 6 and 7
    CHECK(due->back().seq == 7);
}

TEST_CASE("store contract: what is not there, and what cannot be") {
    Opened o;
    REQUIRE(o.store->commit(std::vector<Write>{o.entry(o.stream, 1)}).ok());
    const auto other = StreamRef::mailbox(o.random.id<DeviceId>());
    CHECK(*o.store->body_bytes(o.p, other, 1, 10) == 0);
    for (const std::uint64_t from :
         {std::uint64_t{1}, (std::uint64_t{1} << 40) - 1, ~std::uint64_t{0}})
        CHECK(o.store->entries(o.p, o.stream, from, 10, 1000)->empty());
    REQUIRE(o.store
                ->commit(std::vector<Write>{write::DropBodies{o.p, other, 1, 9, 0xff},
                                            write::DropEntries{o.p, other, 1, 9},
                                            write::DropReader{o.p, other, {}},
                                            write::DropDevice{o.p, o.random.id<DeviceId>()}})
                .ok());
    CHECK(o.store->entries(o.p, o.stream, 0, 10, 1000)->front().has_body);
    CHECK(o.store->commit({}).ok());
    for (const std::uint64_t seq : {std::uint64_t{0}, std::uint64_t{1} << 40}) {
        auto wrong = o.entry(o.stream, 2);
        wrong.header.seq = seq;
        CHECK(o.store->commit(std::vector<Write>{wrong}).error().code == Errc::internal);
    }
    auto shared = o.entry(other, 1);
    shared.shared = o.random.id<MessageId>();
    CHECK(o.store->commit(std::vector<Write>{shared}).error().code == Errc::internal);
    // An id that is used again stands for what came last.
    BlobRow blob{o.p, o.random.id<BlobId>(), {}, o.stream, 5, 500, {}};
    REQUIRE(o.store->commit(std::vector<Write>{write::Blob{blob}}).ok());
    blob.expiry_ms = 900;
    REQUIRE(o.store->commit(std::vector<Write>{write::Blob{blob}}).ok());
    CHECK(o.store->blobs()->size() == 1);
    CHECK(o.store->blobs()->front().expiry_ms == 900);
}

TEST_CASE("store contract: one transaction or nothing") {
    Opened o;
    REQUIRE(o.store->commit(std::vector<Write>{o.entry(o.stream, 1)}).ok());
    const auto other = StreamRef::mailbox(o.random.id<DeviceId>());
    std::vector<Write> bad{o.entry(other, 1), o.entry(o.stream, 1)};  // the second exists
    CHECK(!o.store->commit(bad).ok());
    CHECK(o.store->entries(o.p, other, 0, 10, 1000)->empty());
    REQUIRE(o.store->commit(std::vector<Write>{o.entry(other, 1)}).ok());
    CHECK(o.store->entries(o.p, other, 0, 10, 1000)->size() == 1);
}

TEST_CASE("store contract: a shared body goes with the last entry that names it") {
    Opened o;
    const auto id = o.random.id<MessageId>();
    const auto a = StreamRef::mailbox(o.random.id<DeviceId>());
    const auto b = StreamRef::mailbox(o.random.id<DeviceId>());
    std::vector<Write> writes;
    const auto body = o.random.bytes(64);
    writes.emplace_back(write::SharedBody{o.p, id, body});
    for (const auto& s : {a, b}) {
        auto e = o.entry(s, 1, 500, EntryKind::welcome);
        e.body.clear();
        e.shared = id;
        writes.emplace_back(e);
    }
    REQUIRE(o.store->commit(writes).ok());
    CHECK(o.store->entries(o.p, a, 0, 9, 9999)->front().body == body);
    REQUIRE(o.store->commit(std::vector<Write>{write::DropBodies{o.p, a, 1, 1, 0xff}}).ok());
    CHECK(!o.store->entries(o.p, a, 0, 9, 9999)->front().has_body);
    CHECK(o.store->entries(o.p, b, 0, 9, 9999)->front().body == body);
    const auto bodies = [&] {
        auto db = Database::open(o.file(), o.key, Database::Mode::reader);
        auto q = (*db)->query("SELECT count(*) FROM shared_body");
        REQUIRE(*q.step());
        return q.number(0);
    };
    CHECK(bodies() == 1);
    REQUIRE(o.store->commit(std::vector<Write>{write::DropEntries{o.p, b, 1, 1}}).ok());
    CHECK(bodies() == 0);
    CHECK(o.store->check().ok());
}

TEST_CASE("store contract: acceptances, readers, packages, codes, pruning") {
    Opened o;
    const auto device = o.random.id<DeviceId>();
    std::vector<Write> writes;
    MessageId last;
    for (std::uint64_t i = 1; i <= 3; ++i) {
        last = o.random.id<MessageId>();
        writes.emplace_back(write::Acceptance{
            o.p, {o.stream, device, last, o.random.id<Digest>(), o.random.bytes(10), i, i * 100}});
    }
    writes.emplace_back(write::Reader{o.p, {o.stream, device, 5, true, 2, 1}});
    writes.emplace_back(write::Reader{o.p, {o.stream, device, 7, true, 2, 1}});
    const auto package = o.random.bytes(50);
    writes.emplace_back(write::KeyPackage{o.p, {device, sha256(package), false}, package});
    const auto code = o.random.id<Digest>();
    writes.emplace_back(write::Code{code, 5000});
    writes.emplace_back(write::Meta{"time", 12});
    REQUIRE(o.store->commit(writes).ok());
    auto rows = o.store->load(o.p);
    REQUIRE(rows.ok());
    REQUIRE(rows->accepted.size() == 1);
    CHECK(rows->accepted[0].message_id == last);
    REQUIRE(rows->readers.size() == 1);
    CHECK(rows->readers[0].cursor == 7);
    CHECK(*o.store->key_package(o.p, device, sha256(package)) == package);
    CHECK(*o.store->code(code) == 5000);
    CHECK(*o.store->meta("time") == 12);
    REQUIRE(o.store->commit(std::vector<Write>{write::Prune{1000, 0, 0, 6000}}).ok());
    CHECK(o.store->acceptance(o.p, o.stream, device, last)->has_value());  // the newest stays
    CHECK(o.store->load(o.p)->accepted.size() == 1);
    CHECK(!o.store->code(code)->has_value());
    REQUIRE(o.store->commit(std::vector<Write>{write::DropDevice{o.p, device}}).ok());
    rows = o.store->load(o.p);
    CHECK(rows->readers.empty());
    CHECK(rows->key_packages.empty());
}

TEST_CASE("acceptances are found again, told apart, and forgotten only when they are old") {
    Opened o;
    const auto device = o.random.id<DeviceId>();
    const auto other = o.random.id<DeviceId>();
    std::vector<AcceptanceRow> rows;
    for (std::uint64_t i = 1; i <= 500; ++i)
        rows.push_back({o.stream, i % 2 == 0 ? device : other, o.random.id<MessageId>(),
                        o.random.id<Digest>(), o.random.bytes(10), i, i * 10});
    for (const auto& row : rows)
        REQUIRE(o.store->commit(std::vector<Write>{write::Acceptance{o.p, row}}).ok());
    for (int round = 0; round < 2; ++round) {
        for (const auto& row : rows) {
            const auto found = o.store->acceptance(o.p, o.stream, row.device, row.message_id);
            REQUIRE(found.ok());
            REQUIRE(found->has_value());
            CHECK((*found)->digest == row.digest);
            CHECK((*found)->answer == row.answer);
            CHECK((*found)->seq == row.seq);
            const auto& wrong = row.device == device ? other : device;
            CHECK_FALSE(o.store->acceptance(o.p, o.stream, wrong, row.message_id)->has_value());
        }
        o.open();  // and once more from the disk
    }
    // The same again is refused whole, and what it was in leaves no trace.
    const auto fresh = o.random.id<MessageId>();
    auto again = rows.front();
    CHECK_FALSE(
        o.store
            ->commit(std::vector<Write>{
                write::Acceptance{o.p, {o.stream, device, fresh, {}, o.random.bytes(1), 501, 5010}},
                write::Acceptance{o.p, again}})
            .ok());
    CHECK_FALSE(o.store->acceptance(o.p, o.stream, device, fresh)->has_value());
    REQUIRE(o.store->commit(std::vector<Write>{write::Prune{2500, 0, 0, 0}}).ok());
    for (const auto& row : rows)
        CHECK(o.store->acceptance(o.p, o.stream, row.device, row.message_id)->has_value() ==
              (row.accepted_ms >= 2500));
    CHECK(o.store->load(o.p)->accepted.size() == 2);
    o.open();  // nor is it on the disk
    for (const auto& row : rows)
        CHECK(o.store->acceptance(o.p, o.stream, row.device, row.message_id)->has_value() ==
              (row.accepted_ms >= 2500));
    // What was forgotten may be said again, and what one said in one stream in another.
    const auto other_stream = StreamRef::channel(o.random.id<ChannelId>(), 1);
    auto elsewhere = rows.back();
    elsewhere.stream = other_stream;
    elsewhere.answer.clear();
    again.accepted_ms = 6000;
    REQUIRE(o.store
                ->commit(std::vector<Write>{write::Acceptance{o.p, again},
                                            write::Acceptance{o.p, elsewhere}})
                .ok());
    CHECK(o.store->acceptance(o.p, o.stream, again.device, again.message_id)->has_value());
    const auto found =
        o.store->acceptance(o.p, other_stream, elsewhere.device, elsewhere.message_id);
    REQUIRE(found->has_value());
    CHECK((*found)->answer.empty());
    // Two devices may choose the same id; and once more what was forgotten, without a start.
    auto others = elsewhere;
    others.device = o.random.id<DeviceId>();
    auto newer = again;
    newer.message_id = o.random.id<MessageId>();
    newer.accepted_ms = 7000;
    REQUIRE(o.store
                ->commit(std::vector<Write>{write::Acceptance{o.p, others},
                                            write::Acceptance{o.p, newer}})
                .ok());
    REQUIRE(o.store->commit(std::vector<Write>{write::Prune{6500, 0, 0, 0}}).ok());
    CHECK_FALSE(o.store->acceptance(o.p, o.stream, again.device, again.message_id)->has_value());
    CHECK(o.store->commit(std::vector<Write>{write::Acceptance{o.p, again}}).ok());
}

TEST_CASE("a store of the first version keeps its acceptances, and what is due stays due") {
    Opened o;
    const auto device = o.random.id<DeviceId>();
    const auto id = o.random.id<MessageId>();
    const auto digest = o.random.id<Digest>();
    const auto file = o.folder.path() / "old.db";
    {
        auto db = Database::open(file, o.key, Database::Mode::writer);
        REQUIRE(db.ok());
        REQUIRE((*db)
                    ->execute(
                        "CREATE TABLE stream (number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, "
                        "partnership BLOB NOT NULL, kind INTEGER NOT NULL, id BLOB NOT NULL, "
                        "incarnation INTEGER NOT NULL) STRICT;"
                        "CREATE TABLE acceptance (stream INTEGER NOT NULL REFERENCES stream "
                        "(number), device BLOB NOT NULL, message_id BLOB NOT NULL, digest BLOB NOT "
                        "NULL, answer BLOB NOT NULL, seq INTEGER NOT NULL, accepted INTEGER NOT "
                        "NULL, PRIMARY KEY (stream, device, message_id)) STRICT, WITHOUT ROWID;"
                        "CREATE TABLE entry (key INTEGER NOT NULL PRIMARY KEY, kind INTEGER NOT "
                        "NULL, header BLOB NOT NULL, previous BLOB NOT NULL, accepted INTEGER NOT "
                        "NULL, expiry INTEGER NOT NULL, length INTEGER NOT NULL, has_body INTEGER "
                        "NOT NULL, body BLOB, shared INTEGER) STRICT;"
                        "CREATE INDEX entry_due ON entry (has_body, expiry) WHERE expiry > 0;"
                        "INSERT INTO entry VALUES ((1 << 40) + 7, 3, x'00', zeroblob(32), 70, 90, "
                        "5, 1, x'0102030405', NULL);"
                        "PRAGMA user_version = 1")
                    .ok());
        auto stream = (*db)->query(
            "INSERT INTO stream (partnership, kind, id, incarnation) VALUES (?, 2, ?, 1)");
        REQUIRE(stream.bind(o.p).bind(BytesView(o.stream.id)).run().ok());
        auto row = (*db)->query("INSERT INTO acceptance VALUES (1, ?, ?, ?, ?, 7, 70)");
        REQUIRE(row.bind(device).bind(id).bind(digest).bind(BytesView(o.key)).run().ok());
    }
    auto store = open_sqlcipher_store(file, o.key);
    REQUIRE(store.ok());
    const auto found = (*store)->acceptance(o.p, o.stream, device, id);
    REQUIRE(found.ok());
    REQUIRE(found->has_value());
    CHECK((*found)->digest == digest);
    CHECK((*found)->seq == 7);
    CHECK((*store)->due(89, 10)->empty());
    const auto due = (*store)->due(90, 10);
    REQUIRE(due.ok());
    REQUIRE(due->size() == 1);
    CHECK(due->front().seq == 7);
    CHECK(due->front().stream == o.stream);
    CHECK(due->front().length == 5);
}

TEST_CASE("headers are pruned, but never the newest of a stream") {
    Opened o;
    std::vector<Write> writes;
    for (std::uint64_t i = 1; i <= 3; ++i) writes.emplace_back(o.entry(o.stream, i, 10));
    writes.emplace_back(write::DropBodies{o.p, o.stream, 1, 3, 0xff});
    writes.emplace_back(write::Prune{0, 1000, 0, 0});
    REQUIRE(o.store->commit(writes).ok());
    const auto left = o.store->entries(o.p, o.stream, 0, 10, 10000);
    REQUIRE(left->size() == 1);
    CHECK(left->front().seq == 3);
}

TEST_CASE("headers younger than the retention, or of what has not expired, stay") {
    Opened o;
    const auto other = StreamRef::mailbox(o.random.id<DeviceId>());
    std::vector<Write> writes;
    for (std::uint64_t i = 1; i <= 6; ++i) {
        // Accepted at 100, 200, …; the third lives long.
        auto e = o.entry(o.stream, i, i == 3 ? 90'000 : i * 100 + 50);
        e.header.accepted_ms = i * 100;
        writes.emplace_back(std::move(e));
    }
    writes.emplace_back(o.entry(other, 1, 10));
    writes.emplace_back(write::DropBodies{o.p, o.stream, 2, 6, 0xff});
    writes.emplace_back(write::DropBodies{o.p, other, 1, 1, 0xff});
    writes.emplace_back(write::Prune{0, 460, 0, 0});
    REQUIRE(o.store->commit(writes).ok());
    const auto left = o.store->entries(o.p, o.stream, 0, 10, 10000);
    REQUIRE(left.ok());
    std::string seqs;
    for (const auto& e : *left) seqs += std::to_string(e.seq) + " ";
    // The first still has its body.
    CHECK(seqs == "1 3 5 6 ");
    CHECK(o.store->entries(o.p, other, 0, 10, 10000)->size() == 1);
}

TEST_CASE("another key, a damaged page, a newer store") {
    Opened o;
    std::vector<Write> writes;
    for (std::uint64_t i = 1; i <= 400; ++i) writes.emplace_back(o.entry(o.stream, i));
    REQUIRE(o.store->commit(writes).ok());
    REQUIRE(*o.store->truncate_log());
    CHECK(o.store->check().ok());
    o.store.reset();
    CHECK(open_sqlcipher_store(o.file(), o.random.bytes(32)).error().code ==
          Errc::passphrase_wrong);
    const auto size = std::filesystem::file_size(o.file());
    {
        std::fstream f(o.file(), std::ios::in | std::ios::out | std::ios::binary);
        for (std::uint64_t page = std::uint64_t{40} * 4096; page + 100 < size; page += 4096) {
            f.seekp(static_cast<std::streamoff>(page + 99));
            f.put('\x55');
            f.put('\xaa');
        }
    }
    auto damaged = open_sqlcipher_store(o.file(), o.key);
    if (damaged.ok()) {
        CHECK((*damaged)->check().error().code == Errc::store_damaged);
        const auto read = (*damaged)->entries(o.p, o.stream, 0, 4000, 1 << 24);
        REQUIRE(!read.ok());
        CHECK(read.error().code == Errc::store_damaged);
    } else {
        CHECK(damaged.error().code == Errc::store_damaged);
    }
}

TEST_CASE("the migrations lead to the schema that is checked in") {
    Opened o;
    const auto made = dump_schema(o.file(), o.key);
    REQUIRE(made.ok());
    std::ifstream file(RELAY_SCHEMA_FILE);
    std::stringstream text;
    text << file.rdbuf();
    CHECK_MESSAGE(text.str() == *made, *made);
}

TEST_CASE("a package of last resort takes the place of the one before, and of no other") {
    Opened o;
    const auto device = o.random.id<DeviceId>();
    const auto other = o.random.id<DeviceId>();
    const auto put = [&](const DeviceId& of, bool last_resort) {
        const auto package = o.random.bytes(50);
        const std::vector<Write> writes{
            write::KeyPackage{o.p, {of, sha256(package), last_resort}, package}};
        REQUIRE(o.store->commit(writes).ok());
        return sha256(package);
    };
    const auto first = put(device, true);
    const auto kept = put(other, true);
    const auto ordinary = put(device, false);
    CHECK(o.store->load(o.p)->key_packages.size() == 3);
    const auto second = put(device, true);
    CHECK(o.store->load(o.p)->key_packages.size() == 3);
    CHECK(!o.store->key_package(o.p, device, first)->has_value());
    for (const auto& digest : {ordinary, second})
        CHECK(o.store->key_package(o.p, device, digest)->has_value());
    CHECK(o.store->key_package(o.p, other, kept)->has_value());
}

TEST_CASE("who was given a share is remembered as long as it must be, and times of syncs are few") {
    Opened o;
    const auto device = o.random.id<DeviceId>();
    const auto count = [&] {
        auto db = Database::open(o.file(), o.key, Database::Mode::reader);
        auto q = (*db)->query("SELECT count(*) FROM lease_access");
        REQUIRE(*q.step());
        return q.number(0);
    };
    for (std::uint64_t i = 1; i <= 80; ++i) {
        const std::vector<Write> writes{
            write::LeaseAccess{o.p, device, o.random.id<BlobId>(), 100 * i}};
        REQUIRE(o.store->commit(writes).ok());
    }
    CHECK(o.store->take_sync_times().size() == 64);
    CHECK(o.store->take_sync_times().empty());
    REQUIRE(o.store->commit(std::vector<Write>{write::Prune{0, 0, 7900, 0}}).ok());
    CHECK(count() == 2);
}

TEST_CASE("entries are dropped also in the transaction that brings them") {
    Opened o;
    REQUIRE(o.store
                ->commit(std::vector<Write>{o.entry(o.stream, 1), o.entry(o.stream, 2),
                                            write::DropEntries{o.p, o.stream, 1, 1}})
                .ok());
    const auto left = o.store->entries(o.p, o.stream, 0, 10, 1000);
    REQUIRE(left->size() == 1);
    CHECK(left->front().seq == 2);
    CHECK(left->front().has_body);
}
