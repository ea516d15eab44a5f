#include "domain/lost_entries.hpp"

#include <algorithm>

#include "huecry/directory/build.hpp"

namespace huecry::domain {
namespace {

using directory::Action;

bool takes_away(Action action) {
    return action == Action::device_revoked || action == Action::member_suspended ||
           action == Action::channel_closed || action == Action::invite_withdrawn;
}

/// About groups that begin anew anyway, or the relay's own.
bool of_no_use(Action action) {
    return action == Action::channel_anchored || action == Action::commit_complained ||
           action == Action::rejoin_requested || action == Action::rejoin_approved ||
           action == Action::channel_restarted || action == Action::store_restored ||
           action == Action::invite_alarmed;
}

}  // namespace

bool LostEntries::any() {
    if (!any_) {
        const auto rows = store_.directory_lost();
        any_ = !rows || !rows->empty();
    }
    return *any_;
}

Result<std::vector<LostEntries::Entry>> LostEntries::entries() {
    HUECRY_TRY_ASSIGN(auto rows, store_.directory_lost());
    std::vector<Entry> out;
    for (auto& row : rows) {
        // They were applied once: anything else here is the store's fault.
        auto outer = directory::SignedStatement::decode(row.body);
        if (!outer) return Error{Errc::store_damaged, "lost entry"};
        auto statement = directory::Statement::decode(outer->statement);
        const auto header = Header::decode(row.header);
        if (!statement || !header) return Error{Errc::store_damaged, "lost entry"};
        out.push_back({std::move(row.header), std::move(row.body), std::move(*outer),
                       std::move(*statement), header->submitter});
    }
    std::vector<Entry> ordered;
    for (const bool first : {true, false})
        for (auto& entry : out)
            if (takes_away(entry.statement.action()) == first) ordered.push_back(std::move(entry));
    return ordered;
}

Result<std::optional<LostEntries::Offer>> LostEntries::offer(const Entry& entry) const {
    const auto& state = directory_.state();
    if (of_no_use(entry.statement.action()) ||
        state.counted(directory::statement_id(entry.signed_statement.statement)))
        return std::optional<Offer>{};
    const auto now = std::max(state.time_ms(), context_.clock.now_ms());
    const bool stands = state.running_hash(entry.statement.seen.index) == entry.statement.seen.hash;
    if (stands && state.check(entry.body, now))
        return std::optional(Offer{entry.header, entry.signed_statement, std::nullopt});
    // Upon what is gone: its author's device says it again, if it still makes sense.
    const auto own = directory::Signer::device(context_.self.device);
    const auto& blocks = entry.signed_statement.signatures;
    if (blocks.size() != 1 || blocks.front().signer != own) return std::optional<Offer>{};
    const auto again = directory::sign_statement(
        directory::make_statement(state, entry.statement.nonce, entry.statement.body),
        *context_.self.key);
    if (!state.check(again.encode(), now)) return std::optional<Offer>{};
    return std::optional(Offer{entry.header, std::nullopt, entry.statement.body});
}

Result<std::optional<LostEntries::Offer>> LostEntries::next() {
    if (!any()) return std::optional<Offer>{};
    HUECRY_TRY_ASSIGN(const auto all, entries());
    // One may wait for another (an invite before its admission): twice round before giving up.
    for (const auto& entry : all) {
        HUECRY_TRY_ASSIGN(auto found, offer(entry));
        if (found) return found;
    }
    for (const auto& entry : all) HUECRY_TRY(done(entry.header));
    return std::optional<Offer>{};
}

Result<void> LostEntries::done(BytesView header) {
    any_.reset();
    HUECRY_TRY_ASSIGN(auto transaction, context_.db.begin());
    HUECRY_TRY(store_.erase_directory_lost(header));
    return transaction.commit();
}

}  // namespace huecry::domain
