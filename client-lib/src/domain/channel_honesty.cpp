#include "domain/channel.hpp"

// Does what the relay delivers fit what it signs, and what members saw?
namespace huecry::domain {

/// The entries must lead from where this device stands to the head that came with them: then the
/// relay has signed all of them, and cannot deny it.
Result<void> Channel::check_head(const v1::Deliver& frame) {
    if (frame.entries().empty() || row_.status == ChannelStatus::failed) return {};
    if (!frame.has_head()) return Error{Errc::relay_inconsistent, "entries without a signed head"};
    SignedHead kept;
    HUECRY_TRY_ASSIGN(const Head head, verified_head(frame.head(), context_.self.relay_key,
                                                     context_.self.partnership, kept));
    auto at = cursor_;
    for (const auto& entry : frame.entries()) {
        HUECRY_TRY_ASSIGN(const Header header, Header::decode(view(entry.header())));
        if (header.seq <= at.seq) continue;  // repeated after a reconnect
        if (header.seq != at.seq + 1)
            return Error{Errc::relay_inconsistent, "entries are left out"};
        at = {header.seq, chain_next(at.hash, view(entry.header()))};
    }
    if (head.stream != stream() || head.seq > at.seq)
        return Error{Errc::relay_inconsistent, "a head of something else"};
    if (head.seq < at.seq) return {};  // all of it was here before
    if (head.hash != at.hash) {
        conflict_ = std::move(kept);
        return Error{Errc::relay_inconsistent, "the relay signed something else than it sent"};
    }
    // While entries wait for the directory, this head is ahead of what is processed: it still is
    // the relay's word for it.
    head_ = std::move(kept);
    return {};
}

/// The place from which a Welcome made this device start is not in the relay's stream, and the
/// relay has not signed anything of it here yet: whoever added this device may just as well be
/// wrong.
Result<Taken> Channel::doubt_welcome() {
    Taken taken;
    Step step{&taken};
    conflict_.reset();
    const auto kept_row = row_;
    HUECRY_TRY_ASSIGN(auto transaction, context_.db.begin());
    auto kept = lose({.reason = directory::RejoinReason::welcome_unusable, .certain = true},
                     "an invitation into a channel did not fit what the relay has", step);
    if (kept) kept = keep();
    if (kept) kept = transaction.commit();
    if (kept) return taken;
    row_ = kept_row;
    return kept.error();
}

Result<bool> Channel::heard_head(const Head& head, const SignedHead& kept) {
    if (!waiting_.empty() || row_.status == ChannelStatus::failed) return true;
    if (head.seq == cursor_.seq && head.hash == cursor_.hash) {
        head_ = kept;
        return true;
    }
    // The store was put back since: this stream has ended where it stood, and another follows.
    if (head_)
        if (const auto last = Head::decode(head_->head); last && last->generation < head.generation)
            return false;
    if (head.seq > cursor_.seq)
        return Error{Errc::relay_inconsistent, "a head that is not what was delivered"};
    const auto known =
        std::ranges::find(history_, head.seq, [](const auto& p) { return p.at.seq; });
    if (head.seq == cursor_.seq || (known != history_.end() && known->at.hash != head.hash)) {
        conflict_ = kept;
        return Error{Errc::relay_inconsistent, "a head that is not what was delivered"};
    }
    return Error{Errc::relay_inconsistent, "the relay has less than it delivered before"};
}

DirectorySync::Named Channel::compare_directory(const AuthenticatedData& data, Step& step) {
    const auto named = directory_.named(data.directory_head);
    if (named.kind == DirectorySync::Named::Kind::conflict)
        step.taken->conflicts.push_back(data.directory_head);
    return named;
}

/// What an authentic message says of this stream's past.
void Channel::compare_history(const Header& header, const AuthenticatedData& data, Step& step) {
    // Nobody has processed what comes after the own message.
    bool differs = data.stream_seq >= header.seq;
    for (const auto& known : history_)
        differs |= known.at.seq == data.stream_seq && known.at.hash != data.running_hash;
    if (differs)
        step.taken->claims.push_back({.stream = stream(),
                                      .seq = data.stream_seq,
                                      .hash = data.running_hash,
                                      .device = header.submitter,
                                      .message = header.message_id});
}

directory::Stretch Channel::stretch(std::uint64_t after) const {
    directory::Stretch out{.stream = stream()};
    bool begun = false;
    for (const auto& past : history_) {
        if (past.at.seq < after) continue;
        if (begun) {
            out.headers.push_back(past.header);
            continue;
        }
        begun = true;
        out.after = past.at.seq;
        out.hash = past.at.hash;
    }
    return out;
}

}  // namespace huecry::domain
