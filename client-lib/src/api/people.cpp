#include "api/impl.hpp"
#include "domain/text.hpp"
#include "huecry/directory/document_key.hpp"
#include "huecry/directory/invite_keys.hpp"
#include "huecry/directory/safety_phrase.hpp"

// Invites, devices, members.
namespace huecry {
namespace {

constexpr std::uint64_t device_link_s = 3600;  // both devices are in one pair of hands

InviteInfo describe(Client::Impl& me, const directory::Invite& invite, std::uint64_t now_ms) {
    InviteInfo out;
    out.id = invite.id;
    out.role = invite.terms.role;
    out.in_person = invite.terms.in_person;
    out.expires_ms = invite.expires_ms;
    out.for_device = invite.terms.kind == LinkKind::device;
    out.used_by = invite.used_by;
    out.alarmed = invite.alarm_index != 0;
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

std::uint64_t life_ms(const std::optional<std::chrono::seconds>& given, std::uint64_t fallback_s) {
    const auto seconds =
        given.value_or(std::chrono::seconds(static_cast<std::int64_t>(fallback_s)));
    return static_cast<std::uint64_t>(std::chrono::milliseconds(seconds).count());
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

Result<void> make_link(Client::Impl& me, LinkKind kind, NewInvite& out) {
    out.link.kind = kind;
    out.link.secret = me.random().secret(32);
    HUECRY_TRY_ASSIGN(out.keys, directory::invite_keys(out.link.secret.view()));
    out.link.partnership = me.self().partnership;
    out.link.relay = me.relay();
    out.link.partnership_name = me.projection().partnership_name();
    out.body.one_time_key = out.keys.signing.public_key;
    out.body.seal_key = out.keys.seal_public;
    return {};
}

/// So that the text can be read and accepted with nobody online.
Result<void> seal_agreement(Client::Impl& me, const directory::State& state, NewInvite& out) {
    if (!state.agreement()) return {};
    const auto key = me.projection().agreement_key(state.agreement()->version);
    if (!key) return Error{Errc::busy, "the agreement has not reached this device yet"};
    HUECRY_TRY_ASSIGN(out.body.sealed_document_key,
                      directory::seal_document_key(*key, out.keys.seal_public));
    return {};
}

Result<NewInvite> make_invite(Client::Impl& me, const InviteRequest& request) {
    HUECRY_TRY_ASSIGN(const auto* state, me.directory());
    const auto& organisation = request.organisation.empty() ? request.member : request.organisation;
    HUECRY_TRY(domain::check_name(request.member));
    HUECRY_TRY(domain::check_name(organisation));
    NewInvite out;
    HUECRY_TRY(make_link(me, LinkKind::member, out));
    auto& body = out.body;
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
    body.lifetime_ms = life_ms(request.lifetime, limits::invite_expiry_s);
    HUECRY_TRY(seal_agreement(me, *state, out));
    return out;
}

/// The member's own description, as the directory has it.
Result<NewInvite> make_device_link(Client::Impl& me, const DeviceLinkRequest& request) {
    HUECRY_TRY_ASSIGN(const auto* state, me.directory());
    const auto* self = state->member_of(me.self().device);
    if (self == nullptr || !state->is_active(me.self().device)) return Errc::not_permitted;
    NewInvite out;
    HUECRY_TRY(make_link(me, LinkKind::device, out));
    auto& body = out.body;
    body.kind = LinkKind::device;
    body.member = self->id;
    body.member_name_hash = self->name_hash;
    body.organisation = self->organisation;
    body.organisation_name_hash = state->organisations().at(self->organisation);
    body.role = self->role;
    body.channels = self->channels;
    body.in_person = request.in_person;
    body.lifetime_ms = life_ms(request.lifetime, device_link_s);
    HUECRY_TRY(seal_agreement(me, *state, out));
    return out;
}

/// Signed, sent, kept with its names; or the proposal that it is.
Result<InviteInfo> issue(Client::Impl& impl, const std::string& member,
                         const std::string& organisation,
                         std::function<Result<NewInvite>(Client::Impl&)> make) {
    auto made = std::make_shared<std::optional<NewInvite>>();
    HUECRY_TRY_ASSIGN(
        const auto decision,
        impl.decide([made, make = std::move(make)](Client::Impl& me) -> Result<directory::Body> {
            HUECRY_TRY_ASSIGN(auto invite, make(me));
            directory::Body body = invite.body;
            *made = std::move(invite);
            return body;
        }));
    return impl.call([&](Client::Impl& me) -> Result<InviteInfo> {
        const auto& invite = **made;
        const auto id = invite.keys.id();
        HUECRY_TRY(me.engine().store().add_invite_names(id, member, organisation));
        if (!invite.names.empty()) HUECRY_TRY(me.publish_names(invite.names));
        HUECRY_TRY_ASSIGN(const auto* state, me.directory());
        const auto* listed = state->invite(id);
        InviteInfo out;
        if (listed != nullptr) {
            out = describe(me, *listed, me.clock().now_ms());
        } else if (decision.effective) {
            return Errc::internal;
        } else {
            directory::Invite waits;
            waits.id = id;
            waits.terms = invite.body;
            out = describe(me, waits, 0);
            out.expires_ms = 0;
            out.state = InviteInfo::State::proposed;
        }
        out.link = invite.link.text();
        out.decision = decision;
        return out;
    });
}

}  // namespace

Result<InviteInfo> Client::invite(const InviteRequest& request) {
    const auto& organisation = request.organisation.empty() ? request.member : request.organisation;
    return issue(*impl_, request.member, organisation,
                 [request](Impl& me) { return make_invite(me, request); });
}

Result<InviteInfo> Client::link_device(const DeviceLinkRequest& request) {
    HUECRY_TRY_ASSIGN(const auto info, this->info());
    return issue(*impl_, info.self.member_name, info.self.organisation,
                 [request](Impl& me) { return make_device_link(me, request); });
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

Result<Decision> Client::approve(const DeviceId& device) {
    return impl_->decide([device](Impl& me) -> Result<directory::Body> {
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
            info.good_standing = state->in_good_standing(member);
            info.lapsed = !info.good_standing && member.lapsed_index != 0;
            info.suspended = member.suspended_index != 0;
            info.channels = member.channels;
            const auto* self = state->member_of(me.self().device);
            info.self = self != nullptr && self->id == id;
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
            info.seen_ms = device.seen_ms;
            info.successor = device.successor;
            switch (device.state) {
                case directory::DeviceState::pending:
                    info.state = DeviceInfo::State::pending;
                    break;
                case directory::DeviceState::dormant:
                    info.state = DeviceInfo::State::dormant;
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
