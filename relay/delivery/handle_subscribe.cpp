#include "delivery/core_impl.hpp"
#include "huecry/limits.hpp"

// Subscribe: from here on, everything of a stream after `from`.
namespace huecry::relay {

void CoreImpl::handle_subscribe(Connection& c, std::uint64_t request,
                                const v1::Subscribe& subscribe) {
    const auto ref = stream_from(subscribe.stream());
    if (!ref) return refuse(c, request, {Errc::bad_frame});
    if (!subscribes(*c.who, *ref)) return refuse(c, request, {Errc::channel_unknown});
    auto* p = partnership(c.who->partnership);
    auto& s = p->stream(*ref);
    if (!c.subscriptions.contains(*ref) && c.subscriptions.size() >= limits::max_subscriptions)
        return refuse(c, request, {Errc::overloaded});
    // The client has what this relay does not: the store was put back. The head says how far.
    if (subscribe.from() > s.durable_seq) return tell_empty(c, *p, s, request);
    unsubscribe(c, *ref);
    auto& sub = c.subscriptions[*ref];
    sub.sent = subscribe.from();
    s.subscribers.push_back(&c);
    const auto reader = s.readers.find(c.who->device);
    if (reader != s.readers.end() && reader->second.cursor < sub.sent) {
        reader->second.cursor = sub.sent;  // what it does not ask for again, it has
        reader->second.dirty = s.acks_moved = true;
    }
    pump(c, *p, s, sub);
}

void CoreImpl::unsubscribe(Connection& c, const StreamRef& stream) {
    const auto found = c.subscriptions.find(stream);
    if (found == c.subscriptions.end()) return;
    for (const auto& flight : found->second.flight) c.unacknowledged -= flight.bytes;
    c.subscriptions.erase(found);
    auto* p = c.who ? partnership(c.who->partnership) : nullptr;
    auto* s = p == nullptr ? nullptr : p->find(stream);
    if (s != nullptr) std::erase(s->subscribers, &c);
}

}  // namespace huecry::relay
