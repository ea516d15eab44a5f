#include "domain/sync_store.hpp"

namespace huecry::domain {
namespace {

template <class IdType>
IdType id_at(const store::Statement& row, int column) {
    return IdType::from(row.blob(column)).value_or(IdType{});
}

template <class IdType>
std::optional<IdType> optional_id_at(const store::Statement& row, int column) {
    if (row.is_null(column)) return std::nullopt;
    return IdType::from(row.blob(column));
}

UploadRow upload_at(const store::Statement& row) {
    UploadRow out;
    out.blob = id_at<BlobId>(row, 0);
    out.message = id_at<MessageId>(row, 1);
    out.channel = id_at<ChannelId>(row, 2);
    out.share = SecretBytes(row.blob(3));
    out.bytes = row.blob(4);
    out.lifetime = std::chrono::milliseconds(row.integer(5));
    out.stored = row.integer(6) != 0;
    return out;
}

Result<std::vector<KeyPackageRow>> packages(store::Statement rows) {
    std::vector<KeyPackageRow> out;
    for (;;) {
        HUECRY_TRY_ASSIGN(const bool more, rows.step());
        if (!more) return out;
        out.push_back({rows.blob(0), rows.blob(1), rows.blob(2), rows.integer(3) != 0});
    }
}

}  // namespace

// -- settings

Result<std::optional<Bytes>> SyncStore::setting(std::string_view key) {
    auto s = db_.prepare("SELECT value FROM setting WHERE key = ?");
    s.bind(key);
    HUECRY_TRY_ASSIGN(const bool found, s.step());
    if (!found) return std::optional<Bytes>{};
    return std::optional<Bytes>(s.blob(0));
}
Result<void> SyncStore::set_setting(std::string_view key, BytesView value) {
    return db_.prepare("INSERT OR REPLACE INTO setting(key, value) VALUES(?, ?)")
        .bind(key)
        .bind(value)
        .run();
}
Result<void> SyncStore::erase_setting(std::string_view key) {
    return db_.prepare("DELETE FROM setting WHERE key = ?").bind(key).run();
}

// -- directory

Result<void> SyncStore::add_directory_entry(std::uint64_t seq, BytesView header, BytesView body) {
    return db_.prepare("INSERT INTO directory_entry(seq, header, body) VALUES(?, ?, ?)")
        .bind(seq)
        .bind(header)
        .bind(body)
        .run();
}
Result<std::vector<SyncStore::DirectoryEntry>> SyncStore::directory_entries(std::uint64_t after,
                                                                            std::uint64_t most) {
    auto s =
        db_.prepare("SELECT header, body FROM directory_entry WHERE seq > ? ORDER BY seq LIMIT ?");
    s.bind(after).bind(most);
    std::vector<DirectoryEntry> out;
    for (;;) {
        HUECRY_TRY_ASSIGN(const bool more, s.step());
        if (!more) return out;
        out.push_back({s.blob(0), s.blob(1)});
    }
}
Result<void> SyncStore::save_directory(BytesView state, BytesView head) {
    return db_.prepare("INSERT OR REPLACE INTO directory_state(id, saved, head) VALUES(1, ?, ?)")
        .bind(state)
        .bind(head)
        .run();
}
Result<std::optional<SyncStore::SavedDirectory>> SyncStore::saved_directory() {
    auto s = db_.prepare("SELECT saved, head FROM directory_state WHERE id = 1");
    HUECRY_TRY_ASSIGN(const bool found, s.step());
    if (!found) return std::optional<SavedDirectory>{};
    return std::optional<SavedDirectory>({s.blob(0), s.blob(1)});
}

// -- streams and channels

Result<std::optional<Cursor>> SyncStore::cursor(const StreamRef& stream) {
    auto s =
        db_.prepare("SELECT seq, hash FROM cursor WHERE kind = ? AND id = ? AND incarnation = ?");
    s.bind(static_cast<int>(stream.kind)).bind(BytesView(stream.id)).bind(stream.incarnation);
    HUECRY_TRY_ASSIGN(const bool found, s.step());
    if (!found) return std::optional<Cursor>{};
    return std::optional<Cursor>({s.unsigned_integer(0), id_at<Digest>(s, 1)});
}
Result<void> SyncStore::set_cursor(const StreamRef& stream, const Cursor& cursor) {
    return db_
        .prepare(
            "INSERT OR REPLACE INTO cursor(kind, id, incarnation, seq, hash) "
            "VALUES(?, ?, ?, ?, ?)")
        .bind(static_cast<int>(stream.kind))
        .bind(BytesView(stream.id))
        .bind(stream.incarnation)
        .bind(cursor.seq)
        .bind(cursor.hash.view())
        .run();
}

Result<std::vector<ChannelRow>> SyncStore::channels() {
    auto s = db_.prepare(
        "SELECT channel, incarnation, status, handshake_seq, floor_index, awaiting_commit, adder, "
        "provisional, refresh_due_ms FROM channel_state");
    std::vector<ChannelRow> out;
    for (;;) {
        HUECRY_TRY_ASSIGN(const bool more, s.step());
        if (!more) return out;
        ChannelRow row;
        row.channel = id_at<ChannelId>(s, 0);
        row.incarnation = static_cast<std::uint32_t>(s.integer(1));
        row.status = static_cast<ChannelStatus>(s.integer(2));
        row.handshake_seq = s.unsigned_integer(3);
        row.floor_index = s.unsigned_integer(4);
        row.awaiting_commit = id_at<MessageId>(s, 5);
        row.adder = id_at<DeviceId>(s, 6);
        row.provisional = s.integer(7) != 0;
        row.refresh_due_ms = s.unsigned_integer(8);
        out.push_back(row);
    }
}
Result<void> SyncStore::put_channel(const ChannelRow& row) {
    return db_
        .prepare(
            "INSERT OR REPLACE INTO channel_state(channel, incarnation, status, "
            "handshake_seq, floor_index, awaiting_commit, adder, provisional, "
            "refresh_due_ms) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)")
        .bind(row.channel.view())
        .bind(row.incarnation)
        .bind(static_cast<int>(row.status))
        .bind(row.handshake_seq)
        .bind(row.floor_index)
        .bind(row.awaiting_commit.view())
        .bind(row.adder.view())
        .bind(row.provisional)
        .bind(row.refresh_due_ms)
        .run();
}
Result<void> SyncStore::erase_channel(const ChannelId& channel, std::uint32_t incarnation) {
    HUECRY_TRY(db_.prepare("DELETE FROM channel_state WHERE channel = ? AND incarnation = ?")
                   .bind(channel.view())
                   .bind(incarnation)
                   .run());
    HUECRY_TRY(db_.prepare("DELETE FROM group_state WHERE channel = ? AND incarnation = ?")
                   .bind(channel.view())
                   .bind(incarnation)
                   .run());
    HUECRY_TRY(db_.prepare("DELETE FROM signed_head WHERE channel = ? AND incarnation = ?")
                   .bind(channel.view())
                   .bind(incarnation)
                   .run());
    HUECRY_TRY(db_.prepare("DELETE FROM cursor WHERE kind = 2 AND id = ? AND incarnation = ?")
                   .bind(channel.view())
                   .bind(incarnation)
                   .run());
    return erase_submission(channel, incarnation);
}

// -- going out

Result<void> SyncStore::add_outbox(const OutboxRow& row) {
    const auto content = row.content.SerializeAsString();
    return db_
        .prepare(
            "INSERT INTO outbox(id, channel, content, lifetime_ms, created_ms, position) "
            "VALUES(?, ?, ?, ?, ?, (SELECT coalesce(max(position), 0) + 1 FROM outbox))")
        .bind(row.id.view())
        .bind(row.channel.view())
        .bind(view(content))
        .bind(static_cast<std::int64_t>(row.lifetime.count()))
        .bind(row.created_ms)
        .run();
}
Result<std::optional<OutboxRow>> SyncStore::outbox_front(const ChannelId& channel) {
    auto s = db_.prepare(
        "SELECT id, content, lifetime_ms, created_ms FROM outbox WHERE channel = ? AND NOT EXISTS "
        "(SELECT 1 FROM upload WHERE upload.message = outbox.id) ORDER BY position LIMIT 1");
    s.bind(channel.view());
    HUECRY_TRY_ASSIGN(const bool found, s.step());
    if (!found) return std::optional<OutboxRow>{};
    OutboxRow row;
    row.id = id_at<MessageId>(s, 0);
    row.channel = channel;
    const auto content = s.blob(1);
    if (!row.content.ParseFromArray(content.data(), static_cast<int>(content.size())))
        return Error{Errc::store_damaged, "outbox"};
    row.lifetime = std::chrono::milliseconds(s.integer(2));
    row.created_ms = s.unsigned_integer(3);
    return std::optional<OutboxRow>(std::move(row));
}
Result<bool> SyncStore::in_outbox(const MessageId& id) {
    return db_.prepare("SELECT 1 FROM outbox WHERE id = ?").bind(id.view()).step();
}
Result<std::size_t> SyncStore::outbox_size() {
    auto s = db_.prepare("SELECT count(*) FROM outbox");
    HUECRY_TRY_ASSIGN(const bool found, s.step());
    return found ? static_cast<std::size_t>(s.integer(0)) : 0;
}
Result<void> SyncStore::erase_outbox(const MessageId& id) {
    return db_.prepare("DELETE FROM outbox WHERE id = ?").bind(id.view()).run();
}
Result<std::vector<ChannelId>> SyncStore::outbox_channels() {
    auto s = db_.prepare("SELECT DISTINCT channel FROM outbox ORDER BY channel");
    std::vector<ChannelId> out;
    for (;;) {
        HUECRY_TRY_ASSIGN(const bool more, s.step());
        if (!more) return out;
        out.push_back(id_at<ChannelId>(s, 0));
    }
}
Result<std::vector<MessageId>> SyncStore::outbox_of(const ChannelId& channel) {
    auto s = db_.prepare("SELECT id FROM outbox WHERE channel = ? ORDER BY position");
    s.bind(channel.view());
    std::vector<MessageId> out;
    for (;;) {
        HUECRY_TRY_ASSIGN(const bool more, s.step());
        if (!more) return out;
        out.push_back(id_at<MessageId>(s, 0));
    }
}
Result<std::vector<MessageId>> SyncStore::outbox_expired(std::uint64_t now_ms) {
    auto s = db_.prepare("SELECT id FROM outbox WHERE created_ms + lifetime_ms <= ?");
    s.bind(now_ms);
    std::vector<MessageId> out;
    for (;;) {
        HUECRY_TRY_ASSIGN(const bool more, s.step());
        if (!more) return out;
        out.push_back(id_at<MessageId>(s, 0));
    }
}

Result<void> SyncStore::add_upload(const UploadRow& row) {
    return db_
        .prepare(
            "INSERT INTO upload(blob, message, channel, share, bytes, lifetime_ms, stored) "
            "VALUES(?, ?, ?, ?, ?, ?, 0)")
        .bind(row.blob.view())
        .bind(row.message.view())
        .bind(row.channel.view())
        .bind(row.share.view())
        .bind(BytesView(row.bytes))
        .bind(static_cast<std::int64_t>(row.lifetime.count()))
        .run();
}
Result<std::optional<UploadRow>> SyncStore::next_upload() {
    auto s = db_.prepare(
        "SELECT blob, message, channel, share, bytes, lifetime_ms, stored FROM upload "
        "ORDER BY rowid LIMIT 1");
    HUECRY_TRY_ASSIGN(const bool found, s.step());
    if (!found) return std::optional<UploadRow>{};
    return std::optional<UploadRow>(upload_at(s));
}
Result<void> SyncStore::set_upload_stored(const BlobId& blob) {
    return db_.prepare("UPDATE upload SET stored = 1 WHERE blob = ?").bind(blob.view()).run();
}
Result<void> SyncStore::erase_upload(const BlobId& blob) {
    return db_.prepare("DELETE FROM upload WHERE blob = ?").bind(blob.view()).run();
}

Result<std::optional<SubmissionRow>> SyncStore::submission(const ChannelId& channel,
                                                           std::uint32_t incarnation) {
    auto s = db_.prepare(
        "SELECT frame, commit_id, message_id FROM submission WHERE channel = ? AND "
        "incarnation = ?");
    s.bind(channel.view()).bind(incarnation);
    HUECRY_TRY_ASSIGN(const bool found, s.step());
    if (!found) return std::optional<SubmissionRow>{};
    SubmissionRow row{channel, incarnation, to_string(s.blob(0)), optional_id_at<MessageId>(s, 1),
                      optional_id_at<MessageId>(s, 2)};
    return std::optional<SubmissionRow>(std::move(row));
}
Result<void> SyncStore::put_submission(const SubmissionRow& row) {
    auto s = db_.prepare(
        "INSERT OR REPLACE INTO submission(channel, incarnation, frame, commit_id, message_id) "
        "VALUES(?, ?, ?, ?, ?)");
    s.bind(row.channel.view()).bind(row.incarnation).bind(view(row.frame));
    if (row.commit)
        s.bind(row.commit->view());
    else
        s.bind_null();
    if (row.message)
        s.bind(row.message->view());
    else
        s.bind_null();
    return s.run();
}
Result<void> SyncStore::erase_submission(const ChannelId& channel, std::uint32_t incarnation) {
    return db_.prepare("DELETE FROM submission WHERE channel = ? AND incarnation = ?")
        .bind(channel.view())
        .bind(incarnation)
        .run();
}

// -- key packages

Result<void> SyncStore::add_key_package(const KeyPackageRow& row, std::uint64_t not_after_ms) {
    return db_
        .prepare(
            "INSERT INTO key_package(ref, message, secrets, last_resort, not_after_ms, "
            "uploaded) VALUES(?, ?, ?, ?, ?, 0)")
        .bind(BytesView(row.ref))
        .bind(BytesView(row.message))
        .bind(BytesView(row.secrets))
        .bind(row.last_resort)
        .bind(not_after_ms)
        .run();
}
Result<std::vector<KeyPackageRow>> SyncStore::key_packages() {
    return packages(db_.prepare("SELECT ref, message, secrets, last_resort FROM key_package"));
}
Result<std::vector<KeyPackageRow>> SyncStore::key_packages_not_uploaded() {
    return packages(db_.prepare(
        "SELECT ref, message, secrets, last_resort FROM key_package WHERE uploaded = 0"));
}
Result<void> SyncStore::set_key_packages_uploaded() {
    return db_.prepare("UPDATE key_package SET uploaded = 1").run();
}
Result<void> SyncStore::set_key_package_uploaded(BytesView ref) {
    return db_.prepare("UPDATE key_package SET uploaded = 1 WHERE ref = ?").bind(ref).run();
}
Result<void> SyncStore::erase_key_package(BytesView ref) {
    return db_.prepare("DELETE FROM key_package WHERE ref = ? AND last_resort = 0").bind(ref).run();
}
Result<void> SyncStore::erase_key_packages_before(std::uint64_t now_ms) {
    return db_.prepare("DELETE FROM key_package WHERE not_after_ms < ?").bind(now_ms).run();
}

// -- deduplication, invites

Result<bool> SyncStore::add_seen(const ChannelId& channel, const DeviceId& device,
                                 const MessageId& id, std::uint64_t expiry_ms) {
    return db_
        .prepare(
            "INSERT OR IGNORE INTO seen_message(channel, device, id, expiry_ms) "
            "VALUES(?, ?, ?, ?) RETURNING 1")
        .bind(channel.view())
        .bind(device.view())
        .bind(id.view())
        .bind(expiry_ms)
        .step();
}
Result<void> SyncStore::erase_seen_before(std::uint64_t now_ms) {
    HUECRY_TRY(db_.prepare("DELETE FROM own_entry WHERE expiry_ms < ?").bind(now_ms).run());
    return db_.prepare("DELETE FROM seen_message WHERE expiry_ms < ?").bind(now_ms).run();
}
Result<void> SyncStore::add_own_entry(const MessageId& id, const StreamRef& stream,
                                      std::uint64_t seq, std::uint64_t expiry_ms) {
    return db_
        .prepare(
            "INSERT OR REPLACE INTO own_entry(id, channel, incarnation, seq, "
            "expiry_ms) VALUES(?, ?, ?, ?, ?)")
        .bind(id.view())
        .bind(BytesView(stream.id))
        .bind(stream.incarnation)
        .bind(seq)
        .bind(expiry_ms)
        .run();
}
Result<void> SyncStore::sent(const MessageId& id, const StreamRef& stream, std::uint64_t seq,
                             std::uint64_t expiry_ms) {
    auto s = db_.prepare("SELECT content FROM outbox WHERE id = ?");
    s.bind(id.view());
    HUECRY_TRY_ASSIGN(const bool found, s.step());
    content::v1::Content content;
    if (found) {
        const auto bytes = s.blob(0);
        if (!content.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
            return Error{Errc::store_damaged, "outbox"};
    }
    HUECRY_TRY(add_own_entry(id, stream, seq, expiry_ms));
    // Said once more: from now on this is where its deliveries are counted.
    if (const auto first = MessageId::from(view(content.again().id())))
        HUECRY_TRY(add_own_entry(*first, stream, seq, expiry_ms));
    return erase_outbox(id);
}
Result<std::optional<SyncStore::OwnEntry>> SyncStore::own_entry(const MessageId& id) {
    auto s = db_.prepare("SELECT channel, incarnation, seq FROM own_entry WHERE id = ?");
    s.bind(id.view());
    HUECRY_TRY_ASSIGN(const bool found, s.step());
    if (!found) return std::optional<OwnEntry>{};
    return std::optional<OwnEntry>(
        {StreamRef::channel(id_at<ChannelId>(s, 0), static_cast<std::uint32_t>(s.integer(1))),
         s.unsigned_integer(2)});
}
Result<void> SyncStore::add_invite_names(const InviteId& id, std::string_view member,
                                         std::string_view organisation) {
    return db_.prepare("INSERT OR REPLACE INTO invite(id, member, organisation) VALUES(?, ?, ?)")
        .bind(id.view())
        .bind(member)
        .bind(organisation)
        .run();
}
Result<std::optional<SyncStore::InviteNames>> SyncStore::invite_names(const InviteId& id) {
    auto s = db_.prepare("SELECT member, organisation FROM invite WHERE id = ?");
    s.bind(id.view());
    HUECRY_TRY_ASSIGN(const bool found, s.step());
    if (!found) return std::optional<InviteNames>{};
    return std::optional<InviteNames>({s.text(0), s.text(1)});
}

// -- a group's rows

void GroupRows::keep(Result<void> result) {
    if (outcome_ && !result) outcome_ = std::move(result);
}
void GroupRows::put(std::string_view key, BytesView value) {
    keep(db_.prepare("INSERT OR REPLACE INTO group_state(channel, incarnation, key, value) "
                     "VALUES(?, ?, ?, ?)")
             .bind(channel_.view())
             .bind(incarnation_)
             .bind(key)
             .bind(value)
             .run());
}
void GroupRows::erase(std::string_view key) {
    keep(db_.prepare("DELETE FROM group_state WHERE channel = ? AND incarnation = ? AND key = ?")
             .bind(channel_.view())
             .bind(incarnation_)
             .bind(key)
             .run());
}
// Keys are ASCII: everything with the prefix lies below the prefix followed by the byte 0x7f.
void GroupRows::erase_prefix(std::string_view prefix) {
    keep(db_.prepare("DELETE FROM group_state WHERE channel = ? AND incarnation = ? AND key >= ? "
                     "AND key < ?")
             .bind(channel_.view())
             .bind(incarnation_)
             .bind(prefix)
             .bind(std::string_view(std::string(prefix) + "\x7f"))
             .run());
}
std::optional<Bytes> GroupRows::get(std::string_view key) {
    auto s = db_.prepare(
        "SELECT value FROM group_state WHERE channel = ? AND incarnation = ? AND key = ?");
    s.bind(channel_.view()).bind(incarnation_).bind(key);
    auto found = s.step();
    if (!found) {
        keep(found.error());
        return std::nullopt;
    }
    if (!*found) return std::nullopt;
    return s.blob(0);
}
void GroupRows::each(std::string_view prefix,
                     const std::function<void(std::string_view, BytesView)>& visit) {
    const std::string end = std::string(prefix) + "\x7f";
    auto s = db_.prepare(
        "SELECT key, value FROM group_state WHERE channel = ? AND incarnation = ? AND key >= ? "
        "AND key < ?");
    s.bind(channel_.view()).bind(incarnation_).bind(prefix).bind(std::string_view(end));
    for (;;) {
        auto more = s.step();
        if (!more) return keep(more.error());
        if (!*more) return;
        visit(s.text(0), s.blob(1));
    }
}

}  // namespace huecry::domain
