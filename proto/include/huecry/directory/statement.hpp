#pragma once

#include <array>
#include <string>
#include <variant>
#include <vector>

#include "huecry/directory/roles.hpp"
#include "huecry/result.hpp"
#include "huecry/wire/address.hpp"
#include "huecry/wire/ids.hpp"
#include "huecry/wire/signing.hpp"

// Statements: what the directory is made of. Authors sign statements, not positions; the relay
// gives each its index and time. All in the presentation language of wire/codec.hpp, so that a
// statement has exactly one encoding, and the decoder refuses every other.
namespace huecry::directory {

/// The numbers are on the wire. Those without a body here are reserved: a statement with one of
/// them, or with a number beyond, is `statement_unknown` ("update needed") and never ignored.
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
    // reserved
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
/// The invite's id is invite_id_of(one_time_key).
struct InviteIssued {
    PublicKey one_time_key;            // Ed25519
    PublicKey seal_key;                // X25519
    LinkKind kind = LinkKind::member;  // device: a further device of a member that exists
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

/// In the order of the actions' numbers.
using Body = std::variant<Genesis, InviteIssued, InviteWithdrawn, DeviceAdmitted, DeviceApproved,
                          DeviceRevoked, ChannelDefined, ChannelChanged, AgreementPublished,
                          AgreementAccepted, AgreementLapsed>;

using Nonce = Id<struct NonceTag, 16>;

/// What an author had seen: the running hash of the directory stream at an index.
struct Seen {
    std::uint64_t index = 0;
    Digest hash;
    bool operator==(const Seen&) const = default;
};

/// struct { uint16 version = 1; opaque partnership[32]; uint16 action; opaque nonce[16];
///          uint64 object_version; uint64 seen_index; opaque seen_hash[32];
///          opaque body<V>; } Statement;
struct Statement {
    PartnershipId partnership;         // zero for genesis
    Nonce nonce;                       // random
    std::uint64_t object_version = 0;  // of the object changed; 0 where nothing is changed
    Seen seen;                         // zero for genesis
    Body body;

    [[nodiscard]] Action action() const;
    [[nodiscard]] Bytes encode() const;
    /// `statement_malformed` for any but the one allowed form, `statement_unknown` for a version,
    /// action, role or flag that this version does not know, `too_large`.
    static Result<Statement> decode(BytesView bytes);
    bool operator==(const Statement&) const = default;
};

enum class SignerKind : std::uint8_t {
    root = 1,        // id: zero
    device = 2,      // id: of a device in the directory
    invite = 3,      // id: of the invite; key: its one-time key
    new_device = 4,  // id: of the device whose key stands in the statement itself
};

struct Signer {
    SignerKind kind = SignerKind::device;
    std::array<std::uint8_t, 16> id{};
    auto operator<=>(const Signer&) const = default;

    static Signer root() { return {SignerKind::root, {}}; }
    static Signer device(const DeviceId& id);
    static Signer invite(const InviteId& id);
    static Signer new_device(const DeviceId& id);
};

/// struct { uint8 signer; opaque id[16]; opaque signature[64]; } SignatureBlock;
/// The signature is over the statement's exact bytes under the label "huecry/1 statement".
struct SignatureBlock {
    Signer signer;
    Signature signature;
    bool operator==(const SignatureBlock&) const = default;
};

/// struct { opaque statement<V>; SignatureBlock signatures<V>; } SignedStatement;
/// Blocks are in strictly ascending order of (signer, id): no duplicates, one form.
struct SignedStatement {
    Bytes statement;  // never re-encoded
    std::vector<SignatureBlock> signatures;

    [[nodiscard]] Bytes encode() const;
    static Result<SignedStatement> decode(BytesView bytes);
    bool operator==(const SignedStatement&) const = default;
};

inline constexpr std::string_view statement_label = "huecry/1 statement";

/// Labelled hash of the statement's bytes (signatures apart): "huecry/1 statement id".
StatementId statement_id(BytesView statement);
/// The same of the genesis statement under "huecry/1 partnership id".
PartnershipId partnership_id(BytesView genesis_statement);
/// What a genesis commits to of the root key that will follow: "huecry/1 next root".
Digest root_hash(const PublicKey& next_root_key);
/// Salted hash of a name: label "huecry/1 name", salt[16] ‖ UTF-8.
Digest name_hash(BytesView salt, std::string_view name);

}  // namespace huecry::directory
