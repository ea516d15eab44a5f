#include "delivery/core_impl.hpp"
#include "huecry/limits.hpp"

// A directed message to one device.
namespace huecry::relay {
namespace {

constexpr std::uint64_t day_ms = 86'400'000;

}  // namespace

Verdict CoreImpl::submit_mailbox(PartnershipState& p, Submission& s) {
    if (s.who.standing != Standing::active) return Refusal{Errc::pending_approval};
    if (s.items.size() != 1 || s.welcome || s.items[0].kind != EntryKind::directed ||
        s.items[0].lifetime_ms == 0 || s.handshake_seq != 0 || s.directory_index != 0)
        return Refusal{Errc::invalid_argument};
    auto& item = s.items[0];
    if (item.lifetime_ms > limits::handshake_retention_days * day_ms)
        return Refusal{Errc::expiry_too_long};
    if (item.body.size() > limits::max_content) return Refusal{Errc::too_large};
    const DeviceId to(s.stream.id);
    const auto* device = p.directory.device(to);
    if (device == nullptr || device->state == directory::DeviceState::revoked)
        return Refusal{Errc::not_found};
    auto& stream = p.stream(s.stream);
    if (stream.seq - std::min(stream.seq, stream.readers[to].cursor) >= limits::mailbox_entries)
        return Refusal{Errc::quota_exceeded};
    if (auto refused = check_room(p, s)) return refused;
    Header header;
    header.stream = s.stream;
    header.seq = stream.seq + 1;
    header.submitter = s.submitter;
    header.kind = EntryKind::directed;
    header.message_id = item.id;
    header.accepted_ms = now_ms();
    header.expiry_ms = header.accepted_ms + item.lifetime_ms;
    header.length = static_cast<std::uint32_t>(item.body.size());
    header.digest = item.digest;
    append(p, header, std::move(item.body));
    item.body.clear();
    auto& accepted = *s.result.add_accepted();
    accepted.set_seq(header.seq);
    accepted.set_accepted_ms(header.accepted_ms);
    accepted.set_expiry_ms(header.expiry_ms);
    accepted.set_readers(1);
    return std::nullopt;
}

}  // namespace huecry::relay
