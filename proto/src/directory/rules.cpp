#include "huecry/directory/rules.hpp"

#include <algorithm>

#include "directory/conditions.hpp"
#include "huecry/limits.hpp"

namespace huecry::directory {
namespace {

constexpr auto n = Right::no;
constexpr auto y = Right::yes;
constexpr auto o = Right::own;
constexpr auto j = Right::joint;

struct Row {
    Action action;
    std::array<Right, signer_classes> cells;
};

// The table of PROTOCOL.md, "Who may sign what".
// clang-format off
constexpr std::array<Row, last_action> rows{{
    //                              root nxt rel inv new coo ret sec war cct pol int pen sus dor
    {Action::genesis,              {{j,  n,  n,  n,  j,  n,  n,  n,  n,  n,  n,  n,  n,  n,  n}}},
    {Action::invite_issued,        {{y,  n,  n,  n,  n,  y,  o,  o,  o,  o,  o,  n,  n,  n,  n}}},
    {Action::invite_withdrawn,     {{y,  n,  n,  n,  n,  y,  o,  o,  o,  o,  o,  n,  n,  n,  n}}},
    {Action::device_admitted,      {{n,  n,  n,  j,  j,  n,  n,  n,  n,  n,  n,  n,  n,  n,  n}}},
    {Action::device_approved,      {{y,  n,  n,  n,  n,  y,  o,  o,  o,  o,  o,  n,  n,  n,  n}}},
    {Action::device_revoked,       {{y,  n,  n,  n,  n,  y,  o,  o,  o,  o,  o,  o,  o,  o,  o}}},
    {Action::channel_defined,      {{n,  n,  n,  n,  n,  y,  n,  n,  n,  n,  n,  n,  n,  n,  n}}},
    {Action::channel_changed,      {{n,  n,  n,  n,  n,  y,  n,  n,  n,  n,  n,  n,  n,  n,  n}}},
    {Action::agreement_published,  {{n,  n,  n,  n,  n,  y,  n,  n,  n,  n,  n,  n,  n,  n,  n}}},
    {Action::agreement_accepted,   {{n,  n,  n,  n,  n,  o,  o,  o,  o,  o,  o,  o,  o,  o,  o}}},
    {Action::agreement_lapsed,     {{n,  n,  n,  n,  n,  y,  n,  n,  n,  n,  n,  n,  n,  n,  n}}},
    {Action::device_dormant,       {{n,  n,  n,  n,  n,  y,  n,  n,  n,  n,  n,  n,  n,  n,  n}}},
    {Action::device_key_rotated,   {{n,  n,  n,  n,  j,  j,  j,  j,  j,  j,  j,  j,  n,  n,  n}}},
    {Action::member_suspended,     {{y,  n,  n,  n,  n,  y,  n,  n,  n,  n,  n,  n,  n,  n,  n}}},
    {Action::member_reinstated,    {{y,  n,  n,  n,  n,  y,  n,  n,  n,  n,  n,  n,  n,  n,  n}}},
    {Action::member_role_changed,  {{y,  n,  n,  n,  n,  y,  n,  n,  n,  n,  n,  n,  n,  n,  n}}},
    {Action::channel_restarted,    {{n,  n,  n,  n,  n,  y,  o,  o,  o,  o,  o,  n,  n,  n,  n}}},
    {Action::channel_closed,       {{n,  n,  n,  n,  n,  y,  n,  n,  n,  n,  n,  n,  n,  n,  n}}},
    {Action::delegation_granted,   {{n,  n,  n,  n,  n,  n,  o,  n,  n,  n,  n,  n,  n,  n,  n}}},
    {Action::delegation_withdrawn, {{n,  n,  n,  n,  n,  y,  o,  o,  n,  n,  n,  n,  n,  n,  n}}},
    {Action::policy_set,           {{y,  n,  n,  n,  n,  y,  n,  n,  n,  n,  n,  n,  n,  n,  n}}},
    {Action::rejoin_requested,     {{n,  n,  n,  n,  n,  o,  o,  o,  o,  o,  o,  o,  n,  n,  n}}},
    {Action::may_not_commit,       {{n,  n,  n,  n,  n,  y,  n,  n,  n,  n,  n,  n,  n,  n,  n}}},
    {Action::commit_complained,    {{n,  n,  n,  n,  n,  o,  o,  o,  o,  o,  o,  o,  n,  n,  n}}},
    {Action::channel_anchored,     {{n,  n,  n,  n,  n,  y,  n,  n,  n,  n,  n,  n,  n,  n,  n}}},
    {Action::relay_moved,          {{y,  n,  n,  n,  n,  n,  n,  n,  n,  n,  n,  n,  n,  n,  n}}},
    {Action::protocol_version_set, {{y,  n,  n,  n,  n,  y,  n,  n,  n,  n,  n,  n,  n,  n,  n}}},
    {Action::root_rotated,         {{n,  y,  n,  n,  n,  n,  n,  n,  n,  n,  n,  n,  n,  n,  n}}},
    {Action::quorum_set,           {{y,  n,  n,  n,  n,  y,  n,  n,  n,  n,  n,  n,  n,  n,  n}}},
    {Action::endorsed,             {{n,  n,  n,  n,  n,  y,  n,  n,  n,  n,  n,  n,  n,  n,  n}}},
    {Action::store_restored,       {{n,  n,  y,  n,  n,  n,  n,  n,  n,  n,  n,  n,  n,  n,  n}}},
    {Action::device_returned,      {{n,  n,  n,  n,  n,  n,  n,  n,  n,  n,  n,  n,  n,  n,  o}}},
    {Action::rejoin_approved,      {{n,  n,  n,  n,  n,  y,  n,  n,  n,  n,  n,  n,  n,  n,  n}}},
    {Action::invite_alarmed,       {{n,  n,  y,  n,  n,  y,  y,  y,  y,  y,  y,  n,  n,  n,  n}}},
}};
// clang-format on

DeviceId device_of(const Signer& signer) { return DeviceId(signer.id); }

/// Does the statement act only on what belongs to the signing device's member?
struct Owns {
    const State& state;
    const Device& device;

