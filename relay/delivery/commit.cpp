#include <algorithm>

#include "delivery/core_impl.hpp"
#include "huecry/limits.hpp"

// One group commit: gathered, made durable, then told.
namespace huecry::relay {
namespace {

/// The disk, or what is on it. No room and a lock of somebody else's pass; but a failed sync must
/// never be tried again as if nothing had happened.
bool is_broken(Errc code) {
    return code == Errc::store_failed || code == Errc::store_damaged || code == Errc::io_failed;
}

void fetch(const void* object, std::size_t size) {
    static constexpr std::size_t line = 64;
    for (std::size_t at = 0; at < size + line; at += line)
        __builtin_prefetch(static_cast<const char*>(object) + at);
}

/// What hundreds of readers are reached by has left the cache since the last alert: it is on its
/// way from memory for the next ones while one is served.
void look_ahead(const std::vector<Connection*>& readers, std::size_t at) {
    static constexpr std::size_t near = 3;
    static constexpr std::size_t far = 6;
    static constexpr std::size_t touched = 128;  // of a connection and of its outlet
    if (at + far < readers.size()) fetch(readers[at + far], touched);
    if (at + near >= readers.size()) return;
    const auto& next = *readers[at + near];
    fetch(next.outlet, touched);
    if (!next.subscriptions.empty())
        fetch(&*next.subscriptions.begin(), sizeof *next.subscriptions.begin());
}

}  // namespace

bool CoreImpl::has_batch() const {
    return !broken_ && !batch_out_ && (!current_->empty() || parts_.blobs.has_finished());
}

std::unique_ptr<Batch> CoreImpl::take_batch() {
    if (!has_batch()) return nullptr;
    batch_out_ = true;
    last_fresh_ = current_->fresh.size();
    auto batch = std::exchange(current_, std::make_unique<Batch>());
    batch->blobs = parts_.blobs.take_finished();
    return batch;
}

// Any thread: nothing of the core but its stores.
void CoreImpl::commit(Batch& batch) {
    const auto begun = parts_.clock.steady_us();
    parts_.blobs.commit_files(batch.blobs);
    for (const auto& blob : batch.blobs) {
        if (!blob.failure) batch.writes.emplace_back(write::Blob{blob.row});
        if (blob.failure == Errc::io_failed) batch.broken = blob.failure;
    }
    if (const auto done = parts_.leases.commit(batch.leases); !done)
        batch.failure = done.error().code;
    if (!batch.failure) {
        const auto started = parts_.clock.steady_us();
        if (const auto done = parts_.store.commit(batch.writes); !done)
            batch.failure = done.error().code;
        batch.store_us = parts_.clock.steady_us() - started;
    }
    if (batch.failure && is_broken(*batch.failure)) batch.broken = batch.failure;
    // A full disk gets the log's room back, so that what has expired can go.
    if (!batch.broken && (batch.truncate || batch.failure == Errc::no_room)) {
        const auto store = parts_.store.truncate_log();
        const auto leases = parts_.leases.truncate_log();
        batch.truncated = store && *store && leases && *leases;
        for (const auto* one : {&store, &leases})
            if (!*one && is_broken(one->error().code)) batch.broken = one->error().code;
    }
    batch.sync_us = parts_.store.take_sync_times();
    batch.low_room = is_room_low();
    batch.commit_us = parts_.clock.steady_us() - begun;
}

/// Half of the reserve is the log's. While the store has free pages of its own it does not grow.
bool CoreImpl::is_room_low() const {
    if (!parts_.free_bytes) return false;
    const auto free = parts_.free_bytes();
    if (free >= limits::disk_reserve) return false;
    return free < limits::disk_reserve / 2 || parts_.store.reusable_bytes() < limits::disk_reserve;
}

void CoreImpl::mark_durable(Batch& batch) {
    for (const auto& fresh : batch.fresh) {
        auto* p = partnership(fresh.stream.first);
        auto* s = p == nullptr ? nullptr : p->find(fresh.stream.second);
        if (s == nullptr || fresh.seq != s->durable_seq + 1) continue;  // a mailbox that went
        s->durable_seq = fresh.seq;
        s->durable_chain = fresh.chain;
        ++counters_.entries_stored;
    }
    for (const auto& key : batch.acceptances) in_flight_.erase(key);
}

void CoreImpl::say_answers(Batch& batch) {
    const auto now = parts_.clock.steady_us();
    std::set<ConnectionId> told;
    for (auto& item : batch.answers) {
        auto* c = connection(item.connection);
        if (item.frame.has_submit_result()) {
            if (!item.frame.submit_result().repeat()) ++counters_.submissions;
            counters_.answer_us.add(now - item.arrived_us);
        }
        if (c == nullptr) continue;
        auto* p = item.head_of ? partnership(item.head_of->first) : nullptr;
        auto* s = p == nullptr ? nullptr : p->find(item.head_of->second);
        if (s != nullptr) *item.frame.mutable_submit_result()->mutable_head() = head(*p, *s);
        send(*c, item.frame);
        told.insert(item.connection);
    }
    // All readers' turn would be a long wait.
    for (const auto id : told)
        if (auto* c = connection(id)) c->outlet->hurry();
}

void CoreImpl::push(Batch& batch) {
    std::map<StreamKey, std::vector<const Batch::Fresh*>> by_stream;
    for (const auto& fresh : batch.fresh) by_stream[fresh.stream].push_back(&fresh);
    for (const auto& [key, fresh] : by_stream) {
        auto* p = partnership(key.first);
        auto* s = p == nullptr ? nullptr : p->find(key.second);
        if (s == nullptr) continue;
        if (key.second.kind != StreamKind::mailbox) encode_fresh(batch, *p, *s, fresh);
        const auto subscribers = s->subscribers;
        for (std::size_t i = 0; i < subscribers.size(); ++i) {
            look_ahead(subscribers, i);
            auto* c = subscribers[i];
            const auto sub = c->subscriptions.find(key.second);
            if (sub == c->subscriptions.end()) continue;
            pump(*c, *p, *s, sub->second);
        }
    }
    for (const auto& access : batch.access) {
        auto* c = device_connection(access.partnership, access.device);
        if (c == nullptr) continue;
        v1::Frame frame;
        stream_to(access.stream, *frame.mutable_access()->mutable_stream());
        frame.mutable_access()->set_readable(access.readable);
        send(*c, frame);
    }
}

void CoreImpl::finish(std::unique_ptr<Batch> batch) {
    batch_out_ = false;
    ++counters_.batches;
    counters_.commit_us.add(batch->commit_us);
    counters_.store_us.add(batch->store_us);
    for (const auto us : batch->sync_us) counters_.sync_us.add(us);
    counters_.batch_size.add(batch->submissions * 64);
    if (batch->expiry) expiry_out_ = false;
    low_room_ = batch->low_room;
    counters_.disk_full = low_room_ || batch->failure == Errc::no_room ? 1 : 0;
    if (batch->broken) {
        broken_ = batch->broken;
        parts_.log(LogLevel::error, "the disk has failed: nothing more is accepted",
                   {LogField::code("error", *broken_)});
    }
    if (batch->failure) return commit_failed(std::move(batch));
    mark_durable(*batch);
    for (const auto& row : batch->dropped) parts_.blobs.erase_hidden(row);
    cut(*batch);
    say_answers(*batch);
    const auto pushing = parts_.clock.steady_us();
    push(*batch);
    if (!batch->fresh.empty()) counters_.push_us.add(parts_.clock.steady_us() - pushing);
    for (const auto& blob : batch->blobs)
        if (!blob.failure) counters_.blob_bytes += blob.row.size;
    parts_.blobs.conclude(std::move(batch->blobs), std::nullopt);
    erasures_ += batch->erasures;
    if (batch->truncate) note_truncation(batch->truncated);
    close_drained();
}

/// What goes with acknowledgements waits for its truncation, and is late once that was blocked.
/// What a crash has left in the log was not counted: one, at least.
void CoreImpl::note_truncation(bool done) {
    truncate_due_ = !done;
    if (done) erasures_ = 0;
    if (!done) ++counters_.wal_blocked;
    counters_.erasures_overdue = done ? 0 : std::max<std::size_t>(erasures_, 1);
}

void CoreImpl::commit_failed(std::unique_ptr<Batch> batch) {
    ++counters_.batches_failed;
    parts_.log(LogLevel::error, "group commit failed",
               {LogField::code("error", *batch->failure),
                LogField::number("submissions", batch->submissions)});
    const auto code = *batch->failure;
    fail_all(std::move(batch), code);
    close_drained();
}

/// Those whose rights ended: before anything else is said.
void CoreImpl::cut(const Batch& batch) {
    for (const auto& [id, device] : batch.cut) {
        auto* c = device_connection(id, device);
        if (c == nullptr) continue;
        auto* p = partnership(id);
        auto* s = p == nullptr ? nullptr : p->find(StreamRef::directory());
        const auto sub = c->subscriptions.find(StreamRef::directory());
        if (s != nullptr && sub != c->subscriptions.end()) pump(*c, *p, *s, sub->second);
        close(*c, Errc::device_removed, 0);
    }
    for (const auto& [id, invite] : batch.cut_invites) {
        std::vector<ConnectionId> gone;
        for (const auto& [number, c] : connections_)
            if (c->who && c->who->kind == ClientKind::invite && c->who->partnership == id &&
                c->who->invite == invite)
                gone.push_back(number);
        for (const auto number : gone)
            if (auto* c = connection(number)) close(*c, Errc::invite_withdrawn, 0);
    }
}

void CoreImpl::fail(Batch& batch, Errc code) {
    for (const auto& key : batch.acceptances) in_flight_.erase(key);
    for (auto& item : batch.answers)
        if (auto* c = connection(item.connection)) refuse(*c, item.frame.request(), {code});
    // Their rights were taken back in memory only: they begin anew.
    for (const auto& [id, device] : batch.cut)
        if (auto* c = device_connection(id, device)) close(*c, code, 1000);
    for (const auto& access : batch.access)
        if (auto* c = device_connection(access.partnership, access.device)) close(*c, code, 1000);
    parts_.blobs.conclude(std::move(batch.blobs), code);
    for (const auto& row : batch.dropped) {
        parts_.blobs.restore_hidden(row);
        counters_.blob_bytes += row.size;
    }
    if (batch.truncate) truncate_due_ = true;
    if (batch.expiry)
        counters_.erasures_overdue =
            std::max<std::uint64_t>(counters_.erasures_overdue, erasures_ + batch.erasures);
}

/// What was gathered meanwhile stands on what has failed.
void CoreImpl::fail_all(std::unique_ptr<Batch> batch, Errc code) {
    auto next = std::exchange(current_, std::make_unique<Batch>());
    auto touched = batch->touched;
    touched.insert(next->touched.begin(), next->touched.end());
    for (const auto& list : {&batch->writes, &next->writes})
        for (const auto& w : *list) {
            if (const auto* made = std::get_if<write::Partnership>(&w))
                touched.insert(made->partnership);
            const auto* meta = std::get_if<write::Meta>(&w);
            // Heads of before the restore would be signed again: the next start announces it.
            if (meta != nullptr && meta->name == "restored") broken_ = code;
            if (std::holds_alternative<write::Code>(w) ||
                (meta != nullptr && meta->name == "clock_held"))
                owed_.push_back(w);
        }
    expiry_out_ = false;
    fail(*batch, code);
    fail(*next, code);
    for (const auto& id : touched) reload(id);
}

void CoreImpl::reload(const PartnershipId& id) {
    auto fresh = load_partnership(parts_.store, id);
    auto* old = partnership(id);
    if (old == nullptr) return;
    if (!fresh || !*fresh) {
        // Never founded, or not readable: nobody is served from a state that is not on disk.
        std::vector<ConnectionId> gone;
        for (const auto& [number, c] : connections_)
            if (c->who && c->who->partnership == id) gone.push_back(number);
        for (const auto number : gone)
            if (auto* c = connection(number)) close(*c, Errc::overloaded, 5000);
        for (const auto& [ref, s] : old->streams)
            for (const auto& [first, frame] : s.tail) counters_.tail_bytes -= frame.frame->size();
        partnerships_.erase(id);
        counters_.partnerships = partnerships_.size();
        return;
    }
    auto& p = **fresh;
    for (auto& [ref, s] : old->streams) {
        auto& now = p.stream(ref);
        now.subscribers = std::move(s.subscribers);
        now.tail = std::move(s.tail);
        now.acks_moved = true;
        for (auto& [device, reader] : now.readers) {
            const auto before = s.readers.find(device);
            if (before == s.readers.end() || before->second.cursor <= reader.cursor) continue;
            reader.cursor = std::min(before->second.cursor, now.durable_seq);
            reader.dirty = true;
        }
    }
    std::vector<ConnectionId> unknown;  // admitted by what has failed
    for (const auto& [number, c] : connections_) {
        if (!c->who || c->who->partnership != id || c->who->kind != ClientKind::device) continue;
        if (p.directory.device(c->who->device) == nullptr) unknown.push_back(number);
        c->who->standing =
            p.directory.is_active(c->who->device) ? Standing::active : Standing::pending;
    }
    p.limits = std::move(old->limits);
    p.reservations = std::move(old->reservations);
    partnerships_[id] = std::move(*fresh);
    for (const auto number : unknown) close(*connection(number), Errc::overloaded, 1000);
}

}  // namespace huecry::relay
