#include <algorithm>
#include <set>

#include "directory/conditions.hpp"
#include "huecry/limits.hpp"

// Channels and their groups.
namespace huecry::directory {
namespace {

Result<const ChannelRecord*> open_channel(const State& state, const ChannelId& id) {
    const auto* channel = state.channel(id);
    if (channel == nullptr) return conflict("no such channel");
    if (channel->closed_index != 0) return conflict("the channel is closed");
    return channel;
}

bool complained(const ChannelRecord& channel, const DeviceId& device, std::uint64_t after) {
    return std::any_of(channel.complaints.begin(), channel.complaints.end(),
                       [&](const auto& c) { return c.device == device && c.index > after; });
}

}  // namespace

std::set<DeviceId> accused(const State& state, const ChannelRecord& channel) {
    std::map<std::pair<MessageId, DeviceId>, std::set<MemberId>> members;
    std::map<std::pair<MessageId, DeviceId>, std::size_t> devices;
    for (const auto& c : channel.complaints) {
        if (!state.reads(c.device, channel.settings.id)) continue;
        members[{c.commit, c.committer}].insert(state.devices().at(c.device).member);
        ++devices[{c.commit, c.committer}];
    }
    const auto readers = state.reader_count(channel.settings.id);
    std::set<DeviceId> out;
    for (const auto& [commit, who] : members)
        if (who.size() >= limits::restart_complaints || 2 * devices.at(commit) >= readers)
            out.insert(commit.second);
    return out;
}

bool stream_lost(const State& state, const ChannelRecord& channel) {
    const auto moved = state.relays().size() > 1 ? state.relays().back().index : 0;
    return std::max(state.restored_index(), moved) >
           std::max(channel.defined_index, channel.restarted_index);
}

bool rejoin_waits(const State& state, const DeviceId& device, const RejoinRequested& request,
                  std::uint64_t now_ms) {
    if (request.reason == RejoinReason::after_complaint) return false;
    const auto* log = state.rejoins(device);
    if (log == nullptr) return false;
    const auto since = now_ms - std::min(now_ms, limits::rejoin_days * 86'400'000);
    const auto count = std::count_if(log->past.begin(), log->past.end(), [&](const auto& past) {
        return past.reason == request.reason && past.accepted_ms > since;
    });
    const auto free = request.reason == RejoinReason::state_lost ? 1 : limits::free_rejoins;
    return static_cast<std::uint64_t>(count) >= free;
}

Result<void> Conditions::operator()(const ChannelDefined& b) const {
    if (b.channel.all_members) return forbidden("there is one all-members channel");
    if (state.channel(b.channel.id) != nullptr) return conflict("the channel exists");
    if (state.channels().size() >= limits::max_channels)
        return Error{Errc::quota_exceeded, "channels"};
    const auto* creator = state.device(b.channel.creator);
    if (creator == nullptr || !rights_in(state, *creator, b.channel).read)
        return conflict("the creator could not read the channel");
    return {};
}

Result<void> Conditions::operator()(const ChannelChanged& b) const {
    HUECRY_TRY_ASSIGN(const auto* channel, open_channel(state, b.channel.id));
    if (channel->version != statement.object_version) return conflict("the channel changed");
    if (channel->settings.creator != b.channel.creator ||
        channel->settings.all_members != b.channel.all_members)
        return forbidden("a channel's creator and kind stay");
    return {};
}

Result<void> Conditions::operator()(const ChannelRestarted& b) const {
    HUECRY_TRY_ASSIGN(const auto* channel, open_channel(state, b.channel));
    if (channel->incarnation != statement.object_version)
        return conflict("the channel was restarted");
    if (channel->incarnation == ~std::uint32_t{0}) return Error{Errc::quota_exceeded, "restarts"};
    if (!state.may_commit(b.creator, b.channel))
        return conflict("the creator may not commit in the channel");
    if (by_coordinator()) return {};
    if (stream_lost(state, *channel)) return {};
    const auto by_complaint = accused(state, *channel);
    if (by_complaint.empty()) return forbidden("only a coordinator may restart it now");
    if (by_complaint.contains(b.creator)) return conflict("the creator's commit is complained of");
    const auto next = channel->reader_restart_ms + limits::reader_restart_s * 1000;
    if (channel->reader_restart_ms != 0 && now_ms < next)
        return forbidden("it was restarted without a coordinator already");
    return {};
}

Result<void> Conditions::operator()(const ChannelClosed& b) const {
    HUECRY_TRY_ASSIGN(const auto* channel, open_channel(state, b.channel));
    if (channel->settings.all_members) return forbidden("the all-members channel stays");
    return {};
}

Result<void> Conditions::operator()(const RejoinRequested& b) const {
    const auto* self = device();
    if (self == nullptr) return forbidden("no device asks");
    for (const auto& c : b.channels) {
        HUECRY_TRY_ASSIGN(const auto* channel, open_channel(state, c.channel));
        if (!state.reads(self->id, c.channel)) return forbidden("the device may not read there");
        if (b.reason != RejoinReason::after_complaint) continue;
        const auto* last = state.rejoin(self->id, c.channel);
        if (!complained(*channel, self->id, last == nullptr ? 0 : last->index))
            return conflict("the device has not complained");
    }
    return {};
}

Result<void> Conditions::operator()(const RejoinApproved& b) const {
    const auto* log = state.rejoins(b.device);
    if (log == nullptr || std::none_of(log->channels.begin(), log->channels.end(),
                                       [](const auto& e) { return e.second.allowed_index == 0; }))
        return conflict("nothing waits for approval");
    return {};
}

Result<void> Conditions::operator()(const MayNotCommit& b) const {
    HUECRY_TRY_ASSIGN(const auto* channel, open_channel(state, b.channel));
    if (state.device(b.device) == nullptr) return conflict("no such device");
    const auto bar = channel->bars.find(b.device);
    const bool barred = bar != channel->bars.end();
    // A coordinator may confirm what complaints have done.
    if (b.barred ? barred && bar->second.by.is_zero() : !barred)
        return conflict("it is so already");
    return {};
}

Result<void> Conditions::operator()(const CommitComplained& b) const {
    HUECRY_TRY_ASSIGN(const auto* channel, open_channel(state, b.channel));
    const auto* self = device();
    if (self == nullptr || !state.reads(self->id, b.channel))
        return forbidden("the device may not read there");
    if (channel->incarnation != b.incarnation) return conflict("the channel was restarted");
    if (b.committer == self->id) return forbidden("its own commit");
    if (state.device(b.committer) == nullptr) return conflict("no such device");
    std::size_t own = 0;
    for (const auto& c : channel->complaints) {
        if (c.device != self->id) continue;
        if (c.commit == b.commit) return conflict("it has complained of this commit");
        ++own;
    }
    if (own >= limits::max_complaints) return Error{Errc::quota_exceeded, "complaints"};
    return {};
}

Result<void> Conditions::operator()(const ChannelAnchored& b) const {
    const auto* self = device();
    for (const auto& a : b.anchors) {
        HUECRY_TRY_ASSIGN(const auto* channel, open_channel(state, a.channel));
        if (self == nullptr || !state.reads(self->id, a.channel))
            return forbidden("the device may not read there");
        if (channel->incarnation != a.incarnation) return conflict("the channel was restarted");
        if (!channel->anchor) continue;
        const auto& last = *channel->anchor;
        if (now_ms < last.accepted_ms + limits::anchor_interval_s * 1000)
            return conflict("a channel is anchored already");
        if (a.epoch < last.anchor.epoch || a.seq < last.anchor.seq)
            return conflict("a later anchor is there");
    }
    return {};
}

}  // namespace huecry::directory
