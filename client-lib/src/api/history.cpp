#include <algorithm>

#include "api/impl.hpp"
#include "huecry/directory/words.hpp"

// Looking at the directory: its entries as sentences, and its verification from the beginning.
namespace huecry {
namespace {

using Entries = std::vector<domain::SyncStore::DirectoryEntry>;

/// Names from the client's thread for whoever works on another.
api::NameBook names_from(Client::Impl& impl) {
    const auto ask = [&impl](auto read) {
        return [&impl, read](const auto& id) {
            const auto name =
                impl.call([&](Client::Impl& me) -> Result<std::string> { return read(me, id); });
            return name ? *name : std::string();
        };
    };
    return {
        ask([](Client::Impl& me, const MemberId& id) { return me.projection().member_name(id); }),
        ask([](Client::Impl& me, const OrganisationId& id) {
            return me.projection().organisation_name(id);
        }),
        ask([](Client::Impl& me, const ChannelId& id) {
            return me.projection().channel_name(id);
        })};
}

HistoryEntry::Outcome outcome_of(directory::Outcome outcome) {
    switch (outcome) {
        case directory::Outcome::effective:
            return HistoryEntry::Outcome::effective;
        case directory::Outcome::proposed:
            return HistoryEntry::Outcome::proposed;
        case directory::Outcome::supported:
            return HistoryEntry::Outcome::supported;
        case directory::Outcome::completed:
            return HistoryEntry::Outcome::completed;
    }
    return HistoryEntry::Outcome::effective;
}

struct Opened {
    directory::SignedStatement outer;
    directory::Statement statement;
};
Result<Opened> open_entry(BytesView body) {
    HUECRY_TRY_ASSIGN(auto outer, directory::SignedStatement::decode(body));
    HUECRY_TRY_ASSIGN(auto statement, directory::Statement::decode(outer.statement));
    return Opened{std::move(outer), std::move(statement)};
}

HistoryEntry tell(const directory::State& before, const api::NameBook& names, const Opened& opened,
                  const directory::Applied& applied) {
    const api::Teller teller(before, names);
    HistoryEntry out;
    out.index = applied.index;
    out.time_ms = applied.accepted_ms;
    out.action = directory::name(opened.statement.action());
    out.statement = applied.statement;
    out.outcome = outcome_of(applied.outcome);
    out.what = teller.sentence(opened.statement);
    teller.signers(opened.outer, opened.statement, out);
    return out;
}

}  // namespace

Result<std::vector<HistoryEntry>> Client::history(std::uint64_t after) {
    HUECRY_TRY_ASSIGN(const auto entries, impl_->call([](Impl& me) -> Result<Entries> {
        return me.engine().store().directory_entries(0);
    }));
    const auto names = names_from(*impl_);
    std::vector<HistoryEntry> out;
    std::optional<directory::State> state;
    for (const auto& entry : entries) {
        HUECRY_TRY_ASSIGN(const auto opened, open_entry(entry.body));
        directory::Applied applied;
        if (!state) {
            HUECRY_TRY_ASSIGN(state, directory::State::from_genesis(entry.header, entry.body));
            applied.index = 1;
            applied.accepted_ms = state->time_ms();
            applied.statement = directory::statement_id(opened.outer.statement);
            if (after == 0) out.push_back(tell(*state, names, opened, applied));
            continue;
        }
        // Told with the state that it met; what only the entry itself makes known is in its body.
        std::optional<HistoryEntry> told;
        if (state->index() + 1 > after) {
            applied.index = state->index() + 1;
            told = tell(*state, names, opened, applied);
        }
        HUECRY_TRY_ASSIGN(applied, state->apply(entry.header, entry.body));
        if (!told) continue;
        told->time_ms = applied.accepted_ms;
        told->statement = applied.statement;
        told->outcome = outcome_of(applied.outcome);
        out.push_back(std::move(*told));
    }
    return out;
}

Result<DirectoryProof> Client::verify_directory() {
    struct Kept {
        Entries entries;
        Digest head;
        std::uint64_t index = 0;
        bool head_signed = false;
        PartnershipId partnership;
        Digest state;
    };
    HUECRY_TRY_ASSIGN(const auto kept, impl_->call([](Impl& me) -> Result<Kept> {
        HUECRY_TRY_ASSIGN(const auto* state, me.directory());
        HUECRY_TRY_ASSIGN(auto entries, me.engine().store().directory_entries(0));
        return Kept{std::move(entries),    state->running_hash(),
                    state->index(),        me.engine().directory().head().has_value(),
                    me.self().partnership, state->hash()};
    }));
    if (kept.entries.empty()) return Error{Errc::store_damaged, "no directory entries"};
    HUECRY_TRY_ASSIGN(auto state, directory::State::from_genesis(kept.entries.front().header,
                                                                 kept.entries.front().body));
    if (state.partnership() != kept.partnership)
        return Error{Errc::relay_rejected_chain, "another partnership's beginning"};
    for (std::size_t i = 1; i < kept.entries.size(); ++i) {
        const auto applied = state.apply(kept.entries[i].header, kept.entries[i].body);
        if (!applied)
            return Error{applied.error().code,
                         "entry " + std::to_string(i + 1) + ": " + applied.error().text()};
    }
    if (state.index() != kept.index || state.running_hash() != kept.head ||
        state.hash() != kept.state)
        return Error{Errc::store_damaged, "the entries do not make what this device works with"};
    DirectoryProof out;
    out.entries = state.index();
    out.head = state.running_hash();
    out.time_ms = state.time_ms();
    out.state = kept.state;
    out.head_signed = kept.head_signed;
    HUECRY_TRY_ASSIGN(out.words, directory::head_words(kept.partnership, out.entries, out.head));
    return out;
}

Result<DirectoryProof> Client::directory_head() {
    HUECRY_TRY_ASSIGN(auto out, impl_->call([](Impl& me) -> Result<DirectoryProof> {
        HUECRY_TRY_ASSIGN(const auto* state, me.directory());
        DirectoryProof proof;
        proof.entries = state->index();
        proof.head = state->running_hash();
        proof.time_ms = state->time_ms();
        proof.state = state->hash();
        proof.head_signed = me.engine().directory().head().has_value();
        return proof;
    }));
    HUECRY_TRY_ASSIGN(const auto info, this->info());
    HUECRY_TRY_ASSIGN(out.words, directory::head_words(info.id, out.entries, out.head));
    return out;
}

}  // namespace huecry
