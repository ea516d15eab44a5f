#include "delivery/core_impl.hpp"
#include "huecry/directory/statement.hpp"
#include "huecry/limits.hpp"

// A founder's first statement makes a partnership.
namespace huecry::relay {

Verdict CoreImpl::creation_allowed(const Connection& c, const std::string& code) {
    if (c.peer.loopback && parts_.options.open_on_loopback) return std::nullopt;
    if (code.empty()) return Refusal{Errc::creation_not_allowed};
    const auto digest = labelled_hash("huecry/1 creation code", view(code));
    for (const auto& w : current_->writes)  // already used by a creation of this batch
        if (const auto* used = std::get_if<write::DropCode>(&w))
            if (used->digest == digest) return Refusal{Errc::creation_not_allowed};
    if (batch_out_) return Refusal{Errc::overloaded, 0, 0, 50};  // its codes are not known yet
    const auto until = parts_.store.code(digest);
    if (!until) return Refusal{until.error().code};
    if (!*until || **until <= now_ms()) return Refusal{Errc::creation_not_allowed};
    current_->writes.emplace_back(write::DropCode{digest});
    return std::nullopt;
}

void CoreImpl::handle_create(Connection& c, std::uint64_t request,
                             const v1::CreatePartnership& create) {
    if (draining_) return refuse(c, request, {Errc::draining});
    if (c.who->kind != ClientKind::founder) return refuse(c, request, {Errc::not_permitted});
    const auto body = to_bytes(view(create.genesis()));
    const auto outer = directory::SignedStatement::decode(body);
    if (!outer) return refuse(c, request, {outer.error().code});
    const auto statement = directory::State::check_genesis(body);
    if (!statement) return refuse(c, request, {statement.error().code});
    const auto& genesis = std::get<directory::Genesis>(statement->body);
    const auto id = directory::partnership_id(outer->statement);
    if (id != c.who->partnership || genesis.signing_key != c.who->key)
        return refuse(c, request, {Errc::not_authenticated});
    if (genesis.relay_key != parts_.options.identity.public_key)
        return refuse(c, request, {Errc::wrong_relay});

    Header header;
    header.seq = 1;
    header.submitter = c.who->device;
    header.kind = EntryKind::statement;
    header.message_id =
        MessageId::prefix_of(directory::statement_id(outer->statement).view()).value();
    header.accepted_ms = now_ms();
    header.length = static_cast<std::uint32_t>(body.size());
    header.digest = sha256(body);
    if (auto* p = partnership(id)) {
        // The answer was lost: the id is the statement's hash, so it is the same genesis.
        ++counters_.repeats;
        auto& later = answer_later(c, request);
        auto& result = *later.frame.mutable_submit_result();
        auto& accepted = *result.add_accepted();
        accepted.set_seq(1);
        const auto* device = p->directory.device(c.who->device);
        accepted.set_accepted_ms(device == nullptr ? 0 : device->admitted_ms);
        result.set_repeat(true);
        later.head_of = StreamKey{p->id, StreamRef::directory()};
        return;
    }
    if (const auto refused = creation_allowed(c, create.code()))
        return refuse(c, request, *refused);
    found(c, request, create, header);
}

void CoreImpl::found(Connection& c, std::uint64_t request, const v1::CreatePartnership& create,
                     Header header) {
    auto body = to_bytes(view(create.genesis()));
    auto header_bytes = header.encode();
    auto state = directory::State::from_genesis(header_bytes, body);
    if (!state) return refuse(c, request, {state.error().code});
    auto made = std::make_unique<PartnershipState>(std::move(*state));
    auto& p = *made;
    partnerships_[p.id] = std::move(made);
    counters_.partnerships = partnerships_.size();
    current_->writes.emplace_back(write::Partnership{p.id, header.accepted_ms});
    gather(p, header, std::move(header_bytes), std::move(body), std::nullopt);
    directory::Applied applied;
    for (const auto& [channel, record] : p.directory.channels())
        applied.events.push_back({directory::EventKind::channel_defined, {}, {}, {}, channel, 1});
    follow(p, applied);
    ++current_->submissions;
    auto& later = answer_later(c, request);
    auto& accepted = *later.frame.mutable_submit_result()->add_accepted();
    accepted.set_seq(1);
    accepted.set_accepted_ms(header.accepted_ms);
    later.head_of = StreamKey{p.id, StreamRef::directory()};
    parts_.log(LogLevel::info, "partnership created", {LogField::id("partnership", p.id)});
}

}  // namespace huecry::relay
