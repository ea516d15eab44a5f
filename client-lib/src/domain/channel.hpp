#pragma once

#include <deque>
#include <optional>
#include <set>
#include <vector>

#include "domain/context.hpp"
#include "domain/directory_sync.hpp"
#include "domain/sync_store.hpp"
#include "domain/trouble.hpp"
#include "domain/verdict.hpp"
#include "huecry/v1/keys.pb.h"
#include "huecry/v1/streams.pb.h"

// One channel that this device is in: its place in the stream and its MLS group, which change
// together in one transaction. Receiving is in channel.cpp, making submissions in
// channel_submit.cpp. When to do what is the engine's business.
namespace huecry::domain {

/// What taking entries has brought about, for the engine.
struct Taken {
    bool progressed = false;
    bool joined = false;          // readable from now on
    std::uint64_t joined_ms = 0;  // when the relay accepted that commit
    bool removed_me = false;      // the group is gone
    bool members_added = false;   // by this device: they are to be given a snapshot
    bool own_arrived = false;     // the submission in flight has reached its place
    bool lost = false;            // the group can no longer be followed
    std::vector<std::string> warnings;
    /// Where members' word and the relay's part: heads of the directory that the relay signed and
    /// that are not of ours, and claims about this stream.
    std::vector<SignedHead> conflicts{};
    std::vector<directory::Claim> claims{};
    /// What could not be decrypted here, once for each sender and epoch: they are told.
    struct Skip {
        DeviceId submitter;
        MessageId message;
    };
    std::vector<Skip> skipped{};
    std::vector<DeviceId> snapshots{};  // who gave one in the channel
    std::optional<Error> failure{};     // what came after could not be taken

    void add(Taken&& later);
};

class Channel {
public:
    Channel(Context& context, SyncStore& store, const DirectorySync& directory);

    /// A channel as it was kept. Errors: store_damaged.
    Result<void> load(const ChannelRow& row);
    /// Begins the group (this device is the creator). Inside the caller's transaction.
    Result<void> create(const ChannelId& id, std::uint32_t incarnation);
    /// Takes a Welcome that has been opened and checked. Inside the caller's transaction.
    Result<void> join(mls::Group group, const ChannelRow& row, const Cursor& from);

    [[nodiscard]] const ChannelRow& row() const { return row_; }
    [[nodiscard]] StreamRef stream() const {
        return StreamRef::channel(row_.channel, row_.incarnation);
    }
    [[nodiscard]] std::uint64_t cursor() const { return cursor_.seq; }
    [[nodiscard]] const Digest& hash() const { return cursor_.hash; }
    /// The newest head that the relay signed and that fits.
    [[nodiscard]] const std::optional<SignedHead>& head() const { return head_; }
    /// Headers after `after`, for evidence: from the oldest that is remembered if that is later.
    [[nodiscard]] directory::Stretch stretch(std::uint64_t after) const;
    /// Its head when the relay has nothing more. False when the relay's store was put back and this
    /// stream with it. relay_inconsistent when it is not what was delivered; then `take_conflict`.
    Result<bool> heard_head(const Head& head, const SignedHead& kept);
    std::optional<SignedHead> take_conflict() { return std::exchange(conflict_, std::nullopt); }
    [[nodiscard]] bool joined() const { return row_.status == ChannelStatus::joined; }
    [[nodiscard]] std::size_t group_size() const { return group_ ? group_->size() : 0; }
    [[nodiscard]] bool waiting_for_directory() const { return !waiting_.empty(); }
    /// Why the group cannot be followed, while it cannot.
    [[nodiscard]] const std::optional<Trouble>& trouble() const { return trouble_; }
    /// The directory has the request to rejoin. Its own transaction.
    Result<void> asked_to_rejoin(std::uint64_t index);
    /// What it asked for was of no use. Its own transaction.
    Result<void> ask_again();
    /// These say that they cannot decrypt what this device sends. Believed unless somebody else has
    /// been read here in this epoch: then this device is where the others are. Its own transaction.
    Result<Taken> unheard(const std::set<DeviceId>& reporters);
    [[nodiscard]] std::uint64_t epoch() const { return group_ ? group_->epoch() : 0; }
    /// The directory index that the submission in flight names; 0 without one.
    [[nodiscard]] std::uint64_t submitted_index() const;
    /// Epoch and epoch authenticator (RFC 9420 section 8.7), for an anchor; empty while in trouble.
    [[nodiscard]] std::optional<std::pair<std::uint64_t, Bytes>> authenticator() const;

    [[nodiscard]] bool in_flight() const { return submission_.has_value(); }
    [[nodiscard]] const std::optional<SubmissionRow>& submission() const { return submission_; }

    /// Entries from the relay; those that need a later directory than ours wait.
    Result<Taken> deliver(const v1::Deliver& frame);
    /// The directory has moved on: what waited is tried again.
    Result<Taken> directory_advanced();
    /// An anchor of this channel is in the directory: does it fit? True also while it cannot be
    /// told. What was provisional is so no more when it does. Its own transaction.
    Result<bool> compare_anchor(const directory::Anchor& anchor);
    /// A range that the relay can no longer deliver.
    Result<Taken> missed(const v1::Missed& frame);

