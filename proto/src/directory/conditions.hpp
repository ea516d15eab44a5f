#pragma once

#include <set>
#include <span>

#include "huecry/directory/rules.hpp"

// The conditions of each action on the state, after the table has allowed its signers.
namespace huecry::directory {

struct Conditions {
    const State& state;
    const Statement& statement;
    std::span<const Signer> signers;
    std::uint64_t now_ms;

    Result<void> operator()(const Genesis& b) const;
    // conditions_people.cpp
    Result<void> operator()(const InviteIssued& b) const;
    Result<void> operator()(const InviteWithdrawn& b) const;
    Result<void> operator()(const InviteAlarmed& b) const;
    Result<void> operator()(const DeviceAdmitted& b) const;
    Result<void> operator()(const DeviceApproved& b) const;
    Result<void> operator()(const DeviceRevoked& b) const;
    Result<void> operator()(const DeviceDormant& b) const;
    Result<void> operator()(const DeviceReturned& b) const;
    Result<void> operator()(const DeviceKeyRotated& b) const;
    Result<void> operator()(const MemberSuspended& b) const;
    Result<void> operator()(const MemberReinstated& b) const;
    Result<void> operator()(const MemberRoleChanged& b) const;
    // conditions_channels.cpp
    Result<void> operator()(const ChannelDefined& b) const;
    Result<void> operator()(const ChannelChanged& b) const;
    Result<void> operator()(const ChannelRestarted& b) const;
    Result<void> operator()(const ChannelClosed& b) const;
    Result<void> operator()(const RejoinRequested& b) const;
    Result<void> operator()(const RejoinApproved& b) const;
    Result<void> operator()(const MayNotCommit& b) const;
    Result<void> operator()(const CommitComplained& b) const;
    Result<void> operator()(const ChannelAnchored& b) const;
    // conditions_affairs.cpp
    Result<void> operator()(const AgreementPublished& b) const;
    Result<void> operator()(const AgreementAccepted& b) const;
    Result<void> operator()(const AgreementLapsed& b) const;
    Result<void> operator()(const DelegationGranted& b) const;
    Result<void> operator()(const DelegationWithdrawn& b) const;
    Result<void> operator()(const PolicySet& b) const;
    Result<void> operator()(const QuorumSet& b) const;
    Result<void> operator()(const Endorsed& b) const;
    Result<void> operator()(const RelayMoved& b) const;
    Result<void> operator()(const ProtocolVersionSet& b) const;
    Result<void> operator()(const RootRotated& b) const;
    Result<void> operator()(const StoreRestored& b) const;

    /// The device that signed, null for root, relay and invites.
    [[nodiscard]] const Device* device() const;
    [[nodiscard]] bool by_coordinator() const;
};

inline Error conflict(const char* what) { return {Errc::statement_conflict, what}; }
inline Error forbidden(const char* what) { return {Errc::statement_forbidden, what}; }

/// The relay's store has begun anew, here or elsewhere, since this incarnation began.
[[nodiscard]] bool stream_lost(const State& state, const ChannelRecord& channel);
/// Committers of one of whose commits in the present incarnation enough members have complained.
[[nodiscard]] std::set<DeviceId> accused(const State& state, const ChannelRecord& channel);
/// Would the device ask for more rejoins in this time than it may without approval?
[[nodiscard]] bool rejoin_waits(const State& state, const DeviceId& device,
                                const RejoinRequested& request, std::uint64_t now_ms);

}  // namespace huecry::directory
