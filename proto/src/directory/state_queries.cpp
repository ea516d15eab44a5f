#include <algorithm>

#include "huecry/directory/state.hpp"
#include "huecry/limits.hpp"

// What the state answers.
namespace huecry::directory {
namespace {

template <class Map, class Key>
auto* find(Map& map, const Key& key) {
    const auto it = map.find(key);
    return it == map.end() ? nullptr : &it->second;
}

}  // namespace

std::optional<Digest> State::running_hash(std::uint64_t at) const {
    if (at >= hashes_.size()) return std::nullopt;
    return hashes_[at];
}

const Device* State::device(const DeviceId& id) const { return find(devices_, id); }
const Member* State::member(const MemberId& id) const { return find(members_, id); }
const Invite* State::invite(const InviteId& id) const { return find(invites_, id); }
const ChannelRecord* State::channel(const ChannelId& id) const { return find(channels_, id); }

const Member* State::member_of(const DeviceId& id) const {
    const auto* d = device(id);
    return d == nullptr ? nullptr : member(d->member);
}

const Proposal* State::proposal(const StatementId& id) const { return find(proposals_, id); }
const RejoinLog* State::rejoins(const DeviceId& id) const { return find(rejoins_, id); }

const Rejoin* State::rejoin(const DeviceId& device, const ChannelId& channel) const {
    const auto* log = rejoins(device);
    return log == nullptr ? nullptr : find(log->channels, channel);
}

const PublicKey& State::relay_key_at(std::uint64_t at) const {
    const auto after =
        std::upper_bound(relays_.begin(), relays_.end(), at,
                         [](auto i, const auto& period) { return i < period.index; });
    return *(after == relays_.begin() ? after : std::prev(after))->address.key;
}

bool State::is_active(const DeviceId& id) const {
    const auto* d = device(id);
    return d != nullptr && d->state == DeviceState::active &&
           members_.at(d->member).suspended_index == 0;
}

bool State::votes(const MemberId& id) const {
    const auto* m = member(id);
    return m != nullptr && m->role == Role::coordinator && m->suspended_index == 0 &&
           by_member_.at(id).active > 0;
}

std::uint32_t State::max_alert_s(const Channel& c) const {
    return std::min(c.max_alert_s, policy_.max_alert_s);
}

std::uint32_t State::max_photo_s(const Channel& c) const {
    return std::min(c.max_photo_s, policy_.max_photo_s);
}

std::vector<DeviceId> State::devices_of(const MemberId& id) const {
    std::vector<DeviceId> out;
    if (const auto* own = find(by_member_, id))
        for (const auto* d : own->devices) out.push_back(d->id);
    return out;
}

bool State::in_good_standing(const Member& m) const {
    return !agreement_ || m.accepted_version == agreement_->version || m.in_grace;
}

bool State::in_good_standing(const MemberId& id) const {
    const auto* m = member(id);
    return m != nullptr && in_good_standing(*m);
}

std::vector<MemberId> State::due_to_lapse(std::uint64_t now_ms) const {
    std::vector<MemberId> out;
    if (!agreement_ || now_ms < agreement_->deadline_ms) return out;
    for (const auto& [id, member] : members_) {
        if (out.size() == limits::max_lapsed) break;
        if (member.in_grace) out.push_back(id);
    }
    return out;
}

std::vector<DeviceId> State::may_be_dormant(std::uint64_t now_ms) const {
    std::vector<DeviceId> out;
    const auto days = std::uint64_t{policy_.dormant_days} * 86'400'000;
    for (const auto& [id, device] : devices_) {
        if (out.size() == limits::max_dormant) break;
        if (now_ms >= device.seen_ms + days && is_active(id)) out.push_back(id);
    }
    return out;
}

std::vector<ChannelId> State::due_to_anchor(const DeviceId& device, std::uint64_t now_ms) const {
    std::vector<ChannelId> out;
    for (const auto& [id, channel] : channels_) {
        if (out.size() == limits::max_anchors) break;
        const bool fresh = channel.anchor &&
                           now_ms < channel.anchor->accepted_ms + limits::anchor_interval_s * 1000;
        if (!fresh && reads(device, id)) out.push_back(id);
    }
    return out;
}

const AccessHistory* State::history(const DeviceId& device, const ChannelId& channel) const {
    const auto* table = find(access_, channel);
    if (table == nullptr) return nullptr;
    const auto* d = this->device(device);
    return d == nullptr ? nullptr : table->find(d->number);
}

bool State::reads(const DeviceId& device, const ChannelId& channel) const {
    const auto* h = history(device, channel);
    return h != nullptr && h->now().read;
}

bool State::posts(const DeviceId& device, const ChannelId& channel) const {
    const auto* h = history(device, channel);
    return h != nullptr && h->now().post;
}

bool State::may_commit(const DeviceId& device, const ChannelId& channel) const {
    const auto* h = history(device, channel);
    return h != nullptr && h->now().commit;
}

bool State::delegated(const DeviceId& device, const OrganisationId* grantor, std::uint64_t at,
                      std::uint64_t accepted_ms) const {
    const auto* m = member_of(device);
    return m != nullptr &&
           std::any_of(delegations_.begin(), delegations_.end(), [&](const auto& d) {
               return d.grantee == m->organisation &&
                      (grantor == nullptr || d.grantor == *grantor) && d.granted_index <= at &&
                      (d.ended_index == 0 || at < d.ended_index) && accepted_ms < d.until_ms;
           });
}

bool State::may_post(const DeviceId& device, const ChannelId& channel,
                     std::uint64_t accepted_ms) const {
    return may_post_at(device, channel, index(), accepted_ms);
}

bool State::may_post_at(const DeviceId& device, const ChannelId& channel, std::uint64_t at,
                        std::uint64_t accepted_ms) const {
    const auto rights = rights_at(device, channel, at);
    return rights.post || (rights.post_for && delegated(device, nullptr, at, accepted_ms));
}

bool State::posts_for_at(const DeviceId& device, const OrganisationId& grantor,
                         const ChannelId& channel, std::uint64_t at,
                         std::uint64_t accepted_ms) const {
    return rights_at(device, channel, at).post_for && delegated(device, &grantor, at, accepted_ms);
}

std::vector<DeviceId> State::readers(const ChannelId& channel) const {
    std::vector<DeviceId> out;
    const auto* table = find(access_, channel);
    if (table == nullptr) return out;
    out.reserve(table->readers);
    for (const auto& [id, device] : devices_)
        if (const auto* h = table->find(device.number); h != nullptr && h->now().read)
            out.push_back(id);
    return out;
}

std::size_t State::reader_count(const ChannelId& channel) const {
    const auto* table = find(access_, channel);
    return table == nullptr ? 0 : table->readers;
}

std::vector<ChannelId> State::channels_of(const DeviceId& id) const {
    std::vector<ChannelId> out;
    const auto* d = device(id);
    if (d == nullptr) return out;
    for (const auto& [channel, table] : access_)
        if (const auto* h = table.find(d->number); h != nullptr && h->now().read)
            out.push_back(channel);
    return out;
}

Rights State::rights_at(const DeviceId& device, const ChannelId& channel, std::uint64_t at) const {
    const auto* h = history(device, channel);
    return h == nullptr || at > index() ? Rights{} : h->at(at);
}

bool State::authorised_throughout(const DeviceId& device, const ChannelId& channel,
                                  std::uint64_t from, std::uint64_t to) const {
    const auto* h = history(device, channel);
    return h != nullptr && to <= index() && h->read_throughout(from, to);
}

bool State::ever_authorised(const DeviceId& device, const ChannelId& channel) const {
    const auto* h = history(device, channel);
    return h != nullptr && std::any_of(h->changes().begin(), h->changes().end(),
                                       [](const auto& c) { return c.rights.read; });
}

const AccessHistory::Replacement* State::replacement(const DeviceId& device,
                                                     const ChannelId& channel, std::uint64_t after,
                                                     std::uint64_t upto) const {
    const auto* h = history(device, channel);
    return h == nullptr ? nullptr : h->replacement(after, upto);
}

std::uint64_t State::loss_index(const ChannelId& id) const {
    const auto* c = channel(id);
    return c == nullptr ? 0 : c->loss_index;
}

std::uint64_t State::loss_index(const DeviceId& device, const ChannelId& channel) const {
    const auto* h = history(device, channel);
    if (h == nullptr) return 0;
    auto out = h->own_loss();
    if (!h->now().post_for) return out;
    const auto* m = member_of(device);
    for (const auto& d : delegations_)
        if (d.grantee == m->organisation) out = std::max(out, d.ended_index);
    return out;
}

}  // namespace huecry::directory
