#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "huecry/wire/signing.hpp"
#include "store/database.hpp"
#include "support/sqlcipher_pages.hpp"
#include "support/temporary_directory.hpp"

using namespace huecry;
using store::Database;
namespace fs = std::filesystem;

namespace {

SecretBytes key_of(std::uint8_t byte) { return SecretBytes(Bytes(32, byte)); }

Database made(const fs::path& file) {
    auto db = Database::create(file, key_of(7));
    REQUIRE(db.ok());
    return std::move(*db);
}

Result<void> put(Database& db, std::string_view key, BytesView value) {
    return db.prepare("INSERT INTO setting (key, value) VALUES (?, ?)").bind(key).bind(value).run();
}

std::int64_t count(Database& db) {
    auto statement = db.prepare("SELECT count(*) FROM setting");
    auto row = statement.step();
    REQUIRE(row.ok());
    return statement.integer(0);
}

void write_file(const fs::path& file, const Bytes& bytes) {
    std::ofstream out(file, std::ios::binary | std::ios::trunc);
    out.write(reinterpret_cast<const char*>(bytes.data()),
              static_cast<std::streamsize>(bytes.size()));
}

}  // namespace

TEST_CASE("what is stored comes back, and only with the key") {
    test::TemporaryDirectory folder;
    const auto file = folder.path() / "store.db";
    {
        auto db = made(file);
        const Bytes value{0, 1, 2, 255};
        REQUIRE(put(db, "näme", value).ok());
        REQUIRE(put(db, "empty", {}).ok());
        auto read = db.prepare("SELECT value, key, length(value), NULL FROM setting WHERE key = ?");
        REQUIRE(*read.bind(std::string_view("näme")).step());
        CHECK(read.blob(0) == value);
        CHECK(read.text(1) == "näme");
        CHECK(read.unsigned_integer(2) == 4);
        CHECK(read.is_null(3));
        CHECK_FALSE(*read.step());
        CHECK(Database::create(file, key_of(7)).error().code == Errc::profile_exists);
        CHECK(Database::open(file, key_of(7)).error().code == Errc::busy);
    }
    CHECK(Database::open(file, key_of(8)).error().code == Errc::passphrase_wrong);
    CHECK(Database::open(folder.path() / "none.db", key_of(7)).error().code == Errc::no_profile);
    CHECK_FALSE(fs::exists(folder.path() / "none.db"));
    auto again = Database::open(file, key_of(7));
    REQUIRE(again.ok());
    CHECK(count(*again) == 2);
    CHECK(again->check_integrity().ok());
    CHECK((fs::status(file).permissions() & (fs::perms::group_all | fs::perms::others_all)) ==
          fs::perms::none);
}

TEST_CASE("nothing readable is on the disk") {
    test::TemporaryDirectory folder;
    const auto file = folder.path() / "store.db";
    auto db = made(file);
    REQUIRE(put(db, "CanaryKey", view("CanaryValue")).ok());
    auto log = file;
    log += "-wal";
    const Bytes raw = test::file_bytes(log);
    REQUIRE(raw.size() > 4096);
    CHECK_FALSE(test::holds(raw, "Canary"));
    CHECK_FALSE(test::holds(raw, "CREATE TABLE"));
    CHECK(test::holds(test::decrypted_pages(file, key_of(7)), "CanaryValue"));
    CHECK(*db.truncate_log());
    CHECK_FALSE(test::holds(test::file_bytes(file), "SQLite format 3"));
    CHECK(test::holds(test::decrypted_pages(file, key_of(7)), "CanaryValue"));
}

TEST_CASE("what is deleted leaves no byte behind, with the key in hand") {
    test::TemporaryDirectory folder;
    const auto file = folder.path() / "store.db";
    auto db = made(file);
    for (int i = 0; i < 200; ++i)
        REQUIRE(put(db, "k" + std::to_string(i), view("CanaryValue" + std::string(900, 'x'))).ok());
    REQUIRE(db.execute("DELETE FROM setting").ok());
    CHECK(*db.truncate_log());
    const Bytes pages = test::decrypted_pages(file, key_of(7));
    CHECK(test::holds(pages, "CREATE TABLE setting"));
    CHECK_FALSE(test::holds(pages, "CanaryValue"));
}

TEST_CASE("an open reader blocks the truncation, which says so") {
    test::TemporaryDirectory folder;
    auto db = made(folder.path() / "store.db");
    REQUIRE(put(db, "a", {}).ok());
    REQUIRE(put(db, "b", {}).ok());
    {
        auto reader = db.prepare("SELECT key FROM setting");
        REQUIRE(*reader.step());
        CHECK_FALSE(*db.truncate_log());
    }
    CHECK(*db.truncate_log());
}

