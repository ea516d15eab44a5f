#pragma once

#include "domain/context.hpp"
#include "huecry/directory/state.hpp"
#include "huecry/wire/authenticated_data.hpp"

// Is an authentic commit to be applied or void? Judged by everyone from what everyone sees: the
// commit, and the directory at the index that its authenticated data names with the relay's
// signature (ARCHITECTURE.md, "Commits are judged by everyone").
namespace huecry::domain {

struct CommitPlace {
    ChannelId channel;
    std::uint64_t floor_index = 0;  // directory index of the last applied commit
    DeviceId submitter;             // as in the entry's header
    MessageId message_id;           // as in the entry's header
    /// The group's members before the commit.
    std::function<std::vector<mls::Member>()> members;
};

struct CommitVerdict {
    mls::Judgement judgement = mls::Judgement::make_void;
    std::uint64_t index = 0;  // the directory index that it acts upon
    std::string why;          // when void
};

/// The authenticated data of an MLSMessage(PrivateMessage), which lies open (RFC 9420 section 6.3).
Result<AuthenticatedData> open_authenticated_data(BytesView message);

/// The device that a credential names, if it is of this partnership.
std::optional<DeviceId> device_of(const PartnershipId& partnership, BytesView identity);

/// A head of the directory, if it is signed by the relay of its time and of this partnership.
Result<Head> directory_head(const Self& self, const directory::State& state,
                            const SignedHead& head);

/// Has the device, at any index from `floor` to `upto`, been without the right to read, or was it
/// granted a rejoin? A leaf of such a device is due for removal even when it may read now: its own
/// device has lost the group and waits for a Welcome. A commit that leaves a due leaf is void.
bool lost_since(const directory::State& state, const DeviceId& device, const ChannelId& channel,
                std::uint64_t floor, std::uint64_t upto);

/// The caller has made sure that `state` reaches the index that the data names.
CommitVerdict judge_commit(const Self& self, const directory::State& state,
                           const CommitPlace& place, const mls::IncomingCommit& commit);

/// Every leaf of a group that is to be joined: its key is the directory's, and it is authorised at
/// the index or due for removal. An error says which is not.
Result<void> check_roster(const Self& self, const directory::State& state, const ChannelId& channel,
                          const std::vector<mls::Member>& members);

}  // namespace huecry::domain
