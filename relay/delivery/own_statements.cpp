#include <algorithm>

#include "delivery/core_impl.hpp"
#include "huecry/directory/build.hpp"

// What the relay itself enters into a directory, under its identity key.
namespace huecry::relay {

bool CoreImpl::enter(PartnershipState& p, directory::Body statement_body) {
    std::array<std::uint8_t, directory::Nonce::size> nonce{};
    parts_.random.fill(nonce);
    const auto statement =
        directory::make_statement(p.directory, directory::Nonce(nonce), std::move(statement_body));
    auto body = directory::sign_as_relay(statement, parts_.options.identity).encode();
    Header header;
    header.stream = StreamRef::directory();
    header.seq = p.directory.index() + 1;
    header.kind = EntryKind::statement;
    header.message_id = MessageId::prefix_of(nonce).value();
    header.accepted_ms = std::max(now_ms(), p.directory.time_ms());
    header.length = static_cast<std::uint32_t>(body.size());
    header.digest = sha256(body);
    auto bytes = header.encode();
    const auto applied = p.directory.apply(bytes, body);
    if (!applied) return false;
    gather(p, header, std::move(bytes), std::move(body), std::nullopt);
    follow(p, *applied);
    return true;
}

/// The refused admission proves that two devices hold the link's secret. Entered once: the
/// directory's rules refuse a second alarm about the same invite.
void CoreImpl::raise_alarm(PartnershipState& p, Bytes evidence) {
    if (enter(p, directory::InviteAlarmed{std::move(evidence)}))
        parts_.log(LogLevel::warning, "second use of an invite",
                   {LogField::id("partnership", p.id)});
}

/// Its operator has put the store back to a backup: every partnership is told, by an entry that
/// stands on what was left and begins a new generation of heads. Generations are times, so that a
/// second restore of the same backup cannot repeat one.
Result<void> CoreImpl::announce_restore() {
    HUECRY_TRY_ASSIGN(const auto restored, parts_.store.meta("restored"));
    if (restored.value_or(0) == 0) return {};
    for (auto& [id, p] : partnerships_) {
        const auto generation = std::max(p->directory.generation() + 1, now_ms() / 1000);
        if (!enter(*p, directory::StoreRestored{generation})) return Errc::relay_rejected_chain;
        // Which of these key packages were used since, nobody knows here: devices bring new ones.
        for (auto& [device, packages] : p->packages)
            for (const auto& package : packages)
                current_->writes.emplace_back(write::DropKeyPackage{id, device, package.digest});
        p->packages.clear();
        parts_.log(LogLevel::warning, "the store was restored; a new generation begins",
                   {LogField::id("partnership", id)});
    }
    current_->writes.emplace_back(write::Meta{"restored", 0});
    return {};
}

}  // namespace huecry::relay
