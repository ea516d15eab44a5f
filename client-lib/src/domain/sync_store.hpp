#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <vector>

#include "huecry/content/v1/content.pb.h"
#include "huecry/wire/header.hpp"
#include "mls/storage.hpp"
#include "store/database.hpp"

// The rows of the sync side: where each stream stands, each channel's group, what waits to go out.
// Every function is one statement; whoever calls opens the transaction.
namespace huecry::domain {

/// How far a stream has been processed.
struct Cursor {
    std::uint64_t seq = 0;
    Digest hash;
};

enum class ChannelStatus : std::uint8_t {
    creating = 1,  // this device begins the group; its first commit is on its way
    joining = 2,   // a Welcome was taken; waiting for its commit's place in the stream
    joined = 3,
    failed = 4,  // this device's part of a commit could not be used
};

struct ChannelRow {
    ChannelId channel;
    std::uint32_t incarnation = 1;
    ChannelStatus status = ChannelStatus::creating;
    std::uint64_t handshake_seq = 0;  // last handshake entry processed
    std::uint64_t floor_index = 0;    // directory index of the last applied commit
    MessageId awaiting_commit;        // joining: the commit of the Welcome
    DeviceId adder;
    bool provisional = false;
    std::uint64_t refresh_due_ms = 0;  // own leaf
};

struct OutboxRow {
    MessageId id;
    ChannelId channel;
    content::v1::Content content;
    std::chrono::milliseconds lifetime{};
    std::uint64_t created_ms = 0;
};

struct UploadRow {
    BlobId blob;
    MessageId message;
    ChannelId channel;
    SecretBytes share;
    Bytes bytes;
    std::chrono::milliseconds lifetime{};
    bool stored = false;  // the blob is at the relay; the lease is still to be made
};

/// A submission that may have reached the relay: only its identical bytes may be sent again.
struct SubmissionRow {
    ChannelId channel;
    std::uint32_t incarnation = 1;
    std::string frame;  // a serialized v1::Submit
    std::optional<MessageId> commit, message;
};

struct KeyPackageRow {
    Bytes ref, message, secrets;
    bool last_resort = false;
};

class SyncStore {
public:
    explicit SyncStore(store::Database& db) : db_(db) {}

    Result<std::optional<Bytes>> setting(std::string_view key);
    Result<void> set_setting(std::string_view key, BytesView value);
    Result<void> erase_setting(std::string_view key);

    Result<void> add_directory_entry(std::uint64_t seq, BytesView header, BytesView body);
    struct DirectoryEntry {
        Bytes header, body;
    };
    Result<std::vector<DirectoryEntry>> directory_entries(std::uint64_t after,
                                                          std::uint64_t most = UINT32_MAX);
    Result<void> save_directory(BytesView state, BytesView head);
    struct SavedDirectory {
        Bytes state, head;
    };
    Result<std::optional<SavedDirectory>> saved_directory();

    Result<std::optional<Cursor>> cursor(const StreamRef& stream);
    Result<void> set_cursor(const StreamRef& stream, const Cursor& cursor);

    Result<std::vector<ChannelRow>> channels();
    Result<void> put_channel(const ChannelRow& row);
    /// With its group, cursor and submission.
    Result<void> erase_channel(const ChannelId& channel, std::uint32_t incarnation);

    Result<void> add_outbox(const OutboxRow& row);
    /// The oldest of a channel that has no upload waiting, if any.
    Result<std::optional<OutboxRow>> outbox_front(const ChannelId& channel);
    Result<bool> in_outbox(const MessageId& id);
    Result<std::size_t> outbox_size();
    Result<void> erase_outbox(const MessageId& id);
    Result<std::vector<ChannelId>> outbox_channels();
    Result<std::vector<MessageId>> outbox_of(const ChannelId& channel);
    /// Messages whose life ended before they could go out.
    Result<std::vector<MessageId>> outbox_expired(std::uint64_t now_ms);

    Result<void> add_upload(const UploadRow& row);
    Result<std::optional<UploadRow>> next_upload();
    Result<void> set_upload_stored(const BlobId& blob);
    Result<void> erase_upload(const BlobId& blob);

    Result<std::optional<SubmissionRow>> submission(const ChannelId& channel,
                                                    std::uint32_t incarnation);
    Result<void> put_submission(const SubmissionRow& row);
    Result<void> erase_submission(const ChannelId& channel, std::uint32_t incarnation);

