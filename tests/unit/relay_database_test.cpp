#include "store/database.hpp"

#include "relay_world.hpp"
#include "store/migrations.hpp"
#include "support/sqlcipher_pages.hpp"

// What the store's files are opened with, and what their errors are called.
using namespace huecry;
using namespace huecry::relay;
using namespace huecry::relay::test;
using huecry::test::decrypted_pages;
using huecry::test::holds;

namespace {

struct File {
    Folder folder;
    FakeRandom random;
    SecretBytes key{random.bytes(32)};
    std::filesystem::path path = folder.path() / "s.db";

    File() { REQUIRE(initialise_crypto()); }
    [[nodiscard]] std::unique_ptr<Database> open(
        Database::Mode mode = Database::Mode::writer) const {
        auto made = Database::open(path, key.view(), mode);
        REQUIRE(made.ok());
        return std::move(*made);
    }
    [[nodiscard]] static Errc refused(const std::filesystem::path& file, BytesView with,
                                      Database::Mode mode = Database::Mode::writer) {
        const auto made = Database::open(file, with, mode);
        REQUIRE(!made.ok());
        return made.error().code;
    }
};

}  // namespace

TEST_CASE("a database is opened with its key, in its folder, and with a log beside it, or not") {
    File f;
    CHECK(f.open() != nullptr);
    CHECK(f.refused(f.path, f.random.bytes(31)) == Errc::invalid_argument);
    CHECK(f.refused(f.path, f.random.bytes(33)) == Errc::invalid_argument);
    CHECK(f.refused(f.path, {}) == Errc::invalid_argument);
    CHECK(f.refused(f.folder.path() / "none" / "s.db", f.key.view()) == Errc::store_failed);
    CHECK(f.refused(f.folder.path() / "none.db", f.key.view(), Database::Mode::reader) ==
          Errc::store_failed);
    CHECK(!std::filesystem::exists(f.folder.path() / "none.db"));
    CHECK(f.refused(":memory:", f.key.view()) == Errc::store_failed);
}

TEST_CASE("what is deleted is overwritten") {
    File f;
    auto db = f.open();
    REQUIRE(db->execute("CREATE TABLE t (a TEXT)").ok());
    for (int i = 0; i < 50; ++i)
        REQUIRE(db->execute("INSERT INTO t VALUES ('what somebody has said')").ok());
    REQUIRE(*db->truncate_log());
    CHECK(holds(decrypted_pages(f.path, f.key), "what somebody has said"));
    REQUIRE(db->execute("DELETE FROM t WHERE rowid > 3").ok());
    REQUIRE(db->execute("UPDATE t SET a = 'nothing'").ok());
    REQUIRE(*db->truncate_log());
    const auto plain = decrypted_pages(f.path, f.key);
    CHECK(holds(plain, "nothing"));
    CHECK(!holds(plain, "somebody"));
}

TEST_CASE("nobody changes the schema by hand, and none that somebody has changed runs functions") {
    File f;
    for (const auto mode : {Database::Mode::writer, Database::Mode::reader}) {
        auto db = f.open(mode);
        CHECK(!db->execute("PRAGMA writable_schema = ON;"
                           "INSERT INTO sqlite_schema VALUES ('table', 't', 't', 0, 'x')")
                   .ok());
        auto q = db->query("PRAGMA trusted_schema");
        REQUIRE(*q.step());
        CHECK(q.number(0) == 0);
    }
}

TEST_CASE("a reader reads") {
    File f;
    auto writer = f.open();
    REQUIRE(writer->execute("CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (5)").ok());
    auto reader = f.open(Database::Mode::reader);
    {
        auto q = reader->query("SELECT a FROM t");
        REQUIRE(*q.step());
        CHECK(q.number(0) == 5);
    }
    CHECK(!reader->execute("INSERT INTO t VALUES (6)").ok());
    CHECK(!reader->execute("DELETE FROM t").ok());
}

TEST_CASE("the log is not emptied under a reader's feet, nor inside a transaction") {
    File f;
    auto writer = f.open();
    auto reader = f.open(Database::Mode::reader);
    REQUIRE(writer->execute("CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (1)").ok());
    const auto truncated = [&] {
        const auto done = writer->truncate_log();
        REQUIRE(done.ok());
        return *done;
    };
    CHECK(truncated());
    {
        REQUIRE(writer->execute("INSERT INTO t VALUES (2)").ok());
        auto q = reader->query("SELECT a FROM t");
        REQUIRE(*q.step());
        REQUIRE(writer->execute("INSERT INTO t VALUES (3)").ok());
        CHECK(!truncated());
    }
    CHECK(truncated());
    REQUIRE(writer->execute("BEGIN IMMEDIATE; INSERT INTO t VALUES (4)").ok());
    CHECK(!truncated());
    REQUIRE(writer->execute("COMMIT").ok());
    CHECK(truncated());
}

