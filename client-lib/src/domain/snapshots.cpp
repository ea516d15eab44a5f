#include "domain/snapshots.hpp"

#include <algorithm>

namespace huecry::domain {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view setting = "snapshots wanted";
constexpr auto first_wait = 5s;         // whoever let this device in gives one by itself
constexpr unsigned spread_ms = 20'000;  // many newcomers are served by one in the channel
constexpr auto first_retry = 60s;
constexpr unsigned most_tries = 8;  // the last after more than two hours
constexpr std::size_t enough = 2;

}  // namespace

Snapshots::Want Snapshots::begin() const {
    Want want;
    want.next = context_.scheduler.monotonic() + first_wait +
                std::chrono::milliseconds(context_.random.u32() % spread_ms);
    return want;
}

Result<void> Snapshots::load() {
    HUECRY_TRY_ASSIGN(const auto kept, store_.setting(setting));
    if (!kept) return {};
    Reader r(*kept);
    while (!r.done()) {
        const auto id = ChannelId::from(r.raw(ChannelId::size));
        const auto until = r.u64();
        if (!id || !r.ok()) return Error{Errc::store_damaged, "snapshots"};
        wanted_.emplace(*id, begin()).first->second.until_ms = until;
    }
    return {};
}

Result<void> Snapshots::want(const ChannelId& channel) {
    wanted_[channel] = begin();
    return keep();
}

Result<void> Snapshots::keep() {
    Writer w;
    for (const auto& [id, want] : wanted_) w.raw(id.view()).u64(want.until_ms);
    return store_.set_setting(setting, w.bytes());
}

Result<void> Snapshots::joined(const ChannelId& channel, std::uint64_t joined_ms) {
    const auto found = wanted_.find(channel);
    if (found == wanted_.end()) return {};
    found->second.until_ms = joined_ms;
    return keep();
}

std::uint64_t Snapshots::until_ms(const ChannelId& channel) const {
    const auto found = wanted_.find(channel);
    return found == wanted_.end() ? 0 : found->second.until_ms;
}

Result<void> Snapshots::forget(const ChannelId& channel) {
    return wanted_.erase(channel) == 0 ? Result<void>{} : keep();
}

bool Snapshots::satisfied(const ChannelId& channel, const Want& want) const {
    const auto& state = directory_.state();
    const auto others = state.reader_count(channel) - (state.reads(context_.self.device, channel));
    if (want.heard.size() >= std::min(enough, others)) return true;
    return std::ranges::any_of(want.heard, [&](const auto& device) {
        const auto* member = state.member_of(device);
        return member != nullptr && member->role == directory::Role::coordinator;
    });
}

Result<void> Snapshots::heard(const ChannelId& channel, const DeviceId& device) {
    const auto found = wanted_.find(channel);
    if (found == wanted_.end()) return {};
    found->second.heard.insert(device);
    return satisfied(channel, found->second) ? forget(channel) : Result<void>{};
}

bool Snapshots::asked(const ChannelId& channel, const DeviceId& device) const {
    const auto found = wanted_.find(channel);
    return found != wanted_.end() && found->second.asked.contains(device);
}

/// A coordinator's device and two others that have not been asked: those seen last come first.
std::vector<DeviceId> Snapshots::choose(const ChannelId& channel, const Want& want) {
    const auto& state = directory_.state();
    struct Candidate {
        bool coordinator;
        std::uint64_t seen;
        std::uint32_t lot;
        DeviceId device;
    };
    std::vector<Candidate> others;
    for (const auto& device : state.readers(channel)) {
        if (device == context_.self.device || want.heard.contains(device)) continue;
        const auto seen = store_.device_seen(device);
        const bool coordinator = state.member_of(device)->role == directory::Role::coordinator;
        others.push_back({coordinator, seen ? *seen : 0, context_.random.u32(), device});
    }
    // Whoever did not answer is asked again when everybody has been.
    const bool all =
        std::ranges::all_of(others, [&](const auto& c) { return want.asked.contains(c.device); });
    if (!all) std::erase_if(others, [&](const auto& c) { return want.asked.contains(c.device); });
    std::ranges::sort(others, [](const auto& a, const auto& b) {
        return std::tie(b.seen, a.lot) < std::tie(a.seen, b.lot);
    });
    std::vector<DeviceId> out;
    const auto coordinator =
        std::ranges::find_if(others, [](const auto& c) { return c.coordinator; });
    if (coordinator != others.end()) out.push_back(coordinator->device);
    for (const auto& candidate : others) {
        if (out.size() >= enough + (coordinator != others.end() ? 1 : 0)) break;
        if (candidate.device != (out.empty() ? DeviceId{} : out.front()))
            out.push_back(candidate.device);
    }
    return out;
}

std::vector<Snapshots::Ask> Snapshots::due() {
    std::vector<Ask> out;
    const auto now = context_.scheduler.monotonic();
    for (auto& [channel, want] : wanted_) {
        if (want.next > now || want.tries == most_tries) continue;
        if (want.until_ms == 0) {
            want.next = now + first_wait;
            continue;
        }
        want.next = now + first_retry * (1U << want.tries);
        ++want.tries;
        Ask ask{channel, choose(channel, want)};
        want.asked.insert(ask.devices.begin(), ask.devices.end());
        if (!ask.devices.empty()) out.push_back(std::move(ask));
    }
    return out;
}

std::optional<std::chrono::milliseconds> Snapshots::wait() const {
    std::optional<std::chrono::milliseconds> next;
    for (const auto& [channel, want] : wanted_)
        if (want.tries < most_tries && (!next || want.next < *next)) next = want.next;
    if (!next) return std::nullopt;
    return std::max(*next - context_.scheduler.monotonic(), std::chrono::milliseconds(0));
}

}  // namespace huecry::domain
