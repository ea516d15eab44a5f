#pragma once

#include <map>
#include <optional>
#include <vector>

#include "huecry/directory/statement.hpp"

// What the directory's state says of each thing, as plain values. Indices are positions of the
// entries in the directory stream (the first is 1); times are those entries' accepted times in
// milliseconds since 1970 UTC.
namespace huecry::directory {

/// `active` says nothing of the member: State::is_active() asks both.
enum class DeviceState : std::uint8_t { pending = 1, active = 2, revoked = 3, dormant = 4 };

struct Device {
    DeviceId id;
    std::uint32_t number = 0;  // 0 for the first that came in, and so on
    MemberId member;
    PublicKey signing_key;
    PublicKey sealing_key;  // X25519
    DeviceState state = DeviceState::pending;
    std::optional<InviteId> invite;  // none: the founder's
    std::uint64_t admitted_index = 0;
    std::uint64_t admitted_ms = 0;
    std::uint64_t approved_index = 0;  // 0: not yet; equal to admitted_index when at once
    std::uint64_t revoked_index = 0;   // 0: not revoked
    std::uint64_t dormant_index = 0;   // the last dormancy; 0: never
    std::uint64_t seen_ms = 0;  // when its last statement, admission or approval was accepted
    DeviceId predecessor;       // whose key this device's key replaced; zero: none
    DeviceId successor;         // whose key replaced this device's key; zero: none
    bool operator==(const Device&) const = default;
};

struct Member {
    MemberId id;
    Role role = Role::retailer;
    Digest name_hash;
    OrganisationId organisation;
    std::vector<ChannelId> channels;  // restriction, ascending; empty: all that the role may read
    std::uint64_t joined_index = 0;
    std::uint32_t accepted_version = 0;  // of the agreement; 0: none
    std::uint64_t accepted_ms = 0;
    /// The current agreement has not been accepted, but the deadline has not been declared past:
    /// the member was in good standing when it was published.
    bool in_grace = false;
    std::uint64_t lapsed_index = 0;     // the last lapse; 0: never
    std::uint64_t suspended_index = 0;  // 0: not suspended
    /// Grows with every new role or list of channels, and with every device that becomes active.
    std::uint64_t version = 1;
    bool operator==(const Member&) const = default;
};

enum class InviteState : std::uint8_t { open = 1, used = 2, withdrawn = 3, voided = 4 };

struct Invite {
    InviteId id;
    InviteIssued terms;  // with the newest sealed document key
    DeviceId issuer;     // zero: the root
    InviteState state = InviteState::open;
    std::uint64_t issued_index = 0;
    std::uint64_t expires_ms = 0;    // first moment at which it cannot be used
    DeviceId used_by;                // zero unless used
    std::uint64_t closed_index = 0;  // when used, withdrawn or voided
    std::uint64_t alarm_index = 0;   // a second device has shown that it holds the secret; 0: none
    DeviceId alarm_device;           // that device: not in the directory
    bool operator==(const Invite&) const = default;
};

/// A device's own part of a commit's path was wrong: who says so of whom.
struct Complaint {
    DeviceId device;
    DeviceId committer;
    MessageId commit;
    std::uint64_t index = 0;
    bool operator==(const Complaint&) const = default;
};
/// Why a device may not commit in a channel.
struct Bar {
    DeviceId by;  // whose second complaint did it; zero: a coordinator
    std::uint64_t index = 0;
    bool operator==(const Bar&) const = default;
};
struct AnchorRecord {
    Anchor anchor;
    std::uint64_t index = 0;
    std::uint64_t accepted_ms = 0;
    DeviceId by;
    bool operator==(const AnchorRecord&) const = default;
};

struct ChannelRecord {
    Channel settings;
    std::uint64_t version = 1;
    std::uint32_t incarnation = 1;
    std::uint64_t defined_index = 0;
    std::uint64_t changed_index = 0;
    std::uint64_t loss_index = 0;       // the last index at which any reader lost access; 0: never
    std::uint64_t restarted_index = 0;  // of the present incarnation; 0: the first
    std::uint64_t reader_restart_ms = 0;  // the last restart without a coordinator; 0: never
    std::uint64_t closed_index = 0;       // 0: open
    std::vector<Complaint> complaints;    // about the present incarnation, oldest first
    std::map<DeviceId, Bar> bars;
    std::optional<AnchorRecord> anchor;  // of the present incarnation
    bool operator==(const ChannelRecord&) const = default;
};

struct Agreement {
    std::uint32_t version = 0;
    Digest text_digest;
    BlobId blob;
    std::uint32_t text_size = 0;
    std::uint64_t published_index = 0;
    std::uint64_t published_ms = 0;
    std::uint64_t deadline_ms = 0;  // absolute
    DeviceId publisher;
    bool operator==(const Agreement&) const = default;
};

struct Delegation {
    OrganisationId grantor;
    OrganisationId grantee;
    MemberId by;
    std::uint64_t granted_index = 0;
    std::uint64_t until_ms = 0;     // first moment at which it does not hold
    std::uint64_t ended_index = 0;  // withdrawn, replaced, or its member suspended; 0: not
    bool operator==(const Delegation&) const = default;
};

/// A device's newest request for one channel: exactly this key package may take the place of its
/// leaf, once, from entry `index` on, if `allowed_index` is not 0 (then from that entry on).
struct Rejoin {
    Bytes key_package;
    RejoinReason reason = RejoinReason::state_lost;
    std::uint64_t index = 0;
    std::uint64_t accepted_ms = 0;
    std::uint64_t allowed_index = 0;  // 0: waits for a coordinator's approval
    bool operator==(const Rejoin&) const = default;
};

/// All that is kept of one device's requests.
struct RejoinLog {
    struct Past {
        RejoinReason reason = RejoinReason::state_lost;
        std::uint64_t accepted_ms = 0;
        std::uint64_t index = 0;
        bool operator==(const Past&) const = default;
    };
    std::vector<Past> past;  // those of the last rejoin_days, oldest first
    std::map<ChannelId, Rejoin> channels;
    bool operator==(const RejoinLog&) const = default;
};

/// A statement that waits for its quorum.
struct Proposal {
    StatementId id;
    Bytes statement;  // as signed
    DeviceId author;
    std::uint64_t index = 0;
    std::uint64_t accepted_ms = 0;
    std::uint64_t expires_ms = 0;   // first moment at which it cannot be endorsed
    std::vector<MemberId> support;  // ascending, the author's among them
    bool operator==(const Proposal&) const = default;
};

/// Where the directory is kept, from an entry on.
struct RelayPeriod {
    std::uint64_t index = 0;
    RelayAddress address;  // with its key
    bool operator==(const RelayPeriod&) const = default;
};

/// What one entry did, for notices and for those who follow (relay: cursors; client: groups).
enum class EventKind : std::uint8_t {
    partnership_created,  // device, member, channel
    invite_issued,        // invite, member; device: issuer
    invite_withdrawn,     // invite
    invite_voided,        // invite: its issuer was revoked
    invite_used,          // invite, device, member
    member_joined,        // member
    device_admitted,      // device, member: active at once
    device_pending,       // device, member: waits for approval
    device_approved,      // device, member
    device_revoked,       // device, member
    channel_defined,      // channel, version
    channel_changed,      // channel, version
    agreement_published,  // version
    agreement_accepted,   // member, version
    agreement_lapsed,     // member, version
    device_dormant,       // device, member
    device_returned,      // device, member
    device_rotated,     // device: the new one; other: the old one (device_revoked follows); member
    member_suspended,   // member
    member_reinstated,  // member
    member_role_changed,   // member, version
    channel_restarted,     // channel, version: incarnation; device: its creator
    channel_closed,        // channel
    delegation_granted,    // organisation: grantor; other_organisation: grantee; member
    delegation_ended,      // organisation, other_organisation
    policy_set,            // version
    quorum_set,            // version: the number
    rejoin_requested,      // device, channel; version: 1 allowed, 0 waits for approval
    rejoin_approved,       // device, channel
    commit_complained,     // device: who complains; other: the committer; channel
    commit_barred,         // device, channel; other: by whose complaints, zero: a coordinator
    commit_allowed,        // device, channel
    channel_anchored,      // channel, version: epoch
    relay_moved,           //
    protocol_version_set,  // version
    root_rotated,          //
    store_restored,        // version: generation
    invite_alarm,          // invite, member; device: used it; other: tried it second
    proposed,              // statement, device, member; version: the action
    endorsed,              // statement, device, member: the endorser's; version: the action
    proposal_void,         // statement: its author lost the right
};

struct Event {
    EventKind kind = EventKind::partnership_created;
    DeviceId device{};
    MemberId member{};
    InviteId invite{};
    ChannelId channel{};
    std::uint64_t version = 0;
    DeviceId other{};
    OrganisationId organisation{};
    OrganisationId other_organisation{};
    StatementId statement{};
    bool operator==(const Event&) const = default;
};

/// A device's right in a channel that an entry changed.
struct AccessChange {
    ChannelId channel;
    DeviceId device;
    bool read_before = false;
    bool read_after = false;
    bool post_before = false;
    bool post_after = false;
    bool commit_before = false;
    bool commit_after = false;
    bool operator==(const AccessChange&) const = default;
};

/// What a permitted statement does.
enum class Outcome : std::uint8_t {
    effective,  // takes effect with its entry
    proposed,   // waits for its quorum
    supported,  // an endorsement, and the quorum is not complete yet
    completed,  // an endorsement that makes the proposal effective
};

struct Applied {
    std::uint64_t index = 0;
    std::uint64_t accepted_ms = 0;
    StatementId statement;
    Action action = Action::genesis;
    /// The device that signed (the new one for genesis and admissions); zero: root or relay. The
    /// effect of a completed proposal is its author's: see the events.
    DeviceId author;
    Outcome outcome = Outcome::effective;
    std::vector<Event> events;
    std::vector<AccessChange> access;
};

}  // namespace huecry::directory
