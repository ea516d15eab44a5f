#include "delivery/core_impl.hpp"
#include "huecry/limits.hpp"

// Ack: cumulative, never answered. Opens the window; the cursor is written with the next tick.
namespace huecry::relay {

void CoreImpl::handle_ack(Connection& c, const v1::Ack& ack) {
    ++counters_.acks;
    const auto ref = stream_from(ack.stream());
    const auto found = ref ? c.subscriptions.find(*ref) : c.subscriptions.end();
    if (found == c.subscriptions.end()) return (void)too_many_queries(c);
    auto& sub = found->second;
    const auto seq = std::min(ack.seq(), sub.sent);  // nobody has what was not sent
    // Useful ones are no more than what was sent; the others are counted.
    if (seq <= sub.acknowledged && too_many_queries(c)) return;
    sub.acknowledged = std::max(sub.acknowledged, seq);
    while (!sub.flight.empty() && sub.flight.front().last <= seq) {
        c.unacknowledged -= sub.flight.front().bytes;
        sub.flight.pop_front();
    }
    auto* p = partnership(c.who->partnership);
    auto* s = p == nullptr ? nullptr : p->find(*ref);
    if (s == nullptr) return;
    const auto reader = ref->kind == StreamKind::mailbox
                            ? s->readers.try_emplace(c.who->device).first
                            : s->readers.find(c.who->device);
    if (reader != s->readers.end() && reader->second.cursor < seq) {
        reader->second.cursor = seq;
        reader->second.dirty = s->acks_moved = true;
    }
    if (sub.sent < s->durable_seq) {
        pump(c, *p, *s, sub);
    } else if (c.unacknowledged < limits::window_bytes) {
        pump_all(c);  // another stream may have waited for this window
    }
}

}  // namespace huecry::relay
