#include <algorithm>

#include "directory/apply.hpp"
#include "directory/conditions.hpp"
#include "huecry/limits.hpp"

// Channels and their groups.
namespace huecry::directory {

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

void Apply::operator()(const ChannelRestarted& b) {
    auto& channel = state_.channels_.at(b.channel);
    const bool wedged = !stream_lost(state_, channel);
    if (wedged && member_of(author_).role != Role::coordinator)
        channel.reader_restart_ms = out_.accepted_ms;
    // Or they would do the same again, with nothing left of what was said about them.
    for (const auto& device : accused(state_, channel))
        if (device != b.creator && !channel.bars.contains(device)) bar(channel, device, author_);
    ++channel.incarnation;
    ++channel.version;
    channel.settings.creator = b.creator;
    channel.changed_index = channel.restarted_index = out_.index;
    channel.complaints.clear();
    channel.anchor.reset();
    event({.kind = EventKind::channel_restarted,
           .device = b.creator,
           .channel = b.channel,
           .version = channel.incarnation});
}

void Apply::operator()(const ChannelClosed& b) {
    auto& channel = state_.channels_.at(b.channel);
    channel.closed_index = out_.index;
    refresh(channel);
    event({.kind = EventKind::channel_closed, .channel = b.channel});
}

void Apply::operator()(const RejoinRequested& b) {
    const bool waits = rejoin_waits(state_, author_, b, out_.accepted_ms);
    auto& log = state_.rejoins_[author_];
    if (b.reason != RejoinReason::after_complaint) {
        const auto keep = b.reason == RejoinReason::state_lost ? 1 : limits::free_rejoins;
        log.past.push_back({b.reason, out_.accepted_ms, out_.index});
        const auto same = [&](const auto& p) { return p.reason == b.reason; };
        // Only whether there are that many is ever asked.
        if (static_cast<std::uint64_t>(std::count_if(log.past.begin(), log.past.end(), same)) >
            keep)
            log.past.erase(std::find_if(log.past.begin(), log.past.end(), same));
    }
    for (const auto& c : b.channels) {
        log.channels[c.channel] = {.key_package = c.key_package,
                                   .reason = b.reason,
                                   .index = out_.index,
                                   .accepted_ms = out_.accepted_ms,
                                   .allowed_index = waits ? 0 : out_.index};
        if (!waits) replace_leaf(author_, c.channel, c.key_package);
        event({.kind = EventKind::rejoin_requested,
               .device = author_,
               .channel = c.channel,
               .version = waits ? 0U : 1U});
    }
}

void Apply::operator()(const RejoinApproved& b) {
    for (auto& [id, rejoin] : state_.rejoins_.at(b.device).channels) {
        if (rejoin.allowed_index != 0) continue;
        rejoin.allowed_index = out_.index;
        replace_leaf(b.device, id, rejoin.key_package);
        event({.kind = EventKind::rejoin_approved, .device = b.device, .channel = id});
    }
}

void Apply::replace_leaf(const DeviceId& device, const ChannelId& channel, BytesView key_package) {
    // It reads the channel, or it could not ask: its history is there.
    auto& access = state_.access_.at(channel);
    access.by_device.at(state_.devices_.at(device).number)
        .replace_leaf(out_.index, sha256(key_package));
}

void Apply::bar(ChannelRecord& channel, const DeviceId& device, const DeviceId& by) {
    channel.bars[device] = {by, out_.index};
    refresh(state_.devices_.at(device), channel);
    event({.kind = EventKind::commit_barred,
           .device = device,
           .channel = channel.settings.id,
           .other = by});
}

void Apply::operator()(const MayNotCommit& b) {
    auto& channel = state_.channels_.at(b.channel);
    if (b.barred) return bar(channel, b.device, {});
    channel.bars.erase(b.device);
    std::erase_if(channel.complaints, [&](const auto& c) { return c.committer == b.device; });
    refresh(state_.devices_.at(b.device), channel);
    event({.kind = EventKind::commit_allowed, .device = b.device, .channel = b.channel});
}

void Apply::operator()(const CommitComplained& b) {
    auto& channel = state_.channels_.at(b.channel);
    const bool second = std::any_of(
        channel.complaints.begin(), channel.complaints.end(),
        [&](const auto& c) { return c.device == author_ && c.committer == b.committer; });
    channel.complaints.push_back({author_, b.committer, b.commit, out_.index});
    event({.kind = EventKind::commit_complained,
           .device = author_,
           .channel = b.channel,
           .other = b.committer});
    const auto bars = std::count_if(channel.bars.begin(), channel.bars.end(),
                                    [&](const auto& e) { return e.second.by == author_; });
    if (second && !channel.bars.contains(b.committer) &&
        static_cast<std::uint64_t>(bars) < limits::max_bars)
        bar(channel, b.committer, author_);
}

void Apply::operator()(const ChannelAnchored& b) {
    for (const auto& a : b.anchors) {
        state_.channels_.at(a.channel).anchor = {a, out_.index, out_.accepted_ms, author_};
        event({.kind = EventKind::channel_anchored,
               .device = author_,
               .channel = a.channel,
               .version = a.epoch});
    }
}

}  // namespace huecry::directory