    bool operator()(const InviteIssued& b) const {
        return b.kind == LinkKind::device && b.member == device.member;
    }
    bool operator()(const InviteWithdrawn& b) const {
        const auto* invite = state.invite(b.invite);
        const auto* issuer = invite == nullptr ? nullptr : state.device(invite->issuer);
        return issuer != nullptr && issuer->member == device.member;
    }
    bool operator()(const DeviceApproved& b) const {
        const auto* other = state.device(b.device);
        if (other == nullptr || other->member != device.member || !other->invite) return false;
        return state.invite(*other->invite)->terms.kind == LinkKind::device;
    }
    bool operator()(const DeviceRevoked& b) const { return b.device == device.id; }
    bool operator()(const AgreementAccepted&) const { return true; }
    bool operator()(const ChannelRestarted& b) const { return b.creator == device.id; }
    bool operator()(const DelegationGranted& b) const { return is_own(b.grantor); }
    bool operator()(const DelegationWithdrawn& b) const {
        return is_own(b.grantor) || is_own(b.grantee);
    }
    bool operator()(const RejoinRequested&) const { return true; }
    bool operator()(const CommitComplained&) const { return true; }
    bool operator()(const DeviceReturned&) const { return true; }
    bool operator()(const auto&) const { return false; }

    [[nodiscard]] bool is_own(const OrganisationId& organisation) const {
        return state.members().at(device.member).organisation == organisation;
    }
};

/// Columns that stand for each other in a joint row: the devices of the directory are one group.
constexpr std::size_t group_of(std::size_t column) {
    return std::min(column, static_cast<std::size_t>(SignerClass::coordinator));
}

/// One of each of the row's joint groups and nobody else.
Result<void> check_joint(Action action, std::span<const SignerClass> classes) {
    std::array<int, signer_classes> wanted{};
    std::array<int, signer_classes> found{};
    for (std::size_t c = 0; c < signer_classes; ++c)
        if (right(action, static_cast<SignerClass>(c)) == Right::joint) wanted.at(group_of(c)) = 1;
    for (const auto c : classes) {
        if (right(action, c) != Right::joint) return forbidden("the signer has no such right");
        ++found.at(group_of(static_cast<std::size_t>(c)));
    }
    if (found != wanted) return forbidden("it needs its joint signatures and no other");
    return {};
}

Result<void> check_table(const State& state, const Statement& statement,
                         std::span<const Signer> signers) {
    const auto action = statement.action();
    std::vector<SignerClass> classes;
    for (const auto& signer : signers) {
        const auto c = class_of(state, signer);
        if (!c) return forbidden("the signing device is not in the directory any more");
        if (right(action, *c) == Right::no) return forbidden("the signer has no such right");
        classes.push_back(*c);
    }
    if (classes.empty()) return forbidden("nobody signed");
    if (right(action, classes.front()) == Right::joint) return check_joint(action, classes);
    // One signature and no more: a second would be a second form. A quorum is gathered by entries.
    if (classes.size() != 1) return forbidden("more signatures than the action takes");
    if (right(action, classes.front()) == Right::yes) return {};
    const auto* device = state.device(device_of(signers.front()));
    if (device == nullptr || !std::visit(Owns{state, *device}, statement.body))
        return forbidden("the signer may do this only to what is its own");
    return {};
}

struct Grave {
    const State& state;

    bool operator()(const InviteIssued& b) const {
        return b.kind == LinkKind::member && privileged(b.role);
    }
    bool operator()(const DeviceApproved& b) const {
        const auto* device = state.device(b.device);
        const auto* member = state.member_of(b.device);
        if (member == nullptr || !privileged(member->role) || !device->invite) return false;
        return state.invite(*device->invite)->terms.kind == LinkKind::member;
    }
    bool operator()(const MemberSuspended& b) const { return role(b.member) == Role::coordinator; }
    bool operator()(const MemberReinstated& b) const {
        const auto r = role(b.member);
        return r && privileged(*r);
    }
    bool operator()(const MemberRoleChanged& b) const {
        const auto old = role(b.member);
        if (!old || *old == b.role) return false;
        return privileged(b.role) || *old == Role::coordinator;
    }
    bool operator()(const PolicySet& b) const { return loosens(state.policy(), b.policy); }
    bool operator()(const QuorumSet&) const { return true; }
    bool operator()(const auto&) const { return false; }

