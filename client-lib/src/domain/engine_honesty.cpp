#include "domain/engine.hpp"

// What the engine does about a relay whose word does not fit: it keeps what was signed, tells the
// user, and asks again later from what is known to be sound. And about one that says openly that
// its store was put back to a backup.
namespace huecry::domain {

void Engine::say(const RelayWatch::Said& said) {
    if (!said) return report(said.error());
    if (*said) warn(**said);
}

/// Nothing of what did not fit has been taken.
void Engine::distrust(const StreamRef& stream, const Error& error) {
    report(error);
    // What is kept is sound; the rest is asked for again on a fresh connection.
    if (retryable(error.code)) return link_->reset();
    if (error.code != Errc::relay_inconsistent && error.code != Errc::relay_rejected_chain) return;
    if (stream.kind == StreamKind::directory) {
        if (const auto conflict = directory_.take_conflict()) {
            const auto head = Head::decode(conflict->head);
            const auto place = head ? std::min(head->seq, directory_.index()) : 0;
            const auto ours = directory_.stretch(place);
            if (!ours) return report(ours.error());
            say(watch_.contradicted(*conflict, *ours, directory_.head()));
        }
    } else if (auto* channel = find(stream)) {
        if (const auto conflict = channel->take_conflict()) {
            const auto head = Head::decode(conflict->head);
            say(watch_.contradicted(*conflict, channel->stretch(head ? head->seq : 0),
                                    channel->head()));
        }
    }
    ask_later();
}

void Engine::ask_later() {
    if (distrust_timer_) return;
    constexpr auto first = std::chrono::seconds(limits::retry_inconsistent_s);
    constexpr auto longest = std::chrono::milliseconds(std::chrono::hours(1));
    distrust_delay_ = std::clamp<std::chrono::milliseconds>(distrust_delay_ * 2, first, longest);
    distrust_timer_ = context_.scheduler.after(distrust_delay_, [this] {
        distrust_timer_.reset();
        if (ready_) link_->reset();
    });
}

/// What members' messages said that does not fit what is here.
void Engine::look_at(const StreamRef& stream, const Channel& channel, const Taken& result) {
    for (const auto& claim : result.claims)
        say(watch_.disputed(claim, channel.stretch(claim.seq), channel.head()));
    for (const auto& conflict : result.conflicts) {
        const auto head = Head::decode(conflict.head);
        const auto ours = directory_.stretch(head ? head->seq : 0);
        if (!ours) return report(ours.error());
        say(watch_.contradicted(conflict, *ours, directory_.head()));
    }
    look_again(stream);
}

/// A newer head may prove what was only disputed.
void Engine::look_again(const StreamRef& stream) {
    const auto place = watch_.open(stream);
    if (!place) return;
    if (stream.kind == StreamKind::directory) {
        const auto ours = directory_.stretch(std::min(*place, directory_.index()));
        if (ours && directory_.head()) say(watch_.confirmed(*ours, *directory_.head()));
    } else if (const auto* channel = find(stream); channel != nullptr && channel->head()) {
        say(watch_.confirmed(channel->stretch(*place), *channel->head()));
    }
}

void Engine::look_for_silence() {
    std::vector<RelayWatch::Stand> channels;
    for (const auto& [id, channel] : channels_) {
        const bool waits = channel->waiting_for_directory();
        // What a member has seen of the directory, the relay has: it does not give it to this one.
        if (waits && !waiting_for_.insert(id).second)
            report(Error{Errc::relay_inconsistent, "entries of the directory are withheld"});
        if (!waits) waiting_for_.erase(id);
        if (channel->joined()) channels.push_back({id, channel->row().incarnation});
    }
    const auto signs = watch_.stale(channels);
    if (!signs) return report(signs.error());
    for (const auto& sign : *signs) warn(sign);
    ask_for_head();
}

/// The relay's word on the directory, where nothing has happened for a while.
void Engine::ask_for_head() {
    constexpr std::uint64_t often_ms = 3'600'000;
    if (!ready_ || context_.clock.now_ms() < directory_.heard_ms() + often_ms) return;
    v1::Frame frame;
    auto& stream = *frame.mutable_head_query()->mutable_stream();
    stream.set_kind(static_cast<std::uint32_t>(StreamKind::directory));
    stream.set_id(to_string(BytesView(StreamRef::directory().id)));
    constexpr auto patience = std::chrono::seconds(limits::request_timeout_s);
    session_.request(std::move(frame), patience, [this, alive = alive_](Result<v1::Frame> answer) {
        if (*alive && answer && answer->has_queue_empty())
            handle_queue_empty(answer->queue_empty());
    });
}

/// The directory here ends at `kept_index` now, as the relay's did when it was put back.
void Engine::put_back(std::uint64_t kept_index) {
    duties_.relay_lost_more();
    auto waiting = std::move(statements_);
    statements_.clear();
    for (auto& one : waiting) {
        if (one.index <= kept_index) {
            statements_.push_back(std::move(one));
            continue;
        }
        --statements_sent_;
        one.done(Error{Errc::statement_conflict, "the relay lost it; it is handed in again"});
    }
    warn("the relay was put back to a backup: what it lost of the directory is handed in again");
}

/// From here on the relay's streams are new ones.
void Engine::store_restored(std::uint64_t accepted_ms) {
    if (auto begun = mailbox_.begin_anew(accepted_ms); !begun) return report(begun.error());
    subscribe(mailbox_.stream(), 0);
    mailbox_caught_up_ = false;
    subscribe(StreamRef::directory(), directory_.index());  // answered with its end
    // Incarnations that the relay no longer knows of: their numbers will be used again.
    std::vector<StreamRef> unknown;
    for (const auto& [id, channel] : channels_) {
        const auto* record = directory_.state().channel(id);
        if (record == nullptr || record->incarnation < channel->row().incarnation)
            unknown.push_back(channel->stream());
    }
    for (const auto& [stream, channel] : ending_) {
        const auto* record = directory_.state().channel(ChannelId(stream.id));
        if (record == nullptr || record->incarnation <= stream.incarnation)
            unknown.push_back(stream);
    }
    for (const auto& stream : unknown) {
        const auto key =
            "begun " + ChannelId(stream.id).hex() + " " + std::to_string(stream.incarnation);
        if (auto erased = store_.erase_setting(key); !erased) report(erased.error());
        if (auto erased = store_.erase_epochs(stream); !erased) report(erased.error());
        if (auto* channel = find(stream)) forget(*channel);
    }
}

}  // namespace huecry::domain
