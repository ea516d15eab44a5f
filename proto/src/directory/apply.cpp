#include "directory/apply.hpp"

#include <algorithm>

#include "huecry/directory/rules.hpp"

namespace huecry::directory {

void Apply::run(const Statement& statement) {
    std::visit(*this, statement.body);
    std::sort(out_.access.begin(), out_.access.end(), [](const auto& a, const auto& b) {
        return std::tie(a.channel, a.device) < std::tie(b.channel, b.device);
    });
}

void Apply::derive(State& state) {
    state.by_member_.clear();
    state.open_by_issuer_.clear();
    state.active_coordinators_ = 0;
    for (const auto& [id, device] : state.devices_) {
        auto& own = state.by_member_[device.member];
        own.ids.push_back(id);
        if (device.state != DeviceState::active) continue;
        ++own.active;
        if (state.members_.at(device.member).role == Role::coordinator)
            ++state.active_coordinators_;
    }
    for (const auto& [id, invite] : state.invites_)
        if (invite.state == InviteState::open) state.open_by_issuer_[invite.issuer].insert(id);
}

void Apply::close(Invite& invite, InviteState state) {
    invite.state = state;
    invite.closed_index = out_.index;
    state_.open_by_issuer_[invite.issuer].erase(invite.id);
}

void Apply::operator()(const Genesis& b) {
    state_.genesis_ = b;
    state_.organisations_[b.organisation] = b.organisation_name_hash;
    Member member;
    member.id = b.member;
    member.role = Role::coordinator;
    member.name_hash = b.member_name_hash;
    member.organisation = b.organisation;
    member.joined_index = out_.index;
    state_.members_[b.member] = member;
    Device device;
    device.id = device_id_of(b.signing_key);
    device.member = b.member;
    device.signing_key = b.signing_key;
    device.sealing_key = b.sealing_key;
    device.admitted_index = out_.index;
    device.admitted_ms = out_.accepted_ms;
    auto& stored = state_.devices_[device.id] = device;
    state_.by_member_[b.member].ids.push_back(device.id);
    activate(stored);
    ChannelRecord channel;
    channel.settings = b.all_members;
    channel.defined_index = channel.changed_index = out_.index;
    refresh(state_.channels_[b.all_members.id] = channel);
    event({.kind = EventKind::partnership_created,
           .device = device.id,
           .member = b.member,
           .channel = b.all_members.id});
}

void Apply::operator()(const InviteIssued& b) {
    Invite invite;
    invite.id = invite_id_of(b.one_time_key);
    invite.terms = b;
    invite.issuer = out_.author;
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

void Apply::operator()(const DeviceAdmitted& b) {
    auto& invite = state_.invites_.at(b.invite);
    const auto& terms = invite.terms;
    Device device;
    device.id = device_id_of(b.signing_key);
    device.member = terms.member;
    device.signing_key = b.signing_key;
    device.sealing_key = b.sealing_key;
    device.invite = b.invite;
    device.admitted_index = out_.index;
    device.admitted_ms = out_.accepted_ms;
    invite.used_by = device.id;
    close(invite, InviteState::used);
    event({.kind = EventKind::invite_used,
           .device = device.id,
           .member = terms.member,
           .invite = b.invite});
    if (!state_.members_.contains(terms.member)) {
        Member member;
        member.id = terms.member;
        member.role = terms.role;
        member.name_hash = terms.member_name_hash;
        member.organisation = terms.organisation;
        member.channels = terms.channels;
        member.joined_index = out_.index;
        state_.members_.emplace(member.id, std::move(member));
        event({.kind = EventKind::member_joined, .member = terms.member});
    }
    auto& stored = state_.devices_[device.id] = device;
    auto& siblings = state_.by_member_[terms.member].ids;
    siblings.insert(std::upper_bound(siblings.begin(), siblings.end(), device.id), device.id);
    const bool at_once = terms.in_person && !privileged(state_.members_.at(terms.member).role);
    if (at_once) activate(stored);
    event({.kind = at_once ? EventKind::device_admitted : EventKind::device_pending,
           .device = device.id,
           .member = terms.member,
           .invite = b.invite});
}

void Apply::operator()(const DeviceApproved& b) {
    auto& device = state_.devices_.at(b.device);
    activate(device);
    event({.kind = EventKind::device_approved, .device = b.device, .member = device.member});
}

void Apply::operator()(const DeviceRevoked& b) {
    auto& device = state_.devices_.at(b.device);
    if (device.state == DeviceState::active) {
        --state_.by_member_.at(device.member).active;
        if (state_.members_.at(device.member).role == Role::coordinator)
            --state_.active_coordinators_;
    }
    device.state = DeviceState::revoked;
    device.revoked_index = out_.index;
    event({.kind = EventKind::device_revoked, .device = b.device, .member = device.member});
    refresh(device);
    const auto open = state_.open_by_issuer_[b.device];
    for (const auto& id : open) {
        close(state_.invites_.at(id), InviteState::voided);
        event({.kind = EventKind::invite_voided, .device = b.device, .invite = id});
    }
}

void Apply::operator()(const ChannelDefined& b) {
    ChannelRecord channel;
    channel.settings = b.channel;
    channel.defined_index = channel.changed_index = out_.index;
    refresh(state_.channels_[b.channel.id] = channel);
    event({.kind = EventKind::channel_defined, .channel = b.channel.id, .version = 1});
}

void Apply::operator()(const ChannelChanged& b) {
    auto& channel = state_.channels_.at(b.channel.id);
    channel.settings = b.channel;
    ++channel.version;
    channel.changed_index = out_.index;
    refresh(channel);
    event(
        {.kind = EventKind::channel_changed, .channel = b.channel.id, .version = channel.version});
}

void Apply::operator()(const AgreementPublished& b) {
    // Grace is for those who are members now and were in good standing: it never lets anybody in.
    auto own = state_.by_member_.begin();  // the same members in the same order
    for (auto& [id, member] : state_.members_) {
        member.in_grace = own->second.active > 0 && state_.in_good_standing(member);
        ++own;
    }
    Agreement agreement;
    agreement.version = b.version;
    agreement.text_digest = b.text_digest;
    agreement.blob = b.blob;
    agreement.text_size = b.text_size;
    agreement.published_index = out_.index;
    agreement.published_ms = out_.accepted_ms;
    agreement.deadline_ms = out_.accepted_ms + b.deadline_ms;
    agreement.publisher = out_.author;
    state_.agreement_ = agreement;
    for (const auto& s : b.sealed) {
        auto& invite = state_.invites_.at(s.invite);
        if (invite.state == InviteState::open) invite.terms.sealed_document_key = s.sealed;
    }
    event({.kind = EventKind::agreement_published, .device = out_.author, .version = b.version});
    accept(member_of(out_.author), b.version);
}

void Apply::operator()(const AgreementAccepted& b) { accept(member_of(out_.author), b.version); }

void Apply::operator()(const AgreementLapsed& b) {
    for (const auto& id : b.members) {
        auto& member = state_.members_.at(id);
        member.in_grace = false;
        member.lapsed_index = out_.index;
        refresh(member);
        event({.kind = EventKind::agreement_lapsed, .member = id, .version = b.version});
    }
}

Member& Apply::member_of(const DeviceId& id) {
    return state_.members_.at(state_.devices_.at(id).member);
}

void Apply::accept(Member& member, std::uint32_t version) {
    member.accepted_version = version;
    member.accepted_ms = out_.accepted_ms;
    member.in_grace = false;
    refresh(member);
    event({.kind = EventKind::agreement_accepted, .member = member.id, .version = version});
}

void Apply::activate(Device& device) {
    device.state = DeviceState::active;
    device.approved_index = out_.index;
    ++state_.by_member_.at(device.member).active;
    if (state_.members_.at(device.member).role == Role::coordinator) ++state_.active_coordinators_;
    refresh(device);
}

void Apply::refresh(const Device& device) {
    const auto& member = state_.members_.at(device.member);
    auto access = state_.access_.begin();  // the same channels in the same order
    for (auto& [id, channel] : state_.channels_) {
        refresh(device, member, channel, access->second);
        ++access;
    }
}

void Apply::refresh(const Member& member) {
    for (const auto& id : state_.by_member_.at(member.id).ids) refresh(state_.devices_.at(id));
}

void Apply::refresh(ChannelRecord& channel) {
    auto& access = state_.access_[channel.settings.id];
    for (const auto& [id, device] : state_.devices_)
        refresh(device, state_.members_.at(device.member), channel, access);
}

void Apply::refresh(const Device& device, const Member& member, ChannelRecord& channel,
                    ChannelAccess& access) {
    const auto after = rights_in(state_, device, member, channel.settings);
    const auto before = access.set(device.id, out_.index, after);
    if (before == after) return;
    if (before.read && !after.read) channel.loss_index = out_.index;
    out_.access.push_back({.channel = channel.settings.id,
                           .device = device.id,
                           .read_before = before.read,
                           .read_after = after.read,
                           .post_before = before.post,
                           .post_after = after.post});
}

}  // namespace huecry::directory