TEST_CASE("a transaction is whole or nothing") {
    test::TemporaryDirectory folder;
    auto db = made(folder.path() / "store.db");
    {
        auto transaction = db.begin();
        REQUIRE(transaction.ok());
        CHECK(db.in_transaction());
        CHECK(db.begin().error().code == Errc::internal);
        REQUIRE(put(db, "a", {}).ok());
    }
    CHECK_FALSE(db.in_transaction());
    CHECK(count(db) == 0);
    auto transaction = db.begin();
    REQUIRE(put(db, "a", {}).ok());
    // A constraint undoes its own statement only.
    CHECK(put(db, "a", {}).error().code == Errc::internal);
    REQUIRE(transaction->commit().ok());
    CHECK(transaction->commit().error().code == Errc::internal);
    CHECK(count(db) == 1);
}

TEST_CASE("a full disk is an error and leaves everything as it was") {
    test::TemporaryDirectory folder;
    const auto file = folder.path() / "store.db";
    {
        auto db = made(file);
        REQUIRE(put(db, "before", Bytes(1000, 1)).ok());
        REQUIRE(db.execute("PRAGMA max_page_count = 1").ok());  // clamped to what is in use
        {
            auto transaction = db.begin();
            REQUIRE(transaction.ok());
            Result<void> written;
            for (int i = 0; written && i < 100; ++i)
                written = put(db, "more" + std::to_string(i), Bytes(20000, 2));
            REQUIRE_FALSE(written.ok());
            CHECK(written.error().code == Errc::no_room);
            // Whatever the caller does now, this transaction cannot commit in part.
            CHECK(put(db, "small", {}).error().code == Errc::no_room);
            CHECK(transaction->commit().error().code == Errc::no_room);
        }
        CHECK(count(db) == 1);
        REQUIRE(db.execute("PRAGMA max_page_count = 100000").ok());
        CHECK(put(db, "after", Bytes(20000, 3)).ok());
    }
    auto again = Database::open(file, key_of(7));
    REQUIRE(again.ok());
    CHECK(count(*again) == 2);
    CHECK(again->check_integrity().ok());
}

TEST_CASE("a flipped byte is damage, never wrong data") {
    test::TemporaryDirectory folder;
    const auto file = folder.path() / "store.db";
    {
        auto db = made(file);
        auto transaction = db.begin();
        for (int i = 0; i < 300; ++i)
            REQUIRE(
                put(db, "key" + std::to_string(i), Bytes(200, static_cast<std::uint8_t>(i))).ok());
        REQUIRE(transaction->commit().ok());
        REQUIRE(*db.truncate_log());
    }
    const Bytes whole = test::file_bytes(file);
    const std::size_t pages = whole.size() / 4096;
    REQUIRE(pages > 20);
    int noticed_late = 0;
    for (std::size_t page = 0; page < pages; page += 3) {
        Bytes bytes = whole;
        bytes[page * 4096 + (page * 997) % 4096] ^= 0x20;
        write_file(file, bytes);
        CAPTURE(page);
        auto db = Database::open(file, key_of(7));
        if (!db) {
            const auto code = db.error().code;
            CHECK((code == Errc::passphrase_wrong || code == Errc::store_damaged));
            continue;
        }
        auto read = db->prepare("SELECT key, value FROM setting");
        Result<bool> row = false;
        while ((row = read.step()) && *row) {
            const int i = std::stoi(read.text(0).substr(3));
            REQUIRE(read.blob(1) == Bytes(200, static_cast<std::uint8_t>(i)));
        }
        if (!row) {
            CHECK(row.error().code == Errc::store_damaged);
            CHECK(put(*db, "more", {}).error().code == Errc::store_damaged);
            ++noticed_late;
        }
        CHECK(db->check_integrity().error().code == Errc::store_damaged);
    }
    CHECK(noticed_late > 3);
    write_file(file, whole);
    CHECK(Database::open(file, key_of(7)).ok());
}

TEST_CASE("a cut file is damage") {
    test::TemporaryDirectory folder;
    const auto file = folder.path() / "store.db";
    {
        auto db = made(file);
        for (int i = 0; i < 50; ++i) REQUIRE(put(db, std::to_string(i), Bytes(3000, 1)).ok());
    }
    fs::resize_file(file, fs::file_size(file) / 2);
    auto db = Database::open(file, key_of(7));
    if (db)
        CHECK(db->check_integrity().error().code == Errc::store_damaged);
    else
        CHECK(db.error().code == Errc::store_damaged);
}

