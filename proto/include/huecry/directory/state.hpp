#pragma once

#include <map>
#include <optional>
#include <set>
#include <unordered_set>
#include <vector>

#include "huecry/directory/access.hpp"
#include "huecry/directory/records.hpp"
#include "huecry/result.hpp"
#include "huecry/wire/header.hpp"

namespace huecry::directory {

/// What is kept of a directory. Its only user is State.
struct StateFields {
    PartnershipId partnership_;
    Genesis genesis_;
    PublicKey root_key_;
    Digest next_root_hash_;
    std::vector<RelayPeriod> relays_;
    std::uint64_t generation_ = 1;
    std::uint64_t restored_index_ = 0;
    std::uint16_t protocol_ = 1;
    std::uint32_t quorum_ = 1;
    Policy policy_;
    std::uint64_t policy_version_ = 1;
    std::uint64_t time_ms_ = 0;
    std::vector<Digest> hashes_;  // [0] is the chain's start
    std::unordered_set<StatementId> statements_;
    std::map<DeviceId, Device> devices_;
    std::map<MemberId, Member> members_;
    std::map<InviteId, Invite> invites_;
    std::map<ChannelId, ChannelRecord> channels_;
    std::map<OrganisationId, Digest> organisations_;
    std::optional<Agreement> agreement_;
    std::map<StatementId, Proposal> proposals_;
    std::vector<Delegation> delegations_;  // in the order granted
    std::map<DeviceId, RejoinLog> rejoins_;
    AccessTable access_;
};

/// The directory of one partnership, as all entries up to `index()` make it: a value that relay and
/// clients compute with this same code. No clock, no randomness, no storage; not thread-safe for
/// writing, any number of readers. An error from any call leaves it unchanged.
class State : private StateFields {
public:
    State(const State& other);
    State& operator=(const State& other);
    State(State&&) = default;
    State& operator=(State&&) = default;
    ~State() = default;

    /// The first entry (seq 1). The caller compares `partnership()` and `relay_key()` with what it
    /// was told by link or address.
    static Result<State> from_genesis(BytesView header, BytesView body);
    /// Form and signatures of a first statement before it has a header (for a relay).
    static Result<Statement> check_genesis(BytesView signed_statement);

    /// The verdict that `apply` would give on a statement that is accepted next at `accepted_ms`.
    /// `invite_used` means a valid second use of an invite: worth an alarm.
    [[nodiscard]] Result<void> check(BytesView signed_statement, std::uint64_t accepted_ms) const;

    /// The next entry: its header's bytes as received, and its body (a SignedStatement).
    /// `relay_rejected_chain`: not the next header, wrong digest or length, time running backwards.
    /// Otherwise statement_*, invite_*, last_coordinator: PROTOCOL.md lists when which.
    Result<Applied> apply(BytesView header, BytesView body);

    /// Everything, in one canonical form with a version of its own, for a store.
    [[nodiscard]] Bytes save() const;
    /// `store_newer`, or `store_damaged` for bytes that `save` has not made.
    static Result<State> load(BytesView saved);
    /// SHA-256 of `save()`: equal for equal states.
    [[nodiscard]] Digest hash() const;

    // the chain
    [[nodiscard]] std::uint64_t index() const { return hashes_.size() - 1; }
    [[nodiscard]] const Digest& running_hash() const { return hashes_.back(); }
    /// The running hash after entry `index`; index 0 is the chain's start. Empty beyond the end.
    [[nodiscard]] std::optional<Digest> running_hash(std::uint64_t index) const;
    /// What an author states as seen now.
    [[nodiscard]] Seen seen() const { return {index(), running_hash()}; }
    /// Accepted time of the last entry.
    [[nodiscard]] std::uint64_t time_ms() const { return time_ms_; }
    [[nodiscard]] bool counted(const StatementId& id) const { return statements_.contains(id); }

