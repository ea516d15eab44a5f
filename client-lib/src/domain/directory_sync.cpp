#include "domain/directory_sync.hpp"

#include "domain/verdict.hpp"
#include "huecry/limits.hpp"

namespace huecry::domain {

Result<Head> verified_head(const v1::SignedHead& frame, const PublicKey& relay,
                           const PartnershipId& partnership, SignedHead& kept) {
    const auto signature = Signature::from(view(frame.signature()));
    if (!signature) return Error{Errc::malformed, "signed head"};
    kept.head = to_bytes(view(frame.head()));
    kept.signature = *signature;
    HUECRY_TRY_ASSIGN(const Head head, kept.verify(relay));
    if (head.partnership != partnership)
        return Error{Errc::relay_inconsistent, "head of another partnership"};
    return head;
}

namespace {

/// The relay has checked the same: whatever this client refuses, the relay is to blame for, and its
/// user is told so. Only what a later version may understand is another matter.
Error as_of_relay(const Error& why) {
    if (why.code == Errc::statement_unknown || why.code == Errc::update_needed) return why;
    if (why.code == Errc::relay_rejected_chain) return why;
    return {Errc::relay_rejected_chain, "an entry was refused: " + why.text()};
}

}  // namespace

Result<void> DirectorySync::load() {
    HUECRY_TRY_ASSIGN(const auto saved, store_.saved_directory());
    if (saved) {
        HUECRY_TRY_ASSIGN(auto state, directory::State::load(saved->state));
        state_ = std::move(state);
        if (auto head = SignedHead::decode(saved->head)) {
            head_ = *head;
            if (const auto read = Head::decode(head->head)) heard_ms_ = read->time_ms;
        }
    }
    saved_index_ = index();
    HUECRY_TRY_ASSIGN(const auto entries, store_.directory_entries(index()));
    for (const auto& entry : entries) {
        HUECRY_TRY_ASSIGN(const auto applied, apply(entry.header, entry.body));
        head_.reset();
    }
    highest_ = index();
    context_.projection.set_directory(state_ ? &*state_ : nullptr, context_.self.device);
    return {};
}

Result<directory::Applied> DirectorySync::apply(BytesView header, BytesView body) {
    if (state_) return state_->apply(header, body);
    HUECRY_TRY_ASSIGN(auto state, directory::State::from_genesis(header, body));
    // The relay may have moved since: its heads must be signed by the one that this device knows.
    if (state.partnership() != context_.self.partnership)
        return Error{Errc::relay_rejected_chain, "another partnership's beginning"};
    directory::Applied applied;
    applied.index = 1;
    applied.accepted_ms = state.time_ms();
    applied.author = state.devices().begin()->first;
    state_ = std::move(state);
    return applied;
}

std::uint64_t DirectorySync::resume_from() const {
    if (!put_back()) return index();
    // At least its last entry, to see whether it follows from ours.
    const auto from = std::min(index(), highest_ == 0 ? 0 : highest_ - 1);
    return from > back_ ? from - back_ : 0;
}

/// The store was put back: how much of the relay's log is ours? False: not even its beginning in
/// this frame. What the relay lost is taken out here, if it says by a signed entry that it did.
Result<bool> DirectorySync::find_common(const v1::Deliver& frame) {
    if (frame.entries().empty()) return true;
    if (!frame.has_head()) return Error{Errc::relay_inconsistent, "entries without a signed head"};
    SignedHead kept;
    HUECRY_TRY_ASSIGN(const Head head, verified_head(frame.head(), context_.self.relay_key,
                                                     context_.self.partnership, kept));
    HUECRY_TRY_ASSIGN(const Header first, Header::decode(view(frame.entries(0).header())));
    const auto start = first.seq == 0 ? std::nullopt : state_->running_hash(first.seq - 1);
    if (!start) return Error{Errc::relay_inconsistent, "entries are left out"};
    auto hash = *start;
    auto common = first.seq - 1;
    const v1::Entry* other = nullptr;
    auto seq = common;
    for (const auto& entry : frame.entries()) {
        hash = chain_next(hash, view(entry.header()));
        ++seq;
        if (other != nullptr) continue;
        if (state_->running_hash(seq) == hash)
            common = seq;
        else
            other = &entry;
    }
    if (head.seq != seq || head.hash != hash) {
        if (common == 0) return Error{Errc::relay_inconsistent, "a directory of its own"};
        return false;
    }
    if (other == nullptr || common == index()) return true;
    const auto outer = directory::SignedStatement::decode(view(other->body()));
    const auto statement = outer ? directory::Statement::decode(outer->statement)
                                 : Result<directory::Statement>(outer.error());
    if (!statement || statement->action() != directory::Action::store_restored) {
        conflict_ = std::move(kept);
        return Error{Errc::relay_inconsistent, "the directory's past has changed"};
    }
    HUECRY_TRY(roll_back(common));
    return true;
}

Result<void> DirectorySync::roll_back(std::uint64_t to) {
    HUECRY_TRY_ASSIGN(auto transaction, context_.db.begin());
    HUECRY_TRY(store_.lose_directory_after(to));
    HUECRY_TRY(transaction.commit());
    state_.reset();
    head_.reset();
    last_named_.reset();
    HUECRY_TRY(load());
    rolled_back_ = to;
    return {};
}

Result<std::vector<directory::Applied>> DirectorySync::deliver(const v1::Deliver& frame) {
    std::vector<directory::Applied> out;
    if (put_back()) {
        HUECRY_TRY_ASSIGN(const bool found, find_common(frame));
        if (!found) {
            back_ = back_ == 0 ? 64 : back_ * 4;
            ask_again_ = true;
            return out;
        }
        back_ = 0;
    }
    HUECRY_TRY_ASSIGN(auto transaction, context_.db.begin());
    // A copy to fall back on costs more than the frame is worth: on an error the whole is reloaded.
    const auto fail = [&](const Error& error) {
        {
            auto rolled_back = std::move(transaction);
        }
        context_.projection.rolled_back();
        state_.reset();
        auto again = load();
        return again ? error : again.error();
    };
    for (const auto& entry : frame.entries()) {
        auto header = Header::decode(view(entry.header()));
        if (!header) return fail(header.error());
        if (header->seq <= index()) continue;  // a repetition after reconnecting
        auto applied = apply(view(entry.header()), view(entry.body()));
        if (!applied) return fail(as_of_relay(applied.error()));
        context_.projection.set_directory(&*state_, context_.self.device);
        auto kept =
            store_.add_directory_entry(header->seq, view(entry.header()), view(entry.body()));
        if (kept) kept = context_.projection.directory_applied(*applied);
        if (!kept) return fail(kept.error());
        out.push_back(std::move(*applied));
    }
    if (auto done = transaction.commit(); !done) return fail(done.error());
    context_.projection.committed();
    highest_ = std::max(highest_, index());
    if (!out.empty()) head_.reset();
    return out;
}

Result<std::uint64_t> DirectorySync::heard_head(const v1::SignedHead& frame) {
    SignedHead kept;
    HUECRY_TRY_ASSIGN(const Head head, verified_head(frame, context_.self.relay_key,
                                                     context_.self.partnership, kept));
    if (head.stream != StreamRef::directory())
        return Error{Errc::relay_inconsistent, "head of another stream"};
    heard_ms_ = std::max(heard_ms_, head.time_ms);
    heard_generation_ = std::max(heard_generation_, head.generation);
    if (state_ && head.generation < state_->generation())
        return Error{Errc::relay_inconsistent, "a head from before its store was restored"};
    if (put_back()) {
        highest_ = head.seq;
        return head.time_ms;
    }
    highest_ = std::max(highest_, head.seq);
    if (!state_ || head.seq > index()) return head.time_ms;
    const auto ours = state_->running_hash(head.seq);
    if (!ours || *ours != head.hash) {
        conflict_ = std::move(kept);
        return Error{Errc::relay_inconsistent, "the directory's past has changed"};
    }
    if (head.seq == index()) head_ = kept;
    return head.time_ms;
}

DirectorySync::Named DirectorySync::named(const SignedHead& signed_head) const {
    if (!state_) return {};
    if (last_named_ && last_named_at_ == index() && last_named_->first == signed_head)
        return last_named_->second;
    const auto judge = [&]() -> Named {
        const auto head = directory_head(context_.self, *state_, signed_head);
        if (!head) return {};
        if (head->generation < state_->generation() && head->seq >= state_->restored_index())
            return {Named::Kind::lost, index()};
        if (head->seq > index()) return {Named::Kind::later, head->seq};
        const auto ours = state_->running_hash(head->seq);
        if (ours && *ours == head->hash) return {Named::Kind::known, head->seq};
        return {Named::Kind::conflict, index()};
    };
    const auto named = judge();
    last_named_ = {signed_head, named};
    last_named_at_ = index();
    return named;
}

Result<directory::Stretch> DirectorySync::stretch(std::uint64_t after) const {
    const auto hash = state_ ? state_->running_hash(after) : std::nullopt;
    if (!hash) return Error{Errc::not_found, "an index beyond the directory"};
    directory::Stretch out{StreamRef::directory(), after, *hash, {}};
    HUECRY_TRY_ASSIGN(auto entries, store_.directory_entries(after, limits::max_evidence_headers));
    for (auto& entry : entries) out.headers.push_back(std::move(entry.header));
    return out;
}

Result<void> DirectorySync::save() {
    if (!state_ || !head_ || saved_index_ == index()) return {};
    HUECRY_TRY(store_.save_directory(state_->save(), head_->encode()));
    saved_index_ = index();
    return {};
}

}  // namespace huecry::domain
