#include <doctest/doctest.h>

#include <algorithm>

#include "fault/store_story.hpp"
#include "sim/disk.hpp"
#include "store/sqlcipher_store.hpp"
#include "support/sqlcipher_pages.hpp"

// Beneath the encryption: what has been erased is in no page, in no free space of a page and in no
// log, however the trees have been balanced since.
using namespace huecry;
using namespace huecry::fault;

namespace {

constexpr std::uint64_t day_ms = 86'400'000;

Bytes pages_of(const std::string& folder, const std::string& name, const Bytes& key) {
    const auto image = sim::Disk::get().read(folder);
    const auto bytes = [&](const std::string& file) {
        const auto found = image.find(file);
        return found == image.end() ? Bytes() : found->second.content;
    };
    return test::decrypted_pages(bytes(name), bytes(name + "-wal"), SecretBytes(BytesView(key)));
}

bool holds(BytesView pages, BytesView needle) {
    return std::search(pages.begin(), pages.end(), needle.begin(), needle.end()) != pages.end();
}

/// Remembers the keys that it has given.
class KeyWatch final : public relay::Random {
public:
    explicit KeyWatch(std::uint64_t seed) : random_(seed, 9) {}
    void fill(std::span<std::uint8_t> out) override {
        random_.fill(out);
        if (out.size() == 32) keys.emplace_back(out.begin(), out.end());
    }
    std::vector<Bytes> keys;

private:
    sim::SeededRandom random_;
};

}  // namespace

TEST_CASE("bodies that went have left nothing in the store") {
    REQUIRE(initialise_crypto());
    const Bytes key(32, 7);
    std::size_t erased = 0;
    for (std::uint64_t seed = 1; seed <= 25; ++seed) {
        CAPTURE(seed);
        StoreStory story(seed);
        sim::MemoryStore model;
        const auto folder = "/erasure/" + std::to_string(seed) + "/";
        (void)sim::Disk::get();
        {
            auto opened = relay::open_sqlcipher_store(folder + "relay.db", key);
            REQUIRE(opened.ok());
            auto& store = **opened;
            for (int i = 0; i < 150; ++i) {
                const auto writes = story.transaction(model);
                REQUIRE(model.commit(writes).ok());
                REQUIRE(store.commit(writes).ok());
                if (i % 10 != 9) continue;
                sim::MemoryStore nothing;  // everything that is there would be a ghost
                const auto before = pages_of(folder, "relay.db", key);
                CHECK_FALSE(StoreStory::ghosts(before, nothing).empty());
                REQUIRE(store.truncate_log().value());
                const auto after = pages_of(folder, "relay.db", key);
                erased += StoreStory::ghosts(before, model).size();
                CHECK(StoreStory::ghosts(after, model).empty());
            }
        }
        sim::Disk::get().erase(folder);
    }
    CHECK(erased > 100);  // the search does find what has not been truncated yet
}

TEST_CASE("shares and day keys that went have left nothing in the store of leases") {
    REQUIRE(initialise_crypto());
    const Bytes key(32, 7);
    std::size_t gone = 0;
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        CAPTURE(seed);
        StoreStory story(seed);
        LeaseModel model;
        KeyWatch keys(seed);
        const auto folder = "/erasure-leases/" + std::to_string(seed) + "/";
        (void)sim::Disk::get();
        {
            auto opened = relay::LeaseStore::open(folder + "leases.db", key, keys);
            REQUIRE(opened.ok());
            auto& store = **opened;
            std::set<BlobId> ever;
            std::vector<std::uint64_t> expiries;
            for (int i = 0; i < 300; ++i) {
                const auto changes = story.lease_transaction(model);
                for (const auto& change : changes)
                    if (const auto* lease = std::get_if<relay::Lease>(&change)) {
                        ever.insert(lease->blob);
                        expiries.push_back(lease->expiry_ms);
                    }
                model.apply(changes);
                REQUIRE(store.commit(changes).ok());
            }
            // Then half of all days are over.
            std::sort(expiries.begin(), expiries.end());
            const auto now = expiries[expiries.size() / 2];
            std::vector<relay::LeaseStore::Change> end;
            end.emplace_back(relay::LeaseStore::Expire{now});
            model.apply(end);
            REQUIRE(store.commit(end).ok());
            REQUIRE(store.truncate_log().value());
            const auto pages = pages_of(folder, "leases.db", key);
            for (const auto& blob : ever) {
                const bool alive = model.rows.contains(blob);
                gone += alive ? 0 : 1;
                CHECK(holds(pages, blob.view()) == alive);
            }
            // A key lasts to the end of its day.
            std::set<std::uint64_t> days;
            for (const auto expiry : expiries)
                if (expiry / day_ms >= now / day_ms) days.insert(expiry / day_ms);
            const auto there = std::count_if(keys.keys.begin(), keys.keys.end(),
                                             [&](const auto& one) { return holds(pages, one); });
            CHECK(static_cast<std::size_t>(there) == days.size());
        }
        sim::Disk::get().erase(folder);
    }
    CHECK(gone > 1000);
}
