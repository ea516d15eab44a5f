#include "domain/channel.hpp"

#include "domain/behalf.hpp"
#include "huecry/wire/join_info.hpp"
#include "huecry/wire/padding.hpp"
#include "mls/peek.hpp"

namespace huecry::domain {
namespace {

constexpr std::size_t history_length = 256;
constexpr std::size_t max_waiting_frames = 64;  // then the stream is asked for again

}  // namespace

void Taken::add(Taken&& later) {
    progressed |= later.progressed;
    joined |= later.joined;
    joined_ms = std::max(joined_ms, later.joined_ms);
    removed_me |= later.removed_me;
    members_added |= later.members_added;
    own_arrived |= later.own_arrived;
    lost |= later.lost;
    std::ranges::move(later.warnings, std::back_inserter(warnings));
    std::ranges::move(later.conflicts, std::back_inserter(conflicts));
    std::ranges::move(later.claims, std::back_inserter(claims));
    std::ranges::move(later.skipped, std::back_inserter(skipped));
    std::ranges::move(later.snapshots, std::back_inserter(snapshots));
}

Channel::Channel(Context& context, SyncStore& store, const DirectorySync& directory)
    : context_(context), store_(store), directory_(directory) {}

Result<void> Channel::load(const ChannelRow& row) {
    row_ = row;
    return reload();
}

Result<void> Channel::reload() {
    group_.reset();
    watched_epoch_.reset();
    HUECRY_TRY_ASSIGN(const auto cursor, store_.cursor(stream()));
    cursor_ = cursor.value_or(Cursor{0, chain_start(context_.self.partnership, stream())});
    HUECRY_TRY_ASSIGN(head_, store_.signed_head(stream()));
    HUECRY_TRY_ASSIGN(submission_, store_.submission(row_.channel, row_.incarnation));
    HUECRY_TRY_ASSIGN(trouble_, trouble_of(store_, row_.channel));
    if (trouble_ &&
        (row_.status != ChannelStatus::failed || trouble_->incarnation != row_.incarnation))
        trouble_.reset();
    GroupRows rows(context_.db, row_.channel, row_.incarnation);
    HUECRY_TRY_ASSIGN(auto group, mls::Group::load(context_.mls(), rows));
    HUECRY_TRY(rows.outcome());
    group_ = std::move(group);
    history_.assign(1, {cursor_, {}});
    return {};
}

Result<void> Channel::create(const ChannelId& id, std::uint32_t incarnation) {
    row_ = ChannelRow{.channel = id, .incarnation = incarnation};
    row_.status = ChannelStatus::creating;
    row_.refresh_due_ms = refresh_time();
    cursor_ = {0, chain_start(context_.self.partnership, stream())};
    const auto now_s = context_.clock.now_ms() / 1000;
    mls::GroupOptions options{
        .group_id = group_id(id, incarnation),
        .leaf = {.identity = credential_identity(context_.self.partnership, context_.self.device)},
        .lifetime = {now_s - 3600, now_s + limits::key_package_days * 86400},
    };
    HUECRY_TRY_ASSIGN(auto group, mls::Group::create(context_.mls(), options));
    group_ = std::move(group);
    history_.assign(1, {cursor_, {}});
    return keep();
}

Result<void> Channel::join(mls::Group group, const ChannelRow& row, const Cursor& from) {
    row_ = row;
    row_.status = ChannelStatus::joining;
    row_.refresh_due_ms = refresh_time();
    cursor_ = from;
    group_ = std::move(group);
    history_.assign(1, {cursor_, {}});
    waiting_.clear();
    submission_.reset();
    trouble_.reset();
    unread_.clear();
    HUECRY_TRY(end_trouble(store_, row_.channel));
    return keep();
}

std::uint64_t Channel::refresh_time() const {
    // Spread over the day after joining, so that a mass admission is no storm of commits.
    return context_.clock.now_ms() + 60'000 + context_.random.u32() % 86'400'000U;
}

Result<void> Channel::keep() {
    GroupRows rows(context_.db, row_.channel, row_.incarnation);
    if (group_) group_->flush(rows);
    HUECRY_TRY(rows.outcome());
    if (group_ && group_->epoch() != watched_epoch_) {
        watched_epoch_ = group_->epoch();
        HUECRY_TRY(store_.add_epoch(stream(), *watched_epoch_, group_->epoch_authenticator(),
                                    context_.clock.now_ms()));
    }
    HUECRY_TRY(store_.put_channel(row_));
    if (head_) HUECRY_TRY(store_.set_signed_head(stream(), *head_));
    return store_.set_cursor(stream(), cursor_);
}

// -- receiving

Result<Taken> Channel::deliver(const v1::Deliver& frame) {
    if (!waiting_.empty()) {
        // The order of the stream stands: what comes later waits behind.
        if (waiting_.size() < max_waiting_frames)
            waiting_.push_back(frame);
        else
            overflowed_ = true;
        return Taken{};
    }
    return take(frame);
}

Result<Taken> Channel::directory_advanced() {
    Taken all;
    while (!waiting_.empty()) {
        const auto frame = std::move(waiting_.front());
        waiting_.pop_front();
        const auto left = waiting_.size();
        auto taken = take(frame);
        if (!taken) {
            // What was committed before must still be told.
            if (!all.progressed) return taken.error();
            all.failure = taken.error();
            break;
        }
        const bool removed_me = taken->removed_me;
        all.add(std::move(*taken));
        if (removed_me) {
            waiting_.clear();
            break;
        }
        if (waiting_.size() > left) break;  // it waits again
    }
    if (overflowed_ && waiting_.empty()) {
        overflowed_ = false;
        all.failure = Error{Errc::overloaded, "a channel's backlog is asked for again"};
    }
    return all;
}

Result<Taken> Channel::take(const v1::Deliver& frame) {
    if (auto fits = check_head(frame); !fits) {
        if (conflict_ && !head_ && !row_.adder.is_zero()) return doubt_welcome();
        return fits.error();
    }
    Taken taken;
    Step step{&taken};
    const auto kept_row = row_;
    const auto kept_cursor = cursor_;
    HUECRY_TRY_ASSIGN(auto transaction, context_.db.begin());
    const auto fail = [&](const Error& error) -> Error {
        {
            auto rolled_back = std::move(transaction);
        }
        context_.projection.rolled_back();
        row_ = kept_row;
        cursor_ = kept_cursor;
        if (auto again = reload(); !again) return again.error();
        return error;
    };
    int done = 0;
    for (const auto& entry : frame.entries()) {
        if (auto r = take_entry(entry, step); !r) return fail(r.error());
        if (step.wait || taken.removed_me) break;
        ++done;
    }
    if (step.wait) {
        v1::Deliver rest = frame;
        rest.mutable_entries()->DeleteSubrange(0, done);
        waiting_.push_front(std::move(rest));
    }
    auto kept = taken.removed_me ? store_.erase_channel(row_.channel, row_.incarnation) : keep();
    if (kept) kept = transaction.commit();
    if (!kept) return fail(kept.error());
    context_.projection.committed();
    if (taken.removed_me) {
        group_.reset();
        submission_.reset();
    }
    taken.progressed = cursor_.seq != kept_cursor.seq;
    return taken;
}

Result<void> Channel::take_entry(const v1::Entry& entry, Step& step) {
    HUECRY_TRY_ASSIGN(const Header header, Header::decode(view(entry.header())));
    if (header.stream != stream())
        return Error{Errc::relay_inconsistent, "an entry of another stream"};
    if (header.seq <= cursor_.seq) return {};  // repeated after a reconnect
    if (header.seq != cursor_.seq + 1)
        return Error{Errc::relay_inconsistent, "entries are left out"};
    const auto body = view(entry.body());
    if (!entry.body_gone() && (header.length != body.size() || header.digest != sha256(body)))
        return Error{Errc::relay_inconsistent, "a body is not that of its header"};

    if (row_.status == ChannelStatus::joining) {
        HUECRY_TRY(awaited_commit(header, body, step));
    } else if (row_.status == ChannelStatus::failed) {
        HUECRY_TRY_ASSIGN(const bool again, recovered(header, body, step));
        if (again) return take_entry(entry, step);
    } else if (header.submitter == context_.self.device) {
        HUECRY_TRY(take_own(header, step));
    } else if (entry.body_gone()) {
        if (header.kind == EntryKind::handshake) {
            HUECRY_TRY(lose({.certain = true}, "a commit is no longer at the relay", step));
        } else if (header.expiry_ms > context_.clock.hide_time()) {
            step.taken->warnings.push_back("the relay withholds a message that has not expired");
        }
    } else if (header.kind == EntryKind::handshake) {
        HUECRY_TRY(take_handshake(header, body, step));
    } else if (header.kind == EntryKind::application) {
        HUECRY_TRY(take_application(header, body, step));
    }
    if (step.wait) return {};
    if (header.submitter != context_.self.device)
        HUECRY_TRY(store_.saw_device(header.submitter, header.accepted_ms));
    if (header.kind == EntryKind::handshake) row_.handshake_seq = header.seq;
    cursor_ = {header.seq, chain_next(cursor_.hash, view(entry.header()))};
    history_.push_back({cursor_, to_bytes(view(entry.header()))});
    if (history_.size() > history_length) history_.pop_front();
    return {};
}

Result<void> Channel::take_own(const Header& header, Step& step) {
    const bool is_commit =
        submission_ && submission_->commit && header.message_id == *submission_->commit;
    const bool is_message =
        submission_ && submission_->message && header.message_id == *submission_->message;
    if (header.kind == EntryKind::handshake) {
        if (!is_commit)
            return lose({.certain = true}, "a commit of this device that it does not remember",
                        step);
        v1::Submit sent;
        if (!sent.ParseFromString(submission_->frame) || sent.items_size() == 0)
            return Error{Errc::store_damaged, "submission"};
        if (header.digest != sha256(view(sent.items(0).body())))
            return Error{Errc::relay_inconsistent, "a commit of this device was replaced"};
        HUECRY_TRY(group_->merge_pending());
        row_.floor_index = std::max(row_.floor_index, sent.directory_index());
        step.taken->members_added = sent.has_welcome();
        if (row_.status == ChannelStatus::creating) {
            row_.status = ChannelStatus::joined;
            step.taken->joined = true;
            HUECRY_TRY(context_.projection.channel_joined(row_.channel));
        }
    } else {
        HUECRY_TRY_ASSIGN(const bool waiting, store_.in_outbox(header.message_id));
        HUECRY_TRY_ASSIGN(const auto known, store_.own_entry(header.message_id));
        // An older copy of this device's data would use its message keys a second time.
        if (!waiting && !known && !is_message && header.expiry_ms > context_.clock.hide_time())
            return lose({.certain = true}, "a message of this device that it does not remember",
                        step);
        if (waiting) {  // its answer did not reach us
            HUECRY_TRY(context_.projection.accepted(header.message_id, header.accepted_ms,
                                                    header.expiry_ms, submitted_index()));
            HUECRY_TRY(store_.sent(header.message_id, stream(), header.seq, header.expiry_ms));
        }
    }
    const bool last = submission_ && (submission_->message ? is_message : is_commit);
    if (last) {
        HUECRY_TRY(store_.erase_submission(row_.channel, row_.incarnation));
        submission_.reset();
        step.taken->own_arrived = true;
    }
    return {};
}

/// Is it what its header says, and of a size that a relay takes? Header and body are the same for
/// everybody, whoever lies.
bool Channel::is_of(mls::ContentType type, BytesView body) const {
    const bool commit = type == mls::ContentType::commit;
    if (body.size() > (commit ? limits::max_handshake : limits::max_content)) return false;
    const auto seen = mls::peek(body);
    return seen && seen->wire_format == mls::WireFormat::private_message &&
           seen->content_type == type;
}

Result<void> Channel::take_handshake(const Header& header, BytesView body, Step& step) {
    if (!is_of(mls::ContentType::commit, body)) {
        step.taken->warnings.push_back("an entry that is no commit was given out as one");
        return {};
    }
    const auto data = open_authenticated_data(body);
    if (data) {
        step.wait = compare_directory(*data, step).kind == DirectorySync::Named::Kind::later;
        if (step.wait) return {};
    }
    CommitVerdict verdict;
    const CommitPlace place{row_.channel, row_.floor_index, header.submitter, header.message_id,
                            [&] { return group_->members(); }};
    auto received = group_->process(body, [&](const mls::IncomingCommit& commit) {
        verdict = judge_commit(context_.self, directory_.state(), place, commit);
        return verdict.judgement;
    });
    if (!received) {
        context_.trace(1, "a channel entry was skipped: it is not authentic");
        return doubt(header, step);
    }
    heard(header.submitter);
    if (data) compare_history(header, *data, step);
    if (received->verdict == mls::Verdict::void_commit) {
        context_.trace(1, "a commit is void: " + verdict.why + " " + received->detail);
        return {};
    }
    if (received->verdict == mls::Verdict::failed)
        return lose({.reason = directory::RejoinReason::after_complaint,
                     .commit = header.message_id,
                     .committer = header.submitter},
                    "a commit could not be followed: " + received->detail, step);
    row_.floor_index = verdict.index;
    if (header.submitter != row_.adder) row_.provisional = false;
    step.taken->removed_me = received->removed_me;
    return {};
}

Result<void> Channel::take_application(const Header& header, BytesView body, Step& step) {
    if (!is_of(mls::ContentType::application, body)) {
        step.taken->warnings.push_back("an entry that is no message was given out as one");
        return {};
    }
    const auto data = open_authenticated_data(body);
    DirectorySync::Named named;
    if (data) {
        named = compare_directory(*data, step);
        step.wait = named.kind == DirectorySync::Named::Kind::later;
        if (step.wait) return {};
    }
    auto received =
        group_->process(body, [](const mls::IncomingCommit&) { return mls::Judgement::make_void; });
    if (!received) {
        step.taken->warnings.push_back("a message could not be decrypted and was skipped");
        skipped(header, step);
        return doubt(header, step);
    }
    const auto sender = device_of(context_.self.partnership, received->sender_identity);
    if (!data || !sender || *sender != header.submitter || data->message_id != header.message_id) {
        step.taken->warnings.push_back("a message is not from whom the relay says; skipped");
        return {};
    }
    heard(header.submitter);
    compare_history(header, *data, step);
    // The relay has checked this too; here it does not have to be believed.
    const auto padded = unpad(received->plaintext.view());
    content::v1::Content content;
    if (!padded || !content.ParseFromArray(padded->data(), static_cast<int>(padded->size()))) {
        context_.trace(1, "a message's content is malformed");
        return {};
    }
    if (named.kind == DirectorySync::Named::Kind::invalid ||
        !check_posting(directory_.state(), *sender, row_.channel, content, named.index,
                       header.accepted_ms)) {
        step.taken->warnings.push_back("a message of a device that may not post was skipped");
        return {};
    }
    if (header.submitter != row_.adder) row_.provisional = false;
    return take_content(header, content, *padded, named.index, step);
}

Result<void> Channel::take_content(const Header& header, const content::v1::Content& content,
                                   BytesView said, std::uint64_t index, Step& step) {
    HUECRY_TRY_ASSIGN(const bool first, store_.add_seen(row_.channel, header.submitter,
                                                        header.message_id, header.expiry_ms));
    if (!first) return {};
    if (content.has_snapshot()) step.taken->snapshots.push_back(header.submitter);
    return context_.projection.received({.channel = row_.channel,
                                         .device = header.submitter,
                                         .id = header.message_id,
                                         .accepted_ms = header.accepted_ms,
                                         .expiry_ms = header.expiry_ms,
                                         .directory_index = index,
                                         .said = said},
                                        content);
}

Result<Taken> Channel::missed(const v1::Missed& frame) {
    Taken taken;
    const auto hash = Digest::from(view(frame.hash()));
    if (!hash || frame.from() != cursor_.seq + 1 || frame.to() < frame.from())
        return Error{Errc::relay_inconsistent, "a missing range that does not fit"};
    const auto kept_row = row_;
    const auto kept_cursor = cursor_;
    HUECRY_TRY_ASSIGN(auto transaction, context_.db.begin());
    cursor_ = {frame.to(), *hash};
    // Commits may be among what is missing: the group can no longer be followed with certainty.
    Step step{&taken};
    auto kept = lose({.certain = true}, "messages of a channel are no longer at the relay", step);
    if (kept) kept = keep();
    if (kept) kept = transaction.commit();
    if (!kept) {
        row_ = kept_row;
        cursor_ = kept_cursor;
        return kept.error();
    }
    history_.assign(1, {cursor_, {}});
    return taken;
}

}  // namespace huecry::domain
