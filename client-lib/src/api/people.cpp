#include "api/impl.hpp"
#include "domain/text.hpp"
#include "huecry/directory/document_key.hpp"
#include "huecry/directory/invite_keys.hpp"
#include "huecry/directory/safety_phrase.hpp"

// Invites, devices, members.
namespace huecry {
namespace {

InviteInfo describe(Client::Impl& me, const directory::Invite& invite, std::uint64_t now_ms) {
    InviteInfo out;
    out.id = invite.id;
    out.role = invite.terms.role;
    out.in_person = invite.terms.in_person;
    out.expires_ms = invite.expires_ms;
    if (auto names = me.engine().store().invite_names(invite.id); names && *names) {
        out.member = (*names)->member;
        out.organisation = (*names)->organisation;
    } else {
        out.member = me.projection().member_name(invite.terms.member);
        out.organisation = me.projection().organisation_name(invite.terms.organisation);
    }
    switch (invite.state) {
        case directory::InviteState::used:
            out.state = InviteInfo::State::used;
            break;
        case directory::InviteState::withdrawn:
        case directory::InviteState::voided:
            out.state = InviteInfo::State::withdrawn;
            break;
        case directory::InviteState::open:
            out.state =
                invite.expires_ms <= now_ms ? InviteInfo::State::expired : InviteInfo::State::open;
    }
    return out;
}

/// What an invite is made of, ready before its statement is.
struct NewInvite {
    InviteLink link;
    directory::InviteKeys keys;
    directory::InviteIssued body;
    std::vector<content::v1::NameRecord> names;
};

Result<void> name_organisation(Client::Impl& me, const directory::State& state,
                               const std::string& name, NewInvite& out) {
    if (const auto known = me.projection().organisation_by_name(name)) {
        if (const auto listed = state.organisations().find(*known);
            listed != state.organisations().end()) {
            out.body.organisation = *known;
            out.body.organisation_name_hash = listed->second;
            return {};
        }
    }
    out.body.organisation = me.new_id<OrganisationId>();
    out.names.push_back(make_name(me.random(), 2, out.body.organisation.view(), name));
    out.body.organisation_name_hash = hash_of(out.names.back());
    return {};
}

Result<NewInvite> make_invite(Client::Impl& me, const InviteRequest& request) {
    HUECRY_TRY_ASSIGN(const auto* state, me.directory());
    const auto& organisation = request.organisation.empty() ? request.member : request.organisation;
    HUECRY_TRY(domain::check_name(request.member));
    HUECRY_TRY(domain::check_name(organisation));
    NewInvite out;
    out.link.secret = me.random().secret(32);
    HUECRY_TRY_ASSIGN(out.keys, directory::invite_keys(out.link.secret.view()));
    out.link.partnership = me.self().partnership;
    out.link.relay = me.relay();
    out.link.partnership_name = me.projection().partnership_name();
    auto& body = out.body;
    body.one_time_key = out.keys.signing.public_key;
    body.seal_key = out.keys.seal_public;
    body.member = me.new_id<MemberId>();
    out.names.push_back(make_name(me.random(), 1, body.member.view(), request.member));
    body.member_name_hash = hash_of(out.names.back());
    HUECRY_TRY(name_organisation(me, *state, organisation, out));
    body.role = request.role;
    body.in_person = request.in_person;
    body.channels = request.channels;
    std::sort(body.channels.begin(), body.channels.end());
    const auto repeated = std::unique(body.channels.begin(), body.channels.end());
    body.channels.erase(repeated, body.channels.end());
    body.lifetime_ms = static_cast<std::uint64_t>(
        std::chrono::milliseconds(
            request.lifetime.value_or(std::chrono::seconds(limits::invite_expiry_s)))
            .count());
    if (state->agreement()) {
        const auto key = me.projection().agreement_key(state->agreement()->version);
        if (!key) return Error{Errc::busy, "the agreement has not reached this device yet"};
        HUECRY_TRY_ASSIGN(body.sealed_document_key,
                          directory::seal_document_key(*key, out.keys.seal_public));
    }
    return out;
}

}  // namespace

Result<InviteInfo> Client::invite(const InviteRequest& request) {
    auto made = std::make_shared<std::optional<NewInvite>>();
    HUECRY_TRY(impl_->state([request, made](Impl& me) -> Result<directory::Body> {
        HUECRY_TRY_ASSIGN(auto invite, make_invite(me, request));
        directory::Body body = invite.body;
        *made = std::move(invite);
        return body;
    }));
    return impl_->call([made, request](Impl& me) -> Result<InviteInfo> {
        const auto& invite = **made;
        const auto id = invite.keys.id();
        HUECRY_TRY(me.engine().store().add_invite_names(
            id, request.member,
            request.organisation.empty() ? request.member : request.organisation));
        HUECRY_TRY(me.publish_names(invite.names));
        HUECRY_TRY_ASSIGN(const auto* state, me.directory());
        const auto* listed = state->invite(id);
        if (listed == nullptr) return Errc::internal;
        auto out = describe(me, *listed, me.clock().now_ms());
        out.link = invite.link.text();
        return out;
    });
}

Result<std::vector<InviteInfo>> Client::invites() {
    return impl_->call([](Impl& me) -> Result<std::vector<InviteInfo>> {
        HUECRY_TRY_ASSIGN(const auto* state, me.directory());
        std::vector<const directory::Invite*> sorted;
        for (const auto& [id, invite] : state->invites()) sorted.push_back(&invite);
        std::sort(sorted.begin(), sorted.end(),
                  [](auto* a, auto* b) { return a->issued_index < b->issued_index; });
        std::vector<InviteInfo> out;
        for (const auto* invite : sorted) out.push_back(describe(me, *invite, me.clock().now_ms()));
        return out;
    });
}

Result<void> Client::withdraw_invite(const InviteId& id) {
    return impl_->state([id](Impl&) -> Result<directory::Body> {
        return directory::Body{directory::InviteWithdrawn{id}};
    });
}

Result<std::string> Client::safety_phrase(const DeviceId& device) {
    return impl_->call([device](Impl& me) -> Result<std::string> {
        HUECRY_TRY_ASSIGN(const auto* state, me.directory());
        const auto* listed = state->device(device);
        if (listed == nullptr) return Errc::not_found;
        return directory::safety_phrase(state->partnership(), *listed);
    });
}

Result<void> Client::approve(const DeviceId& device) {
    return impl_->state([device](Impl& me) -> Result<directory::Body> {
        HUECRY_TRY_ASSIGN(const auto* state, me.directory());
        const auto* listed = state->device(device);
        if (listed == nullptr) return Errc::not_found;
        if (listed->state == directory::DeviceState::active)
            return Error{Errc::invalid_argument, "the device is active already"};
        return directory::Body{directory::DeviceApproved{device}};
    });
}

Result<void> Client::revoke(const DeviceId& device) {
    return impl_->state([device](Impl&) -> Result<directory::Body> {
        return directory::Body{directory::DeviceRevoked{device}};
    });
}

Result<std::vector<MemberInfo>> Client::members() {
    return impl_->call([](Impl& me) -> Result<std::vector<MemberInfo>> {
        HUECRY_TRY_ASSIGN(const auto* state, me.directory());
        std::vector<MemberInfo> out;
        for (const auto& [id, member] : state->members()) {
            MemberInfo info;
            info.id = id;
            info.name = me.projection().member_name(id);
            info.organisation = me.projection().organisation_name(member.organisation);
            info.role = member.role;
            info.agreement_accepted = member.accepted_version;
            info.agreement_accepted_ms = member.accepted_ms;
            for (const auto& device : state->devices_of(id))
                if (state->device(device)->state == directory::DeviceState::active)
                    info.devices.push_back(device);
            out.push_back(std::move(info));
        }
        return out;
    });
}

Result<std::vector<DeviceInfo>> Client::devices() {
    return impl_->call([](Impl& me) -> Result<std::vector<DeviceInfo>> {
        HUECRY_TRY_ASSIGN(const auto* state, me.directory());
        std::vector<DeviceInfo> out;
        for (const auto& [id, device] : state->devices()) {
            DeviceInfo info;
            info.id = id;
            info.owner = me.projection().person(id);
            info.admitted_ms = device.admitted_ms;
            info.self = id == me.self().device;
            switch (device.state) {
                case directory::DeviceState::pending:
                case directory::DeviceState::dormant:  // out until it is back
                    info.state = DeviceInfo::State::pending;
                    break;
                case directory::DeviceState::active:
                    info.state = DeviceInfo::State::active;
                    break;
                case directory::DeviceState::revoked:
                    info.state = DeviceInfo::State::revoked;
                    break;
            }
            out.push_back(std::move(info));
        }
        std::sort(out.begin(), out.end(),
                  [](auto& a, auto& b) { return a.admitted_ms < b.admitted_ms; });
        return out;
    });
}

}  // namespace huecry
