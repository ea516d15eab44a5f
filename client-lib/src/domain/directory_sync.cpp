#include "domain/directory_sync.hpp"

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

Result<void> DirectorySync::load() {
    HUECRY_TRY_ASSIGN(const auto saved, store_.saved_directory());
    if (saved) {
        HUECRY_TRY_ASSIGN(auto state, directory::State::load(saved->state));
        state_ = std::move(state);
        if (auto head = SignedHead::decode(saved->head)) head_ = *head;
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

Result<std::vector<directory::Applied>> DirectorySync::deliver(const v1::Deliver& frame) {
    std::vector<directory::Applied> out;
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
        if (!applied) return fail(applied.error());
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
    highest_ = std::max(highest_, head.seq);
    if (!state_ || head.seq > index()) return head.time_ms;
    const auto ours = state_->running_hash(head.seq);
    if (!ours || *ours != head.hash)
        return Error{Errc::relay_inconsistent, "the directory's past has changed"};
    if (head.seq == index()) head_ = kept;
    return head.time_ms;
}

Result<void> DirectorySync::save() {
    if (!state_ || !head_ || saved_index_ == index()) return {};
    HUECRY_TRY(store_.save_directory(state_->save(), head_->encode()));
    saved_index_ = index();
    return {};
}

}  // namespace huecry::domain
