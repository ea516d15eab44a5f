#include "domain/engine.hpp"

// What the directory brings about: channels that begin, begin anew and end, and what this device is
// to sign in it.
namespace huecry::domain {
namespace {

constexpr auto duty_retry = std::chrono::seconds(30);

}  // namespace

void Engine::directory_moved(bool new_entries) {
    follow_directory();
    std::vector<StreamRef> waiting;  // `taken` may erase channels
    for (const auto& [id, channel] : channels_)
        if (channel->waiting_for_directory()) waiting.push_back(channel->stream());
    for (const auto& [stream, channel] : ending_)
        if (channel->waiting_for_directory()) waiting.push_back(stream);
    for (const auto& stream : waiting)
        if (auto* channel = find(stream)) taken(stream, channel->directory_advanced());
    std::vector<std::string> warnings;
    auto done = mailbox_.directory_advanced(
        [this](Mailbox::Welcomed w) { return welcome(std::move(w)); }, warnings);
    for (const auto& w : warnings) warn(w);
    if (!done) return mailbox_failed(done.error());
    finish_statements();
    if (new_entries) blocked_.clear();  // newcomers may have brought key packages
    pump_soon();
    if (new_entries) changed();
}

void Engine::follow_directory() {
    if (!directory_.known()) return;
    const auto& state = directory_.state();
    const auto* self = state.device(context_.self.device);
    if (self != nullptr && self->state == directory::DeviceState::revoked)
        return removed_from_partnership();
    std::vector<ChannelId> lost, restarted;
    for (const auto& [id, channel] : channels_) {
        if (!state.reads(context_.self.device, id))
            lost.push_back(id);
        else if (state.channel(id)->incarnation > channel->row().incarnation)
            restarted.push_back(id);
    }
    for (const auto& id : lost) leave(id);
    refuse_unreadable();
    for (const auto& id : restarted) end_incarnation(id);
    begin_channels();
}

/// Groups that this device is to create.
void Engine::begin_channels() {
    const auto& state = directory_.state();
    for (const auto& [id, record] : state.channels()) {
        if (channels_.contains(id) || record.settings.creator != context_.self.device ||
            !state.reads(context_.self.device, id) || !directory_caught_up_)
            continue;
        // Only one that has never begun: a creator that comes back waits for a Welcome.
        const auto key = "begun " + id.hex() + " " + std::to_string(record.incarnation);
        auto begun = store_.setting(key);
        if (!begun || *begun) continue;
        auto transaction = context_.db.begin();
        if (!transaction) return report(transaction.error());
        auto channel = std::make_unique<Channel>(context_, store_, directory_);
        auto made = channel->create(id, record.incarnation);
        if (made) made = store_.set_setting(key, view("1"));
        if (made) made = end_trouble(store_, id);
        if (made) made = transaction->commit();
        if (!made) return report(made.error());
        subscribe(channel->stream(), 0);
        channels_[id] = std::move(channel);
    }
}

/// The channel has begun anew. What was said before is still read to its end.
void Engine::end_incarnation(const ChannelId& id) {
    const auto found = channels_.find(id);
    if (found == channels_.end()) return;
    auto channel = std::move(found->second);
    channels_.erase(found);
    sent_.erase(id);
    const auto stream = channel->stream();
    const auto from = channel->cursor();
    channel->set_caught_up(false);
    auto& kept = *(ending_[stream] = std::move(channel));
    if (kept.row().status == ChannelStatus::failed) return forget(kept);
    context_.scheduler.post([this, alive = alive_, stream, from] {
        if (*alive && ready_) subscribe(stream, from);  // answered with its end
    });
}

/// What is kept of a group goes.
void Engine::forget(Channel& channel) {
    const auto stream = channel.stream();
    const ChannelId id(stream.id);
    auto transaction = context_.db.begin();
    if (!transaction) return report(transaction.error());
    auto gone = store_.erase_channel(id, stream.incarnation);
    if (gone) gone = transaction->commit();
    if (!gone) return report(gone.error());
    if (ending_.erase(stream) == 0) {
        channels_.erase(id);
        sent_.erase(id);
    }
    changed();
}

void Engine::compare_anchors(const std::vector<directory::Applied>& applied) {
    for (const auto& entry : applied) {
        for (const auto& event : entry.events) {
            if (event.kind != directory::EventKind::channel_anchored) continue;
            const auto* record = directory_.state().channel(event.channel);
            const auto found = channels_.find(event.channel);
            if (record == nullptr || !record->anchor || found == channels_.end()) continue;
            auto fits = found->second->compare_anchor(record->anchor->anchor);
            if (!fits)
                report(fits.error());
            else if (!*fits)
                warn(
                    "this device's group of a channel is not the one that a coordinator has "
                    "recorded in the directory");
        }
    }
}

/// What waits for a channel that this device may not read any more would wait until it expires:
/// its author is told at once.
void Engine::refuse_unreadable() {
    const auto waiting = store_.outbox_channels();
    if (!waiting) return report(waiting.error());
    for (const auto& id : *waiting) {
        if (channels_.contains(id) || directory_.state().reads(context_.self.device, id)) continue;
        const auto messages = store_.outbox_of(id);
        if (!messages) return report(messages.error());
        for (const auto& message : *messages) refuse_message(message, Error{Errc::not_permitted});
    }
}

void Engine::leave(ChannelId id) {  // its own: the caller's may be the key that goes
    const auto found = channels_.find(id);
    if (found == channels_.end()) return;
    forget(*found->second);
    if (auto ended = end_trouble(store_, id); !ended) report(ended.error());
    if (auto gone = snapshots_.forget(id); !gone) report(gone.error());
}

void Engine::removed_from_partnership() {
    auto known = store_.setting("removed");
    if (!known || *known) return;
    while (!channels_.empty()) {
        const auto left = channels_.size();
        leave(channels_.begin()->first);
        if (channels_.size() == left) return;
    }
    auto transaction = context_.db.begin();
    if (!transaction) return report(transaction.error());
    auto done = context_.projection.removed();
    if (done) done = store_.set_setting("removed", view("1"));
    if (done) done = context_.db.execute("DELETE FROM outbox");
    if (done) done = context_.db.execute("DELETE FROM upload");
    if (done) done = context_.db.execute("DELETE FROM key_package");
    if (done) done = transaction->commit();
    if (!done) return report(done.error());
    context_.projection.committed();
    if (auto truncated = context_.db.truncate_log(); !truncated)
        context_.trace(0, truncated.error().text());
    changed();
}

// -- what this device signs by itself

/// One statement at a time; what others could do as well waits a moment first.
void Engine::recover() {
    if (signing_ || !ready_ || !directory_.known() || directory_.behind() || !directory_.head() ||
        !directory_caught_up_ || duty_timer_)
        return;
    auto duty = duties_.next(channels_, caught_up());
    if (!duty) return report(duty.error());
    if (!*duty) {
        duty_waited_ = false;
        return;
    }
    if ((*duty)->own || duty_waited_) {
        duty_waited_ = false;
        return sign(std::move(**duty));
    }
    duty_timer_ = context_.scheduler.after(commit_delay_, [this] {
        duty_timer_.reset();
        duty_waited_ = true;
        pump_soon();
    });
}

void Engine::sign(Duties::Duty duty) {
    signing_ = true;
    auto body = duty.body;
    const auto as_signed = duty.as_signed;
    auto done = [this, duty = std::move(duty)](Result<std::uint64_t> index) {
        signing_ = false;
        const bool repeated = !index && index.error().code == Errc::statement_repeated;
        if (!duty.lost.empty() && (index || repeated)) {
            if (auto kept = duties_.brought_back(duty); !kept) report(kept.error());
            return pump_soon();
        }
        if (index) {
            if (auto kept = duties_.asked(channels_, duty, *index); !kept) report(kept.error());
            return pump_soon();
        }
        // Somebody else was first, or it must wait.
        context_.trace(1, "a statement was refused: " + index.error().text());
        duty_timer_ = context_.scheduler.after(duty_retry, [this] {
            duty_timer_.reset();
            pump_soon();
        });
    };
    if (as_signed)
        submit_signed(*as_signed, std::move(done));
    else
        submit_statement(std::move(body), std::move(done));
}

}  // namespace huecry::domain
