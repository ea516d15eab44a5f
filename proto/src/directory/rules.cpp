#include "huecry/directory/rules.hpp"

#include <algorithm>

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

// The table of PROTOCOL.md, "Who may sign what". Actions that are not here nobody may sign.
// clang-format off
constexpr std::array rows{
    //                                root inv new  coor ret sec war cctv pol int pend
    Row{Action::genesis,             {j,   n,  j,   n,   n,  n,  n,  n,   n,  n,  n}},
    Row{Action::invite_issued,       {n,   n,  n,   y,   o,  o,  o,  o,   o,  n,  n}},
    Row{Action::invite_withdrawn,    {n,   n,  n,   y,   o,  o,  o,  o,   o,  n,  n}},
    Row{Action::device_admitted,     {n,   j,  j,   n,   n,  n,  n,  n,   n,  n,  n}},
    Row{Action::device_approved,     {n,   n,  n,   y,   n,  n,  n,  n,   n,  n,  n}},
    Row{Action::device_revoked,      {n,   n,  n,   y,   o,  o,  o,  o,   o,  o,  o}},
    Row{Action::channel_defined,     {n,   n,  n,   y,   n,  n,  n,  n,   n,  n,  n}},
    Row{Action::channel_changed,     {n,   n,  n,   y,   n,  n,  n,  n,   n,  n,  n}},
    Row{Action::agreement_published, {n,   n,  n,   y,   n,  n,  n,  n,   n,  n,  n}},
    Row{Action::agreement_accepted,  {n,   n,  n,   o,   o,  o,  o,  o,   o,  o,  o}},
    Row{Action::agreement_lapsed,    {n,   n,  n,   y,   n,  n,  n,  n,   n,  n,  n}},
};
// clang-format on

Error conflict(const char* what) { return {Errc::statement_conflict, what}; }
Error forbidden(const char* what) { return {Errc::statement_forbidden, what}; }

DeviceId device_of(const Signer& signer) { return DeviceId(signer.id); }

