#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "huecry/directory/policy.hpp"
#include "huecry/types.hpp"

// What a partnership decides about itself, and how the directory is looked at. Times are
// milliseconds since 1970 UTC. Since 0.1.
namespace huecry {

using directory::Policy;

/// A statement that waits for its quorum.
struct ProposalInfo {
    StatementId id;
    Person author;
    std::string what;  // one line, e.g. "member role changed: Anna becomes coordinator"
    std::vector<std::string> supporters;
    std::uint32_t support = 0, needed = 0;  // members that vote
    bool supported_by_me = false;
    std::uint64_t proposed_ms = 0, expires_ms = 0;
};

struct PolicyInfo {
    Policy policy;
    std::uint64_t version = 1;
    std::uint32_t quorum = 1;
    std::uint32_t voters = 1;  // coordinators (members) with an active device
};
/// Names of the fields in which `to` is looser than `from`: such a change needs the quorum.
std::vector<std::string> loosened(const Policy& from, const Policy& to);

struct OrganisationInfo {
    OrganisationId id;
    std::string name;  // empty: not known yet
};
/// Guards of `grantee` post for `grantor` in messages accepted before `until_ms`.
struct DelegationInfo {
    OrganisationInfo grantor, grantee;
    MemberId by;
    std::uint64_t granted_ms = 0, until_ms = 0;
    enum class State : std::uint8_t { running, over, ended } state = State::running;
};

struct RoleChange {
    MemberId member;
    std::optional<Role> role;                        // none: as it is
    std::optional<std::vector<ChannelId>> channels;  // none: as it is; empty: all of the role's
};

struct DeviceLinkRequest {
    /// The new device is in the same room: it is admitted at once where the policy allows that.
    bool in_person = false;
    std::optional<std::chrono::seconds> lifetime;  // default: an hour
};

/// One entry of the directory, told.
struct HistoryEntry {
    std::uint64_t index = 0;
    std::uint64_t time_ms = 0;  // the relay's
    std::string action;         // as in PROTOCOL.md, e.g. "invite issued"
    std::string who;            // may hold what others wrote
    std::string right;          // by what right: "root key", "coordinator", "invite", …
    std::string what;           // one sentence; may hold what others wrote
    StatementId statement;
    enum class Outcome : std::uint8_t {
        effective,
        proposed,
        supported,
        completed
    } outcome = Outcome::effective;
};

/// The directory as replayed from its first entry, signatures and all.
struct DirectoryProof {
    std::uint64_t entries = 0;
    Digest head;        // running hash after the last entry
    std::string words;  // of head: to be compared aloud
    std::uint64_t time_ms = 0;
    Digest state;  // hash of what the entries make
    /// The relay's signature on exactly this head is here.
    bool head_signed = false;
};

/// What the relay signed of one stream that does not fit together, kept as a file.
struct EvidenceInfo {
    std::uint64_t number = 0;
    std::uint64_t time_ms = 0;         // when it was first noticed
    std::optional<ChannelId> channel;  // none: the directory
    bool proven = false;               // else a member's word against the relay's
};

/// What evidence files show, of one device or of several; checked offline.
struct EvidenceVerdict {
    enum class Kind : std::uint8_t { consistent, disputed, proven } kind = Kind::consistent;
    PartnershipId partnership;
    PublicKey relay;
    /// The partnership's first entry, which is in a file, names this relay. Otherwise compare its
    /// key with the one in the partnership's address.
    bool bound = false;
    std::uint32_t heads = 0;  // signatures of the relay that were checked
    /// What follows is of a proof or a dispute.
    std::optional<ChannelId> channel;           // none: the directory
    std::uint64_t entry = 0;                    // at which the two pasts differ
    Digest first, second;                       // the running hash there, by one and by the other
    std::uint64_t first_ms = 0, second_ms = 0;  // proof: when the relay signed what commits to them
    DeviceId member;                            // dispute: who says otherwise
};

struct RootInfo {
    PublicKey key;      // the directory's present root key
    bool held = false;  // its secret is in this profile
    bool next_held = false;
    bool backed_up = false;
};
/// What `restore_root` found.
struct RestoredRoot {
    bool present = false, next = false;
};

}  // namespace huecry
