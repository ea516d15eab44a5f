#include "delivery/core_impl.hpp"
#include "huecry/limits.hpp"

// A submission to the directory: one signed statement, judged by the directory's own rules.
namespace huecry::relay {
namespace {

/// An invite's connection may do one thing: admit the device that it was made for.
Verdict invite_may(const Principal& who, BytesView body, DeviceId& newcomer) {
    const auto outer = directory::SignedStatement::decode(body);
    if (!outer) return Refusal{outer.error().code};
    const auto statement = directory::Statement::decode(outer->statement);
    if (!statement) return Refusal{statement.error().code};
    const auto* admitted = std::get_if<directory::DeviceAdmitted>(&statement->body);
    if (admitted == nullptr || admitted->invite != who.invite) return Refusal{Errc::not_permitted};
    newcomer = device_id_of(admitted->signing_key);
    return std::nullopt;
}

}  // namespace

Verdict CoreImpl::submit_statement(PartnershipState& p, Submission& s) {
    if (s.items.size() != 1 || s.welcome || s.items[0].kind != EntryKind::statement ||
        s.items[0].lifetime_ms != 0 || s.handshake_seq != 0 || s.directory_index != 0)
        return Refusal{Errc::invalid_argument};
    auto& item = s.items[0];
    if (item.body.size() > limits::max_statement) return Refusal{Errc::too_large};
    Header header;
    header.submitter = s.submitter;
    if (s.who.kind == ClientKind::invite)
        if (auto refused = invite_may(s.who, item.body, header.submitter)) return refused;
    header.stream = StreamRef::directory();
    header.seq = p.directory.index() + 1;
    header.kind = EntryKind::statement;
    header.message_id = item.id;
    header.accepted_ms = std::max(now_ms(), p.directory.time_ms());
    header.length = static_cast<std::uint32_t>(item.body.size());
    header.digest = item.digest;
    auto bytes = header.encode();
    const auto applied = p.directory.apply(bytes, item.body);
    if (!applied) {
        if (applied.error().code == Errc::invite_used) raise_alarm(p, std::move(item.body));
        return Refusal{applied.error().code};
    }
    gather(p, header, std::move(bytes), std::move(item.body), std::nullopt);
    item.body.clear();
    follow(p, *applied);
    auto& accepted = *s.result.add_accepted();
    accepted.set_seq(header.seq);
    accepted.set_accepted_ms(header.accepted_ms);
    return std::nullopt;
}

}  // namespace huecry::relay
