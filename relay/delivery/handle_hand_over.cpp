#include "delivery/core_impl.hpp"
#include "huecry/directory/statement.hpp"
#include "huecry/limits.hpp"

// A partnership moves here: its whole log, verified as any device verifies it, then the root's
// word.
namespace huecry::relay {
namespace {

Result<void> take(HandingOver& log, const Principal& who, const v1::Entry& entry,
                  std::uint64_t max_bytes) {
    HandingOver::Entry kept{{}, to_bytes(view(entry.header())), to_bytes(view(entry.body()))};
    log.bytes += kept.header_bytes.size() + kept.body.size();
    if (log.bytes > max_bytes) return Errc::quota_exceeded;
    HUECRY_TRY_ASSIGN(kept.header, Header::decode(kept.header_bytes));
    if (!log.state) {
        HUECRY_TRY_ASSIGN(log.state, directory::State::from_genesis(kept.header_bytes, kept.body));
        if (log.state->partnership() != who.partnership) return Errc::not_authenticated;
    } else {
        HUECRY_TRY(log.state->apply(kept.header_bytes, kept.body));
    }
    log.entries.push_back(std::move(kept));
    return {};
}

/// The statement that ends the log here: for this relay, upon exactly this log.
Result<StatementId> check_moved(const HandingOver& log, const Principal& who, BytesView moved,
                                const PublicKey& identity) {
    if (!log.state) return Errc::invalid_argument;
    const auto* device = log.state->device(who.device);
    if (device == nullptr || device->signing_key != who.key || !log.state->is_active(who.device))
        return Errc::not_authenticated;
    HUECRY_TRY_ASSIGN(const auto outer, directory::SignedStatement::decode(moved));
    HUECRY_TRY_ASSIGN(const auto statement, directory::Statement::decode(outer.statement));
    const auto* body = std::get_if<directory::RelayMoved>(&statement.body);
    if (body == nullptr) return Errc::not_permitted;
    if (body->relay_key != identity) return Errc::wrong_relay;
    if (statement.seen.index != log.state->index()) return Errc::statement_conflict;
    return directory::statement_id(outer.statement);
}

}  // namespace

void CoreImpl::handle_hand_over(Connection& c, std::uint64_t request,
                                const v1::HandOver& hand_over) {
    if (draining_) return refuse(c, request, {Errc::draining});
    if (c.who->kind != ClientKind::founder) return refuse(c, request, {Errc::not_permitted});
    if (partnership(c.who->partnership) != nullptr)
        return refuse(c, request, {Errc::statement_repeated});
    if (!c.handing_over) {
        for (const auto& [id, other] : connections_)
            if (other->handing_over) return refuse(c, request, {Errc::overloaded, 0, 0, 5000});
        if (const auto refused = creation_allowed(c, hand_over.code()))
            return refuse(c, request, *refused);
        c.handing_over = std::make_unique<HandingOver>();
    }
    auto& log = *c.handing_over;
    const auto max_bytes =
        parts_.options.max_hand_over != 0 ? parts_.options.max_hand_over : limits::max_hand_over;
    for (const auto& entry : hand_over.entries()) {
        const auto taken = take(log, *c.who, entry, max_bytes);
        if (taken) continue;
        c.handing_over.reset();
        return refuse(c, request, {taken.error().code});
    }
    if (hand_over.moved().empty()) {
        v1::Frame frame;
        frame.mutable_submit_result();
        return answer(c, request, std::move(frame));
    }
    const auto whole = std::move(c.handing_over);
    move_here(c, request, *whole, to_bytes(view(hand_over.moved())));
}

void CoreImpl::move_here(Connection& c, std::uint64_t request, HandingOver& log, Bytes moved) {
    const auto id = check_moved(log, *c.who, moved, parts_.options.identity.public_key);
    if (!id) return refuse(c, request, {id.error().code});
    Header header;
    header.seq = log.state->index() + 1;
    header.submitter = c.who->device;
    header.kind = EntryKind::statement;
    header.message_id = MessageId::prefix_of(id->view()).value();
    header.accepted_ms = std::max(now_ms(), log.state->time_ms());
    header.length = static_cast<std::uint32_t>(moved.size());
    header.digest = sha256(moved);
    auto header_bytes = header.encode();
    const auto applied = log.state->apply(header_bytes, moved);
    if (!applied) return refuse(c, request, {applied.error().code});
    log.entries.push_back({header, std::move(header_bytes), std::move(moved)});

    auto made = std::make_unique<PartnershipState>(std::move(*log.state));
    auto& p = *made;
    partnerships_[p.id] = std::move(made);
    counters_.partnerships = partnerships_.size();
    current_->writes.emplace_back(write::Partnership{p.id, header.accepted_ms});
    for (auto& entry : log.entries)
        gather(p, entry.header, std::move(entry.header_bytes), std::move(entry.body), std::nullopt);
    ++current_->submissions;
    auto& later = answer_later(c, request);
    auto& accepted = *later.frame.mutable_submit_result()->add_accepted();
    accepted.set_seq(header.seq);
    accepted.set_accepted_ms(header.accepted_ms);
    later.head_of = StreamKey{p.id, StreamRef::directory()};
    parts_.log(LogLevel::info, "partnership moved here", {LogField::id("partnership", p.id)});
}

}  // namespace huecry::relay