TEST_CASE("a statement that cannot be prepared fails, whatever is bound to it") {
    File f;
    auto db = f.open();
    CHECK(!db->execute("nothing of SQL").ok());
    const auto id = f.random.id<BlobId>();
    auto q = db->query("SELECT a FROM nowhere WHERE a = ?");
    q.bind(std::uint64_t{1}).bind(id).bind(BytesView{}).bind(std::string_view("x")).bind_null();
    CHECK(q.step().error().code == Errc::store_failed);
    CHECK(q.run().error().code == Errc::store_failed);
}

TEST_CASE("a file is attached with its own key, once") {
    File f;
    {
        auto other = f.open();
        REQUIRE(other->execute("CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (7)").ok());
    }
    const auto key = f.random.bytes(32);
    auto db = Database::open(f.folder.path() / "main.db", key, Database::Mode::writer);
    REQUIRE(db.ok());
    CHECK((*db)->attach(f.path, key).error().code == Errc::passphrase_wrong);
    CHECK((*db)->attach(f.folder.path() / "none", key).error().code == Errc::not_found);
    CHECK((*db)->attach(f.folder.path(), key).error().code == Errc::not_found);
    REQUIRE((*db)->attach(f.path, f.key.view()).ok());
    auto q = (*db)->query("SELECT a FROM other.t");
    REQUIRE(*q.step());
    CHECK(q.number(0) == 7);
    CHECK((*db)->attach(f.path, f.key.view()).error().code == Errc::store_failed);
}

TEST_CASE("a store with a row that breaks its rules fails its check") {
    File f;
    auto db = f.open();
    REQUIRE(migrate_store(*db).ok());
    CHECK(db->check().ok());
    REQUIRE(db->execute("PRAGMA ignore_check_constraints = ON;"
                        "INSERT INTO partnership VALUES (x'00', 1);"
                        "PRAGMA ignore_check_constraints = OFF")
                .ok());
    CHECK(db->check().error().code == Errc::store_damaged);
}

TEST_CASE("a store with a trigger, of a newer version, or with a reader in the way") {
    File f;
    {
        auto store = open_sqlcipher_store(f.path, f.key.view());
        REQUIRE(store.ok());
        const std::vector<Write> writes{write::Meta{"time", 1}};
        REQUIRE((*store)->commit(writes).ok());
        {
            auto reader = f.open(Database::Mode::reader);
            auto q = reader->query("SELECT value FROM meta");
            REQUIRE(*q.step());
            REQUIRE((*store)->commit(writes).ok());
            CHECK((*store)->check().error().code == Errc::busy);
        }
        CHECK((*store)->check().ok());
    }
    const auto refused = [&](const char* sql) {
        REQUIRE(f.open()->execute(sql).ok());
        return open_sqlcipher_store(f.path, f.key.view()).error().code;
    };
    CHECK(refused("CREATE TRIGGER t AFTER INSERT ON code BEGIN DELETE FROM entry; END") ==
          Errc::store_damaged);
    CHECK(refused("DROP TRIGGER t; CREATE VIEW v AS SELECT * FROM entry") == Errc::store_damaged);
    CHECK(refused("DROP VIEW v; PRAGMA user_version = 99") == Errc::store_newer);
}

TEST_CASE("a store without one of its tables is not served, and nothing else happens") {
    for (const auto* table : {"partnership", "stream", "entry", "reader", "acceptance_log",
                              "key_package", "blob", "code", "meta", "body_group"}) {
        CAPTURE(table);
        File f;
        {
            auto db = f.open();
            REQUIRE(migrate_store(*db).ok());
            const auto drop = std::string("PRAGMA foreign_keys = OFF; DROP TABLE ") + table;
            REQUIRE(db->execute(drop.c_str()).ok());
        }
        const auto p = f.random.id<PartnershipId>();
        const auto made = open_sqlcipher_store(f.path, f.key.view());
        if (!made.ok()) {
            CHECK(made.error().code == Errc::store_failed);
            continue;
        }
        auto& store = **made;
        const auto ids = store.partnerships();
        const auto rows = store.load(p);
        const auto entries = store.entries(p, StreamRef::directory(), 0, 9, 999);
        const auto package = store.key_package(p, f.random.id<DeviceId>(), {});
        const auto blobs = store.blobs();
        const auto code = store.code({});
        const auto meta = store.meta("time");
        const auto due = store.due(1, 1);
        const std::vector<Write> writes{
            write::Partnership{p, 1},
            write::Reader{p, {StreamRef::mailbox(f.random.id<DeviceId>()), {}, 1, true, 1, 1}}};
        const auto stored = store.commit(writes);
        const auto failed = [](const auto& result) {
            if (!result.ok()) CHECK(result.error().code == Errc::store_failed);
            return !result.ok();
        };
        const std::vector<bool> all{failed(ids),     failed(rows),  failed(entries),
                                    failed(package), failed(blobs), failed(code),
                                    failed(meta),    failed(due),   failed(stored)};
        CHECK(std::find(all.begin(), all.end(), true) != all.end());
    }
}
