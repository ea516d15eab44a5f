#include "store/migrations.hpp"

#include <array>

namespace huecry::store {
namespace {

// Version 1. Ids and hashes are blobs, times milliseconds since 1970 UTC, flags 0 or 1. The comment
// in each table says what it holds, who writes it and who deletes it, and when.
constexpr std::string_view version_1 = R"sql(
CREATE TABLE setting (
    -- Values of the profile itself. Written by whoever owns the key; deleted never.
    key TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT;

CREATE TABLE directory_entry (
    -- The directory as received, for verification anew. Written when an entry has been applied;
    -- deleted never.
    seq INTEGER PRIMARY KEY,
    header BLOB NOT NULL,
    body BLOB NOT NULL
) STRICT;

CREATE TABLE directory_state (
    -- What those entries make, and the newest signed head. One row, written with each entry.
    id INTEGER PRIMARY KEY CHECK (id = 1),
    saved BLOB NOT NULL,
    head BLOB NOT NULL
) STRICT;

CREATE TABLE cursor (
    -- How far each stream has been processed, and its running hash there. Written in the
    -- transaction that processes an entry; deleted with its channel's incarnation.
    kind INTEGER NOT NULL,
    id BLOB NOT NULL,
    incarnation INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (kind, id, incarnation)
) STRICT;

CREATE TABLE directory_lost (
    -- Entries that the relay lost when its store was put back to a backup. Written when this device
    -- follows it there; deleted when the directory has the statement again, or cannot take it.
    seq INTEGER PRIMARY KEY,
    header BLOB NOT NULL,
    body BLOB NOT NULL
) STRICT;

CREATE TABLE signed_head (
    -- The newest head of each channel's stream that the relay signed and that fits what is here.
    -- Written with the cursor; deleted with its channel's incarnation.
    channel BLOB NOT NULL,
    incarnation INTEGER NOT NULL,
    head BLOB NOT NULL,
    PRIMARY KEY (channel, incarnation)
) STRICT, WITHOUT ROWID;

CREATE TABLE evidence (
    -- What the relay signed that does not fit together, one file for each stream. Written when it is
    -- noticed; deleted never.
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    kind INTEGER NOT NULL,
    id BLOB NOT NULL,
    incarnation INTEGER NOT NULL,
    time_ms INTEGER NOT NULL,
    proven INTEGER NOT NULL,
    file BLOB NOT NULL,
    UNIQUE (kind, id, incarnation)
) STRICT;

CREATE TABLE channel_state (
    -- Where this device stands in a channel's group. Written by the channel as it goes through its
    -- stream; deleted when this device loses the channel.
    channel BLOB NOT NULL,
    incarnation INTEGER NOT NULL,
    status INTEGER NOT NULL,
    handshake_seq INTEGER NOT NULL,
    floor_index INTEGER NOT NULL,
    awaiting_commit BLOB,
    adder BLOB,
    provisional INTEGER NOT NULL,
    refresh_due_ms INTEGER NOT NULL,
    PRIMARY KEY (channel, incarnation)
) STRICT;

CREATE TABLE group_state (
    -- MLS state, key by key (mls/storage.hpp). Written with each message; secrets are deleted as
    -- soon as they are used.
    channel BLOB NOT NULL,
    incarnation INTEGER NOT NULL,
    key TEXT NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (channel, incarnation, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE device_seen (
    -- When each other device was last seen in any stream, to the day: for dormancy. Written as
    -- entries come; deleted never.
    device BLOB PRIMARY KEY,
    seen_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE epoch_seen (
    -- Epoch authenticators of the groups, to compare with anchors. Written with each epoch; deleted
    -- after 60 days.
    channel BLOB NOT NULL,
    incarnation INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    authenticator BLOB NOT NULL,
    seen_ms INTEGER NOT NULL,
    PRIMARY KEY (channel, incarnation, epoch)
) STRICT, WITHOUT ROWID;

CREATE TABLE key_package (
    -- Own key packages with their private keys. Written when made; deleted when a Welcome used one
    -- or its time is over.
    ref BLOB PRIMARY KEY,
    message BLOB NOT NULL,
    secrets BLOB NOT NULL,
    last_resort INTEGER NOT NULL,
    not_after_ms INTEGER NOT NULL,
    uploaded INTEGER NOT NULL
) STRICT;

CREATE TABLE outbox (
    -- What waits to be said, in order. Written by the outbox; deleted when the relay has it, has
    -- refused it for good, or its life is over.
    id BLOB PRIMARY KEY,
    channel BLOB NOT NULL,
    content BLOB NOT NULL,
    lifetime_ms INTEGER NOT NULL,
    position INTEGER NOT NULL UNIQUE,
    created_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE upload (
    -- Ciphertexts that must lie at the relay before their message goes. Written with the outbox's
    -- row; deleted with it.
    blob BLOB PRIMARY KEY,
    message BLOB NOT NULL,
    channel BLOB NOT NULL,
    share BLOB NOT NULL,
    bytes BLOB NOT NULL,
    lifetime_ms INTEGER NOT NULL,
    stored INTEGER NOT NULL
) STRICT;

CREATE TABLE submission (
    -- The frame on its way in a channel, to be repeated byte for byte. Written before it is sent;
    -- deleted with the answer or when its own entry is reached.
    channel BLOB NOT NULL,
    incarnation INTEGER NOT NULL,
    frame BLOB NOT NULL,
    commit_id BLOB,
    message_id BLOB,
    PRIMARY KEY (channel, incarnation)
) STRICT;

CREATE TABLE seen_message (
    -- Ids already processed, so that nothing counts twice. Written with each message; deleted a
    -- week after its expiry, when the relay takes no repeat any more.
    channel BLOB NOT NULL,
    device BLOB NOT NULL,
    id BLOB NOT NULL,
    expiry_ms INTEGER NOT NULL,
    PRIMARY KEY (channel, device, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE invite (
    -- Names behind the invites that this device issued. Written by the inviter; deleted never.
    id BLOB PRIMARY KEY,
    member TEXT NOT NULL,
    organisation TEXT NOT NULL
) STRICT;

CREATE TABLE own_entry (
    -- Where own messages stand in their streams, to ask the relay who has them. Written when the
    -- relay has accepted one; deleted at its expiry.
    id BLOB PRIMARY KEY,
    channel BLOB NOT NULL,
    incarnation INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    expiry_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE item_key (
    -- The random key under which one item's content is sealed. Written with the item; deleted to
    -- erase it: without this row the content cannot be read, wherever a copy of it may lie.
    id INTEGER PRIMARY KEY,
    secret BLOB NOT NULL CHECK (length(secret) = 32)
) STRICT;

CREATE TABLE alert (
    -- Alerts that are alive, own and others'. Written when one is received or queued; deleted at
    -- expiry_ms with its key, its photos and its answers.
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    channel BLOB NOT NULL,
    device BLOB NOT NULL,
    id BLOB NOT NULL,
    item INTEGER NOT NULL UNIQUE REFERENCES item_key (id) DEFERRABLE INITIALLY DEFERRED,
    sealed BLOB NOT NULL,
    offender BLOB,
    sent_ms INTEGER NOT NULL,
    expiry_ms INTEGER NOT NULL,
    state INTEGER NOT NULL,
    failure INTEGER,
    failure_detail TEXT,
    UNIQUE (channel, device, id)
) STRICT;

CREATE INDEX alert_by_id ON alert (id);

CREATE INDEX alert_by_expiry ON alert (expiry_ms);

CREATE TABLE photo (
    -- What opens an alert's photos. Written with the alert; deleted at expiry_ms with its key,
    -- which may come before the alert's.
    alert INTEGER NOT NULL REFERENCES alert (number) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    item INTEGER UNIQUE REFERENCES item_key (id) DEFERRABLE INITIALLY DEFERRED,
    sealed BLOB,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    expiry_ms INTEGER NOT NULL,
    PRIMARY KEY (alert, number)
) STRICT;

CREATE INDEX photo_by_expiry ON photo (expiry_ms);

CREATE TABLE said (
    -- Alerts as their authors signed them, for devices that come back. Written with the alert;
    -- deleted with the first of it and its photos, with its key.
    alert INTEGER PRIMARY KEY REFERENCES alert (number) ON DELETE CASCADE,
    item INTEGER NOT NULL UNIQUE REFERENCES item_key (id) DEFERRABLE INITIALLY DEFERRED,
    sealed BLOB NOT NULL,
    directory_index INTEGER NOT NULL,
    expiry_ms INTEGER NOT NULL
) STRICT;

CREATE INDEX said_by_expiry ON said (expiry_ms);

CREATE TABLE response (
    -- The newest answer of each device to an alert. Written when received or queued (time_ms 0
    -- until the relay has it); deleted with the alert.
    alert INTEGER NOT NULL REFERENCES alert (number) ON DELETE CASCADE,
    device BLOB NOT NULL,
    id BLOB NOT NULL,
    answer INTEGER NOT NULL,
    time_ms INTEGER NOT NULL,
    PRIMARY KEY (alert, device)
) STRICT;

CREATE INDEX response_by_id ON response (id);

CREATE TABLE offender (
    -- Signed offender records. Written when one comes alone, with an alert or in a snapshot;
    -- deleted at expiry_ms with its key.
    id BLOB PRIMARY KEY,
    item INTEGER NOT NULL UNIQUE REFERENCES item_key (id) DEFERRABLE INITIALLY DEFERRED,
    sealed BLOB NOT NULL,
    created_ms INTEGER NOT NULL,
    expiry_ms INTEGER NOT NULL
) STRICT;

CREATE INDEX offender_by_expiry ON offender (expiry_ms);

CREATE TABLE offender_channel (
    -- Where a record was shared: only there is it handed to newcomers. Deleted with the record.
    offender BLOB NOT NULL REFERENCES offender (id) ON DELETE CASCADE,
    channel BLOB NOT NULL,
    PRIMARY KEY (offender, channel)
) STRICT, WITHOUT ROWID;

CREATE TABLE name (
    -- Names that match the directory's salted hashes. Written when they do; deleted when the
    -- directory has another hash, and all when this device is out.
    kind INTEGER NOT NULL,
    id BLOB NOT NULL,
    salt BLOB NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (kind, id)
) STRICT;

CREATE TABLE name_aside (
    -- Names that the directory does not know yet, a bounded number. Written when received; deleted
    -- when the directory has them, or the oldest when there are too many.
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    kind INTEGER NOT NULL,
    id BLOB NOT NULL,
    salt BLOB NOT NULL,
    name TEXT NOT NULL,
    UNIQUE (kind, id, salt, name)
) STRICT;

CREATE TABLE agreement_key (
    -- Keys said to open an agreement's text; only the text proves one. Written when received;
    -- deleted when the text has shown the right one, or the version is no longer current.
    version INTEGER NOT NULL,
    blob BLOB NOT NULL,
    secret BLOB NOT NULL,
    PRIMARY KEY (version, blob, secret)
) STRICT;

CREATE TABLE agreement_text (
    -- Texts that match the directory. Written once; deleted when the version is no longer current.
    version INTEGER PRIMARY KEY,
    text TEXT NOT NULL
) STRICT;

CREATE TABLE event (
    -- What there is to tell, without content: that is read from the other tables when shown.
    -- Written with what happened; deleted with its alert, or when old.
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    kind INTEGER NOT NULL,
    time_ms INTEGER NOT NULL,
    alert INTEGER REFERENCES alert (number) ON DELETE CASCADE,
    message BLOB,
    device BLOB,
    channel BLOB,
    answer INTEGER,
    note TEXT NOT NULL
) STRICT;

CREATE INDEX event_by_alert ON event (alert);
)sql";

constexpr std::array migrations{version_1};

Result<std::size_t> version_of(Database& db) {
    auto statement = db.prepare("PRAGMA user_version");
    HUECRY_TRY_ASSIGN(const bool row, statement.step());
    if (!row || statement.integer(0) < 0) return Errc::store_damaged;
    return static_cast<std::size_t>(statement.integer(0));
}

}  // namespace

Result<void> migrate(Database& db) {
    HUECRY_TRY_ASSIGN(const auto version, version_of(db));
    if (version > migrations.size()) return Errc::store_newer;
    for (auto next = version; next < migrations.size(); ++next) {
        HUECRY_TRY_ASSIGN(auto transaction, db.begin());
        HUECRY_TRY(db.execute(migrations[next]));
        HUECRY_TRY(db.execute("PRAGMA user_version = " + std::to_string(next + 1)));
        HUECRY_TRY(transaction.commit());
    }
    return {};
}

}  // namespace huecry::store