    [[nodiscard]] std::optional<Role> role(const MemberId& id) const {
        const auto* member = state.member(id);
        return member == nullptr ? std::nullopt : std::optional(member->role);
    }
};

/// How an endorsement counts, once it is permitted.
Result<Outcome> endorsement(const State& state, const Proposal& proposal, std::uint64_t now_ms) {
    const auto others = std::count_if(proposal.support.begin(), proposal.support.end(),
                                      [&](const auto& m) { return state.votes(m); });
    if (static_cast<std::uint64_t>(others) + 1 < state.quorum()) return Outcome::supported;
    // What holds now decides, not what held when it was proposed.
    HUECRY_TRY_ASSIGN(const auto inner, Statement::decode(proposal.statement));
    const std::array author{Signer::device(proposal.author)};
    HUECRY_TRY(check_table(state, inner, author));
    HUECRY_TRY(std::visit(Conditions{state, inner, author, now_ms}, inner.body));
    return Outcome::completed;
}

Result<Outcome> proposed(const State& state, const DeviceId& author, std::uint64_t now_ms) {
    const auto& member = state.devices().at(author).member;
    std::size_t waiting = 0;
    for (const auto& [id, p] : state.proposals())
        if (p.expires_ms > now_ms && state.devices().at(p.author).member == member) ++waiting;
    if (waiting >= limits::max_proposals) return Error{Errc::quota_exceeded, "proposals"};
    return Outcome::proposed;
}

}  // namespace

std::string_view name(SignerClass c) {
    constexpr std::array<std::string_view, signer_classes> names{
        "root",        "next root",   "relay",    "invite",    "new device",
        "coordinator", "retailer",    "security", "warden",    "cctv",
        "police",      "integration", "pending",  "suspended", "dormant"};
    return names.at(static_cast<std::size_t>(c));
}

Right right(Action action, SignerClass signer) {
    for (const auto& row : rows)
        if (row.action == action) return row.cells.at(static_cast<std::size_t>(signer));
    return Right::no;
}

std::optional<SignerClass> class_of(const State& state, const Signer& signer) {
    switch (signer.kind) {
        case SignerKind::root:
            return SignerClass::root;
        case SignerKind::next_root:
            return SignerClass::next_root;
        case SignerKind::relay:
            return SignerClass::relay;
        case SignerKind::invite:
            return SignerClass::invite;
        case SignerKind::new_device:
            return SignerClass::new_device;
        case SignerKind::device:
            break;
    }
    const auto* device = state.device(device_of(signer));
    if (device == nullptr || device->state == DeviceState::revoked) return std::nullopt;
    if (device->state == DeviceState::pending) return SignerClass::pending;
    const auto& member = state.members().at(device->member);
    if (member.suspended_index != 0) return SignerClass::suspended;
    if (device->state == DeviceState::dormant) return SignerClass::dormant;
    const auto role = static_cast<unsigned>(member.role);
    return static_cast<SignerClass>(static_cast<unsigned>(SignerClass::coordinator) + role);
}

Rights rights_in(const State& state, const Device& device, const Channel& channel) {
    ChannelRecord record;
    record.settings = channel;
    return rights_in(state, device, state.members().at(device.member), record);
}

Rights rights_in(const State& state, const Device& device, const Member& member,
                 const ChannelRecord& record) {
    const auto& channel = record.settings;
    if (device.state != DeviceState::active || member.suspended_index != 0) return {};
    if (record.closed_index != 0 || !contains(channel.read_roles, member.role)) return {};
    // A machine reads what it was given by name, never "all".
    const bool all = member.channels.empty() && member.role != Role::integration;
    if (!all && !channel.all_members &&
        !std::binary_search(member.channels.begin(), member.channels.end(), channel.id))
        return {};
    if (channel.requires_agreement && !state.in_good_standing(member)) return {};
    return {
        .read = true,
        .post = contains(channel.post_roles, member.role),
        .commit = !record.bars.contains(device.id),
        .post_for = member.role == Role::security && contains(channel.post_roles, Role::retailer)};
}

bool is_grave(const State& state, const Statement& statement) {
    return std::visit(Grave{state}, statement.body);
}

Result<Outcome> permitted(const State& state, const Statement& statement,
                          std::span<const Signer> signers, std::uint64_t entry_time_ms) {
    HUECRY_TRY(check_table(state, statement, signers));
    HUECRY_TRY(std::visit(Conditions{state, statement, signers, entry_time_ms}, statement.body));
    if (const auto* endorsed = std::get_if<Endorsed>(&statement.body))
        return endorsement(state, *state.proposal(endorsed->statement), entry_time_ms);
    const auto& first = signers.front();
    const bool alone = state.quorum() == 1 || class_of(state, first) != SignerClass::coordinator;
    if (alone || !is_grave(state, statement)) return Outcome::effective;
    return proposed(state, device_of(first), entry_time_ms);
}

}  // namespace huecry::directory
