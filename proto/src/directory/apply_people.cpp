#include "directory/apply.hpp"
#include "huecry/directory/rules.hpp"

// Invites, devices, members.
namespace huecry::directory {

void Apply::operator()(const Genesis& b) {
    state_.genesis_ = b;
    state_.root_key_ = b.root_key;
    state_.next_root_hash_ = b.next_root_hash;
    state_.relays_ = {{out_.index, {b.relay_host, b.relay_port, b.relay_key}}};
    state_.protocol_ = b.protocol_version;
    state_.organisations_[b.organisation] = b.organisation_name_hash;
    Member member;
    member.id = b.member;
    member.role = Role::coordinator;
    member.name_hash = b.member_name_hash;
    member.organisation = b.organisation;
    member.joined_index = out_.index;
    add(std::move(member));
    Device device;
    device.id = device_id_of(b.signing_key);
    device.member = b.member;
    device.signing_key = b.signing_key;
    device.sealing_key = b.sealing_key;
    device.approved_index = out_.index;
    const auto id = device.id;
    activate(add(std::move(device)));
    ChannelRecord channel;
    channel.settings = b.all_members;
    channel.defined_index = channel.changed_index = out_.index;
    refresh(state_.channels_[b.all_members.id] = channel);
    event({.kind = EventKind::partnership_created,
           .device = id,
           .member = b.member,
           .channel = b.all_members.id});
}

void Apply::operator()(const InviteIssued& b) {
    Invite invite;
    invite.id = invite_id_of(b.one_time_key);
    invite.terms = b;
    invite.issuer = author_;
    invite.issued_index = out_.index;
    invite.expires_ms = out_.accepted_ms + b.lifetime_ms;
    state_.organisations_.emplace(b.organisation, b.organisation_name_hash);
    event({.kind = EventKind::invite_issued,
           .device = invite.issuer,
           .member = b.member,
           .invite = invite.id});
    state_.open_by_issuer_[invite.issuer].insert(invite.id);
    state_.invites_.emplace(invite.id, std::move(invite));
}

void Apply::operator()(const InviteWithdrawn& b) {
    close(state_.invites_.at(b.invite), InviteState::withdrawn);
    event({.kind = EventKind::invite_withdrawn, .invite = b.invite});
}

void Apply::operator()(const InviteAlarmed& b) {
    const auto outer = SignedStatement::decode(b.evidence);
    const auto refused = Statement::decode(outer->statement);
    const auto& second = std::get<DeviceAdmitted>(refused->body);
    auto& invite = state_.invites_.at(second.invite);
    invite.alarm_index = out_.index;
    invite.alarm_device = device_id_of(second.signing_key);
    event({.kind = EventKind::invite_alarm,
           .device = invite.used_by,
           .member = invite.terms.member,
           .invite = invite.id,
           .other = invite.alarm_device});
}

void Apply::operator()(const DeviceAdmitted& b) {
    auto& invite = state_.invites_.at(b.invite);
    const auto& terms = invite.terms;
    Device device;
    device.id = device_id_of(b.signing_key);
    device.member = terms.member;
    device.signing_key = b.signing_key;
    device.sealing_key = b.sealing_key;
    device.invite = b.invite;
    const auto id = device.id;
    invite.used_by = id;
    close(invite, InviteState::used);
    event(
        {.kind = EventKind::invite_used, .device = id, .member = terms.member, .invite = b.invite});
    if (!state_.members_.contains(terms.member)) {
        Member member;
        member.id = terms.member;
        member.role = terms.role;
        member.name_hash = terms.member_name_hash;
        member.organisation = terms.organisation;
        member.channels = terms.channels;
        member.joined_index = out_.index;
        add(std::move(member));
        event({.kind = EventKind::member_joined, .member = terms.member});
    }
    auto& stored = add(std::move(device));
    const bool at_once = terms.in_person && state_.policy_.in_person_admits &&
                         !privileged(state_.members_.at(terms.member).role);
    if (at_once) {
        stored.approved_index = out_.index;
        activate(stored);
    }
    event({.kind = at_once ? EventKind::device_admitted : EventKind::device_pending,
           .device = id,
           .member = terms.member,
           .invite = b.invite});
}

void Apply::operator()(const DeviceApproved& b) {
    auto& device = state_.devices_.at(b.device);
    device.approved_index = out_.index;
    activate(device);
    event({.kind = EventKind::device_approved, .device = b.device, .member = device.member});
}

void Apply::operator()(const DeviceRevoked& b) {
    auto& device = state_.devices_.at(b.device);
    device.revoked_index = out_.index;
    deactivate(device, DeviceState::revoked);
    event({.kind = EventKind::device_revoked, .device = b.device, .member = device.member});
    void_issued(b.device);
}

void Apply::operator()(const DeviceDormant& b) {
    for (const auto& id : b.devices) {
        auto& device = state_.devices_.at(id);
        device.dormant_index = out_.index;
        deactivate(device, DeviceState::dormant);
        event({.kind = EventKind::device_dormant, .device = id, .member = device.member});
    }
}

void Apply::operator()(const DeviceReturned&) {
    auto& device = state_.devices_.at(author_);
    activate(device);
    event({.kind = EventKind::device_returned, .device = author_, .member = device.member});
}

void Apply::operator()(const DeviceKeyRotated& b) {
    const auto old_id = author_;
    auto& old = state_.devices_.at(old_id);
    Device device;
    device.id = device_id_of(b.signing_key);
    device.member = old.member;
    device.signing_key = b.signing_key;
    device.sealing_key = b.sealing_key;
    device.invite = old.invite;
    device.approved_index = out_.index;
    device.predecessor = old_id;
    old.successor = device.id;
    old.revoked_index = out_.index;
    // A bar is on the device, not on its key.
    for (auto& [id, channel] : state_.channels_)
        if (const auto bar = channel.bars.find(old_id); bar != channel.bars.end())
            channel.bars[device.id] = bar->second;
    state_.rejoins_.erase(old_id);
    const auto id = device.id;
    activate(add(std::move(device)));
    deactivate(old, DeviceState::revoked);
    event({.kind = EventKind::device_rotated, .device = id, .member = old.member, .other = old_id});
    event({.kind = EventKind::device_revoked, .device = old_id, .member = old.member});
    void_issued(old_id);
}

void Apply::operator()(const MemberSuspended& b) {
    auto& member = state_.members_.at(b.member);
    {
        const Votes votes(state_, b.member);
        member.suspended_index = out_.index;
    }
    refresh(member);
    event({.kind = EventKind::member_suspended, .member = b.member});
    for (const auto* d : state_.by_member_.at(b.member).devices) void_issued(d->id);
    end_delegations(b.member);
}

void Apply::operator()(const MemberReinstated& b) {
    auto& member = state_.members_.at(b.member);
    {
        const Votes votes(state_, b.member);
        member.suspended_index = 0;
    }
    refresh(member);
    event({.kind = EventKind::member_reinstated, .member = b.member});
}

void Apply::operator()(const MemberRoleChanged& b) {
    auto& member = state_.members_.at(b.member);
    const bool other_role = member.role != b.role;
    {
        const Votes votes(state_, b.member);
        member.role = b.role;
        member.channels = b.channels;
        ++member.version;
    }
    refresh(member);
    event({.kind = EventKind::member_role_changed, .member = b.member, .version = member.version});
    if (!other_role) return;
    for (const auto* d : state_.by_member_.at(b.member).devices) void_issued(d->id);
    end_delegations(b.member);
}

}  // namespace huecry::directory