TEST_CASE("killed while writing: every commit that was reported is there") {
    test::TemporaryDirectory folder;
    const auto file = folder.path() / "store.db";
    {
        auto db = made(file);
    }
    int seen = 0;
    for (int round = 0; round < 4; ++round) {
        int pipe_ends[2];
        REQUIRE(::pipe(pipe_ends) == 0);
        const pid_t child = ::fork();
        REQUIRE(child >= 0);
        if (child == 0) {
            auto db = Database::open(file, key_of(7));
            if (!db) ::_exit(1);
            for (int i = 0;; ++i) {
                auto transaction = db->begin();
                const auto name = std::to_string(round) + "." + std::to_string(i);
                if (!put(*db, name, Bytes(500, 1)) || !put(*db, name + "b", Bytes(500, 2)) ||
                    !transaction->commit())
                    ::_exit(1);
                const char byte = 1;
                if (::write(pipe_ends[1], &byte, 1) != 1) ::_exit(1);
            }
        }
        ::close(pipe_ends[1]);
        char byte = 0;
        for (int i = 0; i < 5 + round * 7; ++i) {
            REQUIRE(::read(pipe_ends[0], &byte, 1) == 1);
            ++seen;
        }
        ::kill(child, SIGKILL);
        while (::read(pipe_ends[0], &byte, 1) == 1) ++seen;
        ::close(pipe_ends[0]);
        int status = 0;
        ::waitpid(child, &status, 0);
        CHECK(WIFSIGNALED(status));
        auto db = Database::open(file, key_of(7));
        REQUIRE(db.ok());
        const auto rows = count(*db);
        CHECK(rows % 2 == 0);
        CHECK(rows >= 2 * seen);
        CHECK(rows <= 2 * (seen + round + 1));
        CHECK(db->check_integrity().ok());
    }
}

TEST_CASE("another process cannot open it meanwhile") {
    test::TemporaryDirectory folder;
    const auto file = folder.path() / "store.db";
    auto db = made(file);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        const auto other = Database::open(file, key_of(7));
        ::_exit(!other.ok() && other.error().code == Errc::busy ? 0 : 1);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("a newer store is left alone") {
    test::TemporaryDirectory folder;
    const auto file = folder.path() / "store.db";
    {
        auto db = made(file);
        REQUIRE(db.execute("PRAGMA user_version = 99").ok());
    }
    CHECK(Database::open(file, key_of(7)).error().code == Errc::store_newer);
}

TEST_CASE("another key seals every page anew") {
    test::TemporaryDirectory folder;
    const auto file = folder.path() / "store.db";
    {
        auto db = made(file);
        REQUIRE(put(db, "a", view("b")).ok());
        REQUIRE(db.rekey(key_of(9)).ok());
        CHECK(count(db) == 1);
    }
    CHECK(Database::open(file, key_of(7)).error().code == Errc::passphrase_wrong);
    auto db = Database::open(file, key_of(9));
    REQUIRE(db.ok());
    CHECK(count(*db) == 1);
}

TEST_CASE("the same statement may be used twice at once") {
    test::TemporaryDirectory folder;
    auto db = made(folder.path() / "store.db");
    REQUIRE(put(db, "a", {}).ok());
    REQUIRE(put(db, "b", {}).ok());
    auto first = db.prepare("SELECT key FROM setting ORDER BY key");
    REQUIRE(*first.step());
    auto second = db.prepare("SELECT key FROM setting ORDER BY key");
    REQUIRE(*second.step());
    REQUIRE(*first.step());
    CHECK(first.text(0) == "b");
    CHECK(second.text(0) == "a");
    CHECK(db.prepare("no such thing").step().error().code == Errc::internal);
    CHECK(db.prepare("SELECT ?").bind(~std::uint64_t{0}).step().error().code ==
          Errc::invalid_argument);
}

TEST_CASE("the migrations make the schema that is checked in") {
    test::TemporaryDirectory folder;
    auto db = made(folder.path() / "store.db");
    const auto dump = db.dump_schema();
    REQUIRE(dump.ok());
    const Bytes checked_in = test::file_bytes(HUECRY_SCHEMA);
    INFO("client-lib/src/store/schema.sql must be exactly:\n" << *dump);
    CHECK((to_string(checked_in) == *dump));
}
