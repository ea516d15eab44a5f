#pragma once

#include <optional>
#include <vector>

#include "huecry/directory/statement.hpp"

// What the directory's state says of each thing, as plain values. Indices are positions of the
// entries in the directory stream (the first is 1); times are those entries' accepted times in
// milliseconds since 1970 UTC.
namespace huecry::directory {

enum class DeviceState : std::uint8_t { pending = 1, active = 2, revoked = 3 };

struct Device {
    DeviceId id;
    MemberId member;
    PublicKey signing_key;
    PublicKey sealing_key;  // X25519
    DeviceState state = DeviceState::pending;
    std::optional<InviteId> invite;  // none: the founder's
    std::uint64_t admitted_index = 0;
    std::uint64_t admitted_ms = 0;
    std::uint64_t approved_index = 0;  // 0: not yet; equal to admitted_index when at once
    std::uint64_t revoked_index = 0;   // 0: not revoked
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
    std::uint64_t lapsed_index = 0;  // the last lapse; 0: never
    bool operator==(const Member&) const = default;
};

enum class InviteState : std::uint8_t { open = 1, used = 2, withdrawn = 3, voided = 4 };

struct Invite {
    InviteId id;
    InviteIssued terms;  // with the newest sealed document key
    DeviceId issuer;
    InviteState state = InviteState::open;
    std::uint64_t issued_index = 0;
    std::uint64_t expires_ms = 0;    // first moment at which it cannot be used
    DeviceId used_by;                // zero unless used
    std::uint64_t closed_index = 0;  // when used, withdrawn or voided
    bool operator==(const Invite&) const = default;
};

struct ChannelRecord {
    Channel settings;
    std::uint64_t version = 1;
    std::uint32_t incarnation = 1;
    std::uint64_t defined_index = 0;
    std::uint64_t changed_index = 0;
    std::uint64_t loss_index = 0;  // the last index at which any reader lost access; 0: never
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
};

struct Event {
    EventKind kind = EventKind::partnership_created;
    DeviceId device{};
    MemberId member{};
    InviteId invite{};
    ChannelId channel{};
    std::uint64_t version = 0;
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
    bool operator==(const AccessChange&) const = default;
};

struct Applied {
    std::uint64_t index = 0;
    std::uint64_t accepted_ms = 0;
    StatementId statement;
    Action action = Action::genesis;
    DeviceId author;  // the device that signed (the new one for genesis and admissions)
    std::vector<Event> events;
    std::vector<AccessChange> access;  // by channel, then device
};

}  // namespace huecry::directory
