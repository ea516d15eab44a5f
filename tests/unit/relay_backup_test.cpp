#include "store/backup.hpp"

#include <sys/stat.h>

#include <fstream>

#include "relay_world.hpp"
#include "store/database.hpp"
#include "store/migrations.hpp"
#include "store/sqlcipher_store.hpp"
#include "support/sqlcipher_pages.hpp"

// What a backup holds, what it does not, and what becomes of one that was touched.
using namespace huecry;
using namespace huecry::relay;
using namespace huecry::relay::test;
using huecry::test::decrypted_pages;
using huecry::test::file_bytes;
using huecry::test::holds;

namespace {

struct Made {
    Folder folder;
    FakeRandom random;
    SigningKey identity = signing_key_from_seed(random.bytes(32));
    Bytes key = random.bytes(32);
    PartnershipId p = random.id<PartnershipId>();
    DeviceId device = random.id<DeviceId>();
    StreamRef channel = StreamRef::channel(random.id<ChannelId>(), 1);
    MessageId message = random.id<MessageId>();
    Digest code = random.id<Digest>();
    Bytes package = to_bytes(view(std::string_view("key package of a device, good once")));
    std::unique_ptr<Store> store;

    Made() {
        REQUIRE(initialise_crypto());
        open();
        std::vector<Write> writes{write::Partnership{p, 1}};
        add(writes, StreamRef::directory(), EntryKind::statement, "statement of the directory", 0);
        for (int i = 0; i < 30; ++i)
            add(writes, channel, EntryKind::application, "ciphertext of a channel", 9000);
        const auto shared = random.id<MessageId>();
        writes.emplace_back(write::SharedBody{p, shared, bytes_of("body of a Welcome")});
        auto welcome = entry(StreamRef::mailbox(device), 1, EntryKind::welcome, "", 9000);
        welcome.shared = shared;
        writes.emplace_back(std::move(welcome));
        writes.emplace_back(write::Reader{p, {channel, device, 7, true, 2, 1}});
        writes.emplace_back(write::Acceptance{
            p, {channel, device, message, random.id<Digest>(), random.bytes(10), 30, 100}});
        writes.emplace_back(write::KeyPackage{p, {device, sha256(package), true}, package});
        writes.emplace_back(write::Blob{{p, random.id<BlobId>(), device, channel, 10, 9000, {}}});
        writes.emplace_back(write::LeaseAccess{p, device, random.id<BlobId>(), 5});
        writes.emplace_back(write::Code{code, 5000});
        writes.emplace_back(write::Meta{"time", 12});
        REQUIRE(store->commit(writes).ok());
    }
    [[nodiscard]] std::filesystem::path file(const char* name) const {
        return folder.path() / name;
    }
    void open() {
        auto made = open_sqlcipher_store(file("s.db"), key);
        REQUIRE(made.ok());
        store = std::move(*made);
    }
    static Bytes bytes_of(std::string_view text) { return to_bytes(view(text)); }
    write::Entry entry(const StreamRef& s, std::uint64_t seq, EntryKind kind, std::string_view body,
                       std::uint64_t expiry) const {
        write::Entry e;
        e.partnership = p;
        e.body = bytes_of(body);
        e.header.stream = s;
        e.header.seq = seq;
        e.header.kind = kind;
        e.header.expiry_ms = expiry;
        e.header.length = static_cast<std::uint32_t>(e.body.size());
        e.header.digest = sha256(e.body);
        e.header_bytes = e.header.encode();
        return e;
    }
    void add(std::vector<Write>& writes, const StreamRef& s, EntryKind kind, std::string_view body,
             std::uint64_t expiry) {
        writes.emplace_back(entry(s, ++last_seq[s], kind, body, expiry));
    }
    [[nodiscard]] Result<BackupInfo> back_up(const std::filesystem::path& to) const {
        BackupInfo info;
        info.relay = identity.public_key;
        info.made_ms = 777;
        info.program = "test";
        info.configuration = "[log]\nlevel = \"info\"\n";
        return write_backup(file("s.db"), key, to, backup_key(identity).view(), info);
    }
    [[nodiscard]] Result<BackupInfo> bring_back(const std::filesystem::path& from,
                                                const char* to) const {
        return read_backup(from, backup_key(identity).view(), file(to), key);
    }
    [[nodiscard]] std::size_t files() const {
        std::size_t out = 0;
        for (const auto& one : std::filesystem::directory_iterator(folder.path())) {
            (void)one;
            ++out;
        }
        return out;
    }

    std::map<StreamRef, std::uint64_t> last_seq;
};

}  // namespace

