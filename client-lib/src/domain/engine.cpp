#include "domain/engine.hpp"

#include "huecry/limits.hpp"

namespace huecry::domain {
namespace {

using namespace std::chrono_literals;

// Several deliveries, one acknowledgement: what is not acknowledged costs nothing but a repeat.
// Only a window that fills is opened again soon.
constexpr auto ack_delay = 1000ms;
constexpr auto ack_soon = 50ms;
constexpr std::size_t much_unacknowledged = limits::window_bytes / 4;

v1::Stream stream_of(const StreamRef& ref) {
    v1::Stream out;
    out.set_kind(static_cast<std::uint32_t>(ref.kind));
    out.set_id(to_string(BytesView(ref.id)));
    out.set_incarnation(ref.incarnation);
    return out;
}

}  // namespace

Engine::Engine(Context context, const MakeLink& make_link, const MakeBlobs& make_blobs)
    : context_(std::move(context)),
      store_(context_.db),
      directory_(context_, store_),
      mailbox_(context_, store_, directory_),
      keys_(context_, store_),
      duties_(context_, store_, directory_, keys_),
      watch_(context_, store_, directory_),
      snapshots_(context_, store_, directory_),
      session_(context_.scheduler, *this),
      link_(make_link(session_.listener())),
      blobs_(make_blobs()) {
    session_.attach(*link_);
    // Devices differ, so that one of them commits and the others find it done.
    commit_delay_ =
        std::chrono::milliseconds(50 + context_.random.u32() % (limits::commit_delay_max_ms / 2));
}

Engine::~Engine() { *alive_ = false; }

Result<void> Engine::load() {
    HUECRY_TRY(directory_.load());
    HUECRY_TRY(watch_.load());
    HUECRY_TRY(mailbox_.load());
    HUECRY_TRY(load_channels());
    HUECRY_TRY(load_letters());
    // What the last run had no time for: a device that was removed may never connect again.
    follow_directory();
    tick();
    return {};
}

Result<void> Engine::load_channels() {
    HUECRY_TRY_ASSIGN(const auto rows, store_.channels());
    channels_.clear();
    ending_.clear();
    for (const auto& row : rows) {
        auto channel = std::make_unique<Channel>(context_, store_, directory_);
        HUECRY_TRY(channel->load(row));
        auto& newest = channels_[row.channel];
        if (newest && newest->row().incarnation > row.incarnation) newest.swap(channel);
        newest.swap(channel);
        if (channel) ending_[channel->stream()] = std::move(channel);
    }
    return {};
}

void Engine::start() {
    stopped_ = false;
    link_->start();
}

void Engine::stop() {
    flush_acks();
    stopped_ = true;
    ready_ = false;
    if (auto saved = directory_.save(); !saved) context_.trace(0, saved.error().text());
    ack_timer_.reset();
    pump_timer_.reset();
    retry_timer_.reset();
    duty_timer_.reset();
    distrust_timer_.reset();
    snapshot_timer_.reset();
    give_timer_.reset();
    upload_timer_.reset();
    agreement_timer_.reset();
    tick_timer_.reset();
    upload_.reset();
    agreement_fetch_.reset();
    document_.reset();
    offer_.reset();
    photo_fetches_.clear();
    link_->stop();
}

void Engine::reconnect() {
    if (stopped_) return start();
    if (!ready_) link_->reset();
}

void Engine::changed() {
    if (changed_) changed_();
}

const Channel* Engine::channel(const ChannelId& id) const {
    const auto found = channels_.find(id);
    return found == channels_.end() ? nullptr : found->second.get();
}

Channel* Engine::find(const v1::Stream& stream) {
    const auto id = ChannelId::from(view(stream.id()));
    if (!id) return nullptr;
    return find(StreamRef::channel(*id, stream.incarnation()));
}

Channel* Engine::find(const StreamRef& stream) {
    const auto found = channels_.find(ChannelId(stream.id));
    if (found != channels_.end() && found->second->stream() == stream) return found->second.get();
    const auto ending = ending_.find(stream);
    return ending == ending_.end() ? nullptr : ending->second.get();
}

void Engine::warn(const std::string& text) {
    context_.trace(1, text);
    auto transaction = context_.db.begin();
    if (!transaction) return;
    if (context_.projection.note(Event::Kind::warning, text) && transaction->commit())
        context_.projection.committed();
    else
        context_.projection.rolled_back();
}

/// Something failed that the relay or the store is to blame for: said, and tried anew from what is
/// kept when the connection comes back.
void Engine::report(const Error& error) {
    context_.trace(0, error.text());
    trouble_ = error;
    const bool grave = error.code == Errc::relay_inconsistent ||
                       error.code == Errc::relay_rejected_chain ||
                       error.code == Errc::update_needed || error.code == Errc::statement_unknown;
    // Once, however often it is tried again.
    if (grave && std::exchange(last_warning_, error.text()) != error.text()) warn(error.text());
    changed();
}

// -- the connection

void Engine::up(const v1::Ready& ready, std::uint64_t relay_time_ms) {
    context_.trace(2, "connected");
    ready_ = true;
    trouble_.reset();
    sent_.clear();
    asking_packages_.clear();
    directory_caught_up_ = mailbox_caught_up_ = offered_ = false;
    context_.clock.heard_relay(relay_time_ms);
    if (auto r = context_.clock.advance(); !r) context_.trace(0, r.error().text());
    // Before anything is shown: what expired while this device was away goes first.
    tick();
    distrust_timer_.reset();
    agreement_timer_.reset();
    agreement_delay_ = 0ms;
    if (ready.has_directory_head())
        if (auto heard = directory_.heard_head(ready.directory_head()); !heard)
            distrust(StreamRef::directory(), heard.error());
    subscribe(StreamRef::directory(), directory_.resume_from());
    subscribe(mailbox_.stream(), mailbox_.cursor());
    for (auto& [id, channel] : channels_) {
        channel->set_caught_up(false);
        subscribe(channel->stream(), channel->cursor());
    }
    for (auto& [stream, channel] : ending_) subscribe(stream, channel->cursor());
    refill_keys(ready.key_packages_left(), ready.has_last_resort());
    changed();
}

void Engine::down(const Error& why, bool will_retry, std::chrono::milliseconds) {
    const bool was_ready = ready_;
    ready_ = false;
    trouble_ = why;
    will_retry_ = will_retry;
    acks_.clear();
    refilling_ = false;
    for (auto& [id, channel] : channels_) channel->set_caught_up(false);
    context_.trace(was_ready ? 2 : 3, "disconnected: " + why.text());
    // The relay's word alone erases nothing: only a revocation in the verified directory does.
    if (why.code == Errc::used_elsewhere || why.code == Errc::device_removed) {
        auto transaction = context_.db.begin();
        if (transaction) {
            const auto kind = why.code == Errc::used_elsewhere ? Event::Kind::used_elsewhere
                                                               : Event::Kind::warning;
            if (context_.projection.note(kind, std::string(sentence(why.code))) &&
                transaction->commit())
                context_.projection.committed();
        }
    }
    changed();
}

void Engine::subscribe(const StreamRef& stream, std::uint64_t from) {
    v1::Frame frame;
    *frame.mutable_subscribe()->mutable_stream() = stream_of(stream);
    frame.mutable_subscribe()->set_from(from);
    if (!session_.send(std::move(frame))) context_.trace(3, "a subscription was not sent");
}

void Engine::frame(const v1::Frame& frame) {
    switch (frame.body_case()) {
        case v1::Frame::kDeliver:
            return handle_deliver(frame.deliver());
        case v1::Frame::kMissed:
            return handle_missed(frame.missed());
        case v1::Frame::kQueueEmpty:
            return handle_queue_empty(frame.queue_empty());
        case v1::Frame::kAccess:
            return pump_soon();  // the directory itself says more
        case v1::Frame::kKeyPackageCount:
            return refill_keys(frame.key_package_count().left(),
                               frame.key_package_count().has_last_resort());
        default:
            context_.trace(2, "a frame of no use was ignored");
            return;
    }
}

// -- streams

void Engine::handle_deliver(const v1::Deliver& frame) {
    unacknowledged_ += frame.ByteSizeLong();
    const auto kind = static_cast<StreamKind>(frame.stream().kind());
    if (kind == StreamKind::directory) {
        auto applied = directory_.deliver(frame);
        if (const auto kept = directory_.take_rolled_back()) put_back(*kept);
        if (!applied) return distrust(StreamRef::directory(), applied.error());
        if (directory_.take_ask_again())
            return subscribe(StreamRef::directory(), directory_.resume_from());
        for (const auto& entry : *applied)
            for (const auto& event : entry.events)
                if (event.kind == directory::EventKind::store_restored)
                    store_restored(entry.accepted_ms);
        if (frame.has_head()) {
            auto time = directory_.heard_head(frame.head());
            if (!time) return distrust(StreamRef::directory(), time.error());
            context_.clock.heard_relay(*time);
        }
        look_again(StreamRef::directory());
        acknowledge(StreamRef::directory(), directory_.index());
        compare_anchors(*applied);
        return directory_moved(!applied->empty());
    }
    if (kind == StreamKind::mailbox) {
        std::vector<std::string> warnings;
        auto done = mailbox_.deliver(
            frame, [this](Mailbox::Welcomed w) { return welcome(std::move(w)); }, warnings);
        for (const auto& w : warnings) warn(w);
        if (!done) return mailbox_failed(done.error());
        acknowledge(mailbox_.stream(), mailbox_.cursor());
        if (mailbox_.had_unusable())
            if (auto noted = duties_.welcome_unusable(channels_); !noted) report(noted.error());
        follow_directory();
        take_letters();
        return pump_soon();
    }
    auto* channel = find(frame.stream());
    if (channel == nullptr) return;
    taken(channel->stream(), channel->deliver(frame));
}

void Engine::handle_missed(const v1::Missed& frame) {
    const auto kind = static_cast<StreamKind>(frame.stream().kind());
    if (kind == StreamKind::directory)
        return distrust(StreamRef::directory(),
                        Error{Errc::relay_inconsistent, "the directory has a hole"});
    if (kind == StreamKind::mailbox) {
        if (auto done = mailbox_.missed(frame); !done) report(done.error());
        return;
    }
    if (auto* channel = find(frame.stream())) taken(channel->stream(), channel->missed(frame));
}

void Engine::handle_queue_empty(const v1::QueueEmpty& frame) {
    SignedHead kept;
    auto head =
        verified_head(frame.head(), context_.self.relay_key, context_.self.partnership, kept);
    if (!head) return report(head.error());
    context_.clock.heard_relay(head->time_ms);
    if (auto r = context_.clock.advance(); !r) context_.trace(0, r.error().text());
    switch (head->stream.kind) {
        case StreamKind::directory: {
            if (auto heard = directory_.heard_head(frame.head()); !heard)
                return distrust(StreamRef::directory(), heard.error());
            if (head->seq < directory_.index() && !directory_.put_back())
                return distrust(
                    StreamRef::directory(),
                    Error{Errc::relay_inconsistent, "the relay has less than it signed before"});
            directory_caught_up_ = !directory_.behind();
            if (auto saved = directory_.save(); !saved) context_.trace(0, saved.error().text());
            directory_moved(false);
            break;
        }
        case StreamKind::mailbox:
            mailbox_caught_up_ =
                head->stream == mailbox_.stream() && head->seq <= mailbox_.cursor();
            break;
        case StreamKind::channel: {
            auto* channel = find(frame.stream());
            if (channel == nullptr || head->stream != channel->stream()) break;
            const auto fits = channel->heard_head(*head, kept);
            const bool ending = ending_.contains(channel->stream());
            if (ending && (!fits || !*fits)) {  // whatever the relay has of it: no more will come
                forget(*channel);
                break;
            }
            if (!fits) return distrust(channel->stream(), fits.error());
            if (!*fits) break;  // the channel is about to begin anew
            look_again(channel->stream());
            channel->set_caught_up(true);
            if (ending_.contains(channel->stream()) && !channel->waiting_for_directory())
                forget(*channel);
            break;
        }
    }
    if (caught_up()) {
        distrust_delay_ = {};
        last_warning_.clear();
    }
    flush_acks();
    pump_soon();
    changed();
}

void Engine::taken(const StreamRef& stream, Result<Taken> result) {
    if (!result) return distrust(stream, result.error());
    for (const auto& w : result->warnings) warn(w);
    auto* channel = find(stream);
    if (channel == nullptr) return;
    look_at(stream, *channel, *result);
    const auto id = channel->row().channel;
    if (result->joined)
        if (auto noted = snapshots_.joined(id, result->joined_ms); !noted) report(noted.error());
    if (!result->skipped.empty()) tell_skipped(stream, result->skipped);
    for (const auto& device : result->snapshots)
        if (auto noted = snapshots_.heard(id, device); !noted) report(noted.error());
    if (result->removed_me) return forget(*channel);
    if (result->progressed) acknowledge(stream, channel->cursor());
    if (!ending_.contains(stream)) {
        if (result->own_arrived) sent_.erase(id);
        if (result->members_added) give_snapshot(id);
    }
    if (result->progressed || result->own_arrived || result->lost) {
        schedule_tick();
        pump_soon();
    }
    if (result->failure) return taken(stream, *result->failure);
    changed();
}

/// A Welcome was taken but could not be kept: back to what the store says.
void Engine::mailbox_failed(const Error& error) {
    report(error);
    if (auto loaded = load_channels(); !loaded) report(loaded.error());
    link_->reset();
}

Result<void> Engine::welcome(Mailbox::Welcomed welcomed) {
    const auto id = welcomed.row.channel;
    HUECRY_TRY_ASSIGN(const auto trouble, trouble_of(store_, id));
    const auto existing = channels_.find(id);
    if (existing != channels_.end()) {
        const auto& old = *existing->second;
        // Only a device that lost its right since, or is not sure of its group, is added anew:
        // anything else would let a member lead this device into a group of its own making.
        const auto& row = old.row();
        if (row.incarnation == welcomed.row.incarnation && old.joined() && !row.provisional &&
            !lost_since(directory_.state(), context_.self.device, id, row.floor_index,
                        welcomed.row.floor_index)) {
            context_.trace(1, "a Welcome into a channel that this device is in was ignored");
            return {};
        }
        if (row.incarnation == welcomed.row.incarnation || row.status == ChannelStatus::failed)
            HUECRY_TRY(store_.erase_channel(id, row.incarnation));
        else
            end_incarnation(id);
    }
    auto channel = std::make_unique<Channel>(context_, store_, directory_);
    HUECRY_TRY(channel->join(std::move(welcomed.group), welcomed.row, welcomed.from));
    if (!welcomed.key_package_ref.empty())
        HUECRY_TRY(store_.erase_key_package(welcomed.key_package_ref));
    HUECRY_TRY(snapshots_.want(id));
    if (trouble && trouble->unheard) HUECRY_TRY(must_say_again(id));
    const auto stream = channel->stream();
    const auto from = channel->cursor();
    channels_[id] = std::move(channel);
    sent_.erase(id);
    context_.scheduler.post([this, alive = alive_, stream, from] {
        if (*alive && ready_) subscribe(stream, from);
    });
    return {};
}

// -- acknowledgements: cumulative and lazy

void Engine::acknowledge(const StreamRef& stream, std::uint64_t seq) {
    acks_[stream] = std::max(acks_[stream], seq);
    const bool soon = unacknowledged_ >= much_unacknowledged;
    if (ack_timer_ && (!soon || ack_is_soon_)) return;
    ack_is_soon_ = soon;
    ack_timer_ = context_.scheduler.after(soon ? ack_soon : ack_delay, [this] { flush_acks(); });
}

void Engine::flush_acks() {
    ack_timer_.reset();
    unacknowledged_ = 0;
    for (const auto& [stream, seq] : acks_) {
        v1::Frame frame;
        *frame.mutable_ack()->mutable_stream() = stream_of(stream);
        frame.mutable_ack()->set_seq(seq);
        if (!session_.send(std::move(frame))) break;
    }
    acks_.clear();
}

/// Nothing is known that the relay has and this device has not.
bool Engine::caught_up() {
    if (!ready_ || !directory_caught_up_ || directory_.behind() || !mailbox_caught_up_)
        return false;
    return std::all_of(channels_.begin(), channels_.end(), [](const auto& one) {
        return one.second->caught_up() && !one.second->waiting_for_directory();
    });
}

bool Engine::settled() {
    if (!caught_up() || refilling_ || uploading_ || statements_sent_ != 0 || agreement_fetch_ ||
        signing_ || !ending_.empty())
        return false;
    for (const auto& [id, channel] : channels_) {
        if (channel->row().status == ChannelStatus::failed) continue;
        if (channel->in_flight() || channel->row().status == ChannelStatus::creating ||
            asking_packages_.contains(id))
            return false;
        const auto due = channel->due();
        if (due.own_leaf || due.barred) continue;
        if (due.pressing()) return false;
        if (!due.additions.empty() && !blocked_.contains(id)) return false;
        const auto waiting = store_.outbox_front(id);
        if (waiting && *waiting) return false;
    }
    return !pump_timer_ && !duty_timer_;
}

}  // namespace huecry::domain