    // -- what is due by the directory
    struct Due {
        std::vector<mls::LeafIndex> removals;
        /// Devices that rejoin, with the key packages that the directory names.
        std::vector<std::pair<DeviceId, Bytes>> replacements;
        std::vector<DeviceId> additions;
        bool refresh = false;   // own leaf
        bool barred = false;    // this device may not commit: others do what is due
        bool own_leaf = false;  // must go: nothing is sent until this device has rejoined

        /// What any commit must do, by itself or before anything else.
        [[nodiscard]] bool pressing() const { return !removals.empty() || !replacements.empty(); }
    };
    [[nodiscard]] Due due() const;

    // -- submitting: each makes ciphertext, keeps it and the changed group in one transaction, and
    // leaves it as `submission()`. Errors leave everything as it was.
    /// A message; what is pressing goes first, as a commit in the same submission.
    Result<void> submit_message(const OutboxRow& message, const Due& due);
    /// The commit that removes what must go and lets rejoining devices in.
    Result<void> submit_pressing(const Due& due);
    /// Packages whose owner is not due or that are not in order are left out; not_found with none.
    Result<void> submit_additions(const v1::KeyPackages& packages);
    /// A path-only commit: the creator's first, and the refresh of the own leaf.
    Result<void> submit_path();
    /// The relay has refused the submission (stale or for good): nothing of it was taken.
    Result<void> drop_submission();

    /// Until when the channel must be caught up after a stale answer.
    void wait_until(std::uint64_t handshake_seq, std::uint64_t directory_index);
    /// Nothing more is known to come before a submission could succeed.
    [[nodiscard]] bool ready_to_submit() const;
    void set_caught_up(bool caught_up) { caught_up_ = caught_up; }
    [[nodiscard]] bool caught_up() const { return caught_up_; }

private:
    struct Step {
        Taken* taken = nullptr;
        bool wait = false;
    };
    Result<Taken> take(const v1::Deliver& frame);
    Result<void> take_entry(const v1::Entry& entry, Step& step);
    Result<void> take_own(const Header& header, Step& step);
    Result<void> take_handshake(const Header& header, BytesView body, Step& step);
    Result<void> take_application(const Header& header, BytesView body, Step& step);
    [[nodiscard]] bool is_of(mls::ContentType type, BytesView body) const;
    Result<void> take_content(const Header& header, const content::v1::Content& content,
                              BytesView said, std::uint64_t index, Step& step);
    Result<void> awaited_commit(const Header& header, BytesView body, Step& step);
    Result<void> doubt(const Header& header, Step& step);
    void follow_epoch();
    void heard(const DeviceId& device);
    void skipped(const Header& header, Step& step);
    Result<void> check_head(const v1::Deliver& frame);
    /// Compares what the sender saw with what is here. `later`: the entry has to wait.
    DirectorySync::Named compare_directory(const AuthenticatedData& data, Step& step);
    void compare_history(const Header& header, const AuthenticatedData& data, Step& step);
    Result<Taken> doubt_welcome();
    Result<void> change(const Trouble& trouble);
    Result<void> lose(Trouble trouble, std::string warning, Step& step);
    Result<bool> recovered(const Header& header, BytesView body, Step& step);
    Result<void> keep();
    Result<void> reload();

    /// With the ids of the items and the welcome filled in by `body`.
    Result<AuthenticatedData> authenticated_data(const MessageId& id) const;
    Result<void> add_commit(mls::CommitOptions options, std::vector<v1::Joiner> joiners,
                            v1::Submit& submit, SubmissionRow& row);
    void leave_out_unfit(mls::CommitOptions& options, std::vector<v1::Joiner>& joiners) const;
    [[nodiscard]] bool usable_package(const DeviceId& device, BytesView package) const;
    void add_pressing(const Due& due, mls::CommitOptions& options,
                      std::vector<v1::Joiner>& joiners) const;
    Result<void> add_message(const OutboxRow& message, mls::At at, v1::Submit& submit,
                             SubmissionRow& row);
    Result<void> submit(const std::function<Result<void>(v1::Submit&, SubmissionRow&)>& fill);
    [[nodiscard]] std::uint64_t refresh_time() const;

    Context& context_;
    SyncStore& store_;
    const DirectorySync& directory_;
    ChannelRow row_;
    Cursor cursor_;
    std::optional<mls::Group> group_;
    std::optional<SubmissionRow> submission_;
    std::optional<Trouble> trouble_;
    std::set<DeviceId> unread_;    // others of whom nothing was authentic here
    std::set<DeviceId> heard_;     // others of whom something was, in this epoch
    std::set<DeviceId> reported_;  // whose message was skipped in this epoch
    std::uint64_t heard_epoch_ = 0;
    std::optional<std::uint64_t> watched_epoch_;  // whose authenticator is kept
    std::deque<v1::Deliver> waiting_;
    struct Past {
        Cursor at;
        Bytes header;  // of that entry; empty for the first
    };
    std::deque<Past> history_;  // the recent past, to compare with what others saw
    std::optional<SignedHead> head_, conflict_;
    bool caught_up_ = false;
    bool overflowed_ = false;  // frames were dropped while others waited
    std::uint64_t wait_handshake_ = 0, wait_directory_ = 0;
};

}  // namespace huecry::domain