    // the partnership
    [[nodiscard]] const PartnershipId& partnership() const { return partnership_; }
    [[nodiscard]] const Genesis& genesis() const { return genesis_; }
    [[nodiscard]] const PublicKey& root_key() const { return root_key_; }
    /// What the root key that follows must hash to (root_hash()).
    [[nodiscard]] const Digest& next_root_hash() const { return next_root_hash_; }
    [[nodiscard]] const PublicKey& relay_key() const { return *relays_.back().address.key; }
    [[nodiscard]] const RelayAddress& relay() const { return relays_.back().address; }
    /// The relay's key right after entry `index`: heads of that index are signed with it.
    [[nodiscard]] const PublicKey& relay_key_at(std::uint64_t index) const;
    /// Every relay there was, oldest first.
    [[nodiscard]] const std::vector<RelayPeriod>& relays() const { return relays_; }
    /// Of the relay's store, 1 at first; and the entry that began it, 0 for none.
    [[nodiscard]] std::uint64_t generation() const { return generation_; }
    [[nodiscard]] std::uint64_t restored_index() const { return restored_index_; }
    [[nodiscard]] std::uint16_t protocol() const { return protocol_; }
    /// Distinct coordinators (members) that a grave act needs.
    [[nodiscard]] std::uint32_t quorum() const { return quorum_; }
    [[nodiscard]] const Policy& policy() const { return policy_; }
    /// 1 at first, one more with each change.
    [[nodiscard]] std::uint64_t policy_version() const { return policy_version_; }
    /// What waits for its quorum, expired ones too until something else is proposed.
    [[nodiscard]] const std::map<StatementId, Proposal>& proposals() const { return proposals_; }
    [[nodiscard]] const Proposal* proposal(const StatementId& id) const;
    [[nodiscard]] const ChannelId& all_members() const { return genesis_.all_members.id; }

    // its objects; pointers live until the next apply, null when there is none
    [[nodiscard]] const std::map<DeviceId, Device>& devices() const { return devices_; }
    [[nodiscard]] const std::map<MemberId, Member>& members() const { return members_; }
    [[nodiscard]] const std::map<InviteId, Invite>& invites() const { return invites_; }
    [[nodiscard]] const std::map<ChannelId, ChannelRecord>& channels() const { return channels_; }
    /// Name hashes of the organisations.
    [[nodiscard]] const std::map<OrganisationId, Digest>& organisations() const {
        return organisations_;
    }
    [[nodiscard]] const std::optional<Agreement>& agreement() const { return agreement_; }
    [[nodiscard]] const Device* device(const DeviceId& id) const;
    [[nodiscard]] const Member* member(const MemberId& id) const;
    [[nodiscard]] const Member* member_of(const DeviceId& id) const;
    [[nodiscard]] const Invite* invite(const InviteId& id) const;
    [[nodiscard]] const ChannelRecord* channel(const ChannelId& id) const;
    [[nodiscard]] std::vector<DeviceId> devices_of(const MemberId& id) const;
    /// The device is active and its member is not suspended.
    [[nodiscard]] bool is_active(const DeviceId& id) const;
    /// Active devices of coordinators that are not suspended.
    [[nodiscard]] std::size_t active_coordinators() const { return active_coordinators_; }
    /// Coordinators (members, not suspended) that have such a device: those who can vote.
    [[nodiscard]] std::size_t coordinator_members() const { return coordinator_members_; }
    /// A coordinator that is not suspended and has an active device.
    [[nodiscard]] bool votes(const MemberId& id) const;
    /// Nothing is published, or the member accepted the current version, or is in grace.
    [[nodiscard]] bool in_good_standing(const Member& member) const;
    [[nodiscard]] bool in_good_standing(const MemberId& id) const;
    /// Members whose deadline has passed at `now_ms` and who are still in grace: what a
    /// coordinator's device puts into an agreement_lapsed. At most max_lapsed at a time.
    [[nodiscard]] std::vector<MemberId> due_to_lapse(std::uint64_t now_ms) const;

    /// Active devices that no statement has been accepted of for policy().dormant_days at
    /// `now_ms`, at most max_dormant: candidates for device_dormant. That they have not been seen
    /// in any stream either is for the coordinator's device to know.
    [[nodiscard]] std::vector<DeviceId> may_be_dormant(std::uint64_t now_ms) const;
    /// Channels that are due for an anchor at `now_ms` and that `device` reads, at most
    /// max_anchors.
    [[nodiscard]] std::vector<ChannelId> due_to_anchor(const DeviceId& device,
                                                       std::uint64_t now_ms) const;
    /// A device's newest rejoin request in a channel; null: none.
    [[nodiscard]] const Rejoin* rejoin(const DeviceId& device, const ChannelId& channel) const;
    /// All of a device's requests; null: none.
    [[nodiscard]] const RejoinLog* rejoins(const DeviceId& device) const;
    [[nodiscard]] const std::vector<Delegation>& delegations() const { return delegations_; }
    /// The lesser of the channel's ceiling and the policy's.
    [[nodiscard]] std::uint32_t max_alert_s(const Channel& channel) const;
    [[nodiscard]] std::uint32_t max_photo_s(const Channel& channel) const;