/// What a signer is in this state; empty for a revoked or unknown device.
std::optional<SignerClass> class_of(const State& state, const Signer& signer) {
    switch (signer.kind) {
        case SignerKind::root:
            return SignerClass::root;
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
    const auto role = static_cast<unsigned>(state.members().at(device->member).role);
    return static_cast<SignerClass>(static_cast<unsigned>(SignerClass::coordinator) + role);
}

/// Does the statement act only on what belongs to the signing device's member?
struct Owns {
    const State& state;
    const Device& device;

    bool operator()(const InviteIssued& b) const {
        return b.kind == LinkKind::device && b.member == device.member;
    }
    bool operator()(const InviteWithdrawn& b) const {
        const auto* invite = state.invite(b.invite);
        return invite != nullptr && state.devices().at(invite->issuer).member == device.member;
    }
    bool operator()(const DeviceRevoked& b) const { return b.device == device.id; }
    bool operator()(const AgreementAccepted&) const { return true; }
    bool operator()(const auto&) const { return false; }
};

/// All of the row's joint signers and nobody else.
Result<void> check_joint(Action action, std::span<const SignerClass> classes) {
    for (std::size_t c = 0; c < signer_classes; ++c) {
        const auto column = static_cast<SignerClass>(c);
        const auto found = std::count(classes.begin(), classes.end(), column);
        if (found != (right(action, column) == Right::joint ? 1 : 0))
            return forbidden("it needs its joint signatures and no other");
    }
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
    // One signature and no more: with a quorum of one, a second would be a second form.
    if (classes.size() != 1) return forbidden("more signatures than the action takes");
    if (right(action, classes.front()) == Right::yes) return {};
    const auto* device = state.device(device_of(signers.front()));
    if (device == nullptr || !std::visit(Owns{state, *device}, statement.body))
        return forbidden("the signer may do this only to what is its own");
    return {};
}

/// The conditions of each action, after the table has allowed its signers.
struct Conditions {
    const State& state;
    const Statement& statement;
    std::span<const Signer> signers;
    std::uint64_t now_ms;

    Result<void> operator()(const Genesis&) const { return forbidden("there is a genesis"); }

    Result<void> operator()(const InviteIssued& b) const {
        if (state.invite(invite_id_of(b.one_time_key)) != nullptr) return conflict("invite exists");
        const auto organisation = state.organisations().find(b.organisation);
        if (organisation != state.organisations().end() &&
            organisation->second != b.organisation_name_hash)
            return conflict("the organisation has another name");
        for (const auto& channel : b.channels)
            if (state.channel(channel) == nullptr) return conflict("no such channel");
        const auto* member = state.member(b.member);
        if (b.kind == LinkKind::member)
            return member == nullptr ? Result<void>{} : conflict("the member exists");
        if (member == nullptr) return conflict("no such member");
        if (member->role != b.role || member->name_hash != b.member_name_hash ||
            member->organisation != b.organisation || member->channels != b.channels)
            return conflict("the member is described otherwise");
        return {};
    }

    Result<void> operator()(const InviteWithdrawn& b) const {
        const auto* invite = state.invite(b.invite);
        if (invite == nullptr) return Errc::invite_unknown;
        if (invite->state != InviteState::open) return conflict("the invite is closed already");
        return {};
    }

    Result<void> operator()(const DeviceAdmitted& b) const {
        const auto* invite = state.invite(b.invite);
        if (invite == nullptr) return Errc::invite_unknown;
        const auto device = device_id_of(b.signing_key);
        for (const auto& signer : signers) {
            const bool one_time = signer.kind == SignerKind::invite;
            if (signer != (one_time ? Signer::invite(b.invite) : Signer::new_device(device)))
                return forbidden("signed by another invite or device");
        }
        if (invite->state == InviteState::used && invite->used_by == device)
            return Error{Errc::statement_repeated, "the device is admitted already"};
        if (invite->state == InviteState::used) return Errc::invite_used;
        if (invite->state != InviteState::open) return Errc::invite_withdrawn;
        if (now_ms >= invite->expires_ms) return Errc::invite_expired;
        if (state.device(device) != nullptr) return conflict("the device exists");
        if (invite->terms.kind == LinkKind::member && state.member(invite->terms.member) != nullptr)
            return conflict("the member has joined by another invite");
        if (state.devices().size() >= limits::max_devices)
            return Error{Errc::quota_exceeded, "devices"};
        return {};
    }

    Result<void> operator()(const DeviceApproved& b) const {
        const auto* device = state.device(b.device);
        if (device == nullptr || device->state != DeviceState::pending)
            return conflict("the device does not wait for approval");
        return {};
    }

    Result<void> operator()(const DeviceRevoked& b) const {
        const auto* device = state.device(b.device);
        if (device == nullptr || device->state == DeviceState::revoked)
            return conflict("the device is not in the directory any more");
        const bool coordinator = state.members().at(device->member).role == Role::coordinator;
        if (coordinator && device->state == DeviceState::active && state.active_coordinators() == 1)
            return Errc::last_coordinator;
        return {};
    }

    Result<void> operator()(const ChannelDefined& b) const {
        if (b.channel.all_members) return forbidden("there is one all-members channel");
        if (state.channel(b.channel.id) != nullptr) return conflict("the channel exists");
        if (state.channels().size() >= limits::max_channels)
            return Error{Errc::quota_exceeded, "channels"};
        const auto* creator = state.device(b.channel.creator);
        if (creator == nullptr || !rights_in(state, *creator, b.channel).read)
            return conflict("the creator could not read the channel");
        return {};
    }

    Result<void> operator()(const ChannelChanged& b) const {
        const auto* channel = state.channel(b.channel.id);
        if (channel == nullptr) return conflict("no such channel");
        if (channel->version != statement.object_version) return conflict("the channel changed");
        if (channel->settings.creator != b.channel.creator ||
            channel->settings.all_members != b.channel.all_members)
            return forbidden("a channel's creator and kind stay");
        return {};
    }

    Result<void> operator()(const AgreementPublished& b) const {
        const auto current = state.agreement() ? state.agreement()->version : 0;
        if (statement.object_version != current) return conflict("the agreement changed");
        // One that was used or withdrawn meanwhile does no harm; one that never was is an error.
        for (const auto& s : b.sealed)
            if (state.invite(s.invite) == nullptr) return Errc::invite_unknown;
        return {};
    }

    Result<void> operator()(const AgreementAccepted& b) const {
        if (!state.agreement() || state.agreement()->version != b.version)
            return conflict("this is not the current agreement");
        const auto* member = state.member_of(device_of(signers.front()));
        if (member == nullptr || member->accepted_version == b.version)
            return conflict("it has been accepted");
        return {};
    }

    Result<void> operator()(const AgreementLapsed& b) const {
        if (!state.agreement() || state.agreement()->version != b.version)
            return conflict("this is not the current agreement");
        if (now_ms < state.agreement()->deadline_ms) return conflict("the deadline is not past");
        for (const auto& id : b.members) {
            const auto* member = state.member(id);
            if (member == nullptr || !member->in_grace) return conflict("a member is not due");
        }
        return {};
    }
};

}  // namespace

std::string_view name(SignerClass c) {
    constexpr std::array<std::string_view, signer_classes> names{
        "root",   "invite", "new device", "coordinator", "retailer", "security",
        "warden", "cctv",   "police",     "integration", "pending"};
    return names.at(static_cast<std::size_t>(c));
}

Right right(Action action, SignerClass signer) {
    for (const auto& row : rows)
        if (row.action == action) return row.cells.at(static_cast<std::size_t>(signer));
    return Right::no;
}

Rights rights_in(const State& state, const Device& device, const Channel& channel) {
    return rights_in(state, device, state.members().at(device.member), channel);
}

Rights rights_in(const State& state, const Device& device, const Member& member,
                 const Channel& channel) {
    if (device.state != DeviceState::active) return {};
    if (!contains(channel.read_roles, member.role)) return {};
    const bool listed =
        member.channels.empty() || channel.all_members ||
        std::binary_search(member.channels.begin(), member.channels.end(), channel.id);
    if (!listed) return {};
    if (channel.requires_agreement && !state.in_good_standing(member)) return {};
    return {true, contains(channel.post_roles, member.role)};
}

Result<void> permitted(const State& state, const Statement& statement,
                       std::span<const Signer> signers, std::uint64_t entry_time_ms) {
    HUECRY_TRY(check_table(state, statement, signers));
    return std::visit(Conditions{state, statement, signers, entry_time_ms}, statement.body);
}

}  // namespace huecry::directory
