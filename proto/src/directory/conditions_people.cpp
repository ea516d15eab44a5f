#include <algorithm>

#include "directory/conditions.hpp"
#include "huecry/limits.hpp"

// Invites, devices, members.
namespace huecry::directory {
namespace {

bool described(const Member& member, const InviteIssued& b) {
    return member.role == b.role && member.name_hash == b.member_name_hash &&
           member.organisation == b.organisation && member.channels == b.channels;
}

Result<void> channels_exist(const State& state, const std::vector<ChannelId>& channels) {
    for (const auto& channel : channels)
        if (state.channel(channel) == nullptr) return conflict("no such channel");
    return {};
}

/// The active devices that the coordinators would lose with this member.
std::size_t coordinating_devices(const State& state, const Member& member) {
    if (member.role != Role::coordinator || member.suspended_index != 0) return 0;
    std::size_t out = 0;
    for (const auto& id : state.devices_of(member.id))
        if (state.is_active(id)) ++out;
    return out;
}

/// Both keys under an admission, as its blocks name them.
Result<void> verify_admission(const Invite& invite, const DeviceAdmitted& b,
                              const SignedStatement& outer) {
    const std::array signers{Signer::invite(b.invite),
                             Signer::new_device(device_id_of(b.signing_key))};
    const std::array keys{invite.terms.one_time_key, b.signing_key};
    if (outer.signatures.size() != signers.size()) return forbidden("signed otherwise");
    for (std::size_t i = 0; i < signers.size(); ++i) {
        const auto& block = outer.signatures[i];
        if (block.signer != signers.at(i)) return forbidden("signed otherwise");
        if (!verify_labelled(keys.at(i), statement_label, outer.statement, block.signature))
            return Errc::statement_signature;
    }
    return {};
}

}  // namespace

const Device* Conditions::device() const {
    const auto found = std::find_if(signers.begin(), signers.end(),
                                    [](const auto& s) { return s.kind == SignerKind::device; });
    return found == signers.end() ? nullptr : state.device(DeviceId(found->id));
}

bool Conditions::by_coordinator() const {
    const auto* d = device();
    return d != nullptr && state.members().at(d->member).role == Role::coordinator;
}

Result<void> Conditions::operator()(const Genesis&) const {
    return forbidden("there is a genesis");
}

Result<void> Conditions::operator()(const InviteIssued& b) const {
    if (state.invite(invite_id_of(b.one_time_key)) != nullptr) return conflict("invite exists");
    const auto* issuer = device();
    if (b.kind == LinkKind::device) {
        // Only a device of the member itself: nobody makes a device that counts as another.
        if (issuer == nullptr || issuer->member != b.member)
            return forbidden("a device link is made by a device of the same member");
        if (!state.policy().members_link_devices && !by_coordinator())
            return forbidden("the policy leaves further devices to coordinators");
    }
    const auto organisation = state.organisations().find(b.organisation);
    if (organisation != state.organisations().end() &&
        organisation->second != b.organisation_name_hash)
        return conflict("the organisation has another name");
    HUECRY_TRY(channels_exist(state, b.channels));
    const auto* member = state.member(b.member);
    if (member == nullptr)
        return b.kind == LinkKind::member ? Result<void>{} : conflict("no such member");
    if (!described(*member, b)) return conflict("the member is described otherwise");
    if (member->suspended_index != 0) return conflict("the member is suspended");
    return {};
}

Result<void> Conditions::operator()(const InviteWithdrawn& b) const {
    const auto* invite = state.invite(b.invite);
    if (invite == nullptr) return Errc::invite_unknown;
    if (invite->state != InviteState::open) return conflict("the invite is closed already");
    return {};
}

Result<void> Conditions::operator()(const InviteAlarmed& b) const {
    HUECRY_TRY_ASSIGN(const auto outer, SignedStatement::decode(b.evidence));
    HUECRY_TRY_ASSIGN(const auto refused, Statement::decode(outer.statement));
    const auto* admitted = std::get_if<DeviceAdmitted>(&refused.body);
    if (admitted == nullptr || refused.partnership != state.partnership())
        return forbidden("no admission to this partnership");
    const auto* invite = state.invite(admitted->invite);
    if (invite == nullptr) return Errc::invite_unknown;
    HUECRY_TRY(verify_admission(*invite, *admitted, outer));
    const auto second = device_id_of(admitted->signing_key);
    if (invite->state != InviteState::used || invite->used_by == second)
        return conflict("no second use");
    if (invite->alarm_index != 0) return conflict("the alarm has been raised");
    return {};
}

Result<void> Conditions::operator()(const DeviceAdmitted& b) const {
    const auto* invite = state.invite(b.invite);
    if (invite == nullptr) return Errc::invite_unknown;
    const auto id = device_id_of(b.signing_key);
    for (const auto& signer : signers) {
        const bool one_time = signer.kind == SignerKind::invite;
        if (signer != (one_time ? Signer::invite(b.invite) : Signer::new_device(id)))
            return forbidden("signed by another invite or device");
    }
    if (invite->state == InviteState::used && invite->used_by == id)
        return Error{Errc::statement_repeated, "the device is admitted already"};
    if (invite->state == InviteState::used) return Errc::invite_used;
    if (invite->state != InviteState::open) return Errc::invite_withdrawn;
    if (now_ms >= invite->expires_ms) return Errc::invite_expired;
    if (state.device(id) != nullptr) return conflict("the device exists");
    if (const auto* member = state.member(invite->terms.member)) {
        if (member->joined_index > invite->issued_index)
            return conflict("the member has joined by another invite");
        if (member->role != invite->terms.role) return conflict("the member's role has changed");
        if (member->suspended_index != 0) return conflict("the member is suspended");
    }
    if (state.devices().size() >= limits::max_devices)
        return Error{Errc::quota_exceeded, "devices"};
    return {};
}

Result<void> Conditions::operator()(const DeviceApproved& b) const {
    const auto* waiting = state.device(b.device);
    if (waiting == nullptr || waiting->state != DeviceState::pending)
        return conflict("the device does not wait for approval");
    const auto* signer = device();
    if (signer == nullptr || state.quorum() == 1 || !waiting->invite) return {};
    // With a quorum nobody but the member itself makes a further device that votes as it does.
    const bool linked = state.invite(*waiting->invite)->terms.kind == LinkKind::device;
    if (linked && privileged(state.members().at(waiting->member).role) &&
        signer->member != waiting->member)
        return forbidden("its own member approves a further device");
    return {};
}

Result<void> Conditions::operator()(const DeviceRevoked& b) const {
    const auto* other = state.device(b.device);
    if (other == nullptr || other->state == DeviceState::revoked)
        return conflict("the device is not in the directory any more");
    const auto& member = state.members().at(other->member);
    if (member.role == Role::coordinator && state.is_active(b.device) &&
        state.active_coordinators() == 1)
        return Errc::last_coordinator;
    return {};
}

Result<void> Conditions::operator()(const DeviceDormant& b) const {
    const auto days = std::uint64_t{state.policy().dormant_days} * 86'400'000;
    const auto* self = device();
    std::size_t coordinators = 0;
    for (const auto& id : b.devices) {
        if (self != nullptr && self->id == id) return conflict("the signing device is there");
        const auto* other = state.device(id);
        if (other == nullptr || !state.is_active(id)) return conflict("a device is not active");
        if (now_ms < other->seen_ms + days) return conflict("a device is not due");
        if (state.members().at(other->member).role == Role::coordinator) ++coordinators;
    }
    // The signer stays, unless this is judged without one.
    if (coordinators >= state.active_coordinators()) return Errc::last_coordinator;
    return {};
}

Result<void> Conditions::operator()(const DeviceReturned&) const { return {}; }

Result<void> Conditions::operator()(const DeviceKeyRotated& b) const {
    const auto id = device_id_of(b.signing_key);
    for (const auto& signer : signers)
        if (signer.kind == SignerKind::new_device && signer != Signer::new_device(id))
            return forbidden("signed by another new key");
    if (state.device(id) != nullptr) return conflict("the device exists");
    if (state.devices().size() >= limits::max_devices)
        return Error{Errc::quota_exceeded, "devices"};
    return {};
}

Result<void> Conditions::operator()(const MemberSuspended& b) const {
    const auto* member = state.member(b.member);
    if (member == nullptr) return conflict("no such member");
    if (member->suspended_index != 0) return conflict("the member is suspended already");
    const auto lost = coordinating_devices(state, *member);
    return lost != 0 && lost == state.active_coordinators() ? Errc::last_coordinator
                                                            : Result<void>{};
}

Result<void> Conditions::operator()(const MemberReinstated& b) const {
    const auto* member = state.member(b.member);
    if (member == nullptr || member->suspended_index == 0)
        return conflict("the member is not suspended");
    return {};
}

Result<void> Conditions::operator()(const MemberRoleChanged& b) const {
    const auto* member = state.member(b.member);
    if (member == nullptr) return conflict("no such member");
    // Its devices count: who endorses must have seen the same ones.
    if (member->version != statement.object_version) return conflict("the member changed");
    if (member->role == b.role && member->channels == b.channels)
        return conflict("nothing would change");
    HUECRY_TRY(channels_exist(state, b.channels));
    const auto lost = b.role == Role::coordinator ? 0 : coordinating_devices(state, *member);
    return lost != 0 && lost == state.active_coordinators() ? Errc::last_coordinator
                                                            : Result<void>{};
}

}  // namespace huecry::directory
