#pragma once

#include <set>

#include "blobs/lease_store.hpp"
#include "fault/same_store.hpp"
#include "sim/memory_store.hpp"
#include "sim/seeded_random.hpp"

// What a relay does to its stores in a busy town, from one seed: group commits of submissions,
// Welcomes, acknowledgements, expiry, pruning. Lives are short, so that everything expires often.
namespace huecry::fault {

using Writes = std::vector<relay::Write>;

/// The shares that should be there.
struct LeaseModel {
    struct Row {
        relay::Lease lease;
        Row clone() const;
    };
    std::map<BlobId, Row> rows;
    [[nodiscard]] LeaseModel copy() const;
    void apply(std::span<const relay::LeaseStore::Change> changes);
};
/// Where `store` differs from the model; empty when it does not.
[[nodiscard]] std::string difference(relay::LeaseStore& store, const LeaseModel& model,
                                     const std::vector<std::pair<PartnershipId, BlobId>>& asked);

class StoreStory {
public:
    explicit StoreStory(std::uint64_t seed);

    /// The next transaction, given what is on disk; some time passes before it.
    [[nodiscard]] Writes transaction(sim::MemoryStore& on_disk);
    [[nodiscard]] std::vector<relay::LeaseStore::Change> lease_transaction(
        const LeaseModel& on_disk);

    [[nodiscard]] sim::SeededRandom& random() { return random_; }
    /// What has been named lately, whether it is there or not.
    [[nodiscard]] const StoreNames& names() const { return names_; }
    [[nodiscard]] const std::vector<std::pair<PartnershipId, BlobId>>& leases() const {
        return lease_names_;
    }

    /// Canaries of bodies that `pages` holds and the store should not, as text.
    [[nodiscard]] static std::vector<std::string> ghosts(BytesView pages,
                                                         sim::MemoryStore& on_disk);

private:
    struct Town {
        PartnershipId partnership;
        std::vector<StreamRef> channels;
        std::vector<DeviceId> devices;
    };
    class Gathering;

    [[nodiscard]] Town make_town();
    void found(Gathering& out);
    void submit(Gathering& out, const Town& town);
    void welcome(Gathering& out, const Town& town);
    void acknowledge(Gathering& out, const Town& town);
    void expire(Gathering& out, sim::MemoryStore& on_disk);
    void keep_house(Gathering& out, const Town& town);
    [[nodiscard]] Bytes body();

    sim::SeededRandom random_;
    std::vector<Town> towns_;
    std::uint64_t now_ms_ = 1'800'000'000'000;
    StoreNames names_;
    std::vector<std::pair<PartnershipId, BlobId>> lease_names_;
};

}  // namespace huecry::fault
