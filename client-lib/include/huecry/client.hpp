#pragma once

#include <filesystem>
#include <functional>
#include <memory>

#include "huecry/affairs.hpp"

// The client: one device of one partnership, with its encrypted store and its connection.
//
//     auto opened = huecry::Client::open({.profile = "shop", .secret = passphrase});
//     if (!opened) return fail(opened.error());
//     auto client = std::move(*opened);
//     auto channel = client.find_channel("town-centre");
//     auto receipt = client.send({.channel = *channel, .text = "red jacket, two bags"});
//     while (auto event = client.next_event(10s)) { ... }
//
// Threads: every function may be called from any thread; each waits for the client's own thread,
// which does all work. `close` may be called at any time, also twice, and wakes whoever waits.
// Errors: values from errors.def; nothing throws but lack of memory.
// Since 0.1.
namespace huecry {

/// A passphrase (stretched with Argon2id) or 32 bytes from the embedder's own key store.
struct ProfileSecret {
    SecretBytes passphrase;
    SecretBytes key;  // 32 bytes; used when not empty
};

/// A level from 0 (error) to 4 (trace) and a line that holds nothing a person wrote.
using LogSink = std::function<void(int level, std::string_view line)>;

struct OpenOptions {
    std::filesystem::path profile;
    ProfileSecret secret;
    LogSink log;
    /// False: no connection is made until `connect` is called.
    bool online = true;
};

struct CreateOptions {
    std::filesystem::path profile;
    ProfileSecret secret;
    LogSink log;
    std::string relay;         // address with key
    std::string name;          // of the partnership
    std::string member;        // the first coordinator
    std::string organisation;  // default: the partnership's name
    std::string code;          // where the relay asks for one
};

struct JoinOptions {
    std::filesystem::path profile;
    ProfileSecret secret;
    LogSink log;
    std::string link;
    /// Called with the partnership's current agreement, if there is one: true accepts it. Called on
    /// the caller's thread. Refusing cancels the join with nothing changed anywhere.
    std::function<bool(const std::string& partnership, const AgreementInfo&)> accept;
};

class Client {
public:
    /// Makes a profile, a partnership with its all-members channel, and its first coordinator.
    /// Needs the relay. Errors: profile_exists, relay_key_unknown, wrong_relay, unreachable,
    /// creation_not_allowed, invalid_argument.
    static Result<Client> create_partnership(CreateOptions options);
    /// Redeems an invite: makes a profile and admits this device. Needs the relay, nobody else.
    /// With a used link the relay is shown a second attempt, which raises the alarm.
    /// Errors: link_malformed, link_kind (a link for a further device), invite_*, profile_exists,
    /// unreachable, wrong_relay, cancelled.
    static Result<Client> join(JoinOptions options);
    /// The same with a link that another device of the same member has made by `link_device`: this
    /// device then acts as that member. Never follow such a link that somebody sent. Errors:
    /// link_kind for an invite.
    static Result<Client> join_as_device(JoinOptions options);
    /// Errors: no_profile, passphrase_wrong, busy (another process owns it), store_damaged.
    static Result<Client> open(OpenOptions options);
    /// The key that a relay without one in its address proves, to be confirmed by a person.
    static Result<std::string> probe_relay(const std::string& address);
    /// Errors: passphrase_wrong, busy.
    static Result<void> change_passphrase(const std::filesystem::path& profile,
                                          const ProfileSecret& now, const ProfileSecret& next);

    Client(Client&&) noexcept;
    Client& operator=(Client&&) noexcept;
    ~Client();
    /// Ends the connection, joins the thread, closes the store. May be called twice.
    void close();

    Result<PartnershipInfo> info();
    /// Connects if not connected, fetches everything that waits, sends what is queued and commits
    /// what is due. Errors: unreachable, timed_out (what could be done is done), removed.
    Result<void> sync(std::chrono::milliseconds limit);

    // Invites and devices
    Result<InviteInfo> invite(const InviteRequest& request);
    Result<std::vector<InviteInfo>> invites();
    Result<void> withdraw_invite(const InviteId& id);
    /// The phrase that both sides compare before `approve`. For this device: its own id.
    Result<std::string> safety_phrase(const DeviceId& device);
    Result<Decision> approve(const DeviceId& device);
    /// Errors: last_coordinator.
    Result<void> revoke(const DeviceId& device);
    /// A link for a further device of this member: for one's own hands only. Errors:
    /// statement_forbidden (the policy leaves it to coordinators).
    Result<InviteInfo> link_device(const DeviceLinkRequest& request);
    /// This device goes on under new keys: it leaves its channels and is let in again by whoever is
    /// online. Errors: busy (something has still to be sent), unreachable.
    Result<void> rotate_device_key();
    Result<std::vector<MemberInfo>> members();
    Result<std::vector<DeviceInfo>> devices();

    // Members and policy. What is grave needs the quorum: see Decision.
    Result<Decision> suspend(const MemberId& member);
    Result<Decision> reinstate(const MemberId& member);
    Result<Decision> change_role(const RoleChange& change);
    Result<PolicyInfo> policy();
    Result<Decision> set_policy(const Policy& policy);
    /// A lower one is signed by the root key, which must be in this profile.
    Result<Decision> set_quorum(std::uint32_t quorum);
    /// What waits for endorsement, oldest first.
    Result<std::vector<ProposalInfo>> proposals();
    Result<Decision> endorse(const StatementId& proposal);
    Result<std::vector<OrganisationInfo>> organisations();
    Result<std::vector<DelegationInfo>> delegations();
    /// Guards of that organisation may post for this member's.
    Result<Decision> delegate(const OrganisationId& grantee, std::chrono::seconds life);
    Result<Decision> withdraw_delegation(const OrganisationId& grantor,
                                         const OrganisationId& grantee);

