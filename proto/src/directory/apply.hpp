#pragma once

#include "huecry/directory/state.hpp"

// What each action does to the state, once it is known to be permitted. Nothing here can fail.
namespace huecry::directory {

class Apply {
public:
    Apply(State& state, Applied& out) : state_(state), out_(out), author_(out.author) {}

    /// As `out.outcome` says: the statement's effect, or a proposal, or an endorsement with or
    /// without the effect of what it endorses.
    void run(BytesView bytes, const Statement& statement);
    /// Rebuilds what is derived from devices and members, after loading.
    static void derive(State& state);

    // apply_people.cpp
    void operator()(const Genesis& b);
    void operator()(const InviteIssued& b);
    void operator()(const InviteWithdrawn& b);
    void operator()(const InviteAlarmed& b);
    void operator()(const DeviceAdmitted& b);
    void operator()(const DeviceApproved& b);
    void operator()(const DeviceRevoked& b);
    void operator()(const DeviceDormant& b);
    void operator()(const DeviceReturned& b);
    void operator()(const DeviceKeyRotated& b);
    void operator()(const MemberSuspended& b);
    void operator()(const MemberReinstated& b);
    void operator()(const MemberRoleChanged& b);
    // apply_channels.cpp
    void operator()(const ChannelDefined& b);
    void operator()(const ChannelChanged& b);
    void operator()(const ChannelRestarted& b);
    void operator()(const ChannelClosed& b);
    void operator()(const RejoinRequested& b);
    void operator()(const RejoinApproved& b);
    void operator()(const MayNotCommit& b);
    void operator()(const CommitComplained& b);
    void operator()(const ChannelAnchored& b);
    // apply_affairs.cpp
    void operator()(const AgreementPublished& b);
    void operator()(const AgreementAccepted& b);
    void operator()(const AgreementLapsed& b);
    void operator()(const DelegationGranted& b);
    void operator()(const DelegationWithdrawn& b);
    void operator()(const PolicySet& b);
    void operator()(const QuorumSet& b);
    void operator()(const Endorsed& b);
    void operator()(const RelayMoved& b);
    void operator()(const ProtocolVersionSet& b);
    void operator()(const RootRotated& b);
    void operator()(const StoreRestored& b);

private:
    class Votes;  // keeps the count of coordinators while a member changes

    void event(Event e) { out_.events.push_back(e); }
    [[nodiscard]] Member& member_of(const DeviceId& id);
    Member& add(Member member);
    Device& add(Device device);
    void accept(Member& member, std::uint32_t version);
    void activate(Device& device);
    void deactivate(Device& device, DeviceState state);
    void close(Invite& invite, InviteState state);
    /// Open invites and proposals of a device that may not have any more.
    void void_issued(const DeviceId& device);
    void end(Delegation& delegation);
    void end_delegations(const MemberId& by);
    void propose(BytesView bytes, Action action);
    void support(Proposal& proposal, const Statement& inner);
    void replace_leaf(const DeviceId& device, const ChannelId& channel, BytesView key_package);
    void bar(ChannelRecord& channel, const DeviceId& device, const DeviceId& by);
    /// Recomputes rights: of one device everywhere, of a member's devices, of all in one channel,
    /// of one in one.
    void refresh(const Device& device);
    void refresh(const Member& member);
    /// Of many devices in the channels that require the agreement.
    void refresh_gated(std::vector<std::uint32_t> devices);
    void refresh(ChannelRecord& channel);
    void refresh(const Device& device, ChannelRecord& channel);
    void refresh(const Device& device, const Member& member, ChannelRecord& channel,
                 ChannelAccess& access);

    State& state_;
    Applied& out_;
    DeviceId author_;  // whose act it is: of a completed proposal, who proposed it
};

/// Counts a member's voting devices out at first and in again at the end.
class Apply::Votes {
public:
    Votes(State& state, const MemberId& member) : state_(state), member_(member) { count(false); }
    ~Votes() { count(true); }
    Votes(const Votes&) = delete;
    Votes& operator=(const Votes&) = delete;

private:
    void count(bool in);
    State& state_;
    MemberId member_;
};

}  // namespace huecry::directory
