#include "domain/channel.hpp"
#include "mls/peek.hpp"

// When the group can no longer be followed, and how it is found out whether the others went on.
namespace huecry::domain {

Result<void> Channel::lose(Trouble trouble, std::string warning, Step& step) {
    trouble.incarnation = row_.incarnation;
    row_.status = ChannelStatus::failed;
    trouble_ = trouble;
    step.taken->lost = true;
    step.taken->warnings.push_back(std::move(warning));
    return keep_trouble(store_, row_.channel, trouble);
}

/// Between the committer's place and the Welcome's commit nothing can be decrypted, only chained.
Result<void> Channel::awaited_commit(const Header& header, BytesView body, Step& step) {
    if (header.kind != EntryKind::handshake) return {};
    if (header.message_id != row_.awaiting_commit || header.submitter != row_.adder)
        return Error{Errc::relay_inconsistent, "another commit stands where the Welcome's should"};
    // Everybody else has the floor that the commit names: with another one this device would judge
    // later commits otherwise.
    if (const auto data = open_authenticated_data(body)) {
        const auto head = Head::decode(data->directory_head.head);
        if (!head || head->seq != row_.floor_index)
            return lose({.reason = directory::RejoinReason::welcome_unusable, .certain = true},
                        "an invitation into a channel is not that of its commit", step);
    }
    row_.status = ChannelStatus::joined;
    step.taken->joined = true;
    step.taken->joined_ms = header.accepted_ms;
    return context_.projection.channel_joined(row_.channel);
}

/// An entry is not authentic here. A newcomer who can read nobody but whoever let it in has been
/// led into a group of that one's making, where nobody hears it. Two others must say so (one, where
/// there is only one): a single rogue drives no newcomer out.
Result<void> Channel::doubt(const Header& header, Step& step) {
    if (!row_.provisional || header.submitter == row_.adder) return {};
    unread_.insert(header.submitter);
    const auto readers = directory_.state().reader_count(row_.channel);
    if (unread_.size() < (readers > 3 ? 2U : 1U)) return {};
    unread_.clear();
    return lose(
        {.reason = directory::RejoinReason::welcome_unusable, .certain = true, .unheard = true},
        "this device was let into a group of a channel that is not that of the others", step);
}

/// What is remembered of an epoch ends with it.
void Channel::follow_epoch() {
    if (std::exchange(heard_epoch_, group_->epoch()) == group_->epoch()) return;
    heard_.clear();
    reported_.clear();
}

/// Whoever has let a newcomer in can be heard in a group of its own making, too.
void Channel::heard(const DeviceId& device) {
    follow_epoch();
    if (row_.provisional && device == row_.adder) return;
    heard_.insert(device);
}

/// A device that does not know yet whether it is where the others are blames nobody.
void Channel::skipped(const Header& header, Step& step) {
    if (row_.provisional || row_.status != ChannelStatus::joined) return;
    follow_epoch();
    if (reported_.insert(header.submitter).second)
        step.taken->skipped.push_back({header.submitter, header.message_id});
}

Result<Taken> Channel::unheard(const std::set<DeviceId>& reporters) {
    Taken taken;
    if (row_.status != ChannelStatus::joined) return taken;
    if (heard_epoch_ == group_->epoch() && !std::ranges::includes(reporters, heard_)) return taken;
    const auto kept_row = row_;
    const auto kept_trouble = trouble_;
    Step step{&taken};
    HUECRY_TRY_ASSIGN(auto transaction, context_.db.begin());
    const auto reason = row_.provisional ? directory::RejoinReason::welcome_unusable
                                         : directory::RejoinReason::state_lost;
    auto kept = lose({.reason = reason, .certain = true, .unheard = true},
                     "the others in a channel cannot read what this device sends", step);
    if (kept) kept = keep();
    if (kept) kept = transaction.commit();
    if (kept) return taken;
    row_ = kept_row;
    trouble_ = kept_trouble;
    return kept.error();
}

/// After a commit of which only this device's part was wrong, the next entry of anybody but its
/// committer tells by its epoch whether the others applied it. True: they did not, this device is
/// where they are, and the entry is to be taken as usual.
Result<bool> Channel::recovered(const Header& header, BytesView body, Step& step) {
    if (!trouble_ || trouble_->certain || header.submitter == trouble_->committer ||
        header.submitter == context_.self.device)
        return false;
    const auto seen = mls::peek(body);
    if (!seen) return false;
    if (seen->epoch > group_->epoch()) {
        trouble_->certain = true;
        step.taken->lost = true;
        HUECRY_TRY(keep_trouble(store_, row_.channel, *trouble_));
        return false;
    }
    trouble_.reset();
    row_.status = ChannelStatus::joined;
    HUECRY_TRY(end_trouble(store_, row_.channel));
    return true;
}

Result<void> Channel::asked_to_rejoin(std::uint64_t index) {
    if (!trouble_) return {};
    auto trouble = *trouble_;
    trouble.asked_index = index;
    return change(trouble);
}

Result<void> Channel::ask_again() {
    if (!trouble_ || trouble_->asked_index == 0) return {};
    auto trouble = *trouble_;
    trouble.reason = directory::RejoinReason::welcome_unusable;
    trouble.asked_index = 0;
    return change(trouble);
}

Result<void> Channel::change(const Trouble& trouble) {
    HUECRY_TRY_ASSIGN(auto transaction, context_.db.begin());
    HUECRY_TRY(keep_trouble(store_, row_.channel, trouble));
    HUECRY_TRY(transaction.commit());
    trouble_ = trouble;
    return {};
}

Result<bool> Channel::compare_anchor(const directory::Anchor& anchor) {
    if (anchor.incarnation != row_.incarnation) return true;
    HUECRY_TRY_ASSIGN(const auto ours, store_.epoch(stream(), anchor.epoch));
    if (!ours) return true;  // before this device joined, or still to come
    const bool fits = equal_constant_time(*ours, anchor.authenticator.view());
    if (!row_.provisional) return fits;
    HUECRY_TRY_ASSIGN(auto transaction, context_.db.begin());
    const auto before = row_;
    const auto trouble = trouble_;
    Taken taken;
    Step step{&taken};
    Result<void> kept;
    // A newcomer now knows that it is among the others, or that it was led elsewhere.
    if (fits)
        row_.provisional = false;
    else
        kept = lose(
            {.reason = directory::RejoinReason::welcome_unusable, .certain = true, .unheard = true},
            "an anchor is of another group", step);
    if (kept) kept = keep();
    if (kept) kept = transaction.commit();
    if (kept) return fits;
    row_ = before;
    trouble_ = trouble;
    return kept.error();
}

std::optional<std::pair<std::uint64_t, Bytes>> Channel::authenticator() const {
    if (!group_ || row_.status != ChannelStatus::joined || row_.provisional) return std::nullopt;
    return std::pair{group_->epoch(), group_->epoch_authenticator()};
}

}  // namespace huecry::domain
