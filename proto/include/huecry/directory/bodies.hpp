#pragma once

#include <string>
#include <variant>
#include <vector>

#include "huecry/directory/policy.hpp"
#include "huecry/directory/roles.hpp"
#include "huecry/wire/address.hpp"
#include "huecry/wire/ids.hpp"

// What a statement can say: one structure for each action. The comments give the form on the wire,
// in the presentation language of wire/codec.hpp; PROTOCOL.md section 12.2 has all of them.
namespace huecry::directory {

/// The numbers are on the wire. A statement with a number beyond these is `statement_unknown`
/// ("update needed") and never ignored.
enum class Action : std::uint16_t {
    genesis = 1,
    invite_issued = 2,
    invite_withdrawn = 3,
    device_admitted = 4,
    device_approved = 5,
    device_revoked = 6,
    channel_defined = 7,
    channel_changed = 8,
    agreement_published = 9,
    agreement_accepted = 10,
    agreement_lapsed = 11,
    device_dormant = 12,
    device_key_rotated = 13,
    member_suspended = 14,
    member_reinstated = 15,
    member_role_changed = 16,
    channel_restarted = 17,
    channel_closed = 18,
    delegation_granted = 19,
    delegation_withdrawn = 20,
    policy_set = 21,
    rejoin_requested = 22,
    may_not_commit = 23,
    commit_complained = 24,
    channel_anchored = 25,
    relay_moved = 26,
    protocol_version_set = 27,
    root_rotated = 28,
    quorum_set = 29,
    endorsed = 30,
    store_restored = 31,
    device_returned = 32,
    rejoin_approved = 33,
    invite_alarmed = 34,
};
/// As in PROTOCOL.md, e.g. "invite issued".
std::string_view name(Action action);

/// struct { opaque id[16]; opaque name_hash[32]; uint16 read_roles; uint16 post_roles;
///          uint8 requires_agreement; uint32 max_alert_s; uint32 max_photo_s; uint8 flags;
///          opaque creator[16]; } Channel;
/// Post roles are among the read roles; max_photo_s is at most max_alert_s; neither is 0.
struct Channel {
    ChannelId id;
    Digest name_hash;
    RoleMask read_roles = 0;
    RoleMask post_roles = 0;
    bool requires_agreement = false;
    std::uint32_t max_alert_s = 0;  // ceiling of an alert's life
    std::uint32_t max_photo_s = 0;  // ceiling of a photo's life
    bool all_members = false;       // flag bit 0: the one channel that every partnership has
    DeviceId creator;               // whose path-only commit begins the group
    bool operator==(const Channel&) const = default;
};

/// struct { opaque root_key[32]; opaque next_root_hash[32]; opaque relay_key[32];
///          uint16 relay_port; opaque relay_host<1..253>; opaque member[16];
///          opaque signing_key[32]; opaque sealing_key[32]; opaque member_name_hash[32];
///          opaque organisation[16]; opaque organisation_name_hash[32];
///          opaque partnership_name_hash[32]; Channel all_members; uint16 protocol_version; }
/// Signed by the root key and by the first coordinator's device (as new device).
struct Genesis {
    PublicKey root_key;
    Digest next_root_hash;  // root_hash() of the key that will follow
    PublicKey relay_key;
    std::uint16_t relay_port = 443;
    std::string relay_host;
    MemberId member;
    PublicKey signing_key;
    PublicKey sealing_key;  // X25519
    Digest member_name_hash;
    OrganisationId organisation;
    Digest organisation_name_hash;
    Digest partnership_name_hash;
    Channel all_members;  // readable by every role, without agreement; creator: this device
    std::uint16_t protocol_version = 1;
    bool operator==(const Genesis&) const = default;
};

/// struct { opaque one_time_key[32]; opaque seal_key[32]; uint8 kind; opaque member[16];
///          opaque member_name_hash[32]; opaque organisation[16];
///          opaque organisation_name_hash[32]; uint8 role; uint8 in_person;
///          ChannelId channels<V>; uint64 lifetime_ms; opaque sealed_document_key<V>; }
/// The invite's id is invite_id_of(one_time_key). Kind `member` may name a member that exists,
/// described as it is: somebody who lost every device comes back under the same name.
struct InviteIssued {
    PublicKey one_time_key;            // Ed25519
    PublicKey seal_key;                // X25519
    LinkKind kind = LinkKind::member;  // device: a further device of the issuing device's member
    MemberId member;
    Digest member_name_hash;
    OrganisationId organisation;
    Digest organisation_name_hash;
    Role role = Role::retailer;
    bool in_person = false;           // admits at once, except privileged roles
    std::vector<ChannelId> channels;  // ascending; empty: all that the role may read
    std::uint64_t lifetime_ms = 0;    // counted from the entry's accepted time
    Bytes sealed_document_key;        // see document_key.hpp; empty without an agreement
    bool operator==(const InviteIssued&) const = default;
};

/// struct { opaque invite[16]; }
struct InviteWithdrawn {
    InviteId invite;
    bool operator==(const InviteWithdrawn&) const = default;
};

/// struct { opaque invite[16]; opaque signing_key[32]; opaque sealing_key[32]; }
/// Signed by the invite's one-time key and by the new device's signing key: nobody else is needed.
struct DeviceAdmitted {
    InviteId invite;
    PublicKey signing_key;
    PublicKey sealing_key;
    bool operator==(const DeviceAdmitted&) const = default;
};

/// struct { opaque device[16]; }
struct DeviceApproved {
    DeviceId device;
    bool operator==(const DeviceApproved&) const = default;
};
/// struct { opaque device[16]; }
struct DeviceRevoked {
    DeviceId device;
    bool operator==(const DeviceRevoked&) const = default;
};

/// Body: Channel.
struct ChannelDefined {
    Channel channel;
    bool operator==(const ChannelDefined&) const = default;
};
/// Body: Channel, whole. Id, creator and flags stay; object_version is the channel's current one.
struct ChannelChanged {
    Channel channel;
    bool operator==(const ChannelChanged&) const = default;
};

/// struct { opaque invite[16]; opaque sealed<V>; } SealedForInvite;
struct SealedForInvite {
    InviteId invite;
    Bytes sealed;
    bool operator==(const SealedForInvite&) const = default;
};
/// struct { uint32 version; opaque text_digest[32]; opaque blob[16]; uint32 text_size;
///          uint64 deadline_ms; SealedForInvite sealed<V>; }
/// object_version is the current agreement's version (0: none), `version` is one more.
struct AgreementPublished {
    std::uint32_t version = 0;
    Digest text_digest;                   // document_digest() of document_key.hpp
    BlobId blob;                          // the text under its document key
    std::uint32_t text_size = 0;          // bytes of UTF-8
    std::uint64_t deadline_ms = 0;        // counted from the entry's accepted time
    std::vector<SealedForInvite> sealed;  // for outstanding invites, ascending by invite
    bool operator==(const AgreementPublished&) const = default;
};
/// struct { uint32 version; }
struct AgreementAccepted {
    std::uint32_t version = 0;
    bool operator==(const AgreementAccepted&) const = default;
};
/// struct { uint32 version; MemberId members<V>; }
struct AgreementLapsed {
    std::uint32_t version = 0;
    std::vector<MemberId> members;  // ascending, at least one
    bool operator==(const AgreementLapsed&) const = default;
};

/// struct { DeviceId devices<V>; }   Not seen for policy.dormant_days: out until they return.
struct DeviceDormant {
    std::vector<DeviceId> devices;  // ascending, at least one
    bool operator==(const DeviceDormant&) const = default;
};
/// struct { opaque signing_key[32]; opaque sealing_key[32]; }
/// The signing device is replaced by a new one of the same member: an id belongs to its key. Signed
/// by both.
struct DeviceKeyRotated {
    PublicKey signing_key;
    PublicKey sealing_key;
    bool operator==(const DeviceKeyRotated&) const = default;
};
/// struct { opaque member[16]; }
struct MemberSuspended {
    MemberId member;
    bool operator==(const MemberSuspended&) const = default;
};
/// struct { opaque member[16]; }
struct MemberReinstated {
    MemberId member;
    bool operator==(const MemberReinstated&) const = default;
};
/// struct { opaque member[16]; uint8 role; ChannelId channels<V>; }
/// Role and list of channels, whole. object_version is the member's version.
struct MemberRoleChanged {
    MemberId member;
    Role role = Role::retailer;
    std::vector<ChannelId> channels;  // ascending; empty: all that the role may read
    bool operator==(const MemberRoleChanged&) const = default;
};
/// struct { opaque channel[16]; opaque creator[16]; }
/// A new incarnation, begun by `creator`. object_version is the present incarnation.
struct ChannelRestarted {
    ChannelId channel;
    DeviceId creator;
    bool operator==(const ChannelRestarted&) const = default;
};
/// struct { opaque channel[16]; }   For good: nobody reads it any more.
struct ChannelClosed {
    ChannelId channel;
    bool operator==(const ChannelClosed&) const = default;
};
/// struct { opaque grantor[16]; opaque grantee[16]; uint64 until_ms; }
/// Devices of `grantee` in the security role post for `grantor` in messages accepted before
/// until_ms. A new grant to the same takes the place of the old.
struct DelegationGranted {
    OrganisationId grantor;
    OrganisationId grantee;
    std::uint64_t until_ms = 0;  // since 1970
    bool operator==(const DelegationGranted&) const = default;
};
/// struct { opaque grantor[16]; opaque grantee[16]; }
struct DelegationWithdrawn {
    OrganisationId grantor;
    OrganisationId grantee;
    bool operator==(const DelegationWithdrawn&) const = default;
};
/// Body: Policy (policy.hpp), whole. object_version is the policy's version.
struct PolicySet {
    Policy policy;
    bool operator==(const PolicySet&) const = default;
};

enum class RejoinReason : std::uint8_t {
    state_lost = 1,        // once in rejoin_days without approval
    after_complaint = 2,   // uncounted; the device complained there since it last rejoined
    welcome_unusable = 3,  // free_rejoins times in rejoin_days without approval
};
/// struct { opaque channel[16]; opaque key_package<V>; } RejoinChannel;
struct RejoinChannel {
    ChannelId channel;
    Bytes key_package;  // MLSMessage: exactly this one may take the place of the device's leaf
    bool operator==(const RejoinChannel&) const = default;
};
/// struct { uint8 reason; RejoinChannel channels<V>; }
struct RejoinRequested {
    RejoinReason reason = RejoinReason::state_lost;
    std::vector<RejoinChannel> channels;  // ascending by channel, at least one
    bool operator==(const RejoinRequested&) const = default;
};
/// struct { opaque channel[16]; opaque device[16]; uint8 barred; }   0 lifts the bar.
struct MayNotCommit {
    ChannelId channel;
    DeviceId device;
    bool barred = true;
    bool operator==(const MayNotCommit&) const = default;
};
/// struct { opaque channel[16]; uint32 incarnation; opaque commit[16]; opaque committer[16]; }
/// The signing device's own part of that commit's path was wrong.
struct CommitComplained {
    ChannelId channel;
    std::uint32_t incarnation = 1;
    MessageId commit;
    DeviceId committer;
    bool operator==(const CommitComplained&) const = default;
};
/// struct { opaque channel[16]; uint32 incarnation; uint64 epoch; opaque authenticator[32];
///          uint64 seq; opaque hash[32]; } Anchor;
struct Anchor {
    ChannelId channel;
    std::uint32_t incarnation = 1;
    std::uint64_t epoch = 0;
    Digest authenticator;   // epoch_authenticator of RFC 9420 section 8.7
    std::uint64_t seq = 0;  // last stream entry that the signer has processed
    Digest hash;            // h(seq)
    bool operator==(const Anchor&) const = default;
};
/// struct { Anchor anchors<V>; }
struct ChannelAnchored {
    std::vector<Anchor> anchors;  // ascending by channel, at least one
    bool operator==(const ChannelAnchored&) const = default;
};
/// struct { opaque relay_key[32]; uint16 port; opaque host<1..253>; }
struct RelayMoved {
    PublicKey relay_key;
    std::uint16_t port = 443;
    std::string host;
    bool operator==(const RelayMoved&) const = default;
};
/// struct { uint16 version; }
struct ProtocolVersionSet {
    std::uint16_t version = 1;
    bool operator==(const ProtocolVersionSet&) const = default;
};
/// struct { opaque root_key[32]; opaque next_root_hash[32]; }
/// Signed by that new root key alone, which the last genesis or rotation committed to: whoever has
/// only the present root key cannot do it, and whoever lost it can.
struct RootRotated {
    PublicKey root_key;
    Digest next_root_hash;
    bool operator==(const RootRotated&) const = default;
};
/// struct { uint32 quorum; }   object_version is the present quorum.
struct QuorumSet {
    std::uint32_t quorum = 1;
    bool operator==(const QuorumSet&) const = default;
};
/// struct { opaque statement[32]; }   Of a proposal that waits for its quorum.
struct Endorsed {
    StatementId statement;
    bool operator==(const Endorsed&) const = default;
};
/// struct { uint64 generation; }   Signed by the relay; what it still had is the seen point.
struct StoreRestored {
    std::uint64_t generation = 0;
    bool operator==(const StoreRestored&) const = default;
};
/// struct { }   A dormant device is back.
struct DeviceReturned {
    bool operator==(const DeviceReturned&) const = default;
};
/// struct { opaque device[16]; }   What it asked for last counts although it was not the first.
struct RejoinApproved {
    DeviceId device;
    bool operator==(const RejoinApproved&) const = default;
};
/// struct { opaque evidence<V>; }
/// A SignedStatement of device admitted that was refused with invite_used: it proves that two
/// devices hold the link's secret, whoever shows it.
struct InviteAlarmed {
    Bytes evidence;
    bool operator==(const InviteAlarmed&) const = default;
};

/// In the order of the actions' numbers.
using Body = std::variant<Genesis, InviteIssued, InviteWithdrawn, DeviceAdmitted, DeviceApproved,
                          DeviceRevoked, ChannelDefined, ChannelChanged, AgreementPublished,
                          AgreementAccepted, AgreementLapsed, DeviceDormant, DeviceKeyRotated,
                          MemberSuspended, MemberReinstated, MemberRoleChanged, ChannelRestarted,
                          ChannelClosed, DelegationGranted, DelegationWithdrawn, PolicySet,
                          RejoinRequested, MayNotCommit, CommitComplained, ChannelAnchored,
                          RelayMoved, ProtocolVersionSet, RootRotated, QuorumSet, Endorsed,
                          StoreRestored, DeviceReturned, RejoinApproved, InviteAlarmed>;
inline constexpr std::uint16_t last_action = std::variant_size_v<Body>;

}  // namespace huecry::directory