    // The directory
    /// All entries after `after`, told. Replays the directory: a second for 10,000 entries.
    Result<std::vector<HistoryEntry>> history(std::uint64_t after);
    /// Replays what is kept from the first entry on, with every signature; needs no relay. Errors:
    /// store_damaged, and what is wrong with the first entry that does not hold.
    Result<DirectoryProof> verify_directory();
    /// Where the directory stands now, without the replay.
    Result<DirectoryProof> directory_head();

    /// What speaks against the relay, oldest first.
    Result<std::vector<EvidenceInfo>> evidence();
    /// The file, for others to check. Errors: not_found.
    Result<Bytes> evidence_file(std::uint64_t number);
    /// Needs no profile and no relay. Errors: malformed, too_large, update_needed, wrong_relay (a
    /// signature that is not that relay's), invalid_argument (files about different relays).
    static Result<EvidenceVerdict> verify_evidence(const std::vector<Bytes>& files);

    // Agreement
    Result<std::uint32_t> publish_agreement(const std::string& text,
                                            std::optional<std::chrono::seconds> deadline);
    Result<AgreementInfo> agreement();
    Result<void> accept_agreement(std::uint32_t version);

    // Channels
    Result<ChannelId> create_channel(const ChannelRequest& request);
    Result<void> change_channel(const ChannelId& id, const ChannelRequest& request);
    Result<std::vector<ChannelInfo>> channels();
    /// For good. Errors: statement_forbidden for the all-members channel.
    Result<void> close_channel(const ChannelId& id);
    /// A new group, begun by this device; the old one is of no use any more.
    Result<void> restart_channel(const ChannelId& id);

    // Alerts
    /// Saves the alert and returns; it goes out at once or when the relay is back. Photos are taken
    /// in before it returns, so a bad one is refused here.
    Result<Receipt> send(Draft draft);
    /// Waits until the relay has it durably: accepted, failed, or queued when the time is over.
    /// Errors: wrong_relay, device_removed, used_elsewhere (it stays queued and goes nowhere).
    Result<Receipt> wait_accepted(const MessageId& alert, std::chrono::milliseconds limit);
    /// Alerts that are alive, oldest first.
    Result<std::vector<AlertInfo>> inbox();
    Result<AlertInfo> alert(const MessageId& id);
    Result<void> respond(const MessageId& alert, Answer answer);
    /// JPEG with the viewer's watermark; `number` counts from 1.
    Result<Bytes> photo(const MessageId& alert, std::size_t number,
                        std::chrono::milliseconds limit);
    Result<AlertStatus> status(const MessageId& alert);
    /// A neutral two-word nickname that is not in use.
    Result<std::string> suggest_nickname();

    // Events
    /// The oldest event with a number above `after`; nothing when the time is over. Errors: closed.
    Result<std::optional<Event>> next_event(std::uint64_t after, std::chrono::milliseconds limit);
    /// Events up to here have been shown: they will not be given to a later `first_unshown`.
    Result<void> mark_shown(std::uint64_t number);
    /// The number below the oldest event that was never shown: where a listener starts.
    Result<std::uint64_t> first_unshown();

    // What people type: a whole id, a unique prefix (4 characters or more), a name, or "last".
    // Errors: not_found, ambiguous.
    Result<ChannelId> find_channel(std::string_view text);
    Result<MessageId> find_alert(std::string_view text);
    Result<DeviceId> find_device(std::string_view text);
    Result<InviteId> find_invite(std::string_view text);
    Result<MemberId> find_member(std::string_view text);
    Result<OrganisationId> find_organisation(std::string_view text);
    Result<StatementId> find_proposal(std::string_view text);

    // The root key: for lowering the quorum, for moving the relay, and for a partnership that has
    // lost its coordinators. Daily work needs none of it. Errors: not_found (not in this profile).
    Result<RootInfo> root();
    /// The root key and the next one, sealed with a passphrase of their own, as a file's contents.
    Result<Bytes> backup_root(const SecretBytes& passphrase);
    /// The same keys unsealed, for paper: two times 34 words.
    Result<std::string> root_words();
    /// The backup is safe where it belongs: ends the reminder.
    Result<void> confirm_root_backup();
    /// Takes the keys out of this profile; the backup is all that is left.
    Result<void> forget_root();
    /// From a file of `backup_root`. Errors: passphrase_wrong, malformed, not_found (keys of
    /// another partnership, or replaced since).
    Result<RestoredRoot> restore_root(BytesView file, const SecretBytes& passphrase);
    /// From words of `root_words`, one key or both.
    Result<RestoredRoot> restore_root_words(std::string_view words);
    /// The next root key takes the place of the present one, and another next one is made: both are
    /// to be backed up anew. Needs the next key only: works after loss and after theft.
    Result<Decision> rotate_root();
    /// Takes the partnership to another relay, without the present one's help: needs the root key
    /// here. The answer is a notice that proves itself, for every other member (`follow_relay`).
    /// Channels begin anew there (`restart_channel`). Errors: wrong_relay, creation_not_allowed,
    /// unreachable.
    Result<std::string> move_relay(const std::string& address, const std::string& code);
    /// Errors: statement_signature (not the root's word), statement_conflict (this device knows
    /// what the move left out), unreachable.
    Result<void> follow_relay(const std::string& notice);
    /// The notice of the last move that this device knows of.
    Result<std::string> relay_notice();

    Result<std::vector<Finding>> doctor();

    /// Opaque.
    class Impl;

private:
    explicit Client(std::shared_ptr<Impl> impl);
    static Result<Client> enrol(JoinOptions options, bool further_device);
    Result<void> settle_key_rotation();
    std::shared_ptr<Impl> impl_;
};

}  // namespace huecry
