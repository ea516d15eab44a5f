#include "domain/engine.hpp"

// What goes out: submissions of channels, uploads, key packages, statements.
namespace huecry::domain {
namespace {

using namespace std::chrono_literals;

constexpr auto request_timeout = std::chrono::seconds(limits::request_timeout_s);
constexpr auto package_retry = 500ms;  // a newcomer uploads its stock right after its admission
constexpr auto tick_longest = 60s;
constexpr std::uint64_t epochs_for = 60 * 86'400'000ULL;  // anchors name none that is older
constexpr auto look_every = 10min;
constexpr std::uint64_t seen_for = limits::dedup_days * 86'400'000ULL;  // then no repeat comes

}  // namespace

void Engine::pump_soon() {
    if (pumping_ || stopped_) return;
    pumping_ = true;
    context_.scheduler.post([this, alive = alive_] {
        if (!*alive || stopped_) return;
        pumping_ = false;
        pump();
    });
}

void Engine::pump() {
    if (!ready_) return;
    pump_timer_.reset();
    say_again();
    for (auto& [id, channel] : channels_) pump_channel(*channel);
    ask_for_snapshots();
    pump_uploads();
    fetch_agreement();
    offer_agreement();
    recover();
    changed();
}

/// Additions and leftover removals wait a little, differently long on each device, so that one
/// commit serves many newcomers and one device makes it.
bool Engine::delay_over(const ChannelId& id, bool due) {
    if (!due) {
        due_since_.erase(id);
        return false;
    }
    const auto now = context_.scheduler.monotonic();
    const auto since = due_since_.try_emplace(id, now).first->second;
    const auto left = since + commit_delay_ - now;
    if (left <= 0ms) {
        due_since_.erase(id);
        return true;
    }
    if (!pump_timer_)
        pump_timer_ = context_.scheduler.after(left, [this] {
            pump_timer_.reset();
            pump_soon();
        });
    return false;
}

void Engine::pump_channel(Channel& channel) {
    if (duties_.bringing_back() || duties_.stream_lost(channel.row().channel)) return;
    if (channel.in_flight()) {
        if (channel.caught_up() && !channel.waiting_for_directory()) send_submission(channel);
        return;
    }
    if (!channel.ready_to_submit()) return;
    const auto& id = channel.row().channel;
    if (channel.row().status == ChannelStatus::creating) {
        if (auto made = channel.submit_path(); !made) return report(made.error());
        return send_submission(channel);
    }
    const auto due = channel.due();
    if (due.own_leaf || (due.barred && due.pressing())) return;  // others are to commit first
    auto front = store_.outbox_front(id);
    if (!front) return report(front.error());
    if (*front) return send_message(channel, **front, due);
    if (due.barred) return;
    if (!delay_over(id, due.pressing() || !due.additions.empty() || due.refresh)) return;
    if (due.pressing()) {
        if (auto made = channel.submit_pressing(due); !made) return report(made.error());
        return send_submission(channel);
    }
    if (!due.additions.empty()) return request_packages(channel, due.additions);
    if (auto made = channel.submit_path(); !made) return report(made.error());
    send_submission(channel);
}

void Engine::send_message(Channel& channel, const OutboxRow& row, const Channel::Due& due) {
    auto made = channel.submit_message(row, due);
    if (made) return send_submission(channel);
    if (retryable(made.error().code) || made.error().code == Errc::mls_not_member) return;
    refuse_message(row.id, made.error());
    pump_soon();
}

void Engine::send_submission(Channel& channel) {
    const auto id = channel.row().channel;
    if (!ready_ || sent_.contains(id)) return;
    v1::Frame frame;
    if (!frame.mutable_submit()->ParseFromString(channel.submission()->frame))
        return report(Error{Errc::store_damaged, "submission"});
    sent_.insert(id);
    session_.request(std::move(frame), request_timeout,
                     [this, alive = alive_, id](Result<v1::Frame> answer) {
                         if (*alive) submission_answered(id, std::move(answer));
                     });
}

void Engine::submission_answered(const ChannelId& id, Result<v1::Frame> answer) {
    const auto found = channels_.find(id);
    if (found == channels_.end()) return;
    auto& channel = *found->second;
    if (answer && answer->has_submit_result())
        submission_accepted(channel, answer->submit_result());
    else if (answer)
        report(Error{Errc::bad_frame, "answer to a submission"});
    else
        submission_refused(channel, answer.error());
    changed();
}

void Engine::submission_accepted(Channel& channel, const v1::SubmitResult& result) {
    if (!channel.submission() || !channel.submission()->message || result.accepted().empty())
        return;  // reached in the stream before its answer, or a commit alone
    const auto& id = *channel.submission()->message;
    const auto& last = *result.accepted().rbegin();
    auto waiting = store_.in_outbox(id);
    if (!waiting || !*waiting) return;
    auto transaction = context_.db.begin();
    if (!transaction) return report(transaction.error());
    auto done = context_.projection.accepted(id, last.accepted_ms(), last.expiry_ms(),
                                             channel.submitted_index());
    if (done) done = store_.sent(id, channel.stream(), last.seq(), last.expiry_ms());
    if (done) done = transaction->commit();
    if (!done) {
        context_.projection.rolled_back();
        return report(done.error());
    }
    context_.projection.committed();
    schedule_tick();
}

void Engine::submission_refused(Channel& channel, const Error& error) {
    const auto id = channel.row().channel;
    const auto* refusal = session_.refusal();
    if (refusal == nullptr) {
        if (error.code == Errc::too_large) {  // it will never fit: made anew, smaller
            sent_.erase(id);
            if (auto dropped = channel.drop_submission(); !dropped) return report(dropped.error());
            block_packages(id);
        } else if (ready_) {  // the line is up and did not take it: again a little later
            back_off(id, 500ms);
        }
        return;
    }
    if (error.code != Errc::stale && retryable(error.code) &&
        error.code != Errc::reservation_lapsed) {
        // Rate limit, overload, quota: the identical bytes again, a little later.
        context_.trace(2, "a submission must wait: " + error.text());
        const auto wait = std::chrono::milliseconds(
            std::clamp<std::uint64_t>(refusal->retry_after_ms(), 500, 60'000));
        return back_off(id, wait);
    }
    const auto message = channel.submission() ? channel.submission()->message : std::nullopt;
    const bool alone = channel.submission() && !channel.submission()->commit;
    const auto handshake_seq = refusal->handshake_seq();
    const auto directory_index = refusal->directory_index();
    sent_.erase(id);
    if (auto dropped = channel.drop_submission(); !dropped) return report(dropped.error());
    if (error.code == Errc::stale) {
        channel.wait_until(handshake_seq, directory_index);
    } else if (message && (alone || error.code == Errc::post_not_permitted ||
                           error.code == Errc::not_permitted)) {
        refuse_message(*message, error);
    } else {
        context_.trace(1, "a commit was refused: " + error.text());
        block_packages(id);
    }
    pump_soon();
}

void Engine::back_off(const ChannelId& id, std::chrono::milliseconds wait) {
    backing_off_.insert(id);
    retry_timer_ = context_.scheduler.after(wait, [this] {
        for (const auto& one : backing_off_) sent_.erase(one);
        backing_off_.clear();
        pump_soon();
    });
}

void Engine::refuse_message(const MessageId& id, const Error& why) {
    context_.trace(1, "a message was refused: " + why.text());
    auto transaction = context_.db.begin();
    if (!transaction) return report(transaction.error());
    auto done = context_.projection.refused(id, why);
    if (done) done = store_.erase_outbox(id);
    if (done)
        done = context_.db.prepare("DELETE FROM upload WHERE message = ?").bind(id.view()).run();
    if (done) done = transaction->commit();
    if (!done) {
        context_.projection.rolled_back();
        return report(done.error());
    }
    context_.projection.committed();
}

void Engine::request_packages(Channel& channel, const std::vector<DeviceId>& devices) {
    const auto id = channel.row().channel;
    const auto now = context_.scheduler.monotonic();
    const auto blocked = blocked_.find(id);
    if (blocked != blocked_.end() && blocked->second.until > now) {
        if (!pump_timer_)
            pump_timer_ = context_.scheduler.after(blocked->second.until - now, [this] {
                pump_timer_.reset();
                pump_soon();
            });
        return;
    }
    if (!asking_packages_.insert(id).second) return;
    v1::Frame frame;
    auto& take = *frame.mutable_take_key_packages();
    take.mutable_channel()->set_kind(static_cast<std::uint32_t>(StreamKind::channel));
    take.mutable_channel()->set_id(to_string(id.view()));
    take.mutable_channel()->set_incarnation(channel.row().incarnation);
    for (const auto& device : devices) {
        if (static_cast<std::size_t>(take.devices_size()) == limits::max_welcome_devices) break;
        take.add_devices(to_string(device.view()));
    }
    session_.request(
        std::move(frame), request_timeout, [this, alive = alive_, id](Result<v1::Frame> answer) {
            if (!*alive) return;
            asking_packages_.erase(id);
            const auto found = channels_.find(id);
            if (found == channels_.end()) return;
            Result<void> made = Error{Errc::no_key_package};
            if (answer && answer->has_key_packages() && found->second->ready_to_submit())
                made = found->second->submit_additions(answer->key_packages());
            if (made) {
                blocked_.erase(id);
                send_submission(*found->second);
            } else {
                block_packages(id);
            }
            pump_soon();
        });
}

void Engine::block_packages(const ChannelId& id) {
    auto& blocked = blocked_[id];
    blocked.delay = std::clamp<std::chrono::milliseconds>(2 * blocked.delay, package_retry, 60s);
    blocked.until = context_.scheduler.monotonic() + blocked.delay;
}

void Engine::give_snapshot(const ChannelId& id) {
    for (auto& content : context_.projection.snapshot(id)) {
        const Outgoing message{id, context_.new_id<MessageId>(), std::move(content),
                               std::chrono::seconds(limits::record_expiry_s)};
        if (auto queued = enqueue(message, {}); !queued) report(queued.error());
    }
}

Result<void> Engine::enqueue(const Outgoing& message, std::vector<Projection::Sealed> photos) {
    HUECRY_TRY_ASSIGN(auto transaction, context_.db.begin());
    const auto save = [&]() -> Result<void> {
        HUECRY_TRY(context_.projection.queued(message));
        HUECRY_TRY(store_.add_outbox({message.id, message.channel, message.content,
                                      message.lifetime, context_.clock.now_ms()}));
        for (auto& photo : photos)
            HUECRY_TRY(
                store_.add_upload({photo.blob, message.id, message.channel, std::move(photo.share),
                                   std::move(photo.ciphertext), message.lifetime, false}));
        return transaction.commit();
    };
    auto saved = save();
    if (!saved) {
        context_.projection.rolled_back();
        return saved;
    }
    context_.projection.committed();
    pump_soon();
    return {};
}

// -- key packages, agreement, statements

void Engine::refill_keys(std::uint32_t left, bool has_last_resort) {
    if (refilling_) return;
    auto package = keys_.refill(left, has_last_resort);
    if (!package) return report(package.error());
    if (!*package) return;
    refilling_ = true;
    v1::Frame frame;
    *frame.mutable_put_key_packages() = std::move(**package);
    session_.request(std::move(frame), request_timeout,
                     [this, alive = alive_](Result<v1::Frame> answer) {
                         if (!*alive) return;
                         refilling_ = false;
                         if (!answer)
                             context_.trace(1, answer.error().text());
                         else if (auto kept = keys_.uploaded(); !kept)
                             report(kept.error());
                         changed();
                     });
}

void Engine::submit_statement(directory::Body body, StatementDone done) {
    if (!directory_.known()) return done(Error{Errc::unreachable, "no directory yet"});
    const auto statement = directory::make_statement(
        directory_.state(), context_.new_id<directory::Nonce>(), std::move(body));
    submit_signed(directory::sign_statement(statement, *context_.self.key), std::move(done));
}

void Engine::submit_signed(const directory::SignedStatement& signed_statement, StatementDone done) {
    v1::Frame frame;
    auto& submit = *frame.mutable_submit();
    submit.mutable_stream()->set_kind(static_cast<std::uint32_t>(StreamKind::directory));
    submit.mutable_stream()->set_id(to_string(BytesView(StreamRef::directory().id)));
    auto& item = *submit.add_items();
    item.set_message_id(to_string(context_.new_id<MessageId>().view()));
    item.set_kind(static_cast<std::uint32_t>(EntryKind::statement));
    item.set_body(to_string(signed_statement.encode()));
    ++statements_sent_;
    session_.request(
        std::move(frame), request_timeout,
        [this, alive = alive_, done = std::move(done)](Result<v1::Frame> answer) {
            if (!*alive) return;
            if (answer && answer->has_submit_result() &&
                answer->submit_result().accepted_size() == 1) {
                statements_.push_back({answer->submit_result().accepted(0).seq(), done});
                return finish_statements();
            }
            --statements_sent_;
            done(answer ? Error{Errc::bad_frame} : answer.error());
            changed();
        });
}

/// A statement is done when its entry has been applied here, so that what follows sees it.
void Engine::finish_statements() {
    auto waiting = std::move(statements_);
    statements_.clear();
    for (auto& one : waiting) {
        if (one.index > directory_.index()) {
            statements_.push_back(std::move(one));
            continue;
        }
        --statements_sent_;
        one.done(one.index);
    }
    changed();
}

// -- time

void Engine::tick() {
    if (auto r = context_.clock.advance(); !r) context_.trace(0, r.error().text());
    const auto now = context_.clock.erase_time();
    auto transaction = context_.db.begin();
    if (transaction) {
        auto expired = context_.projection.expire();
        auto overdue = store_.outbox_expired(now);
        const bool kept =
            expired && overdue &&
            store_.erase_seen_before(now > seen_for ? now - seen_for : 0).ok() &&
            store_.erase_epochs_before(now > epochs_for ? now - epochs_for : 0).ok() &&
            transaction->commit().ok();
        if (kept) {
            context_.projection.committed();
            for (const auto& id : *overdue) refuse_message(id, Error{Errc::expired});
            erasure_overdue_ = erasure_overdue_ || *expired;
        } else {
            context_.projection.rolled_back();
        }
    }
    if (erasure_overdue_) {
        const auto truncated = context_.db.truncate_log();
        erasure_overdue_ = !truncated || !*truncated;
        if (erasure_overdue_) context_.trace(1, "expired rows are still in the write-ahead log");
    }
    // What falls due with time alone: a leaf's refresh, an anchor, a lapse.
    const auto uptime = context_.scheduler.monotonic();
    if (uptime >= next_look_) {
        next_look_ = uptime + look_every;
        look_for_silence();
        pump_soon();
    }
    schedule_tick();
    changed();
}

/// At the next expiry, which whatever has just been said may have brought nearer.
void Engine::schedule_tick() {
    auto wait = std::chrono::milliseconds(tick_longest);
    const auto now = context_.clock.erase_time();
    if (const auto next = context_.projection.next_expiry())
        wait = std::clamp(std::chrono::milliseconds(*next > now ? *next - now : 0), 20ms, wait);
    if (erasure_overdue_) wait = std::min(wait, std::chrono::milliseconds(1s));
    tick_timer_ = context_.scheduler.after(wait, [this] { tick(); });
}

}  // namespace huecry::domain