TEST_CASE("a backup brings back positions, directory and memory, and nothing that ends") {
    Made o;  // its store stays open: a relay is running
    const auto made = o.back_up(o.file("b"));
    REQUIRE(made.ok());
    CHECK(made->partnerships == 1);
    CHECK(made->statements == 1);
    CHECK(made->headers == 31);
    struct stat info{};
    REQUIRE(stat(o.file("b").c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0600);
    CHECK_FALSE(std::filesystem::exists(o.file("b.partial")));

    std::ofstream(o.file("fresh.db.partial")) << "of a restore that was cut off";
    const auto read = o.bring_back(o.file("b"), "fresh.db");
    REQUIRE(read.ok());
    CHECK_FALSE(std::filesystem::exists(o.file("fresh.db.partial")));
    REQUIRE(stat(o.file("fresh.db").c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0600);
    CHECK(read->relay == o.identity.public_key);
    CHECK(read->made_ms == 777);
    CHECK(read->configuration == "[log]\nlevel = \"info\"\n");
    auto fresh = open_sqlcipher_store(o.file("fresh.db"), o.key);
    REQUIRE(fresh.ok());
    CHECK((*fresh)->check().ok());
    CHECK(dump_schema(o.file("fresh.db"), o.key).value() ==
          dump_schema(o.file("s.db"), o.key).value());
    CHECK(*(*fresh)->meta("restored") == 1);
    CHECK(*(*fresh)->meta("time") == 12);
    const auto statements = (*fresh)->entries(o.p, StreamRef::directory(), 0, 10, 1 << 20);
    REQUIRE(statements->size() == 1);
    CHECK(to_string(statements->front().body) == "statement of the directory");
    const auto headers = (*fresh)->entries(o.p, o.channel, 0, 100, 1 << 20);
    const auto before = o.store->entries(o.p, o.channel, 0, 100, 1 << 20);
    REQUIRE(headers->size() == 30);
    for (std::size_t i = 0; i < 30; ++i) {
        CHECK_FALSE((*headers)[i].has_body);
        CHECK((*headers)[i].header == (*before)[i].header);
        CHECK((*headers)[i].previous == (*before)[i].previous);
    }
    const auto rows = (*fresh)->load(o.p);
    REQUIRE(rows->readers.size() == 1);
    CHECK(rows->readers[0].cursor == 7);
    CHECK(rows->key_packages.empty());
    CHECK((*fresh)->acceptance(o.p, o.channel, o.device, o.message)->has_value());
    CHECK((*fresh)->blobs()->empty());
    CHECK_FALSE((*fresh)->code(o.code)->has_value());
    CHECK((*fresh)->due(1'000'000, 10)->empty());
    // A stream's number is not given again.
    const auto other = StreamRef::mailbox(o.random.id<DeviceId>());
    CHECK((*fresh)
              ->commit(std::vector<Write>{
                  o.entry(other, 1, EntryKind::application, "after the restore", 0)})
              .ok());
    CHECK((*fresh)->check().ok());
}

TEST_CASE("under its encryption a backup holds no byte of a body, a key package or a key") {
    Made o;
    REQUIRE(o.back_up(o.file("b")).ok());
    const auto key = backup_key(o.identity);
    const auto plain = decrypted_pages(o.file("b"), key);
    CHECK(holds(plain, "statement of the directory"));  // the search finds what is there
    CHECK(holds(plain, "level = \"info\""));
    const auto raw = file_bytes(o.file("b"));
    for (const auto* word : {"ciphertext of a channel", "body of a Welcome", "key package"}) {
        CHECK_FALSE(holds(plain, word));
        CHECK_FALSE(holds(raw, word));
    }
    CHECK_FALSE(holds(raw, "statement"));
    for (const auto secret : {BytesView(o.key), o.identity.seed.view(), key.view()}) {
        CHECK_FALSE(holds(plain, to_string(secret)));
        CHECK_FALSE(holds(plain, to_hex(secret)));
        CHECK_FALSE(holds(raw, to_string(secret)));
        CHECK_FALSE(holds(raw, to_hex(secret)));
    }
}

TEST_CASE("a backup that was touched, cut or is another's is refused and leaves nothing") {
    Made o;
    REQUIRE(o.back_up(o.file("b")).ok());
    const auto good = file_bytes(o.file("b"));
    REQUIRE(good.size() > 4096);
    const auto files = o.files();
    const auto refused = [&](const Bytes& bytes, const std::string& what) {
        CAPTURE(what);
        const auto name = o.file("b");
        std::ofstream(name, std::ios::binary | std::ios::trunc)
            .write(reinterpret_cast<const char*>(bytes.data()),
                   static_cast<std::streamsize>(bytes.size()));
        const auto read = o.bring_back(name, "fresh.db");
        REQUIRE_FALSE(read.ok());
        CHECK((read.error().code == Errc::passphrase_wrong ||
               read.error().code == Errc::store_damaged));
        CHECK(o.files() == files);
    };
    for (std::size_t at = 0; at < good.size(); at += 997) {
        auto bytes = good;
        bytes[at] ^= 0x10;
        CAPTURE(at);
        refused(bytes, "a bit");
    }
    for (std::size_t size : {std::size_t{0}, std::size_t{100}, good.size() / 2 / 4096 * 4096,
                             good.size() - 4096, good.size() - 1}) {
        CAPTURE(size);
        if (size != good.size() - 1)  // part of a page is no page
            refused({good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size)}, "cut");
    }
    {
        auto swapped = good;
        std::swap_ranges(swapped.begin() + 4096, swapped.begin() + 8192, swapped.begin() + 8192);
        refused(swapped, "two pages exchanged");
    }
    std::ofstream(o.file("b"), std::ios::binary | std::ios::trunc)
        .write(reinterpret_cast<const char*>(good.data()),
               static_cast<std::streamsize>(good.size()));
    const auto stranger = signing_key_from_seed(o.random.bytes(32));
    CHECK(read_backup(o.file("b"), backup_key(stranger).view(), o.file("fresh.db"), o.key)
              .error()
              .code == Errc::passphrase_wrong);
    CHECK(o.bring_back(o.file("none"), "fresh.db").error().code == Errc::not_found);
    CHECK(o.bring_back(o.file("b"), "s.db").error().code == Errc::invalid_argument);
    CHECK(o.files() == files);
    // A store is no backup, whoever has its key.
    CHECK(read_backup(o.file("s.db"), o.key, o.file("fresh.db"), o.key).error().code ==
          Errc::store_damaged);
    CHECK(o.bring_back(o.file("b"), "fresh.db").ok());
}

TEST_CASE("a backup replaces no file, and one of a newer version is said to be that") {
    Made o;
    REQUIRE(o.back_up(o.file("b")).ok());
    const auto first = file_bytes(o.file("b"));
    CHECK(o.back_up(o.file("b")).error().code == Errc::invalid_argument);
    CHECK(file_bytes(o.file("b")) == first);
    std::ofstream(o.file("c.partial")) << "of a backup that was cut off";
    CHECK(o.back_up(o.file("c")).error().code == Errc::busy);
    CHECK(std::filesystem::exists(o.file("c.partial")));
    CHECK(o.back_up(o.file("no/folder")).error().code == Errc::io_failed);
    {
        auto db =
            Database::open(o.file("b"), backup_key(o.identity).view(), Database::Mode::writer);
        REQUIRE(db.ok());
        REQUIRE((*db)->execute("PRAGMA user_version = 99").ok());
    }
    CHECK(o.bring_back(o.file("b"), "fresh.db").error().code == Errc::store_newer);
    {
        auto db =
            Database::open(o.file("b"), backup_key(o.identity).view(), Database::Mode::writer);
        REQUIRE(db.ok());
        REQUIRE((*db)->execute("PRAGMA user_version = 2; UPDATE backup SET format = 2").ok());
    }
    CHECK(o.bring_back(o.file("b"), "fresh.db").error().code == Errc::store_newer);
    // A store that a newer relay has written is not backed up by this one.
    o.store.reset();
    {
        auto db = Database::open(o.file("s.db"), o.key, Database::Mode::writer);
        REQUIRE(db.ok());
        REQUIRE((*db)->execute("PRAGMA user_version = 99").ok());
    }
    CHECK(o.back_up(o.file("d")).error().code == Errc::store_newer);
    CHECK_FALSE(std::filesystem::exists(o.file("d")));
    CHECK_FALSE(std::filesystem::exists(o.file("d.partial")));
}

TEST_CASE("a store of an older version is not backed up before its relay has brought it here") {
    Made o;
    o.store.reset();
    {
        auto db = Database::open(o.file("old.db"), o.key, Database::Mode::writer);
        REQUIRE(db.ok());
        REQUIRE(migrate_store_to(**db, newest_store_schema() - 1).ok());
    }
    BackupInfo info;
    const auto key = backup_key(o.identity);
    const auto back_up = [&] {
        return write_backup(o.file("old.db"), o.key, o.file("b"), key.view(), info);
    };
    CHECK(back_up().error().code == Errc::update_needed);
    CHECK_FALSE(std::filesystem::exists(o.file("b")));
    REQUIRE(open_sqlcipher_store(o.file("old.db"), o.key).ok());
    CHECK(back_up().ok());
}

TEST_CASE("a backup whose content was changed by who has its key is refused and leaves nothing") {
    Made o;
    const auto descriptors = [] {
        return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
    };
    REQUIRE(o.back_up(o.file("first")).ok());  // SQLite keeps one while the store is open
    const auto open_before = descriptors();
    for (const auto* change : {"DELETE FROM backup", "UPDATE backup SET relay = x'00'",
                               "UPDATE backup SET program = hex(zeroblob(32769))",
                               "UPDATE backup SET configuration = hex(zeroblob(32769))",
                               "PRAGMA ignore_check_constraints = ON; PRAGMA foreign_keys = OFF;"
                               "UPDATE partnership SET id = x'00'"}) {
        CAPTURE(change);
        REQUIRE(o.back_up(o.file("b")).ok());
        {
            auto db =
                Database::open(o.file("b"), backup_key(o.identity).view(), Database::Mode::writer);
            REQUIRE(db.ok());
            REQUIRE((*db)
                        ->execute("UPDATE backup SET program = hex(zeroblob(32768)), "
                                  "configuration = hex(zeroblob(32768))")
                        .ok());
            REQUIRE((*db)->execute(change).ok());
        }
        const auto files = o.files();
        CHECK(o.bring_back(o.file("b"), "fresh.db").error().code == Errc::store_damaged);
        CHECK(o.files() == files);
        std::filesystem::remove(o.file("b"));
    }
    CHECK(descriptors() == open_before);
}
