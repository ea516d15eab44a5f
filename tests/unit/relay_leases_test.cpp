#include "blobs/lease_store.hpp"

#include "relay_world.hpp"
#include "store/database.hpp"

// The relay's shares on the disk: each good for its own row and until its day is over.
using namespace huecry;
using namespace huecry::relay;
using namespace huecry::relay::test;

namespace {

struct Shares {
    Folder folder;
    FakeRandom random;
    Bytes key = random.bytes(32);
    std::filesystem::path file = folder.path() / "leases.db";
    PartnershipId p = random.id<PartnershipId>();
    std::unique_ptr<LeaseStore> store;

    Shares() {
        REQUIRE(initialise_crypto());
        auto made = LeaseStore::open(file, key, random);
        REQUIRE(made.ok());
        store = std::move(*made);
    }
    Lease lease(std::uint64_t expiry_ms) {
        return {p,
                random.id<BlobId>(),
                StreamRef::channel(random.id<ChannelId>(), 3),
                random.id<DeviceId>(),
                expiry_ms,
                SecretBytes(random.bytes(32))};
    }
    static Lease copy(const Lease& of) {
        return {of.partnership, of.blob,      of.audience,
                of.uploader,    of.expiry_ms, SecretBytes(of.share.view())};
    }
    Result<void> put(const Lease& one) const {
        std::vector<LeaseStore::Change> changes;
        changes.emplace_back(copy(one));
        return store->commit(changes);
    }
    void commit(LeaseStore::Change change) const {
        std::vector<LeaseStore::Change> changes;
        changes.push_back(std::move(change));
        REQUIRE(store->commit(changes).ok());
    }
    [[nodiscard]] bool has(const Lease& one) const {
        const auto found = store->find(one.partnership, one.blob);
        REQUIRE(found.ok());
        if (!*found) return false;
        CHECK((*found)->share == one.share);
        CHECK((*found)->audience == one.audience);
        CHECK((*found)->uploader == one.uploader);
        CHECK((*found)->expiry_ms == one.expiry_ms);
        return true;
    }
    std::uint64_t count(const char* sql) const {
        auto db = Database::open(file, key, Database::Mode::reader);
        REQUIRE(db.ok());
        auto q = (*db)->query(sql);
        REQUIRE(*q.step());
        return q.number(0);
    }
};

}  // namespace

TEST_CASE("a share is found again, once put stays, and goes when it is dropped") {
    Shares s;
    const auto one = s.lease(5 * day_ms);
    const auto two = s.lease(5 * day_ms + 1);
    REQUIRE(s.put(one).ok());
    REQUIRE(s.put(two).ok());
    CHECK(s.count("SELECT count(*) FROM day_key") == 1);
    auto again = Shares::copy(one);
    again.share = SecretBytes(s.random.bytes(32));
    REQUIRE(s.put(again).ok());
    CHECK(s.has(one));
    auto elsewhere = Shares::copy(one);
    elsewhere.partnership = s.random.id<PartnershipId>();
    CHECK(!s.has(elsewhere));
    s.commit(LeaseStore::Drop{elsewhere.partnership, one.blob});
    CHECK(s.has(one));
    s.commit(LeaseStore::Drop{one.partnership, one.blob});
    CHECK(!s.has(one));
    CHECK(s.has(two));
    CHECK(s.store->commit({}).ok());
}

TEST_CASE("what is no share is refused, with all that came with it") {
    Shares s;
    for (const std::size_t size : {0U, 31U, 33U}) {
        const auto good = s.lease(5 * day_ms);
        auto bad = s.lease(5 * day_ms);
        bad.share = SecretBytes(s.random.bytes(size));
        std::vector<LeaseStore::Change> changes;
        changes.emplace_back(Shares::copy(good));
        changes.emplace_back(Shares::copy(bad));
        CHECK(s.store->commit(changes).error().code == Errc::invalid_argument);
        CHECK(!s.has(good));
    }
}

TEST_CASE("a share expires at its time, and its day's key with the day") {
    Shares s;
    const auto first = s.lease(5 * day_ms + 100);
    const auto second = s.lease(5 * day_ms + 200);
    const auto third = s.lease(6 * day_ms + 100);
    for (const auto* one : {&first, &second, &third}) REQUIRE(s.put(*one).ok());
    const auto keys = [&] { return s.count("SELECT count(*) FROM day_key"); };
    CHECK(keys() == 2);
    CHECK(*s.store->due(5 * day_ms + 99) == 0);
    CHECK(*s.store->due(5 * day_ms + 100) == 1);
    CHECK(*s.store->due(5 * day_ms + 200) == 2);
    s.commit(LeaseStore::Expire{5 * day_ms + 99});
    CHECK(s.has(first));
    s.commit(LeaseStore::Expire{5 * day_ms + 100});
    CHECK(!s.has(first));
    CHECK(s.has(second));
    s.commit(LeaseStore::Expire{5 * day_ms + 200});
    CHECK(keys() == 2);
    s.commit(LeaseStore::Expire{6 * day_ms});
    CHECK(keys() == 1);
    CHECK(s.has(third));
    s.commit(LeaseStore::Expire{7 * day_ms});
    CHECK(keys() == 0);
    CHECK(s.count("SELECT count(*) FROM lease") == 0);
}

TEST_CASE("a share that was touched, or moved to another row, is not given to anybody") {
    for (const auto* damage :
         {"UPDATE lease SET sealed = x'00'", "UPDATE lease SET sealed = zeroblob(48)",
          "UPDATE lease SET nonce = x'00'", "UPDATE lease SET nonce = zeroblob(24)",
          "UPDATE lease SET uploader = x'00'", "UPDATE lease SET uploader = zeroblob(16)",
          "UPDATE lease SET stream = x'00'", "UPDATE lease SET stream = zeroblob(16)",
          "UPDATE lease SET kind = 1", "UPDATE lease SET incarnation = 4",
          "UPDATE lease SET expiry = expiry + 1", "UPDATE lease SET partnership = zeroblob(32)",
          "UPDATE lease SET blob = zeroblob(16)", "DELETE FROM day_key",
          "UPDATE day_key SET key = x'00'", "UPDATE day_key SET key = zeroblob(32)",
          "UPDATE day_key SET day = day + 1"}) {
        CAPTURE(damage);
        Shares s;
        const auto one = s.lease(5 * day_ms);
        REQUIRE(s.put(one).ok());
        {
            auto db = Database::open(s.file, s.key, Database::Mode::writer);
            REQUIRE(db.ok());
            REQUIRE((*db)->execute("PRAGMA ignore_check_constraints = ON").ok());
            REQUIRE((*db)->execute(damage).ok());
        }
        const bool moved = std::string_view(damage).find("SET partnership") != std::string::npos ||
                           std::string_view(damage).find("SET blob") != std::string::npos;
        if (moved) CHECK(!s.has(one));
        const auto p = std::string_view(damage).find("SET partnership") != std::string::npos
                           ? PartnershipId{}
                           : one.partnership;
        const auto blob =
            std::string_view(damage).find("SET blob") != std::string::npos ? BlobId{} : one.blob;
        CHECK(s.store->find(p, blob).error().code == Errc::store_damaged);
    }
}
