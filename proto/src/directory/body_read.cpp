#include <algorithm>

#include "directory/body_codec.hpp"
#include "huecry/limits.hpp"

namespace huecry::directory {
namespace {

constexpr std::size_t max_host = 253;
constexpr std::uint8_t flag_all_members = 1;

bool host_allowed(std::string_view host) {
    return !host.empty() &&
           host.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-:_%") == host.npos;
}

/// A list's one form: strictly ascending, so that nothing stands twice.
template <class Range, class Key>
bool ascending(const Range& range, Key key) {
    for (std::size_t i = 1; i < range.size(); ++i)
        if (!(key(range[i - 1]) < key(range[i]))) return false;
    return true;
}
constexpr auto itself = [](const auto& id) { return id; };

/// A boolean octet: 0 or 1, nothing else.
bool read_bool(Reader& r) { return r.present(); }

template <class IdType>
std::vector<IdType> read_ids(Reader& r, std::size_t max) {
    auto inner = r.vector(max * IdType::size);
    std::vector<IdType> out;
    out.reserve(inner.left() / IdType::size);
    while (!inner.empty()) out.push_back(read_id<IdType>(inner));
    if (!inner.ok()) r.fail();
    return out;
}

Channel read_channel(Reader& r, BodyReading& out) {
    Channel c;
    c.id = read_id<ChannelId>(r);
    c.name_hash = read_id<Digest>(r);
    c.read_roles = r.u16();
    c.post_roles = r.u16();
    c.requires_agreement = read_bool(r);
    c.max_alert_s = r.u32();
    c.max_photo_s = r.u32();
    const auto flags = r.u8();
    c.all_members = (flags & flag_all_members) != 0;
    c.creator = read_id<DeviceId>(r);
    out.unknown |= ((c.read_roles | c.post_roles) & ~every_role) != 0;
    out.unknown |= (flags & ~flag_all_members) != 0;
    out.ill_formed |= c.read_roles == 0 || (c.post_roles & ~c.read_roles) != 0;
    out.ill_formed |= c.max_photo_s == 0 || c.max_photo_s > c.max_alert_s;
    out.ill_formed |= c.max_alert_s > limits::max_life_s;
    // The all-members channel carries names and agreements: nobody may be kept out of it.
    out.ill_formed |= c.all_members && (c.read_roles != every_role || c.requires_agreement);
    out.ill_formed |= c.id.is_zero();
    return c;
}

Genesis read_genesis(Reader& r, BodyReading& out) {
    Genesis g;
    g.root_key = read_id<PublicKey>(r);
    g.next_root_hash = read_id<Digest>(r);
    g.relay_key = read_id<PublicKey>(r);
    g.relay_port = r.u16();
    g.relay_host = to_string(r.opaque(max_host));
    g.member = read_id<MemberId>(r);
    g.signing_key = read_id<PublicKey>(r);
    g.sealing_key = read_id<PublicKey>(r);
    g.member_name_hash = read_id<Digest>(r);
    g.organisation = read_id<OrganisationId>(r);
    g.organisation_name_hash = read_id<Digest>(r);
    g.partnership_name_hash = read_id<Digest>(r);
    g.all_members = read_channel(r, out);
    g.protocol_version = r.u16();
    out.unknown |= g.protocol_version != 1;
    out.ill_formed |= g.relay_port == 0 || !host_allowed(g.relay_host);
    out.ill_formed |= !g.all_members.all_members;
    out.ill_formed |= g.all_members.creator != device_id_of(g.signing_key);
    out.ill_formed |= g.member.is_zero() || g.organisation.is_zero();
    return g;
}

InviteIssued read_invite(Reader& r, BodyReading& out) {
    InviteIssued b;
    b.one_time_key = read_id<PublicKey>(r);
    b.seal_key = read_id<PublicKey>(r);
    const auto kind = r.u8();
    b.kind = static_cast<LinkKind>(kind);
    b.member = read_id<MemberId>(r);
    b.member_name_hash = read_id<Digest>(r);
    b.organisation = read_id<OrganisationId>(r);
    b.organisation_name_hash = read_id<Digest>(r);
    const auto role = role_from_number(r.u8());
    b.role = role.value_or(Role::integration);
    b.in_person = read_bool(r);
    b.channels = read_ids<ChannelId>(r, limits::max_invite_channels);
    b.lifetime_ms = r.u64();
    b.sealed_document_key = to_bytes(r.opaque(limits::max_sealed_key));
    out.unknown |= !role || kind < 1 || kind > 2;
    out.ill_formed |= !ascending(b.channels, itself);
    out.ill_formed |= b.lifetime_ms == 0 || b.lifetime_ms > limits::max_invite_s * 1000;
    out.ill_formed |= b.member.is_zero() || b.organisation.is_zero();
    return b;
}

AgreementPublished read_published(Reader& r, BodyReading& out) {
    AgreementPublished b;
    b.version = r.u32();
    b.text_digest = read_id<Digest>(r);
    b.blob = read_id<BlobId>(r);
    b.text_size = r.u32();
    b.deadline_ms = r.u64();
    auto inner = r.vector(limits::max_statement);
    while (!inner.empty()) {
        SealedForInvite s;
        s.invite = read_id<InviteId>(inner);
        s.sealed = to_bytes(inner.opaque(limits::max_sealed_key));
        out.ill_formed |= s.sealed.empty();
        b.sealed.push_back(std::move(s));
    }
    if (!inner.ok()) r.fail();
    out.ill_formed |= !ascending(b.sealed, [](const auto& s) { return s.invite; });
    out.ill_formed |= b.sealed.size() > limits::max_sealed_invites;
    out.ill_formed |= b.version == 0 || b.text_size == 0 || b.text_size > limits::max_agreement;
    out.ill_formed |= b.deadline_ms == 0 || b.deadline_ms > limits::max_agreement_deadline_s * 1000;
    return b;
}

AgreementLapsed read_lapsed(Reader& r, BodyReading& out) {
    AgreementLapsed b;
    b.version = r.u32();
    b.members = read_ids<MemberId>(r, limits::max_lapsed);
    out.ill_formed |= b.version == 0 || b.members.empty();
    out.ill_formed |= !ascending(b.members, itself);
    return b;
}

DeviceAdmitted read_admitted(Reader& r) {
    DeviceAdmitted b;
    b.invite = read_id<InviteId>(r);
    b.signing_key = read_id<PublicKey>(r);
    b.sealing_key = read_id<PublicKey>(r);
    return b;
}

DeviceDormant read_dormant(Reader& r, BodyReading& out) {
    DeviceDormant b{read_ids<DeviceId>(r, limits::max_dormant)};
    out.ill_formed |= b.devices.empty() || !ascending(b.devices, itself);
    return b;
}

DeviceKeyRotated read_rotated(Reader& r) {
    DeviceKeyRotated b;
    b.signing_key = read_id<PublicKey>(r);
    b.sealing_key = read_id<PublicKey>(r);
    return b;
}

MemberRoleChanged read_role_changed(Reader& r, BodyReading& out) {
    MemberRoleChanged b;
    b.member = read_id<MemberId>(r);
    const auto role = role_from_number(r.u8());
    b.role = role.value_or(Role::integration);
    b.channels = read_ids<ChannelId>(r, limits::max_invite_channels);
    out.unknown |= !role;
    out.ill_formed |= !ascending(b.channels, itself);
    return b;
}

ChannelRestarted read_restarted(Reader& r) {
    ChannelRestarted b;
    b.channel = read_id<ChannelId>(r);
    b.creator = read_id<DeviceId>(r);
    return b;
}

DelegationGranted read_granted(Reader& r, BodyReading& out) {
    DelegationGranted b;
    b.grantor = read_id<OrganisationId>(r);
    b.grantee = read_id<OrganisationId>(r);
    b.until_ms = r.u64();
    out.ill_formed |= b.grantor == b.grantee || b.until_ms == 0;
    return b;
}

DelegationWithdrawn read_withdrawn(Reader& r) {
    DelegationWithdrawn b;
    b.grantor = read_id<OrganisationId>(r);
    b.grantee = read_id<OrganisationId>(r);
    return b;
}

PolicySet read_policy(Reader& r, BodyReading& out) {
    Policy p;
    p.in_person_admits = read_bool(r);
    p.members_link_devices = read_bool(r);
    p.dormant_days = r.u16();
    p.max_alert_s = r.u32();
    p.max_photo_s = r.u32();
    p.lease_offline_s = r.u32();
    p.access_log_roles = r.u16();
    p.access_log_days = r.u16();
    out.unknown |= (p.access_log_roles & ~every_role) != 0;
    out.ill_formed |=
        p.dormant_days < limits::min_dormant_days || p.dormant_days > limits::max_policy_days;
    out.ill_formed |= p.max_photo_s == 0 || p.max_photo_s > p.max_alert_s;
    out.ill_formed |= p.max_alert_s > limits::max_life_s;
    out.ill_formed |= p.lease_offline_s > limits::lease_offline_s;
    out.ill_formed |= p.access_log_days == 0 || p.access_log_days > limits::max_policy_days;
    return {p};
}

RejoinRequested read_rejoin(Reader& r, BodyReading& out) {
    RejoinRequested b;
    const auto reason = r.u8();
    b.reason = static_cast<RejoinReason>(reason);
    auto inner = r.vector(limits::max_statement);
    while (!inner.empty()) {
        RejoinChannel c;
        c.channel = read_id<ChannelId>(inner);
        c.key_package = to_bytes(inner.opaque(limits::max_key_package));
        out.ill_formed |= c.key_package.empty();
        b.channels.push_back(std::move(c));
    }
    if (!inner.ok()) r.fail();
    out.unknown |= reason < 1 || reason > 3;
    out.ill_formed |= b.channels.empty() || b.channels.size() > limits::max_rejoin_channels;
    out.ill_formed |= !ascending(b.channels, [](const auto& c) { return c.channel; });
    return b;
}

MayNotCommit read_may_not_commit(Reader& r) {
    MayNotCommit b;
    b.channel = read_id<ChannelId>(r);
    b.device = read_id<DeviceId>(r);
    b.barred = read_bool(r);
    return b;
}

CommitComplained read_complained(Reader& r) {
    CommitComplained b;
    b.channel = read_id<ChannelId>(r);
    b.incarnation = r.u32();
    b.commit = read_id<MessageId>(r);
    b.committer = read_id<DeviceId>(r);
    return b;
}

ChannelAnchored read_anchored(Reader& r, BodyReading& out) {
    ChannelAnchored b;
    auto inner = r.vector(limits::max_anchors * anchor_size);
    while (!inner.empty()) b.anchors.push_back(read_anchor(inner));
    if (!inner.ok()) r.fail();
    out.ill_formed |= b.anchors.empty();
    out.ill_formed |= !ascending(b.anchors, [](const auto& a) { return a.channel; });
    return b;
}

RelayMoved read_moved(Reader& r, BodyReading& out) {
    RelayMoved b;
    b.relay_key = read_id<PublicKey>(r);
    b.port = r.u16();
    b.host = to_string(r.opaque(max_host));
    out.ill_formed |= b.port == 0 || !host_allowed(b.host);
    return b;
}

RootRotated read_root(Reader& r, BodyReading& out) {
    RootRotated b;
    b.root_key = read_id<PublicKey>(r);
    b.next_root_hash = read_id<Digest>(r);
    // One step is one key: committing to the same key again would end the protection.
    out.ill_formed |= b.next_root_hash == root_hash(b.root_key);
    return b;
}

/// Actions 1 to 11: people, devices, channels, agreements.
std::optional<Body> read_first(Action action, Reader& r, BodyReading& out) {
    switch (action) {
        case Action::genesis:
            return read_genesis(r, out);
        case Action::invite_issued:
            return read_invite(r, out);
        case Action::invite_withdrawn:
            return InviteWithdrawn{read_id<InviteId>(r)};
        case Action::device_admitted:
            return read_admitted(r);
        case Action::device_approved:
            return DeviceApproved{read_id<DeviceId>(r)};
        case Action::device_revoked:
            return DeviceRevoked{read_id<DeviceId>(r)};
        case Action::channel_defined:
            return ChannelDefined{read_channel(r, out)};
        case Action::channel_changed:
            return ChannelChanged{read_channel(r, out)};
        case Action::agreement_published:
            return read_published(r, out);
        case Action::agreement_accepted: {
            const AgreementAccepted accepted{r.u32()};
            out.ill_formed |= accepted.version == 0;
            return accepted;
        }
        case Action::agreement_lapsed:
            return read_lapsed(r, out);
        default:
            return std::nullopt;
    }
}

/// Actions 12 to 25: what becomes of members, channels and groups.
std::optional<Body> read_second(Action action, Reader& r, BodyReading& out) {
    switch (action) {
        case Action::device_dormant:
            return read_dormant(r, out);
        case Action::device_key_rotated:
            return read_rotated(r);
        case Action::member_suspended:
            return MemberSuspended{read_id<MemberId>(r)};
        case Action::member_reinstated:
            return MemberReinstated{read_id<MemberId>(r)};
        case Action::member_role_changed:
            return read_role_changed(r, out);
        case Action::channel_restarted:
            return read_restarted(r);
        case Action::channel_closed:
            return ChannelClosed{read_id<ChannelId>(r)};
        case Action::delegation_granted:
            return read_granted(r, out);
        case Action::delegation_withdrawn:
            return read_withdrawn(r);
        case Action::policy_set:
            return read_policy(r, out);
        case Action::rejoin_requested:
            return read_rejoin(r, out);
        case Action::may_not_commit:
            return read_may_not_commit(r);
        case Action::commit_complained:
            return read_complained(r);
        case Action::channel_anchored:
            return read_anchored(r, out);
        default:
            return std::nullopt;
    }
}

/// Actions 26 to 34: the partnership's own affairs.
std::optional<Body> read_third(Action action, Reader& r, BodyReading& out) {
    switch (action) {
        case Action::relay_moved:
            return read_moved(r, out);
        case Action::protocol_version_set: {
            const ProtocolVersionSet set{r.u16()};
            out.unknown |= set.version != 1;
            return set;
        }
        case Action::root_rotated:
            return read_root(r, out);
        case Action::quorum_set: {
            const QuorumSet set{r.u32()};
            out.ill_formed |= set.quorum == 0;
            return set;
        }
        case Action::endorsed:
            return Endorsed{read_id<StatementId>(r)};
        case Action::store_restored:
            return StoreRestored{r.u64()};
        case Action::device_returned:
            return DeviceReturned{};
        case Action::rejoin_approved:
            return RejoinApproved{read_id<DeviceId>(r)};
        case Action::invite_alarmed: {
            InviteAlarmed alarmed{to_bytes(r.opaque(limits::max_evidence))};
            out.ill_formed |= alarmed.evidence.empty();
            return alarmed;
        }
        default:
            return std::nullopt;
    }
}

}  // namespace

Anchor read_anchor(Reader& r) {
    Anchor a;
    a.channel = read_id<ChannelId>(r);
    a.incarnation = r.u32();
    a.epoch = r.u64();
    a.authenticator = read_id<Digest>(r);
    a.seq = r.u64();
    a.hash = read_id<Digest>(r);
    return a;
}

std::optional<BodyReading> read_body(Action action, Reader& r) {
    BodyReading out;
    for (const auto read : {read_first, read_second, read_third}) {
        auto body = read(action, r, out);
        if (!body) continue;
        out.body = std::move(*body);
        return out;
    }
    return std::nullopt;
}

}  // namespace huecry::directory
