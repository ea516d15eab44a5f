#include <algorithm>

#include "delivery/core_impl.hpp"
#include "huecry/limits.hpp"

// What goes out to readers: one encoding for all who are nearly up to date, the store for the rest.
namespace huecry::relay {
namespace {

constexpr std::size_t frame_bytes = 262144;    // aim of one Deliver frame
constexpr std::uint64_t head_fresh_ms = 1000;  // "fresh" is signed within this

/// May this device be given the body of an entry of this stream? From `joined` on.
std::optional<std::uint64_t> bodies_from(const StreamState& s, const DeviceId& device) {
    if (s.ref.kind != StreamKind::channel) return 0;
    const auto reader = s.readers.find(device);
    if (reader == s.readers.end() || !reader->second.member) return std::nullopt;
    return reader->second.joined;
}

/// Of two expiries, where 0 is never.
std::uint64_t sooner(std::uint64_t a, std::uint64_t b) {
    if (a == 0 || b == 0) return a + b;
    return std::min(a, b);
}

/// A frame in memory is dropped with the next tick; until then it is not given out.
bool in_time(const TailFrame& frame, std::uint64_t now) {
    return frame.expiry_ms == 0 || frame.expiry_ms > now;
}

void add_entry(v1::Deliver& deliver, BytesView header, BytesView body, bool gone) {
    auto& entry = *deliver.add_entries();
    entry.set_header(header.data(), header.size());
    if (gone) {
        entry.set_body_gone(true);
    } else {
        entry.set_body(body.data(), body.size());
    }
}

}  // namespace

v1::SignedHead CoreImpl::sign_head(const PartnershipState& p, const StreamRef& stream,
                                   std::uint64_t seq, const Digest& chain) const {
    const auto made = SignedHead::sign(
        {p.id, stream, seq, chain, time_.now(), p.directory.generation()}, parts_.options.identity);
    v1::SignedHead out;
    out.set_head(made.head.data(), made.head.size());
    out.set_signature(to_string(made.signature.view()));
    return out;
}

const v1::SignedHead& CoreImpl::head(const PartnershipState& p, StreamState& s) {
    const auto now = time_.now();
    if (s.head.head().empty() || s.head_seq != s.durable_seq ||
        now > s.head_time_ms + head_fresh_ms) {
        s.head = sign_head(p, s.ref, s.durable_seq, s.durable_chain);
        s.head_seq = s.durable_seq;
        s.head_time_ms = now;
    }
    return s.head;
}

bool CoreImpl::has_window(const Connection& c) {
    if (c.unacknowledged >= limits::window_bytes) return false;
    if (c.outlet->queued_bytes() < limits::window_bytes) return true;
    c.outlet->tell_when_writable();
    return false;
}

void CoreImpl::give(Connection& c, Subscription& sub, const EncodedFrame& frame, std::uint64_t last,
                    std::size_t entries) {
    c.outlet->send(frame);
    c.unacknowledged += frame->size();
    sub.flight.push_back({last, frame->size()});
    sub.sent = last;
    counters_.deliveries += entries;
}

void CoreImpl::tell_empty(Connection& c, PartnershipState& p, StreamState& s,
                          std::uint64_t request) {
    v1::Frame frame;
    stream_to(s.ref, *frame.mutable_queue_empty()->mutable_stream());
    *frame.mutable_queue_empty()->mutable_head() = head(p, s);
    answer(c, request, std::move(frame));
}

void CoreImpl::pump(Connection& c, PartnershipState& p, StreamState& s, Subscription& sub) {
    const auto from = bodies_from(s, c.who->device);
    const auto now = time_.now();
    while (sub.sent < s.durable_seq) {
        if (!has_window(c)) return;
        const auto tail = s.tail.find(sub.sent + 1);
        if (tail != s.tail.end() && from && *from <= sub.sent + 1 && in_time(tail->second, now)) {
            ++counters_.tail_hits;
            const auto entries = tail->second.last - sub.sent;
            give(c, sub, tail->second.frame, tail->second.last, entries);
            continue;
        }
        if (!pump_from_store(c, p, s, sub)) return;
    }
    if (sub.told_empty) return;
    sub.told_empty = true;
    tell_empty(c, p, s, 0);
}

void CoreImpl::pump_all(Connection& c) {
    if (!c.who) return;
    auto* p = partnership(c.who->partnership);
    if (p == nullptr) return;
    for (auto& [ref, sub] : c.subscriptions) {
        auto* s = p->find(ref);
        if (s != nullptr && sub.sent < s->durable_seq) pump(c, *p, *s, sub);
        if (!has_window(c)) return;
    }
}

void CoreImpl::writable(ConnectionId id) {
    if (auto* c = connection(id)) pump_all(*c);
}

bool CoreImpl::pump_from_store(Connection& c, PartnershipState& p, StreamState& s,
                               Subscription& sub) {
    ++counters_.store_reads;
    const auto found =
        parts_.store.entries(p.id, s.ref, sub.sent, limits::max_deliver_entries, frame_bytes);
    if (!found) {
        ++counters_.read_failures;
        unreadable_.push_back(c.id);
        parts_.log(
            LogLevel::error, "stream cannot be read",
            {LogField::code("error", found.error().code), LogField::id("partnership", p.id)});
        return false;
    }
    const auto first = found->empty() ? s.durable_seq + 1 : found->front().seq;
    if (first > sub.sent + 1) {
        const auto to = std::min(first - 1, s.durable_seq);
        v1::Frame frame;
        auto& missed = *frame.mutable_missed();
        stream_to(s.ref, *missed.mutable_stream());
        missed.set_from(sub.sent + 1);
        missed.set_to(to);
        const auto& hash = found->empty() ? s.durable_chain : found->front().previous;
        missed.set_hash(to_string(hash.view()));
        send(c, frame);
        sub.sent = to;
        return true;
    }
    const auto from = bodies_from(s, c.who->device);
    const auto now = time_.now();
    v1::Frame frame;
    auto& deliver = *frame.mutable_deliver();
    stream_to(s.ref, *deliver.mutable_stream());
    Digest chain;
    std::uint64_t last = 0;
    std::uint64_t expiry = 0;
    for (const auto& e : *found) {
        if (e.seq > s.durable_seq) break;  // on disk, but not answered yet
        const auto header = Header::decode(e.header);
        const bool over = header && header->expiry_ms != 0 && header->expiry_ms <= now;
        add_entry(deliver, e.header, e.body, !e.has_body || over || !from || e.seq < *from);
        if (header && e.has_body && !over) expiry = sooner(expiry, header->expiry_ms);
        chain = chain_next(e.previous, e.header);
        last = e.seq;
    }
    *deliver.mutable_head() = sign_head(p, s.ref, last, chain);
    ++counters_.encodings;
    const auto encoded = std::make_shared<const std::string>(frame.SerializeAsString());
    const auto begin = sub.sent + 1;
    if (s.ref.kind != StreamKind::mailbox && from && *from <= begin)
        keep(p, s, begin, {last, encoded, expiry});
    give(c, sub, encoded, last, static_cast<std::size_t>(deliver.entries_size()));
    return true;
}

void CoreImpl::keep(PartnershipState& p, StreamState& s, std::uint64_t first, TailFrame frame) {
    const auto size = frame.frame->size();
    const auto old = s.tail.find(first);
    if (old != s.tail.end()) {
        counters_.tail_bytes -= old->second.frame->size();
        old->second = std::move(frame);
    } else {
        s.tail.emplace(first, std::move(frame));
        tail_order_.emplace_back(StreamKey{p.id, s.ref}, first);
    }
    counters_.tail_bytes += size;
    while (counters_.tail_bytes > limits::tail_bytes && !tail_order_.empty()) {
        const auto [key, seq] = tail_order_.front();
        tail_order_.pop_front();
        auto* owner = partnership(key.first);
        auto* stream = owner == nullptr ? nullptr : owner->find(key.second);
        if (stream == nullptr) continue;
        const auto found = stream->tail.find(seq);
        if (found == stream->tail.end()) continue;
        counters_.tail_bytes -= found->second.frame->size();
        stream->tail.erase(found);
    }
}

void CoreImpl::drop_tail(const PartnershipId& p, StreamState& s, std::uint64_t seq) {
    std::erase_if(s.tail, [&](const auto& item) {
        if (item.first > seq || item.second.last < seq) return false;
        counters_.tail_bytes -= item.second.frame->size();
        std::erase(tail_order_, std::pair{StreamKey{p, s.ref}, item.first});
        return true;
    });
}

void CoreImpl::encode_fresh(const Batch& batch, PartnershipState& p, StreamState& s,
                            const std::vector<const Batch::Fresh*>& fresh) {
    std::size_t i = 0;
    while (i < fresh.size()) {
        v1::Frame frame;
        auto& deliver = *frame.mutable_deliver();
        stream_to(s.ref, *deliver.mutable_stream());
        const auto first = fresh[i]->seq;
        std::size_t bytes = 0;
        std::uint64_t expiry = 0;
        const Batch::Fresh* last = nullptr;
        for (; i < fresh.size(); ++i) {
            const auto& entry = std::get<write::Entry>(batch.writes[fresh[i]->write]);
            bytes += entry.body.size() + entry.header_bytes.size();
            if (last != nullptr &&
                (bytes > frame_bytes ||
                 static_cast<std::uint64_t>(deliver.entries_size()) >= limits::max_deliver_entries))
                break;
            add_entry(deliver, entry.header_bytes, entry.body, false);
            expiry = sooner(expiry, entry.header.expiry_ms);
            last = fresh[i];
        }
        *deliver.mutable_head() =
            last->seq == s.durable_seq ? head(p, s) : sign_head(p, s.ref, last->seq, last->chain);
        ++counters_.encodings;
        keep(p, s, first,
             {last->seq, std::make_shared<const std::string>(frame.SerializeAsString()), expiry});
    }
}

}  // namespace huecry::relay
