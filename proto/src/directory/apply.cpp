#include "directory/apply.hpp"

#include <algorithm>

#include "huecry/directory/rules.hpp"
#include "huecry/limits.hpp"

// What all actions share: the order of things, proposals, and the rights that follow.
namespace huecry::directory {

void Apply::run(BytesView bytes, const Statement& statement) {
    const auto* endorsed = std::get_if<Endorsed>(&statement.body);
    if (out_.outcome == Outcome::proposed) {
        propose(bytes, statement.action());
    } else if (endorsed != nullptr) {
        (*this)(*endorsed);
    } else {
        std::visit(*this, statement.body);
    }
    if (const auto author = state_.devices_.find(out_.author); author != state_.devices_.end())
        author->second.seen_ms = out_.accepted_ms;
}

void Apply::derive(State& state) {
    state.by_member_.clear();
    state.open_by_issuer_.clear();
    state.active_coordinators_ = state.coordinator_members_ = 0;
    state.slots_.assign(state.devices_.size(), {});
    for (auto& [id, member] : state.members_)
        state.by_member_.emplace_hint(state.by_member_.end(), id, State::Own{&member, {}, 0});
    for (auto& [id, device] : state.devices_) {
        auto& own = state.by_member_.at(device.member);
        own.devices.push_back(&device);
        if (device.state == DeviceState::active) ++own.active;
        state.slots_.at(device.number) = {&device, own.member};
    }
    for (const auto& [id, member] : state.members_) {
        if (!state.votes(id)) continue;
        ++state.coordinator_members_;
        state.active_coordinators_ += state.by_member_.at(id).active;
    }
    for (const auto& [id, invite] : state.invites_)
        if (invite.state == InviteState::open) state.open_by_issuer_[invite.issuer].insert(id);
}

void Apply::Votes::count(bool in) {
    if (!state_.votes(member_)) return;
    const auto devices = state_.by_member_.at(member_).active;
    state_.active_coordinators_ =
        in ? state_.active_coordinators_ + devices : state_.active_coordinators_ - devices;
    state_.coordinator_members_ =
        in ? state_.coordinator_members_ + 1 : state_.coordinator_members_ - 1;
}

void Apply::propose(BytesView bytes, Action action) {
    std::erase_if(state_.proposals_,
                  [&](const auto& p) { return p.second.expires_ms <= out_.accepted_ms; });
    Proposal proposal;
    proposal.id = out_.statement;
    proposal.statement = to_bytes(bytes);
    proposal.author = author_;
    proposal.index = out_.index;
    proposal.accepted_ms = out_.accepted_ms;
    proposal.expires_ms = out_.accepted_ms + limits::proposal_s * 1000;
    proposal.support = {member_of(author_).id};
    event({.kind = EventKind::proposed,
           .device = author_,
           .member = proposal.support.front(),
           .version = static_cast<std::uint64_t>(action),
           .statement = proposal.id});
    state_.proposals_.emplace(proposal.id, std::move(proposal));
}

void Apply::operator()(const Endorsed& b) {
    auto& proposal = state_.proposals_.at(b.statement);
    const auto inner = Statement::decode(proposal.statement);
    support(proposal, *inner);
    if (out_.outcome != Outcome::completed) return;
    author_ = proposal.author;
    state_.proposals_.erase(b.statement);
    std::visit(*this, inner->body);
}

void Apply::support(Proposal& proposal, const Statement& inner) {
    const auto& member = member_of(author_).id;
    proposal.support.insert(
        std::upper_bound(proposal.support.begin(), proposal.support.end(), member), member);
    event({.kind = EventKind::endorsed,
           .device = author_,
           .member = member,
           .version = static_cast<std::uint64_t>(inner.action()),
           .statement = proposal.id});
}

Member& Apply::member_of(const DeviceId& id) {
    return state_.members_.at(state_.devices_.at(id).member);
}

Member& Apply::add(Member member) {
    const auto id = member.id;
    auto& stored = state_.members_.emplace(id, std::move(member)).first->second;
    state_.by_member_[id].member = &stored;
    return stored;
}

Device& Apply::add(Device device) {
    device.number = static_cast<std::uint32_t>(state_.slots_.size());
    device.admitted_index = out_.index;
    device.admitted_ms = device.seen_ms = out_.accepted_ms;
    const auto id = device.id;
    auto& stored = state_.devices_.emplace(id, std::move(device)).first->second;
    auto& own = state_.by_member_.at(stored.member);
    own.devices.insert(std::upper_bound(own.devices.begin(), own.devices.end(), id,
                                        [](const auto& a, const Device* b) { return a < b->id; }),
                       &stored);
    state_.slots_.push_back({&stored, own.member});
    return stored;
}

void Apply::activate(Device& device) {
    const Votes votes(state_, device.member);
    device.state = DeviceState::active;
    device.seen_ms = out_.accepted_ms;
    ++state_.by_member_.at(device.member).active;
    ++state_.members_.at(device.member).version;
    refresh(device);
}

void Apply::deactivate(Device& device, DeviceState state) {
    const Votes votes(state_, device.member);
    if (device.state == DeviceState::active) --state_.by_member_.at(device.member).active;
    device.state = state;
    refresh(device);
}

void Apply::close(Invite& invite, InviteState state) {
    invite.state = state;
    invite.closed_index = out_.index;
    state_.open_by_issuer_[invite.issuer].erase(invite.id);
}

void Apply::void_issued(const DeviceId& device) {
    if (const auto own = state_.open_by_issuer_.find(device); own != state_.open_by_issuer_.end()) {
        const auto open = own->second;
        for (const auto& id : open) {
            close(state_.invites_.at(id), InviteState::voided);
            event({.kind = EventKind::invite_voided, .device = device, .invite = id});
        }
    }
    std::erase_if(state_.proposals_, [&](const auto& p) {
        if (p.second.author != device) return false;
        event({.kind = EventKind::proposal_void, .device = device, .statement = p.first});
        return true;
    });
}

void Apply::refresh(const Device& device) {
    const auto& member = *state_.slots_[device.number].member;
    auto access = state_.access_.begin();  // the same channels in the same order
    for (auto& [id, channel] : state_.channels_) {
        refresh(device, member, channel, access->second);
        ++access;
    }
}

void Apply::refresh(const Member& member) {
    for (const auto* device : state_.by_member_.at(member.id).devices) refresh(*device);
}

// Many devices at once: channel by channel, in the order in which the histories lie.
void Apply::refresh_gated(std::vector<std::uint32_t> devices) {
    const std::vector<std::uint32_t> none;
    std::sort(devices.begin(), devices.end());
    auto access = state_.access_.begin();
    for (auto& [id, channel] : state_.channels_) {
        for (const auto number : channel.settings.requires_agreement ? devices : none) {
            const auto& slot = state_.slots_[number];
            refresh(*slot.device, *slot.member, channel, access->second);
        }
        ++access;
    }
}

void Apply::refresh(ChannelRecord& channel) {
    auto& access = state_.access_[channel.settings.id];
    for (const auto& slot : state_.slots_) refresh(*slot.device, *slot.member, channel, access);
}

void Apply::refresh(const Device& device, ChannelRecord& channel) {
    refresh(device, *state_.slots_[device.number].member, channel,
            state_.access_[channel.settings.id]);
}

void Apply::refresh(const Device& device, const Member& member, ChannelRecord& channel,
                    ChannelAccess& access) {
    const auto after = rights_in(state_, device, member, channel);
    const auto before = access.set(device.number, out_.index, after);
    if (before == after) return;
    if (before.read && !after.read) channel.loss_index = out_.index;
    out_.access.push_back({.channel = channel.settings.id,
                           .device = device.id,
                           .read_before = before.read,
                           .read_after = after.read,
                           .post_before = before.post,
                           .post_after = after.post,
                           .commit_before = before.commit,
                           .commit_after = after.commit});
}

}  // namespace huecry::directory
