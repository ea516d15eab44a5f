#pragma once

#include "domain/sync_store.hpp"
#include "huecry/directory/bodies.hpp"

// A channel whose group this device cannot follow: why, and how far its way back has come
// (ARCHITECTURE.md, "Rejoin"). Kept beside the channel, and without one when a Welcome was
// unusable.
namespace huecry::domain {

struct Trouble {
    directory::RejoinReason reason = directory::RejoinReason::state_lost;
    /// It is certain that the others went on: a rejoin is asked for. Until then only a commit is
    /// known of which this device's own part was wrong.
    bool certain = false;
    std::uint64_t asked_index = 0;  // the directory entry that asked; 0: not yet
    MessageId commit;               // complained of, with its committer; zero: none
    DeviceId committer;
    std::uint32_t incarnation = 1;
    bool unheard = false;  // what this device sent was read by nobody: it is sent once more
};

Result<std::optional<Trouble>> trouble_of(SyncStore& store, const ChannelId& channel);
Result<void> keep_trouble(SyncStore& store, const ChannelId& channel, const Trouble& trouble);
/// Nothing when there is none.
Result<void> end_trouble(SyncStore& store, const ChannelId& channel);

}  // namespace huecry::domain
