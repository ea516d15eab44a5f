#include "relay_world.hpp"
#include "store/database.hpp"

// Rows that are not as this program writes them: whatever they should be is not served.
using namespace huecry;
using namespace huecry::relay;
using namespace huecry::relay::test;

namespace {

struct Filled {
    Folder folder;
    FakeRandom random;
    Bytes key = random.bytes(32);
    PartnershipId p = random.id<PartnershipId>();
    DeviceId device = random.id<DeviceId>();
    StreamRef channel = StreamRef::channel(random.id<ChannelId>(), 1);
    StreamRef mailbox = StreamRef::mailbox(device);
    MessageId message = random.id<MessageId>();
    Bytes package = random.bytes(50);
    std::unique_ptr<Store> store;

    Filled() {
        REQUIRE(initialise_crypto());
        open();
        std::vector<Write> writes{write::Partnership{p, 1}, entry(mailbox, 1)};
        for (std::uint64_t i = 1; i <= 4; ++i) writes.push_back(entry(channel, i));
        for (std::uint64_t i = 1; i <= 2; ++i)
            writes.emplace_back(
                write::Acceptance{p,
                                  {channel, device, i == 2 ? message : random.id<MessageId>(),
                                   random.id<Digest>(), random.bytes(10), i, 100 * i}});
        writes.emplace_back(write::Reader{p, {channel, device, 1, true, 1, 1}});
        writes.emplace_back(write::KeyPackage{p, {device, sha256(package), false}, package});
        writes.emplace_back(
            write::Blob{{p, random.id<BlobId>(), device, channel, 5, 500, random.id<Digest>()}});
        REQUIRE(store->commit(writes).ok());
    }
    [[nodiscard]] std::filesystem::path file() const { return folder.path() / "s.db"; }
    void open() {
        auto made = open_sqlcipher_store(file(), key);
        REQUIRE(made.ok());
        store = std::move(*made);
    }
    Write entry(const StreamRef& s, std::uint64_t seq) {
        write::Entry e;
        e.partnership = p;
        e.body = random.bytes(64);
        e.header.stream = s;
        e.header.seq = seq;
        e.header.kind = EntryKind::application;
        e.header.expiry_ms = 500;
        e.header.length = 64;
        e.header_bytes = e.header.encode();
        return e;
    }
    void damage(const char* sql) {
        auto db = Database::open(file(), key, Database::Mode::writer);
        REQUIRE(db.ok());
        const auto all =
            std::string("PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON; ") + sql;
        REQUIRE((*db)->execute(all.c_str()).ok());
    }
};

using Read = std::function<std::optional<Errc>(Filled&)>;

template <class R>
std::optional<Errc> code(const R& result) {
    return result.ok() ? std::nullopt : std::optional(result.error().code);
}

const Read ids = [](Filled& f) { return code(f.store->partnerships()); };
const Read all = [](Filled& f) { return code(f.store->load(f.p)); };
const Read letters = [](Filled& f) { return code(f.store->entries(f.p, f.mailbox, 0, 9, 999)); };
const Read messages = [](Filled& f) { return code(f.store->entries(f.p, f.channel, 0, 9, 9999)); };
const Read accepted = [](Filled& f) {
    return code(f.store->acceptance(f.p, f.channel, f.device, f.message));
};
const Read stock = [](Filled& f) {
    return code(f.store->key_package(f.p, f.device, sha256(f.package)));
};
const Read photos = [](Filled& f) { return code(f.store->blobs()); };
const Read due = [](Filled& f) { return code(f.store->due(600, 10)); };
const Read held = [](Filled& f) { return code(f.store->body_bytes(f.p, f.channel, 1, 4)); };
const Read prune = [](Filled& f) {
    const std::vector<Write> writes{write::Prune{1000, 0, 0, 0}};
    return code(f.store->commit(writes));
};
const Read drop = [](Filled& f) {
    const std::vector<Write> writes{write::DropBodies{f.p, f.channel, 2, 2, 0xff}};
    return code(f.store->commit(writes));
};
const Read reopen = [](Filled& f) {
    f.store.reset();
    return code(open_sqlcipher_store(f.file(), f.key));
};

}  // namespace

TEST_CASE("an acceptance that is gone from the disk is gone") {
    Filled f;
    f.damage("DELETE FROM acceptance_log");
    CHECK_FALSE(f.store->acceptance(f.p, f.channel, f.device, f.message)->has_value());
}

TEST_CASE("a row that is not as it was written is not served") {
    const std::vector<std::tuple<const char*, std::vector<Read>>> damages{
        {"UPDATE partnership SET id = x'00'", {ids}},
        {"UPDATE stream SET kind = 0 WHERE kind = 3", {all, due}},
        {"UPDATE stream SET kind = 4 WHERE kind = 2", {all, due}},
        {"UPDATE stream SET id = x'01' WHERE kind = 3", {all, due}},
        {"UPDATE stream SET id = x'01' WHERE kind = 2", {all, due}},
        {"UPDATE entry SET previous = x'01'", {all, letters, messages}},
        {"UPDATE entry SET header = x'01'", {letters, messages}},
        {"UPDATE entry SET body = x'01' WHERE body IS NOT NULL", {letters}},
        {"UPDATE entry SET length = 63", {letters, messages}},
        {"UPDATE reader SET device = x'01'", {all}},
        {"UPDATE acceptance_log SET device = x'01' WHERE seq = 1", {prune, reopen}},
        {"UPDATE acceptance_log SET message_id = x'01'", {all, prune, reopen}},
        {"UPDATE acceptance_log SET digest = x'01'", {accepted}},
        {"UPDATE key_package SET device = x'01'", {all}},
        {"UPDATE key_package SET package = x'01'", {stock}},
        {"UPDATE blob SET uploader = x'01'", {photos}},
        {"UPDATE blob SET kind = 9", {photos}},
        {"UPDATE body_group SET parts = x''", {messages, due, held, drop}},
        {"UPDATE body_group SET parts = x'00'", {messages, due, held, drop}},
        {"UPDATE body_group SET parts = zeroblob(257 * 13), last = key + 256",
         {messages, due, held, drop}},
        // A kind that is none: it would be shifted by.
        {"UPDATE body_group SET parts = x'0000004000000000000001f420"
         "0000004000000000000001f4030000004000000000000001f4030000004000000000000001f403'",
         {messages, due, held, drop}},
        {"UPDATE body_group SET bodies = x'00'", {messages, drop}},
        {"INSERT INTO body_group SELECT key + 1, last + 1, due, bytes, parts, bodies FROM "
         "body_group",
         {drop}},
        {"UPDATE body_group SET last = last - 1", {messages, held, drop}},
    };
    for (const auto& [sql, reads] : damages) {
        CAPTURE(sql);
        for (const auto& read : reads) {
            Filled whole;
            CHECK(!read(whole));
            Filled f;
            f.damage(sql);
            CHECK(read(f) == Errc::store_damaged);
        }
    }
}
