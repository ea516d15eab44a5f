#include "domain/mailbox.hpp"

namespace huecry::domain {
namespace {

/// Channel and incarnation from the MLS group id (20 bytes).
std::optional<std::pair<ChannelId, std::uint32_t>> channel_of(BytesView group) {
    if (group.size() != ChannelId::size + 4) return std::nullopt;
    Reader r(group);
    const auto id = ChannelId::from(r.raw(ChannelId::size));
    return std::pair{*id, r.u32()};
}

}  // namespace

Mailbox::Mailbox(Context& context, SyncStore& store, const DirectorySync& directory)
    : context_(context), store_(store), directory_(directory) {}

Result<void> Mailbox::load() {
    HUECRY_TRY_ASSIGN(const auto cursor, store_.cursor(stream()));
    cursor_ = cursor.value_or(Cursor{0, chain_start(context_.self.partnership, stream())});
    HUECRY_TRY_ASSIGN(const auto skip, store_.setting("mailbox begins"));
    skip_before_ms_ = skip ? Reader(*skip).u64() : 0;
    return {};
}

Result<void> Mailbox::begin_anew(std::uint64_t restored_ms) {
    const Cursor start{0, chain_start(context_.self.partnership, stream())};
    HUECRY_TRY_ASSIGN(auto transaction, context_.db.begin());
    HUECRY_TRY(store_.set_cursor(stream(), start));
    HUECRY_TRY(store_.set_setting("mailbox begins", Writer().u64(restored_ms).take()));
    HUECRY_TRY(transaction.commit());
    cursor_ = start;
    skip_before_ms_ = restored_ms;
    waiting_.reset();
    return {};
}

Result<void> Mailbox::directory_advanced(const Accept& accept, std::vector<std::string>& warnings) {
    if (!waiting_) return {};
    const auto frame = std::move(*waiting_);
    waiting_.reset();
    return deliver(frame, accept, warnings);
}

Result<void> Mailbox::deliver(const v1::Deliver& frame, const Accept& accept,
                              std::vector<std::string>& warnings) {
    if (waiting_ && waiting_->entries_size() > static_cast<int>(limits::mailbox_entries))
        return Error{Errc::overloaded, "mailbox"};
    if (waiting_) {  // keep the order; a mailbox is small
        for (const auto& entry : frame.entries()) *waiting_->add_entries() = entry;
        return {};
    }
    const auto kept = cursor_;
    HUECRY_TRY_ASSIGN(auto transaction, context_.db.begin());
    int done = 0;
    const auto take = [&]() -> Result<void> {
        for (const auto& entry : frame.entries()) {
            HUECRY_TRY_ASSIGN(const Header header, Header::decode(view(entry.header())));
            ++done;
            if (header.stream != stream())
                return Error{Errc::relay_inconsistent, "an entry of another mailbox"};
            if (header.seq <= cursor_.seq) continue;
            if (header.seq != cursor_.seq + 1)
                return Error{Errc::relay_inconsistent, "mailbox entries are left out"};
            const auto body = view(entry.body());
            if (header.kind == EntryKind::welcome && !entry.body_gone() &&
                header.accepted_ms >= skip_before_ms_ && header.digest == sha256(body)) {
                HUECRY_TRY_ASSIGN(const auto outcome, take_welcome(header, body, accept, warnings));
                if (outcome == Outcome::wait) {
                    --done;
                    waiting_ = frame;
                    waiting_->mutable_entries()->DeleteSubrange(0, done);
                    break;
                }
            } else if (header.kind == EntryKind::directed && !entry.body_gone() &&
                       directory_.known() && header.digest == sha256(body) &&
                       header.expiry_ms > context_.clock.now_ms()) {
                auto letter = open_letter(context_, directory_.state(), header, body);
                if (letter)
                    letters_.push_back(std::move(*letter));
                else
                    context_.trace(1, "a letter was skipped: " + letter.error().text());
            }
            cursor_ = {header.seq, chain_next(cursor_.hash, view(entry.header()))};
        }
        HUECRY_TRY(store_.set_cursor(stream(), cursor_));
        return transaction.commit();
    };
    auto result = take();
    if (!result) {
        context_.projection.rolled_back();
        cursor_ = kept;
        waiting_.reset();
        return result;
    }
    context_.projection.committed();
    return result;
}

Result<void> Mailbox::missed(const v1::Missed& frame) {
    const auto hash = Digest::from(view(frame.hash()));
    if (!hash || frame.from() != cursor_.seq + 1 || frame.to() < frame.from())
        return Error{Errc::relay_inconsistent, "a missing range that does not fit"};
    cursor_ = {frame.to(), *hash};
    return store_.set_cursor(stream(), cursor_);
}

Result<mls::OpenedWelcome> Mailbox::open(BytesView body, Bytes& ref) {
    HUECRY_TRY_ASSIGN(const auto packages, store_.key_packages());
    for (const auto& package : packages) {
        HUECRY_TRY_ASSIGN(const auto secrets, mls::KeyPackageSecrets::load(package.secrets));
        auto opened = mls::OpenedWelcome::open(context_.mls(), body, package.message, secrets);
        if (!opened && opened.error().code == Errc::not_found) continue;
        if (opened && !package.last_resort) ref = package.ref;
        return opened;
    }
    return Error{Errc::not_found, "a Welcome for a key package that is not here"};
}

Result<Mailbox::Outcome> Mailbox::take_welcome(const Header& header, BytesView body,
                                               const Accept& accept,
                                               std::vector<std::string>& warnings) {
    const auto skip = [&](const Error& why) {
        warnings.push_back("an invitation into a channel could not be used: " +
                           std::string(sentence(why.code)));
        context_.trace(1, "a Welcome was skipped: " + why.text());
        unusable_ = true;
        return Outcome::done;
    };
    Bytes ref;
    const auto opened = open(body, ref);
    if (!opened) return skip(opened.error());
    std::optional<JoinInfo> info;
    for (const auto& extension : opened->group_info_extensions())
        if (extension.type == join_extension)
            if (auto decoded = JoinInfo::decode(extension.data)) info = *decoded;
    if (!info) return skip(Error{Errc::mls_void, "no join info"});
    if (!directory_.known()) return Outcome::wait;
    const auto head = directory_head(context_.self, directory_.state(), info->directory_head);
    if (!head) return skip(Error{Errc::mls_void, "no signed head of the directory"});
    if (head->seq > directory_.index()) return Outcome::wait;
    auto welcomed = check(header, *opened, *info, *head);
    if (!welcomed) return skip(welcomed.error());
    welcomed->key_package_ref = std::move(ref);
    HUECRY_TRY(accept(std::move(*welcomed)));
    return Outcome::done;
}

Result<Mailbox::Welcomed> Mailbox::check(const Header& header, const mls::OpenedWelcome& opened,
                                         const JoinInfo& info, const Head& head) {
    const auto& state = directory_.state();
    const auto channel = channel_of(opened.group_id());
    if (!channel) return Error{Errc::mls_void, "group id"};
    const auto* record = state.channel(channel->first);
    if (record == nullptr || record->incarnation != channel->second)
        return Error{Errc::mls_void, "no such channel"};
    const auto ours = state.running_hash(head.seq);
    if (!ours || *ours != head.hash)
        return Error{Errc::relay_inconsistent, "a head of another directory"};
    HUECRY_TRY_ASSIGN(auto group, opened.join());
    const auto members = group.members();
    HUECRY_TRY(check_roster(context_.self, state, channel->first, members));
    // The adder is the submitter, was allowed to commit, and so was this device to be added.
    const auto adder_leaf = group.member(opened.adder());
    const auto adder =
        adder_leaf ? device_of(context_.self.partnership, adder_leaf->identity) : std::nullopt;
    if (!adder || *adder != header.submitter ||
        !state.authorised_at(*adder, channel->first, head.seq) ||
        !state.authorised_at(context_.self.device, channel->first, head.seq))
        return Error{Errc::mls_void, "whoever added this device had no right to"};

    ChannelRow row{.channel = channel->first, .incarnation = channel->second};
    row.handshake_seq = info.processed_seq;
    row.floor_index = head.seq;
    row.awaiting_commit = info.commit_id;
    row.adder = *adder;
    const auto* member = state.member_of(*adder);
    row.provisional = *adder != record->settings.creator &&
                      (member == nullptr || member->role != directory::Role::coordinator);
    return Welcomed{std::move(group), row, {info.processed_seq, info.running_hash}, {}};
}

}  // namespace huecry::domain
