#include "domain/behalf.hpp"
#include "domain/channel.hpp"
#include "huecry/wire/join_info.hpp"
#include "huecry/wire/padding.hpp"

// Making submissions: ciphertext, the advanced group and the frame to be sent (and sent again) are
// kept in one transaction before anything leaves.
namespace huecry::domain {

Channel::Due Channel::due() const {
    Due out;
    if (!group_ || !joined() || !directory_.known()) return out;
    const auto& state = directory_.state();
    std::vector<DeviceId> present;
    for (const auto& member : group_->members()) {
        const auto device = device_of(context_.self.partnership, member.identity);
        if (device) present.push_back(*device);
        if (device && !lost_since(state, *device, row_.channel, row_.floor_index, state.index()))
            continue;
        if (member.leaf == group_->own_leaf())
            out.own_leaf = true;
        else
            out.removals.push_back(member.leaf);
    }
    std::sort(present.begin(), present.end());
    out.refresh = row_.refresh_due_ms <= context_.clock.now_ms();
    out.barred = !state.may_commit(context_.self.device, row_.channel);
    for (const auto& reader : state.readers(row_.channel)) {
        const auto* rejoin = state.rejoin(reader, row_.channel);
        const auto* asked =
            state.replacement(reader, row_.channel, row_.floor_index, state.index());
        if (asked != nullptr && rejoin != nullptr &&
            sha256(rejoin->key_package) == asked->key_package)
            out.replacements.emplace_back(reader, rejoin->key_package);
        // Whoever may itself have been put into a group of somebody's making adds nobody else.
        else if (!row_.provisional && !std::binary_search(present.begin(), present.end(), reader))
            out.additions.push_back(reader);
    }
    return out;
}

void Channel::wait_until(std::uint64_t handshake_seq, std::uint64_t directory_index) {
    wait_handshake_ = handshake_seq;
    wait_directory_ = directory_index;
}

bool Channel::ready_to_submit() const {
    return caught_up_ && group_ && !submission_ && waiting_.empty() && directory_.known() &&
           directory_.head() && !directory_.behind() && directory_.index() >= wait_directory_ &&
           row_.handshake_seq >= wait_handshake_ && row_.status != ChannelStatus::failed &&
           row_.status != ChannelStatus::joining;
}

Result<AuthenticatedData> Channel::authenticated_data(const MessageId& id) const {
    if (!directory_.head()) return Error{Errc::stale, "no signed head of the directory yet"};
    return AuthenticatedData{.message_id = id,
                             .directory_head = *directory_.head(),
                             .stream_seq = cursor_.seq,
                             .running_hash = cursor_.hash};
}

Result<void> Channel::submit(const std::function<Result<void>(v1::Submit&, SubmissionRow&)>& fill) {
    if (!ready_to_submit()) return Error{Errc::stale, "the channel is not caught up"};
    v1::Submit submit;
    submit.mutable_stream()->set_kind(static_cast<std::uint32_t>(StreamKind::channel));
    submit.mutable_stream()->set_id(to_string(row_.channel.view()));
    submit.mutable_stream()->set_incarnation(row_.incarnation);
    submit.set_handshake_seq(row_.handshake_seq);
    submit.set_directory_index(directory_.index());
    SubmissionRow row{row_.channel, row_.incarnation, {}, {}, {}};
    HUECRY_TRY_ASSIGN(auto transaction, context_.db.begin());
    auto done = fill(submit, row);
    if (done) {
        row.frame = submit.SerializeAsString();
        done = store_.put_submission(row);
    }
    if (done) done = keep();
    if (done) done = transaction.commit();
    if (!done) {
        {
            auto rolled_back = std::move(transaction);
        }
        if (auto again = reload(); !again) return again;
        return done;
    }
    submission_ = std::move(row);
    return {};
}

/// Leaves out the additions that fit into no tree with what is there (a key that another has
/// already): one newcomer's package keeps neither others out nor anybody from sending.
void Channel::leave_out_unfit(mls::CommitOptions& options, std::vector<v1::Joiner>& joiners) const {
    std::vector<mls::ProposalRequest> fitting;
    for (auto& proposal : options.proposals) {
        const auto* add = std::get_if<mls::AddMember>(&proposal);
        const auto digest = add != nullptr ? sha256(add->key_package) : Digest{};
        fitting.push_back(std::move(proposal));
        if (add == nullptr || group_->fits(fitting)) continue;
        fitting.pop_back();
        std::erase_if(joiners, [&](const auto& joiner) {
            return Digest::from(view(joiner.key_package())) == digest;
        });
        context_.trace(1, "a key package fits into no group and was left out");
    }
    options.proposals = std::move(fitting);
}

Result<void> Channel::add_commit(mls::CommitOptions options, std::vector<v1::Joiner> joiners,
                                 v1::Submit& submit, SubmissionRow& row) {
    const auto id = context_.new_id<MessageId>();
    HUECRY_TRY_ASSIGN(const auto data, authenticated_data(id));
    options.by_reference = false;
    options.framing.authenticated_data = data.encode();
    options.now = context_.clock.now_ms() / 1000;
    options.welcome_extensions = [&](BytesView) -> Result<std::vector<mls::Extension>> {
        const JoinInfo info{.directory_head = *directory_.head(),
                            .floor_index = directory_.index(),
                            .processed_seq = cursor_.seq,
                            .running_hash = cursor_.hash,
                            .commit_id = id};
        return std::vector<mls::Extension>{{join_extension, info.encode()}};
    };
    auto made = group_->commit(options);
    if (!made && !joiners.empty()) {
        leave_out_unfit(options, joiners);
        if (options.proposals.empty() && !options.force_path) return Errc::no_key_package;
        made = group_->commit(options);
    }
    HUECRY_TRY_ASSIGN(const auto commit, std::move(made));
    auto& item = *submit.add_items();
    item.set_message_id(to_string(id.view()));
    item.set_kind(static_cast<std::uint32_t>(EntryKind::handshake));
    item.set_body(to_string(commit.message));
    if (commit.welcome) {
        auto& welcome = *submit.mutable_welcome();
        welcome.set_message_id(to_string(context_.new_id<MessageId>().view()));
        welcome.set_body(to_string(*commit.welcome));
        welcome.set_chain_from(cursor_.seq);
        for (const auto& joiner : joiners) *welcome.add_joiners() = joiner;
    }
    row.commit = id;
    return {};
}

Result<void> Channel::add_message(const OutboxRow& message, mls::At at, v1::Submit& submit,
                                  SubmissionRow& row) {
    // It may have waited longer than the delegation ran.
    HUECRY_TRY(check_posting(directory_.state(), context_.self.device, row_.channel,
                             message.content, directory_.index(), context_.clock.now_ms()));
    HUECRY_TRY_ASSIGN(const auto data, authenticated_data(message.id));
    const auto content = message.content.SerializeAsString();
    HUECRY_TRY_ASSIGN(const auto padded, pad(view(content)));
    HUECRY_TRY_ASSIGN(const auto made, group_->protect(padded, data.encode(), 0, at));
    auto& item = *submit.add_items();
    item.set_message_id(to_string(message.id.view()));
    item.set_kind(static_cast<std::uint32_t>(EntryKind::application));
    item.set_lifetime_ms(static_cast<std::uint64_t>(message.lifetime.count()));
    item.set_body(to_string(made.message));
    row.message = message.id;
    return {};
}

void Channel::add_pressing(const Due& due, mls::CommitOptions& options,
                           std::vector<v1::Joiner>& joiners) const {
    for (const auto leaf : due.removals) options.proposals.push_back(mls::RemoveMember{leaf});
    for (const auto& [device, package] : due.replacements) {
        if (joiners.size() >= limits::max_welcome_devices) break;
        if (!usable_package(device, package)) continue;
        options.proposals.push_back(mls::AddMember{package});
        v1::Joiner joiner;
        joiner.set_device(to_string(device.view()));
        joiner.set_key_package(to_string(sha256(package).view()));
        joiners.push_back(std::move(joiner));
    }
    options.force_path = true;
}

/// The package is in order, and carries the key that the directory has for the device.
bool Channel::usable_package(const DeviceId& device, BytesView package) const {
    const auto info =
        mls::inspect_key_package(mls::chacha20_suite(), package, context_.clock.now_ms() / 1000);
    const auto* listed = directory_.state().device(device);
    return info && listed != nullptr &&
           device_of(context_.self.partnership, info->identity) == device &&
           equal_constant_time(info->signature_key, listed->signing_key.view());
}

Result<void> Channel::submit_message(const OutboxRow& message, const Due& due) {
    if (row_.status != ChannelStatus::joined) return Error{Errc::mls_not_member};
    return submit([&](v1::Submit& submit, SubmissionRow& row) -> Result<void> {
        // A device that has used half of what receivers are willing to skip renews its path first.
        const bool tired = group_->generations_used() >= limits::max_skip / 2;
        if (!due.pressing() && !tired) return add_message(message, mls::At::current, submit, row);
        mls::CommitOptions options;
        std::vector<v1::Joiner> joiners;
        add_pressing(due, options, joiners);
        HUECRY_TRY(add_commit(std::move(options), joiners, submit, row));
        return add_message(message, mls::At::pending, submit, row);
    });
}

Result<void> Channel::submit_pressing(const Due& due) {
    return submit([&](v1::Submit& submit, SubmissionRow& row) {
        mls::CommitOptions options;
        std::vector<v1::Joiner> joiners;
        add_pressing(due, options, joiners);
        return add_commit(std::move(options), joiners, submit, row);
    });
}

Result<void> Channel::submit_path() {
    row_.refresh_due_ms = context_.clock.now_ms() +
                          (limits::leaf_refresh_days - 5) * 86'400'000ULL +
                          context_.random.u32() % (5U * 86'400'000U);
    return submit([&](v1::Submit& submit, SubmissionRow& row) {
        mls::CommitOptions options;
        options.force_path = true;
        return add_commit(std::move(options), {}, submit, row);
    });
}

Result<void> Channel::submit_additions(const v1::KeyPackages& packages) {
    const auto wanted = due().additions;
    mls::CommitOptions options;
    std::vector<v1::Joiner> joiners;
    for (const auto& one : packages.packages()) {
        const auto device = DeviceId::from(view(one.device()));
        if (!device || std::find(wanted.begin(), wanted.end(), *device) == wanted.end()) continue;
        if (options.proposals.size() >= limits::max_welcome_devices) break;
        // The relay hands them out: what it swaps does not carry the directory's key.
        if (!usable_package(*device, view(one.package()))) {
            context_.trace(1, "a key package from the relay is not in order");
            continue;
        }
        options.proposals.push_back(mls::AddMember{to_bytes(view(one.package()))});
        v1::Joiner joiner;
        joiner.set_device(one.device());
        joiner.set_key_package(to_string(sha256(view(one.package())).view()));
        joiners.push_back(std::move(joiner));
    }
    if (joiners.empty()) return Error{Errc::no_key_package};
    return submit([&](v1::Submit& submit, SubmissionRow& row) {
        return add_commit(std::move(options), joiners, submit, row);
    });
}

std::uint64_t Channel::submitted_index() const {
    v1::Submit sent;
    return submission_ && sent.ParseFromString(submission_->frame) ? sent.directory_index() : 0;
}

Result<void> Channel::drop_submission() {
    if (!submission_) return {};
    HUECRY_TRY_ASSIGN(auto transaction, context_.db.begin());
    if (group_) group_->clear_pending();
    auto done = store_.erase_submission(row_.channel, row_.incarnation);
    if (done) done = keep();
    if (done) done = transaction.commit();
    if (!done) {
        {
            auto rolled_back = std::move(transaction);
        }
        if (auto again = reload(); !again) return again;
        return done;
    }
    submission_.reset();
    return {};
}

}  // namespace huecry::domain