    Result<void> add_key_package(const KeyPackageRow& row, std::uint64_t not_after_ms);
    Result<std::vector<KeyPackageRow>> key_packages();
    /// A one-time package is gone once it was used; the last resort stays.
    Result<void> erase_key_package(BytesView ref);
    Result<void> erase_key_packages_before(std::uint64_t now_ms);
    /// Packages that were made but are not known to have reached the relay.
    Result<std::vector<KeyPackageRow>> key_packages_not_uploaded();
    Result<void> set_key_packages_uploaded();
    Result<void> set_key_package_uploaded(BytesView ref);

    /// False when it was there already.
    Result<bool> add_seen(const ChannelId& channel, const DeviceId& device, const MessageId& id,
                          std::uint64_t expiry_ms);
    Result<void> erase_seen_before(std::uint64_t now_ms);

    /// Where an own message stands, for the relay's count of its deliveries.
    struct OwnEntry {
        StreamRef stream;
        std::uint64_t seq = 0;
    };
    Result<void> add_own_entry(const MessageId& id, const StreamRef& stream, std::uint64_t seq,
                               std::uint64_t expiry_ms);
    /// Out of the outbox: the relay has it there.
    Result<void> sent(const MessageId& id, const StreamRef& stream, std::uint64_t seq,
                      std::uint64_t expiry_ms);
    Result<std::optional<OwnEntry>> own_entry(const MessageId& id);

    Result<void> add_invite_names(const InviteId& id, std::string_view member,
                                  std::string_view organisation);
    struct InviteNames {
        std::string member, organisation;
    };
    Result<std::optional<InviteNames>> invite_names(const InviteId& id);

    /// Something of a device was accepted then; written at most once a day.
    Result<void> saw_device(const DeviceId& device, std::uint64_t at_ms);
    /// 0: never.
    Result<std::uint64_t> device_seen(const DeviceId& device);

    /// Epoch authenticators, to be compared with anchors; `now_ms` for how long they are kept.
    Result<void> add_epoch(const StreamRef& channel, std::uint64_t epoch, BytesView authenticator,
                           std::uint64_t now_ms);
    Result<std::optional<Bytes>> epoch(const StreamRef& channel, std::uint64_t epoch);
    Result<void> erase_epochs_before(std::uint64_t ms);
    Result<void> erase_epochs(const StreamRef& channel);

    // sync_evidence.cpp
    Result<std::optional<SignedHead>> signed_head(const StreamRef& channel);
    Result<void> set_signed_head(const StreamRef& channel, const SignedHead& head);
    struct EvidenceRow {
        std::uint64_t number = 0;  // 0: new
        StreamRef stream;
        std::uint64_t time_ms = 0;
        bool proven = false;
        Bytes file;
    };
    Result<std::vector<EvidenceRow>> evidence();
    Result<void> put_evidence(const EvidenceRow& row);

    /// Takes the entries after `after` out of the directory, and keeps them as lost.
    Result<void> lose_directory_after(std::uint64_t after);
    Result<std::vector<DirectoryEntry>> directory_lost();
    Result<void> erase_directory_lost(BytesView header);

    store::Database& db() { return db_; }

private:
    store::Database& db_;
    std::map<DeviceId, std::uint64_t> seen_;  // as written
};

/// One group's part of the table group_state, for the MLS engine.
class GroupRows final : public mls::StateSink, public mls::StateSource {
public:
    GroupRows(store::Database& db, const ChannelId& channel, std::uint32_t incarnation)
        : db_(db), channel_(channel), incarnation_(incarnation) {}

    void put(std::string_view key, BytesView value) override;
    void erase(std::string_view key) override;
    void erase_prefix(std::string_view prefix) override;
    std::optional<Bytes> get(std::string_view key) override;
    void each(std::string_view prefix,
              const std::function<void(std::string_view, BytesView)>& visit) override;
    /// The first failure of any call.
    [[nodiscard]] Result<void> outcome() const { return outcome_; }

private:
    void keep(Result<void> result);
    store::Database& db_;
    ChannelId channel_;
    std::uint32_t incarnation_;
    Result<void> outcome_;
};

}  // namespace huecry::domain
