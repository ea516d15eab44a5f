#include <algorithm>

#include "directory/conditions.hpp"
#include "huecry/limits.hpp"

// The agreement, delegations, and the partnership's own affairs.
namespace huecry::directory {

Result<void> Conditions::operator()(const AgreementPublished& b) const {
    const auto current = state.agreement() ? state.agreement()->version : 0;
    if (statement.object_version != current) return conflict("the agreement changed");
    // One that was used or withdrawn meanwhile does no harm; one that never was is an error.
    for (const auto& s : b.sealed)
        if (state.invite(s.invite) == nullptr) return Errc::invite_unknown;
    return {};
}

Result<void> Conditions::operator()(const AgreementAccepted& b) const {
    if (!state.agreement() || state.agreement()->version != b.version)
        return conflict("this is not the current agreement");
    const auto* self = device();
    const auto* member = self == nullptr ? nullptr : state.member(self->member);
    if (member == nullptr || member->accepted_version == b.version)
        return conflict("it has been accepted");
    return {};
}

Result<void> Conditions::operator()(const AgreementLapsed& b) const {
    if (!state.agreement() || state.agreement()->version != b.version)
        return conflict("this is not the current agreement");
    if (now_ms < state.agreement()->deadline_ms) return conflict("the deadline is not past");
    for (const auto& id : b.members) {
        const auto* member = state.member(id);
        if (member == nullptr || !member->in_grace) return conflict("a member is not due");
    }
    return {};
}

Result<void> Conditions::operator()(const DelegationGranted& b) const {
    if (b.until_ms <= now_ms) return conflict("it would be over already");
    if (b.until_ms > now_ms + limits::max_delegation_s * 1000)
        return conflict("it would run too long");
    const auto& members = state.members();
    if (std::none_of(members.begin(), members.end(), [&](const auto& e) {
            return e.second.organisation == b.grantee && e.second.role == Role::security;
        }))
        return conflict("no security member is of that organisation");
    return {};
}

Result<void> Conditions::operator()(const DelegationWithdrawn& b) const {
    const auto& all = state.delegations();
    if (std::none_of(all.begin(), all.end(), [&](const auto& d) {
            return d.grantor == b.grantor && d.grantee == b.grantee && d.ended_index == 0 &&
                   now_ms < d.until_ms;
        }))
        return conflict("no such delegation runs");
    return {};
}

Result<void> Conditions::operator()(const PolicySet& b) const {
    if (statement.object_version != state.policy_version()) return conflict("the policy changed");
    if (b.policy == state.policy()) return conflict("nothing would change");
    return {};
}

Result<void> Conditions::operator()(const QuorumSet& b) const {
    if (statement.object_version != state.quorum()) return conflict("the quorum changed");
    if (b.quorum == state.quorum()) return conflict("nothing would change");
    const bool lower = b.quorum < state.quorum();
    if (lower && device() != nullptr) return forbidden("only the root lowers the quorum");
    if (!lower && b.quorum > state.coordinator_members())
        return conflict("there are fewer coordinators");
    return {};
}

Result<void> Conditions::operator()(const Endorsed& b) const {
    const auto* proposal = state.proposal(b.statement);
    if (proposal == nullptr) return conflict("nothing of the kind is proposed");
    if (now_ms >= proposal->expires_ms) return conflict("the proposal has expired");
    const auto* self = device();
    if (self == nullptr ||
        std::binary_search(proposal->support.begin(), proposal->support.end(), self->member))
        return conflict("the member supports it already");
    return {};
}

Result<void> Conditions::operator()(const RelayMoved& b) const {
    const RelayAddress address{b.host, b.port, b.relay_key};
    return address == state.relay() ? conflict("it is there already") : Result<void>{};
}

Result<void> Conditions::operator()(const ProtocolVersionSet& b) const {
    if (b.version <= state.protocol()) return conflict("the version only grows");
    return {};
}

Result<void> Conditions::operator()(const RootRotated& b) const {
    if (root_hash(b.root_key) != state.next_root_hash())
        return forbidden("not the root key that was committed to");
    return {};
}

Result<void> Conditions::operator()(const StoreRestored& b) const {
    if (b.generation <= state.generation()) return conflict("the generation only grows");
    return {};
}

}  // namespace huecry::directory
