#include "domain/engine.hpp"

// What devices tell each other alone: that something could not be decrypted, and what a device that
// came late or came back is to have.
namespace huecry::domain {
namespace {

using namespace std::chrono_literals;

constexpr auto letter_life = 24h;
constexpr auto part_life = 7 * 24h;
constexpr auto request_timeout = std::chrono::seconds(limits::request_timeout_s);
constexpr auto collect = 2s;           // requests, before any is answered
constexpr std::size_t one_by_one = 3;  // as many are answered alone, more in the channel
constexpr auto not_again = 50s;        // the same device asks again after a minute
constexpr std::size_t part_bytes = 60'000;
constexpr std::string_view again_setting = "say again";

Result<void> keep_again(SyncStore& store, const std::set<ChannelId>& channels) {
    Writer w;
    for (const auto& id : channels) w.raw(id.view());
    return store.set_setting(again_setting, w.bytes());
}

}  // namespace

Result<void> Engine::load_letters() {
    HUECRY_TRY(snapshots_.load());
    HUECRY_TRY_ASSIGN(const auto kept, store_.setting(again_setting));
    if (!kept) return {};
    Reader r(*kept);
    while (!r.done()) {
        const auto id = ChannelId::from(r.raw(ChannelId::size));
        if (!r.ok() || !id) return Error{Errc::store_damaged, "say again"};
        say_again_.insert(*id);
    }
    return {};
}

void Engine::send_letter(const DeviceId& to, const content::v1::Directed& body) {
    const auto* device = directory_.known() ? directory_.state().device(to) : nullptr;
    if (device == nullptr || device->state == directory::DeviceState::revoked) return;
    const auto id = context_.new_id<MessageId>();
    auto sealed = seal_letter(context_, *device, id, body);
    if (!sealed) return context_.trace(1, "a letter: " + sealed.error().text());
    v1::Frame frame;
    auto& submit = *frame.mutable_submit();
    submit.mutable_stream()->set_kind(static_cast<std::uint32_t>(StreamKind::mailbox));
    submit.mutable_stream()->set_id(to_string(to.view()));
    auto& item = *submit.add_items();
    item.set_message_id(to_string(id.view()));
    item.set_kind(static_cast<std::uint32_t>(EntryKind::directed));
    const std::chrono::milliseconds life = body.has_part() ? part_life : letter_life;
    item.set_lifetime_ms(static_cast<std::uint64_t>(life.count()));
    item.set_body(to_string(*sealed));
    session_.request(std::move(frame), request_timeout,
                     [this, alive = alive_](const Result<v1::Frame>& answer) {
                         if (*alive && !answer)
                             context_.trace(1, "a letter was refused: " + answer.error().text());
                     });
}

void Engine::take_letters() {
    for (const auto& letter : mailbox_.take_letters()) {
        switch (letter.body.body_case()) {
            case content::v1::Directed::kSkipped:
                take_skipped(letter.from, letter.body.skipped());
                break;
            case content::v1::Directed::kWanted:
                take_wanted(letter.from, letter.body.wanted());
                break;
            case content::v1::Directed::kPart:
                take_part(letter.from, letter.body.part());
                break;
            case content::v1::Directed::BODY_NOT_SET:
                context_.trace(1, "a letter of a later version was ignored");
        }
    }
}

// -- what the others cannot read

void Engine::tell_skipped(const StreamRef& stream, const std::vector<Taken::Skip>& skipped) {
    for (const auto& skip : skipped) {
        content::v1::Directed body;
        auto& letter = *body.mutable_skipped();
        letter.set_channel(to_string(BytesView(stream.id)));
        letter.set_incarnation(stream.incarnation);
        letter.set_message(to_string(skip.message.view()));
        send_letter(skip.submitter, body);
    }
}

/// Two other members (one in a channel of three devices) say so: one rogue drives nobody out.
void Engine::take_skipped(const DeviceId& from, const content::v1::Skipped& letter) {
    const auto id = ChannelId::from(view(letter.channel()));
    const auto message = MessageId::from(view(letter.message()));
    if (!id || !message) return;
    const auto found = channels_.find(*id);
    const auto& state = directory_.state();
    if (found == channels_.end() || !state.reads(from, *id)) return;
    auto& channel = *found->second;
    const auto entry = store_.own_entry(*message);
    if (!entry || !*entry || (*entry)->stream != channel.stream() ||
        letter.incarnation() != channel.row().incarnation)
        return;
    auto& reports = reports_[*id];
    if (std::exchange(reports.epoch, channel.epoch()) != channel.epoch()) reports.from.clear();
    reports.from.insert(from);
    std::set<MemberId> members;
    const auto* self = state.member_of(context_.self.device);
    for (const auto& device : reports.from)
        if (const auto* member = state.member_of(device); member != nullptr && member != self)
            members.insert(member->id);
    if (members.size() < (state.reader_count(*id) > 3 ? 2U : 1U)) return;
    taken(channel.stream(), channel.unheard(reports.from));
}

/// (tx)
Result<void> Engine::must_say_again(const ChannelId& channel) {
    say_again_.insert(channel);
    return keep_again(store_, say_again_);
}

/// Own alerts that nobody could read go out once more, under the ids that they had: whoever has one
/// all the same does not get a second.
void Engine::say_again() {
    for (auto next = say_again_.begin(); next != say_again_.end();) {
        const auto id = *next++;
        const auto found = channels_.find(id);
        if (found == channels_.end() || !found->second->joined()) continue;
        const auto now = context_.clock.now_ms();
        for (auto& gift :
             context_.projection.to_give(id, true, [](std::uint64_t) { return true; })) {
            if (gift.expiry_ms <= now) continue;
            Outgoing message{id,
                             context_.new_id<MessageId>(),
                             {},
                             std::chrono::milliseconds(gift.expiry_ms - now)};
            *message.content.mutable_again() = std::move(gift.alert);
            if (auto queued = enqueue(message, {}); !queued) return report(queued.error());
        }
        say_again_.erase(id);
        if (auto kept = keep_again(store_, say_again_); !kept) return report(kept.error());
    }
}

// -- snapshots

void Engine::ask_for_snapshots() {
    snapshot_timer_.reset();
    if (!directory_.known() || directory_.behind()) return;
    for (const auto& ask : snapshots_.due()) {
        content::v1::Directed body;
        body.mutable_wanted()->set_channel(to_string(ask.channel.view()));
        body.mutable_wanted()->set_until_ms(snapshots_.until_ms(ask.channel));
        for (const auto& device : ask.devices) send_letter(device, body);
    }
    if (const auto wait = snapshots_.wait())
        snapshot_timer_ = context_.scheduler.after(*wait, [this] { pump_soon(); });
}

void Engine::take_wanted(const DeviceId& from, const content::v1::SnapshotWanted& letter) {
    const auto id = ChannelId::from(view(letter.channel()));
    const auto found = id ? channels_.find(*id) : channels_.end();
    if (found == channels_.end() || !found->second->joined() || found->second->row().provisional ||
        !directory_.state().reads(from, *id))
        return;
    const auto now = context_.scheduler.monotonic();
    std::erase_if(given_, [&](const auto& one) { return one.second + not_again < now; });
    if (!given_.emplace(std::pair{*id, from}, now).second) return;
    to_give_[*id][from] = letter.until_ms();
    if (!give_timer_)
        give_timer_ = context_.scheduler.after(collect, [this] {
            give_timer_.reset();
            give_wanted();
        });
}

void Engine::give_wanted() {
    for (const auto& [id, devices] : std::exchange(to_give_, {})) {
        if (!channels_.contains(id)) continue;
        const bool alone = devices.size() <= one_by_one;
        if (!alone) give_snapshot(id);
        for (const auto& [device, until_ms] : devices) give(id, device, until_ms, alone);
    }
}

/// `records`: also what a newcomer is told. Alerts are those between the moment from which on the
/// device may read and that from which on it does.
void Engine::give(const ChannelId& channel, const DeviceId& device, std::uint64_t until_ms,
                  bool records) {
    const auto& state = directory_.state();
    if (!state.reads(device, channel)) return;
    std::vector<content::v1::SnapshotPart> parts;
    if (records)
        for (auto& content : context_.projection.snapshot(channel))
            *parts.emplace_back().mutable_snapshot() = std::move(*content.mutable_snapshot());
    parts.emplace_back();
    auto gifts = context_.projection.to_give(channel, false, [&](std::uint64_t index) {
        return state.authorised_at(device, channel, index);
    });
    for (auto& gift : gifts) {
        if (gift.alert.accepted_ms() > until_ms) continue;
        if (parts.back().ByteSizeLong() + gift.alert.ByteSizeLong() > part_bytes)
            parts.emplace_back();
        *parts.back().add_alerts() = std::move(gift.alert);
    }
    parts.back().set_last(true);
    for (auto& part : parts) {
        part.set_channel(to_string(channel.view()));
        content::v1::Directed body;
        *body.mutable_part() = std::move(part);
        send_letter(device, body);
    }
}

void Engine::take_part(const DeviceId& from, const content::v1::SnapshotPart& letter) {
    const auto id = ChannelId::from(view(letter.channel()));
    if (!id || !snapshots_.asked(*id, from) || !directory_.state().reads(from, *id) ||
        !directory_.state().reads(context_.self.device, *id))
        return;
    auto part = letter;
    part.clear_alerts();
    for (const auto& alert : letter.alerts())
        if (alert.accepted_ms() <= snapshots_.until_ms(*id)) *part.add_alerts() = alert;
    auto transaction = context_.db.begin();
    if (!transaction) return report(transaction.error());
    auto kept = context_.projection.received(*id, from, part);
    if (kept) kept = transaction->commit();
    if (!kept) {
        context_.projection.rolled_back();
        return report(kept.error());
    }
    context_.projection.committed();
    if (letter.last())
        if (auto noted = snapshots_.heard(*id, from); !noted) report(noted.error());
    schedule_tick();
    changed();
}

}  // namespace huecry::domain