    // rights
    /// Active, role among the channel's readers, not kept out by the member's channel list (which
    /// never keeps out of the all-members channel), and in good standing if the channel asks for
    /// it.
    [[nodiscard]] bool reads(const DeviceId& device, const ChannelId& channel) const;
    /// Reads, and the role is among the channel's posters.
    [[nodiscard]] bool posts(const DeviceId& device, const ChannelId& channel) const;
    /// Reads, and is not barred from committing.
    [[nodiscard]] bool may_commit(const DeviceId& device, const ChannelId& channel) const;
    /// May any post of this device be accepted at `accepted_ms`: on its own right, or for an
    /// organisation whose delegation runs? What a relay asks.
    [[nodiscard]] bool may_post(const DeviceId& device, const ChannelId& channel,
                                std::uint64_t accepted_ms) const;
    /// The same right after entry `index`: what a receiver asks.
    [[nodiscard]] bool may_post_at(const DeviceId& device, const ChannelId& channel,
                                   std::uint64_t index, std::uint64_t accepted_ms) const;
    /// May the device say something there in the name of `grantor`, in a message that names entry
    /// `index` and was accepted at `accepted_ms`?
    [[nodiscard]] bool posts_for_at(const DeviceId& device, const OrganisationId& grantor,
                                    const ChannelId& channel, std::uint64_t index,
                                    std::uint64_t accepted_ms) const;
    /// Ascending.
    [[nodiscard]] std::vector<DeviceId> readers(const ChannelId& channel) const;
    [[nodiscard]] std::size_t reader_count(const ChannelId& channel) const;
    [[nodiscard]] std::vector<ChannelId> channels_of(const DeviceId& device) const;
    /// The rights right after entry `index` (none beyond the end: a future index authorises
    /// nobody).
    [[nodiscard]] Rights rights_at(const DeviceId& device, const ChannelId& channel,
                                   std::uint64_t index) const;
    /// Could the device read the channel right after entry `index`?
    [[nodiscard]] bool authorised_at(const DeviceId& device, const ChannelId& channel,
                                     std::uint64_t index) const {
        return rights_at(device, channel, index).read;
    }
    /// Could it after every entry from `from` to `to`?
    [[nodiscard]] bool authorised_throughout(const DeviceId& device, const ChannelId& channel,
                                             std::uint64_t from, std::uint64_t to) const;
    /// Could it ever?
    [[nodiscard]] bool ever_authorised(const DeviceId& device, const ChannelId& channel) const;
    /// A rejoin that became allowed after entry `after` and up to entry `upto`, the newest one;
    /// null: none. Lives until the next apply.
    [[nodiscard]] const AccessHistory::Replacement* replacement(const DeviceId& device,
                                                                const ChannelId& channel,
                                                                std::uint64_t after,
                                                                std::uint64_t upto) const;
    /// The last index at which any reader lost access to the channel; 0: never. A submission whose
    /// directory_index is below is stale.
    [[nodiscard]] std::uint64_t loss_index(const ChannelId& channel) const;
    /// The last index at which the device lost the right to post, to post for others, or to commit
    /// there; 0: never.
    [[nodiscard]] std::uint64_t loss_index(const DeviceId& device, const ChannelId& channel) const;

private:
    friend class Apply;       // src/directory/apply.hpp: the effect of each action
    friend class StateCodec;  // src/directory/state_codec.cpp: save and load
    State() = default;
    /// Takes in a verified entry: cannot fail.
    Applied advance(const Header& header, BytesView header_bytes, BytesView statement_bytes,
                    const Statement& statement, const DeviceId& author, Outcome outcome);
    /// Any delegation of that grantor (empty: of anyone) to the device's organisation?
    [[nodiscard]] bool delegated(const DeviceId& device, const OrganisationId* grantor,
                                 std::uint64_t index, std::uint64_t accepted_ms) const;
    [[nodiscard]] const AccessHistory* history(const DeviceId& device,
                                               const ChannelId& channel) const;

    // derived from the rest, with pointers into this very object
    void derive();
    struct Own {
        Member* member = nullptr;
        std::vector<Device*> devices;  // ascending by id
        std::size_t active = 0;        // whether the member is suspended or not
    };
    struct Slot {
        Device* device = nullptr;
        Member* member = nullptr;
    };
    std::map<MemberId, Own> by_member_;
    std::vector<Slot> slots_;  // by the device's number
    std::map<DeviceId, std::set<InviteId>> open_by_issuer_;
    std::size_t active_coordinators_ = 0;
    std::size_t coordinator_members_ = 0;
};

}  // namespace huecry::directory
