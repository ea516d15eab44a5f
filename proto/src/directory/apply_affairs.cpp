#include "directory/apply.hpp"

// The agreement, delegations, and the partnership's own affairs.
namespace huecry::directory {

void Apply::operator()(const AgreementPublished& b) {
    // Grace is for those who are members now and were in good standing: it never lets anybody in.
    auto own = state_.by_member_.begin();  // the same members in the same order
    for (auto& [id, member] : state_.members_) {
        member.in_grace = own->second.active > 0 && state_.in_good_standing(member);
        ++own;
    }
    Agreement agreement;
    agreement.version = b.version;
    agreement.text_digest = b.text_digest;
    agreement.blob = b.blob;
    agreement.text_size = b.text_size;
    agreement.published_index = out_.index;
    agreement.published_ms = out_.accepted_ms;
    agreement.deadline_ms = out_.accepted_ms + b.deadline_ms;
    agreement.publisher = author_;
    state_.agreement_ = agreement;
    for (const auto& s : b.sealed) {
        auto& invite = state_.invites_.at(s.invite);
        if (invite.state == InviteState::open) invite.terms.sealed_document_key = s.sealed;
    }
    event({.kind = EventKind::agreement_published, .device = author_, .version = b.version});
    accept(member_of(author_), b.version);
}

void Apply::operator()(const AgreementAccepted& b) { accept(member_of(author_), b.version); }

void Apply::operator()(const AgreementLapsed& b) {
    std::vector<std::uint32_t> devices;
    for (const auto& id : b.members) {
        auto& own = state_.by_member_.at(id);
        own.member->in_grace = false;
        own.member->lapsed_index = out_.index;
        for (const auto* device : own.devices) devices.push_back(device->number);
        event({.kind = EventKind::agreement_lapsed, .member = id, .version = b.version});
    }
    refresh_gated(std::move(devices));
}

void Apply::accept(Member& member, std::uint32_t version) {
    member.accepted_version = version;
    member.accepted_ms = out_.accepted_ms;
    member.in_grace = false;
    refresh(member);
    event({.kind = EventKind::agreement_accepted, .member = member.id, .version = version});
}

void Apply::operator()(const DelegationGranted& b) {
    for (auto& d : state_.delegations_)
        if (d.ended_index == 0 && d.grantor == b.grantor && d.grantee == b.grantee) end(d);
    Delegation delegation;
    delegation.grantor = b.grantor;
    delegation.grantee = b.grantee;
    delegation.by = member_of(author_).id;
    delegation.granted_index = out_.index;
    delegation.until_ms = b.until_ms;
    state_.delegations_.push_back(delegation);
    event({.kind = EventKind::delegation_granted,
           .member = delegation.by,
           .organisation = b.grantor,
           .other_organisation = b.grantee});
}

void Apply::operator()(const DelegationWithdrawn& b) {
    for (auto& d : state_.delegations_)
        if (d.ended_index == 0 && d.grantor == b.grantor && d.grantee == b.grantee) end(d);
}

void Apply::end(Delegation& delegation) {
    delegation.ended_index = out_.index;
    event({.kind = EventKind::delegation_ended,
           .organisation = delegation.grantor,
           .other_organisation = delegation.grantee});
}

void Apply::end_delegations(const MemberId& by) {
    for (auto& d : state_.delegations_)
        if (d.ended_index == 0 && d.by == by) end(d);
}

void Apply::operator()(const PolicySet& b) {
    state_.policy_ = b.policy;
    ++state_.policy_version_;
    event({.kind = EventKind::policy_set, .version = state_.policy_version_});
}

void Apply::operator()(const QuorumSet& b) {
    state_.quorum_ = b.quorum;
    event({.kind = EventKind::quorum_set, .version = b.quorum});
}

void Apply::operator()(const RelayMoved& b) {
    // Another relay has a store of its own, which begins with its first generation.
    if (b.relay_key != state_.relay_key()) state_.generation_ = 1;
    state_.relays_.push_back({out_.index, {b.host, b.port, b.relay_key}});
    event({.kind = EventKind::relay_moved});
}

void Apply::operator()(const ProtocolVersionSet& b) {
    state_.protocol_ = b.version;
    event({.kind = EventKind::protocol_version_set, .version = b.version});
}

void Apply::operator()(const RootRotated& b) {
    state_.root_key_ = b.root_key;
    state_.next_root_hash_ = b.next_root_hash;
    event({.kind = EventKind::root_rotated});
}

void Apply::operator()(const StoreRestored& b) {
    state_.generation_ = b.generation;
    state_.restored_index_ = out_.index;
    event({.kind = EventKind::store_restored, .version = b.generation});
}

}  // namespace huecry::directory
