#include "delivery/core_impl.hpp"
#include "huecry/limits.hpp"

// Hello and Prove: how a connection begins.
namespace huecry::relay {

void CoreImpl::handle_hello(Connection& c, const v1::Hello& hello) {
    auto reply = c.handshake.hello(hello, now_ms());
    if (!reply) {
        ++counters_.proofs_failed;
        return close(c, reply.error().code, 0);
    }
    v1::Frame frame;
    *frame.mutable_hello_reply() = std::move(*reply);
    send(c, frame);
}

void CoreImpl::handle_prove(Connection& c, const v1::Prove& prove) {
    auto who = c.handshake.prove(prove);
    if (!who) {
        ++counters_.proofs_failed;
        return close(c, who.error().code, 0);
    }
    if (c.peer.address_hash != 0) {
        const auto found = unproved_.find(c.peer.address_hash);
        if (found != unproved_.end() && --found->second == 0) unproved_.erase(found);
    }
    c.who = *who;
    ++counters_.proved;
    if (who->kind == ClientKind::device) {
        // The newest wins; the older one must not come back by itself.
        if (auto* older = device_connection(who->partnership, who->device))
            close(*older, Errc::used_elsewhere, 0);
        by_device_[{who->partnership, who->device}] = c.id;
    }
    send_ready(c);
}

void CoreImpl::send_ready(Connection& c) {
    v1::Frame frame;
    auto& ready = *frame.mutable_ready();
    const auto& who = *c.who;
    ready.set_device_state(static_cast<std::uint32_t>(who.standing));
    auto* p = who.kind == ClientKind::founder ? nullptr : partnership(who.partnership);
    if (p != nullptr) *ready.mutable_directory_head() = head(*p, p->stream({}));
    if (p != nullptr && who.kind == ClientKind::device) {
        // In the order of streams, channels stand together: mailboxes, one a device, are not looked
        // at.
        for (auto it = p->streams.lower_bound({StreamKind::channel, {}, 0});
             it != p->streams.end() && it->first.kind == StreamKind::channel; ++it) {
            const auto& [ref, s] = *it;
            const auto last = s.last_accepted.find(who.device);
            if (last == s.last_accepted.end() || last->second.seq > s.durable_seq) continue;
            auto& out = *ready.add_last_accepted();
            stream_to(ref, *out.mutable_stream());
            out.set_message_id(to_string(last->second.id.view()));
            out.set_seq(last->second.seq);
        }
        std::uint32_t left = 0;
        for (const auto& row : p->packages[who.device]) {
            if (row.last_resort) {
                ready.set_has_last_resort(true);
            } else {
                ++left;
            }
        }
        ready.set_key_packages_left(left);
    }
    send(c, frame);
}

}  // namespace huecry::relay
