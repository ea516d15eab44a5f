#pragma once

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "crypto/random.hpp"
#include "domain/clock.hpp"
#include "huecry/content/v1/content.pb.h"
#include "huecry/directory/state.hpp"
#include "huecry/types.hpp"
#include "store/database.hpp"

// What is said, turned into rows: alerts, answers, offenders, names, the agreement's text, events.
// The sync side (engine, channels, outbox) decrypts and orders; this side gives it meaning. No
// sockets and no MLS here.
namespace huecry::domain {

/// Where a content came from. Sender and channel are proved by MLS and the directory.
struct Origin {
    ChannelId channel;
    DeviceId device;
    MessageId id;
    std::uint64_t accepted_ms = 0;      // by the relay
    std::uint64_t expiry_ms = 0;        // by the relay
    std::uint64_t directory_index = 0;  // that its sender named
    /// The content as it was sent, with its author's signature: an alert is kept so, to be handed
    /// on to a device that has rejoined. Empty: it cannot be.
    BytesView said{};
};

/// Something to be said, as the outbox wants it.
struct Outgoing {
    ChannelId channel;
    MessageId id;
    content::v1::Content content;
    std::chrono::milliseconds lifetime{};
};

/// Functions marked (tx) write and are called inside a transaction that the caller commits; the
/// caller then calls `committed()` or `rolled_back()`. All on the client's one thread.
class Projection {
public:
    Projection(store::Database& db, Clock& clock, crypto::Random& random,
               const huecry::SigningKey& device_key);

    /// The directory as it is now; null until the genesis has been seen. Set by the engine.
    void set_directory(const directory::State* state, const DeviceId& self);

    /// (tx) A decrypted message of another device, or of this one from before a restart. What has
    /// expired already is dropped without a trace. A body that this version does not know gives a
    /// warning event.
    Result<void> received(const Origin& origin, const content::v1::Content& content);
    /// (tx) An own message was put into the outbox: shown as queued.
    Result<void> queued(const Outgoing& message);
    /// (tx) It is durable at the relay.
    Result<void> accepted(const MessageId& id, std::uint64_t accepted_ms, std::uint64_t expiry_ms,
                          std::uint64_t directory_index);
    /// (tx) It was refused for good.
    Result<void> refused(const MessageId& id, const Error& why);
    /// (tx) A directory entry has been applied (the state set is already the new one).
    Result<void> directory_applied(const directory::Applied& applied);
    /// (tx) This device can read a channel from now on.
    Result<void> channel_joined(const ChannelId& channel);
    /// (tx) This device is out: everything that was said is erased, an event says so.
    Result<void> removed();
    /// (tx) An event of kind warning, used_elsewhere, online or offline.
    Result<void> note(Event::Kind kind, const std::string& text);
    void committed();
    void rolled_back();

    /// What newcomers of a channel are told by whoever added them: in the all-members channel the
    /// names and the agreement's key, in others the offender records of that channel.
    std::vector<content::v1::Content> snapshot(const ChannelId& channel);

    /// (tx) An alert that `from` hands on, in a channel or a letter: judged by its author's
    /// signature and right, and by a life that whoever gives it cannot make longer.
    Result<void> given(const ChannelId& channel, const DeviceId& from,
                       const content::v1::GivenAlert& alert);
    /// The alerts of a channel that are alive and can be handed on. `may_have` is told the
    /// directory index of each. `own`: only this device's.
    struct Gift {
        content::v1::GivenAlert alert;
        std::uint64_t expiry_ms = 0;
    };
    std::vector<Gift> to_give(const ChannelId& channel, bool own,
                              const std::function<bool(std::uint64_t directory_index)>& may_have);
    /// (tx) A part of a snapshot that `from` has sent to this device alone.
    Result<void> received(const ChannelId& channel, const DeviceId& from,
                          const content::v1::SnapshotPart& part);

    /// (tx) Erases what is due by the clock. True when something was; the caller truncates the log.
    Result<bool> expire();
    /// When the next thing expires (ms since 1970), if anything does.
    std::optional<std::uint64_t> next_expiry();

    // -- names
    /// (tx) Keeps a name and its salt that this device has made up; `kind` as in NameRecord.
    Result<void> keep_name(const content::v1::NameRecord& record);
    /// Empty when it is not known.
    std::string member_name(const MemberId& id);
    std::string organisation_name(const OrganisationId& id);
    std::string channel_name(const ChannelId& id);
    std::string partnership_name();
    /// By name, among those known: for reuse and for find_channel.
    std::optional<OrganisationId> organisation_by_name(std::string_view name);
    std::vector<ChannelId> channels_by_name(std::string_view name);
    Person person(const DeviceId& device);

    // -- agreement
    /// (tx) The document key of a version, from the all-members channel, an invite or publishing.
    Result<void> keep_agreement_key(std::uint32_t version, const BlobId& blob, BytesView key);
    /// (tx) Its text, once fetched and verified.
    Result<void> keep_agreement_text(std::uint32_t version, std::string_view text);
    struct AgreementKey {
        std::uint32_t version;
        BlobId blob;
        SecretBytes key;
    };
    /// The current version's key when its text is not here yet: the engine fetches it.
    std::optional<AgreementKey> agreement_to_fetch();
    std::optional<SecretBytes> agreement_key(std::uint32_t version);
    AgreementInfo agreement();

    // -- authoring: checks against limits and the channel's ceilings, then a content
    struct Sealed {  // a photo ready to be uploaded
        BlobId blob;
        SecretBytes share;  // 32, to be leased at the relay
        Bytes ciphertext;
        content::v1::Photo photo;
    };
    /// Errors: text_*, too_large, expiry_too_long, nickname_taken, channel_unknown.
    Result<Outgoing> compose(const Draft& draft, std::vector<Sealed>& photos);
    Result<Outgoing> compose_response(const MessageId& alert, Answer answer);
    std::string suggest_nickname();

    // -- reading; content is left out while the clock is behind (Clock::hidden)
    std::vector<AlertInfo> alerts();
    std::optional<AlertInfo> alert(const MessageId& id);
    /// The failure of an own message that was refused.
    std::optional<Error> failure(const MessageId& id);
    struct PhotoKey {
        BlobId blob;
        SecretBytes secret;
        Digest share_hash, digest;
        std::uint64_t size = 0;
        std::uint64_t expiry_ms = 0;
    };
    /// `number` counts from 1. Errors: alert_gone, not_found, photo_gone, clock_wrong.
    Result<PhotoKey> photo_key(const MessageId& alert, std::size_t number);
    Result<MessageId> find_alert(std::string_view text);

    // -- events
    std::optional<Event> next_event(std::uint64_t after);
    Result<void> mark_shown(std::uint64_t number);  // its own transaction
    std::uint64_t first_unshown();
    /// Called after a commit that added events.
    void on_events(std::function<void()> wake);

private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace huecry::domain
