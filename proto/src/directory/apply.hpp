#pragma once

#include "huecry/directory/state.hpp"

// What each action does to the state, once it is known to be permitted. Nothing here can fail.
namespace huecry::directory {

class Apply {
public:
    /// `author`: the device whose signature stands under the statement.
    Apply(State& state, Applied& out) : state_(state), out_(out) {}

    void run(const Statement& statement);
    /// Rebuilds what is derived from devices and members, after loading.
    static void derive(State& state);

    void operator()(const Genesis& b);
    void operator()(const InviteIssued& b);
    void operator()(const InviteWithdrawn& b);
    void operator()(const DeviceAdmitted& b);
    void operator()(const DeviceApproved& b);
    void operator()(const DeviceRevoked& b);
    void operator()(const ChannelDefined& b);
    void operator()(const ChannelChanged& b);
    void operator()(const AgreementPublished& b);
    void operator()(const AgreementAccepted& b);
    void operator()(const AgreementLapsed& b);

private:
    void event(Event e) { out_.events.push_back(e); }
    Member& member_of(const DeviceId& id);
    void accept(Member& member, std::uint32_t version);
    void activate(Device& device);
    void close(Invite& invite, InviteState state);
    /// Recomputes rights: of one device everywhere, of a member's devices, of all in one channel.
    void refresh(const Device& device);
    void refresh(const Member& member);
    void refresh(ChannelRecord& channel);
    void refresh(const Device& device, const Member& member, ChannelRecord& channel,
                 ChannelAccess& access);

    State& state_;
    Applied& out_;
};

}  // namespace huecry::directory
