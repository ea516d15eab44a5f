#include <algorithm>

#include "api/impl.hpp"

// What the partnership decides: members' standing, policy, quorum, proposals, delegations.
namespace huecry {
namespace {

/// One row a field: its name, and whether one value is looser than another.
struct Field {
    std::string_view name;
    bool (*looser)(const Policy& from, const Policy& to);
};
constexpr std::array fields{
    Field{"in_person_admits",
          [](const Policy& a, const Policy& b) { return b.in_person_admits > a.in_person_admits; }},
    Field{"members_link_devices",
          [](const Policy& a, const Policy& b) {
              return b.members_link_devices > a.members_link_devices;
          }},
    Field{"dormant_days",
          [](const Policy& a, const Policy& b) { return b.dormant_days > a.dormant_days; }},
    Field{"max_alert_s",
          [](const Policy& a, const Policy& b) { return b.max_alert_s > a.max_alert_s; }},
    Field{"max_photo_s",
          [](const Policy& a, const Policy& b) { return b.max_photo_s > a.max_photo_s; }},
    Field{"lease_offline_s",
          [](const Policy& a, const Policy& b) { return b.lease_offline_s > a.lease_offline_s; }},
    Field{"access_log_roles",
          [](const Policy& a, const Policy& b) {
              return (b.access_log_roles & ~a.access_log_roles) != 0;
          }},
    Field{"access_log_days",
          [](const Policy& a, const Policy& b) { return b.access_log_days > a.access_log_days; }},
};

ProposalInfo describe(Client::Impl& me, const directory::State& state,
                      const directory::Proposal& proposal) {
    ProposalInfo out;
    out.id = proposal.id;
    out.author = me.projection().person(proposal.author);
    out.needed = state.quorum();
    out.proposed_ms = proposal.accepted_ms;
    out.expires_ms = proposal.expires_ms;
    const auto* self = state.member_of(me.self().device);
    for (const auto& member : proposal.support) {
        if (self != nullptr && member == self->id) out.supported_by_me = true;
        if (!state.votes(member)) continue;  // has ceased to vote since
        ++out.support;
        const auto name = me.projection().member_name(member);
        out.supporters.push_back(name.empty() ? member.short_hex() : name);
    }
    const auto names = me.names();
    if (const auto statement = directory::Statement::decode(proposal.statement))
        out.what = api::Teller(state, names).sentence(*statement);
    return out;
}

}  // namespace

std::vector<std::string> loosened(const Policy& from, const Policy& to) {
    std::vector<std::string> out;
    for (const auto& field : fields)
        if (field.looser(from, to)) out.emplace_back(field.name);
    return out;
}

Result<Decision> Client::suspend(const MemberId& member) {
    return impl_->decide([member](Impl&) -> Result<directory::Body> {
        return directory::Body{directory::MemberSuspended{member}};
    });
}

Result<Decision> Client::reinstate(const MemberId& member) {
    return impl_->decide([member](Impl&) -> Result<directory::Body> {
        return directory::Body{directory::MemberReinstated{member}};
    });
}

Result<Decision> Client::change_role(const RoleChange& change) {
    return impl_->decide([change](Impl& me) -> Result<directory::Body> {
        HUECRY_TRY_ASSIGN(const auto* state, me.directory());
        const auto* member = state->member(change.member);
        if (member == nullptr) return Errc::not_found;
        directory::MemberRoleChanged body{member->id, change.role.value_or(member->role),
                                          change.channels.value_or(member->channels)};
        std::sort(body.channels.begin(), body.channels.end());
        const auto repeated = std::unique(body.channels.begin(), body.channels.end());
        body.channels.erase(repeated, body.channels.end());
        return directory::Body{body};
    });
}

Result<PolicyInfo> Client::policy() {
    return impl_->call([](Impl& me) -> Result<PolicyInfo> {
        HUECRY_TRY_ASSIGN(const auto* state, me.directory());
        return PolicyInfo{state->policy(), state->policy_version(), state->quorum(),
                          static_cast<std::uint32_t>(state->coordinator_members())};
    });
}

Result<Decision> Client::set_policy(const Policy& policy) {
    return impl_->decide([policy](Impl&) -> Result<directory::Body> {
        return directory::Body{directory::PolicySet{policy}};
    });
}

Result<Decision> Client::set_quorum(std::uint32_t quorum) {
    const auto lower = impl_->call([quorum](Impl& me) -> Result<bool> {
        HUECRY_TRY_ASSIGN(const auto* state, me.directory());
        return quorum < state->quorum();
    });
    if (!lower) return lower.error();
    if (*lower)
        return impl_->decide_as_root(
            [quorum](Impl&) { return directory::Body{directory::QuorumSet{quorum}}; });
    return impl_->decide([quorum](Impl&) -> Result<directory::Body> {
        return directory::Body{directory::QuorumSet{quorum}};
    });
}

Result<std::vector<ProposalInfo>> Client::proposals() {
    return impl_->call([](Impl& me) -> Result<std::vector<ProposalInfo>> {
        HUECRY_TRY_ASSIGN(const auto* state, me.directory());
        const auto now = std::max(me.clock().now_ms(), state->time_ms());
        std::vector<ProposalInfo> out;
        for (const auto& [id, proposal] : state->proposals())
            if (now < proposal.expires_ms) out.push_back(describe(me, *state, proposal));
        std::sort(out.begin(), out.end(),
                  [](auto& a, auto& b) { return a.proposed_ms < b.proposed_ms; });
        return out;
    });
}

Result<Decision> Client::endorse(const StatementId& proposal) {
    HUECRY_TRY_ASSIGN(auto decided, impl_->decide([proposal](Impl& me) -> Result<directory::Body> {
        HUECRY_TRY_ASSIGN(const auto* state, me.directory());
        if (state->proposal(proposal) == nullptr)
            return Error{Errc::not_found, "no such proposal waits"};
        return directory::Body{directory::Endorsed{proposal}};
    }));
    return impl_->call([proposal, decided](Impl& me) mutable -> Result<Decision> {
        HUECRY_TRY_ASSIGN(const auto* state, me.directory());
        const auto* waits = state->proposal(proposal);
        if (waits == nullptr) return decided;
        decided.effective = false;
        decided.proposal = proposal;
        decided.support = static_cast<std::uint32_t>(
            std::count_if(waits->support.begin(), waits->support.end(),
                          [&](const auto& member) { return state->votes(member); }));
        decided.needed = state->quorum();
        decided.expires_ms = waits->expires_ms;
        return decided;
    });
}

Result<std::vector<OrganisationInfo>> Client::organisations() {
    return impl_->call([](Impl& me) -> Result<std::vector<OrganisationInfo>> {
        HUECRY_TRY_ASSIGN(const auto* state, me.directory());
        std::vector<OrganisationInfo> out;
        for (const auto& [id, hash] : state->organisations())
            out.push_back({id, me.projection().organisation_name(id)});
        return out;
    });
}

Result<std::vector<DelegationInfo>> Client::delegations() {
    return impl_->call([](Impl& me) -> Result<std::vector<DelegationInfo>> {
        HUECRY_TRY_ASSIGN(const auto* state, me.directory());
        const auto now = std::max(me.clock().now_ms(), state->time_ms());
        std::vector<DelegationInfo> out;
        for (const auto& one : state->delegations()) {
            DelegationInfo info;
            info.grantor = {one.grantor, me.projection().organisation_name(one.grantor)};
            info.grantee = {one.grantee, me.projection().organisation_name(one.grantee)};
            info.by = one.by;
            info.until_ms = one.until_ms;
            if (one.ended_index != 0)
                info.state = DelegationInfo::State::ended;
            else if (now >= one.until_ms)
                info.state = DelegationInfo::State::over;
            out.push_back(std::move(info));
        }
        return out;
    });
}

Result<Decision> Client::delegate(const OrganisationId& grantee, std::chrono::seconds life) {
    return impl_->decide([grantee, life](Impl& me) -> Result<directory::Body> {
        HUECRY_TRY_ASSIGN(const auto* state, me.directory());
        const auto* self = state->member_of(me.self().device);
        if (self == nullptr) return Errc::not_permitted;
        const auto now = std::max(me.clock().now_ms(), state->time_ms());
        const auto ms = std::chrono::milliseconds(life).count();
        return directory::Body{directory::DelegationGranted{self->organisation, grantee,
                                                            now + static_cast<std::uint64_t>(ms)}};
    });
}

Result<Decision> Client::withdraw_delegation(const OrganisationId& grantor,
                                             const OrganisationId& grantee) {
    return impl_->decide([grantor, grantee](Impl&) -> Result<directory::Body> {
        return directory::Body{directory::DelegationWithdrawn{grantor, grantee}};
    });
}

Result<void> Client::close_channel(const ChannelId& channel) {
    return impl_->state([channel](Impl&) -> Result<directory::Body> {
        return directory::Body{directory::ChannelClosed{channel}};
    });
}

Result<void> Client::restart_channel(const ChannelId& channel) {
    return impl_->state([channel](Impl& me) -> Result<directory::Body> {
        return directory::Body{directory::ChannelRestarted{channel, me.self().device}};
    });
}

}  // namespace huecry
