#pragma once

#include <optional>
#include <set>
#include <vector>

#include "blobs/blob_service.hpp"
#include "blobs/lease_store.hpp"
#include "delivery/core.hpp"
#include "huecry/v1/frame.pb.h"
#include "store/store.hpp"

namespace huecry::relay {

using StreamKey = std::pair<PartnershipId, StreamRef>;

/// What one group commit makes durable, and what is said once it is.
struct Batch {
    /// Held back until the transaction is on disk; or replaced by a Failure.
    struct Answer {
        ConnectionId connection = 0;
        v1::Frame frame;
        std::optional<StreamKey> head_of{};  // a SubmitResult's head is filled in then
        std::uint64_t arrived_us = 0;
    };
    struct Fresh {
        StreamKey stream;
        std::uint64_t seq = 0;
        Digest chain;           // after it
        std::size_t write = 0;  // its write::Entry in `writes`
    };
    struct AccessPush {
        PartnershipId partnership;
        DeviceId device;
        StreamRef stream;
        bool readable = false;
    };
    /// What tells them apart stands first.
    using AcceptanceKey = std::tuple<MessageId, DeviceId, StreamRef, PartnershipId>;

    std::vector<Write> writes;
    std::vector<LeaseStore::Change> leases;
    std::vector<BlobService::Finished> blobs;
    std::vector<BlobRow> dropped;  // hidden already; their files go once their rows have
    std::vector<Answer> answers;
    std::vector<Fresh> fresh;
    std::vector<AccessPush> access;
    std::vector<std::pair<PartnershipId, DeviceId>> cut;          // revoked
    std::vector<std::pair<PartnershipId, InviteId>> cut_invites;  // withdrawn or void
    std::vector<AcceptanceKey> acceptances;
    std::set<PartnershipId> touched;
    std::size_t submissions = 0;
    bool truncate = false;
    bool expiry = false;
    std::size_t erasures = 0;  // bodies, blobs and shares that go with it

    // by commit
    std::optional<Errc> failure;
    /// The disk has failed under some part of it: what is on it is not known any more.
    std::optional<Errc> broken;
    bool truncated = false;
    bool low_room = false;  // less than disk_reserve is left
    std::uint64_t commit_us = 0;
    std::uint64_t store_us = 0;          // of it
    std::vector<std::uint64_t> sync_us;  // each sync of the store

    [[nodiscard]] bool empty() const {
        return writes.empty() && leases.empty() && blobs.empty() && answers.empty() && !truncate;
    }
};

}  // namespace huecry::relay
