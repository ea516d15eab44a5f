#include <algorithm>
#include <limits>
#include <utility>

#include "delivery/core_impl.hpp"
#include "huecry/limits.hpp"

// Once a second: cursors to disk, bodies that everybody has, what has expired.
namespace huecry::relay {
namespace {

constexpr std::uint64_t day_ms = 86'400'000;
constexpr std::uint64_t prune_every_ms = 60'000;
constexpr std::uint64_t prune_headers_every_ms = 3'600'000;  // of the 60 days that they are kept
constexpr std::uint64_t truncate_every_ms = 10'000;          // for what went before its deadline
constexpr std::uint64_t lease_log_days = 90;
constexpr std::size_t due_at_once = 1000;
constexpr std::uint32_t unreadable_again_ms = 30'000;
constexpr unsigned every_kind = 0x3f;
constexpr std::uint64_t few_bodies = 64;  // go at once

constexpr unsigned bit(EntryKind kind) { return 1U << static_cast<unsigned>(kind); }

}  // namespace

void CoreImpl::drop_bodies(const PartnershipId& p, const StreamRef& stream, std::uint64_t first,
                           std::uint64_t last, bool roughly) {
    current_->writes.emplace_back(write::DropBodies{
        p, stream, first, last, every_kind & ~bit(EntryKind::statement), roughly});
    current_->touched.insert(p);
}

void CoreImpl::drop_ahead() {
    auto entries = std::max<std::uint64_t>(last_fresh_ + last_fresh_ / 16, few_bodies);
    while (entries != 0 && !to_drop_.empty()) {
        auto& next = to_drop_.front();
        const auto last = std::min(next.last, next.first + entries - 1);
        drop_bodies(next.partnership, next.stream, next.first, last, last != next.last);
        entries -= last - next.first + 1;
        next.first = last + 1;
        if (next.first > next.last) to_drop_.pop_front();
    }
}

void CoreImpl::drop_waiting() {
    for (const auto& w : to_drop_) drop_bodies(w.partnership, w.stream, w.first, w.last, false);
    to_drop_.clear();
}

void CoreImpl::store_cursors() {
    drop_waiting();
    for (auto& [id, p] : partnerships_) {
        for (auto& [ref, s] : p->streams) {
            if (!s.acks_moved) continue;
            s.acks_moved = false;
            for (auto& [device, reader] : s.readers) {
                if (!reader.dirty) continue;
                reader.dirty = false;
                current_->writes.emplace_back(write::Reader{
                    id,
                    {ref, device, reader.cursor, reader.member, reader.joined, reader.chain_from}});
                current_->touched.insert(id);
            }
            drop_acknowledged(*p, s);
        }
    }
}

/// The bodies up to the slowest cursor: with these cursors in the same transaction, or after them.
void CoreImpl::drop_acknowledged(PartnershipState& p, StreamState& s) {
    if (s.ref.kind == StreamKind::directory) return;
    auto slowest = std::numeric_limits<std::uint64_t>::max();
    bool any = false;
    for (const auto& [device, reader] : s.readers) {
        if (s.ref.kind == StreamKind::channel && !reader.member) continue;
        any = true;
        slowest = std::min(slowest, reader.cursor);
    }
    slowest = std::min(slowest, s.durable_seq);
    if (!any || slowest <= s.acked) return;
    const auto before = s.lengths.empty() ? slowest : std::min(slowest, s.lengths_from - 1);
    auto bytes = s.take_lengths(slowest);
    if (s.acked < before)
        if (const auto older = parts_.store.body_bytes(p.id, s.ref, s.acked + 1, before))
            bytes += *older;
    p.message_bytes -= std::min(p.message_bytes, bytes);
    if (s.ref.kind == StreamKind::channel && slowest - s.acked > few_bodies) {
        to_drop_.push_back({p.id, s.ref, s.acked + 1, slowest});
    } else {
        drop_bodies(p.id, s.ref, s.acked + 1, slowest, false);
    }
    counters_.acknowledged_entries += slowest - s.acked;
    current_->erasures += slowest - s.acked;
    s.acked = slowest;
    bodies_went_ = true;
}

void CoreImpl::expire() {
    const auto now = time_.now();
    // On a full disk in ever smaller steps: what a step needs must fit into what is left.
    expire_at_once_ =
        counters_.disk_full != 0 ? std::max<std::size_t>(expire_at_once_ / 4, 1) : due_at_once;
    const auto due = parts_.store.due(now, expire_at_once_);
    if (!due) {
        parts_.log(LogLevel::error, "expiry cannot read the store",
                   {LogField::code("error", due.error().code)});
        return;
    }
    write::DropBodies* run = nullptr;  // what follows each other is stored together
    for (const auto& entry : *due) {
        if (run != nullptr && run->partnership == entry.partnership &&
            run->stream == entry.stream && run->last + 1 == entry.seq) {
            run->last = entry.seq;
        } else {
            auto& made = current_->writes.emplace_back(write::DropBodies{
                entry.partnership, entry.stream, entry.seq, entry.seq, every_kind});
            run = &std::get<write::DropBodies>(made);
        }
        auto* p = partnership(entry.partnership);
        if (p == nullptr) continue;
        p->message_bytes -= std::min<std::uint64_t>(p->message_bytes, entry.length);
        auto* s = p->find(entry.stream);
        if (s == nullptr) continue;
        drop_tail(p->id, *s, entry.seq);
        s->forget_length(entry.seq);
    }
    counters_.expired_entries += due->size();
    const auto blobs = parts_.blobs.expire(now);
    for (const auto& row : blobs) {
        current_->writes.emplace_back(write::DropBlob{row.partnership, row.blob});
        counters_.blob_bytes -= std::min(counters_.blob_bytes, row.size);
    }
    counters_.expired_blobs += blobs.size();
    const auto leases = parts_.leases.due(now);
    if (leases && *leases != 0) {
        current_->leases.emplace_back(LeaseStore::Expire{now});
        counters_.expired_leases += *leases;
    }
    const auto gone = due->size() + blobs.size() + (leases ? *leases : 0);
    if (gone == 0) return;
    current_->erasures += gone;
    current_->truncate = true;
    current_->expiry = true;
    expiry_out_ = true;
}

/// Not at once: whoever pumps still holds them. They come back later, in case it was mended.
void CoreImpl::send_unreadable_away() {
    for (const auto id : std::exchange(unreadable_, {}))
        if (auto* c = connection(id)) close(*c, Errc::overloaded, unreadable_again_ms);
}

void CoreImpl::tick() {
    send_unreadable_away();
    time_.tick();
    for (auto& w : std::exchange(owed_, {})) {
        if (auto* clock = std::get_if<write::Meta>(&w)) clock->value = time_.held() ? 1 : 0;
        current_->writes.push_back(std::move(w));
    }
    counters_.clock_held = time_.held() ? 1 : 0;
    if (time_.held() && !std::exchange(held_noted_, true)) {
        // Whoever asked for the time may have found the jump. A restart must not pass for the
        // operator's word.
        current_->writes.emplace_back(write::Meta{"clock_held", 1});
        current_->writes.emplace_back(write::Meta{"time", time_.now()});
        parts_.log(LogLevel::error, "clock jumped: nothing expires until it is confirmed", {});
    }
    store_cursors();
    counters_.gathered = current_->submissions;
    counters_.message_bytes = 0;
    for (const auto& [id, p] : partnerships_) counters_.message_bytes += p->message_bytes;
    if (counters_.disk_full != 0) current_->truncate = true;  // and see whether there is room again
    if (truncate_due_) current_->truncate = true;
    if (!time_.held() && !expiry_out_) expire();
    const auto steady = parts_.clock.steady_ms();
    if (bodies_went_ && steady >= last_truncate_ms_ + truncate_every_ms) {
        bodies_went_ = false;
        last_truncate_ms_ = steady;
        current_->truncate = true;
    }
    if (last_prune_ms_ != 0 && steady < last_prune_ms_ + prune_every_ms) return;
    last_prune_ms_ = std::max<std::uint64_t>(steady, 1);
    const auto now = time_.now();
    current_->writes.emplace_back(write::Meta{"time", now});
    if (!time_.held()) prune(now, steady);
    for (auto& [id, p] : partnerships_)
        std::erase_if(p->reservations,
                      [&](const auto& r) { return r.second.until_steady_ms <= steady; });
}

void CoreImpl::prune(std::uint64_t now, std::uint64_t steady) {
    const auto before = [now](std::uint64_t days) {
        return now > days * day_ms ? now - days * day_ms : 0;
    };
    const bool headers =
        last_header_prune_ms_ == 0 || steady >= last_header_prune_ms_ + prune_headers_every_ms;
    if (headers) last_header_prune_ms_ = std::max<std::uint64_t>(steady, 1);
    current_->writes.emplace_back(write::Prune{before(limits::dedup_days),
                                               headers ? before(limits::header_retention_days) : 0,
                                               before(lease_log_days), now});
}

void CoreImpl::confirm_clock() {
    time_.confirm();
    held_noted_ = false;
    counters_.clock_held = 0;
    current_->writes.emplace_back(write::Meta{"clock_held", 0});
    current_->writes.emplace_back(write::Meta{"time", time_.now()});
    parts_.log(LogLevel::warning, "clock confirmed: what is due expires", {});
}

}  // namespace huecry::relay
