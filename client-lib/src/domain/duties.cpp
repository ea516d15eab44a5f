#include "domain/duties.hpp"

#include "huecry/directory/build.hpp"

namespace huecry::domain {
namespace {

constexpr std::uint64_t day_ms = 86'400'000;
constexpr std::uint64_t help_after_ms = 3'600'000;  // nobody let a coordinator back in: it restarts

}  // namespace

Result<std::optional<Duties::Duty>> Duties::next(const Channels& channels, bool settled) {
    const auto& state = directory_.state();
    HUECRY_TRY_ASSIGN(auto offer, lost_.next());
    if (offer) {
        Duty duty{.own = offer->again.has_value()};
        if (offer->again) duty.body = std::move(*offer->again);
        duty.as_signed = std::move(offer->as_signed);
        duty.lost = std::move(offer->header);
        return std::optional(std::move(duty));
    }
    const auto* self = state.device(context_.self.device);
    if (self == nullptr) return std::optional<Duty>{};
    if (self->state == directory::DeviceState::dormant)
        return std::optional(Duty{directory::DeviceReturned{}, true});
    if (!state.is_active(context_.self.device)) return std::optional<Duty>{};
    if (auto duty = complaint(channels)) return duty;
    HUECRY_TRY_ASSIGN(auto duty, rejoin(channels));
    if (duty) return duty;
    HUECRY_TRY_ASSIGN(duty, restart(channels));
    if (duty) return duty;
    const auto* member = state.member(self->member);
    if (member->role != directory::Role::coordinator) return std::optional<Duty>{};
    return of_coordinator(channels, settled);
}

/// Would the directory take it from this device now?
bool Duties::allowed(const directory::Body& body) const {
    const auto& state = directory_.state();
    const auto statement = directory::make_statement(state, directory::Nonce{}, body);
    const auto made = directory::sign_statement(statement, *context_.self.key);
    return state.check(made.encode(), std::max(state.time_ms(), context_.clock.now_ms())).ok();
}

// -- this device's own way back

bool Duties::complained(const ChannelId& channel, const MessageId& commit) const {
    const auto* record = directory_.state().channel(channel);
    return record == nullptr ||
           std::any_of(record->complaints.begin(), record->complaints.end(), [&](const auto& c) {
               return c.device == context_.self.device && c.commit == commit;
           });
}

std::optional<Duties::Duty> Duties::complaint(const Channels& channels) const {
    for (const auto& [id, channel] : channels) {
        const auto& trouble = channel->trouble();
        if (!trouble || trouble->commit.is_zero() || complained(id, trouble->commit)) continue;
        directory::Body body = directory::CommitComplained{id, channel->row().incarnation,
                                                           trouble->commit, trouble->committer};
        if (allowed(body)) return Duty{std::move(body), true};
    }
    return std::nullopt;
}

/// Of a channel that this device reads; not `certain` when it is well there, or waits.
Result<Trouble> Duties::trouble_in(const Channels& channels, const ChannelId& id) {
    const auto found = channels.find(id);
    if (found != channels.end()) return found->second->trouble().value_or(Trouble{});
    HUECRY_TRY_ASSIGN(const auto kept, trouble_of(store_, id));
    return kept.value_or(Trouble{});
}

Result<std::optional<Duties::Duty>> Duties::rejoin(const Channels& channels) {
    Duty duty{directory::RejoinRequested{}, true};
    auto& request = std::get<directory::RejoinRequested>(duty.body);
    const auto& state = directory_.state();
    for (const auto& id : state.channels_of(context_.self.device)) {
        HUECRY_TRY_ASSIGN(const auto trouble, trouble_in(channels, id));
        if (!trouble.certain || trouble.asked_index != 0) continue;
        if (duty.rejoining.empty()) request.reason = trouble.reason;
        if (trouble.reason != request.reason) continue;  // in another statement
        if (duty.rejoining.size() == limits::max_rejoin_channels) break;
        duty.rejoining.push_back(id);
    }
    if (duty.rejoining.empty()) return std::optional<Duty>{};
    HUECRY_TRY_ASSIGN(auto transaction, context_.db.begin());
    for (const auto& id : duty.rejoining) {
        HUECRY_TRY_ASSIGN(auto package, keys_.for_rejoin());
        request.channels.push_back({id, std::move(package)});
    }
    HUECRY_TRY(transaction.commit());
    return std::optional(std::move(duty));
}

Result<void> Duties::asked(const Channels& channels, const Duty& duty, std::uint64_t index) {
    for (const auto& id : duty.rejoining) {
        const auto found = channels.find(id);
        if (found != channels.end()) {
            HUECRY_TRY(found->second->asked_to_rejoin(index));
            continue;
        }
        HUECRY_TRY_ASSIGN(const auto kept, trouble_of(store_, id));
        if (!kept) continue;
        auto trouble = *kept;
        trouble.asked_index = index;
        HUECRY_TRY_ASSIGN(auto transaction, context_.db.begin());
        HUECRY_TRY(keep_trouble(store_, id, trouble));
        HUECRY_TRY(transaction.commit());
    }
    return {};
}

Result<void> Duties::welcome_unusable(const Channels& channels) {
    if (!directory_.known()) return {};
    for (const auto& id : directory_.state().channels_of(context_.self.device)) {
        const auto found = channels.find(id);
        if (found != channels.end()) {
            HUECRY_TRY(found->second->ask_again());
            continue;
        }
        HUECRY_TRY_ASSIGN(auto transaction, context_.db.begin());
        HUECRY_TRY(keep_trouble(
            store_, id, {.reason = directory::RejoinReason::welcome_unusable, .certain = true}));
        HUECRY_TRY(transaction.commit());
    }
    return {};
}

// -- what falls to any reader

Result<std::optional<Duties::Duty>> Duties::restart(const Channels& channels) {
    const auto& state = directory_.state();
    const auto* member = state.member_of(context_.self.device);
    for (const auto& id : state.channels_of(context_.self.device)) {
        const auto& record = *state.channel(id);
        HUECRY_TRY_ASSIGN(const auto trouble, trouble_in(channels, id));
        // Nobody has let this coordinator back in: perhaps nobody is left who could.
        const auto* asked = state.rejoin(context_.self.device, id);
        const bool alone = member->role == directory::Role::coordinator && asked != nullptr &&
                           trouble.asked_index == asked->index &&
                           context_.clock.now_ms() > asked->accepted_ms + help_after_ms;
        // Nobody else is there who could let it in: its key was changed while it was the only one.
        const bool only = member->role == directory::Role::coordinator &&
                          state.reader_count(id) == 1 && !channels.contains(id);
        const bool begins_anew = stream_lost(id) || only;
        if (record.complaints.empty() && !begins_anew && !alone) continue;
        directory::Body body = directory::ChannelRestarted{id, context_.self.device};
        const bool coordinator = member->role == directory::Role::coordinator;
        // A coordinator may always; it does so only where anybody could, or when nobody helps.
        if (coordinator && !begins_anew && !alone && !wedged(record)) continue;
        if (allowed(body)) return std::optional(Duty{std::move(body)});
    }
    return std::optional<Duty>{};
}

bool Duties::stream_lost(const ChannelId& channel) const {
    const auto& state = directory_.state();
    const auto* record = state.channel(channel);
    if (record == nullptr) return true;
    const auto moved = state.relays().size() > 1 ? state.relays().back().index : 0;
    return std::max(state.restored_index(), moved) >
           std::max(record->defined_index, record->restarted_index);
}

bool Duties::wedged(const directory::ChannelRecord& record) const {
    return std::any_of(record.complaints.begin(), record.complaints.end(),
                       [&](const auto& complaint) { return confirmed(record, complaint); });
}

/// As many complain of this commit, and of the same committer, as let any reader restart.
bool Duties::confirmed(const directory::ChannelRecord& record,
                       const directory::Complaint& complaint) const {
    const auto& state = directory_.state();
    std::set<MemberId> members;
    std::size_t devices = 0;
    for (const auto& c : record.complaints) {
        if (c.commit != complaint.commit || c.committer != complaint.committer ||
            !state.reads(c.device, record.settings.id))
            continue;
        members.insert(state.device(c.device)->member);
        ++devices;
    }
    if (devices == 0) return false;
    return members.size() >= limits::restart_complaints ||
           2 * devices >= state.reader_count(record.settings.id);
}

// -- what falls to a coordinator's device

Result<std::optional<Duties::Duty>> Duties::of_coordinator(const Channels& channels, bool settled) {
    const auto& state = directory_.state();
    const auto now = context_.clock.now_ms();
    if (auto members = state.due_to_lapse(now); !members.empty() && state.agreement())
        return std::optional(
            Duty{directory::AgreementLapsed{state.agreement()->version, std::move(members)}});
    if (auto duty = bar()) return duty;
    if (!settled) return std::optional<Duty>{};
    if (auto duty = anchor(channels)) return duty;
    HUECRY_TRY_ASSIGN(auto devices, dormant());
    if (devices.empty()) return std::optional<Duty>{};
    return std::optional(Duty{directory::DeviceDormant{std::move(devices)}});
}

/// A committer whose commit so many complained of commits no more until a coordinator decides.
std::optional<Duties::Duty> Duties::bar() const {
    for (const auto& [id, record] : directory_.state().channels()) {
        for (const auto& complaint : record.complaints) {
            if (record.bars.contains(complaint.committer) || !confirmed(record, complaint))
                continue;
            directory::Body body = directory::MayNotCommit{id, complaint.committer, true};
            if (allowed(body)) return Duty{std::move(body)};
        }
    }
    return std::nullopt;
}

std::optional<Duties::Duty> Duties::anchor(const Channels& channels) const {
    directory::ChannelAnchored body;
    for (const auto& id :
         directory_.state().due_to_anchor(context_.self.device, context_.clock.now_ms())) {
        const auto found = channels.find(id);
        if (found == channels.end()) continue;
        const auto& channel = *found->second;
        const auto epoch = channel.authenticator();
        if (!epoch || !channel.caught_up()) continue;
        const auto authenticator = Digest::from(epoch->second);
        if (!authenticator) continue;
        body.anchors.push_back({id, channel.row().incarnation, epoch->first, *authenticator,
                                channel.cursor(), channel.hash()});
    }
    if (body.anchors.empty()) return std::nullopt;
    return Duty{std::move(body)};
}

/// Devices of which neither the directory nor any stream has shown anything for so long. Nobody is
/// judged by a device that has not itself been there for as long.
Result<std::vector<DeviceId>> Duties::dormant() {
    const auto& state = directory_.state();
    const auto now = context_.clock.now_ms();
    const auto unseen_ms = state.policy().dormant_days * day_ms;
    const auto* self = state.device(context_.self.device);
    std::vector<DeviceId> out;
    if (now < self->admitted_ms + unseen_ms) return out;
    for (const auto& device : state.may_be_dormant(now)) {
        if (device == context_.self.device) continue;
        HUECRY_TRY_ASSIGN(const auto seen, store_.device_seen(device));
        if (now >= seen + unseen_ms) out.push_back(device);
    }
    return out;
}

}  // namespace huecry::domain
