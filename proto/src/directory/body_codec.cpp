#include "directory/body_codec.hpp"

#include <algorithm>

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

void write(Writer& w, const Channel& c) {
    w.raw(c.id.view()).raw(c.name_hash.view()).u16(c.read_roles).u16(c.post_roles);
    w.u8(c.requires_agreement ? 1 : 0).u32(c.max_alert_s).u32(c.max_photo_s);
    w.u8(c.all_members ? flag_all_members : 0).raw(c.creator.view());
}
void write(Writer& w, const Genesis& g) {
    w.raw(g.root_key.view()).raw(g.next_root_hash.view()).raw(g.relay_key.view());
    w.u16(g.relay_port).opaque(view(g.relay_host)).raw(g.member.view());
    w.raw(g.signing_key.view()).raw(g.sealing_key.view()).raw(g.member_name_hash.view());
    w.raw(g.organisation.view()).raw(g.organisation_name_hash.view());
    w.raw(g.partnership_name_hash.view());
    write(w, g.all_members);
    w.u16(g.protocol_version);
}
void write(Writer& w, const InviteIssued& b) {
    w.raw(b.one_time_key.view()).raw(b.seal_key.view()).u8(static_cast<std::uint8_t>(b.kind));
    w.raw(b.member.view()).raw(b.member_name_hash.view());
    w.raw(b.organisation.view()).raw(b.organisation_name_hash.view());
    w.u8(static_cast<std::uint8_t>(b.role)).u8(b.in_person ? 1 : 0);
    w.vector([&](Writer& inner) {
        for (const auto& c : b.channels) inner.raw(c.view());
    });
    w.u64(b.lifetime_ms).opaque(b.sealed_document_key);
}
void write(Writer& w, const InviteWithdrawn& b) { w.raw(b.invite.view()); }
void write(Writer& w, const DeviceAdmitted& b) {
    w.raw(b.invite.view()).raw(b.signing_key.view()).raw(b.sealing_key.view());
}
void write(Writer& w, const DeviceApproved& b) { w.raw(b.device.view()); }
void write(Writer& w, const DeviceRevoked& b) { w.raw(b.device.view()); }
void write(Writer& w, const ChannelDefined& b) { write(w, b.channel); }
void write(Writer& w, const ChannelChanged& b) { write(w, b.channel); }
void write(Writer& w, const AgreementPublished& b) {
    w.u32(b.version).raw(b.text_digest.view()).raw(b.blob.view());
    w.u32(b.text_size).u64(b.deadline_ms);
    w.vector([&](Writer& inner) {
        for (const auto& s : b.sealed) inner.raw(s.invite.view()).opaque(s.sealed);
    });
}
void write(Writer& w, const AgreementAccepted& b) { w.u32(b.version); }
void write(Writer& w, const AgreementLapsed& b) {
    w.u32(b.version);
    w.vector([&](Writer& inner) {
        for (const auto& m : b.members) inner.raw(m.view());
    });
}

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
    out.ill_formed |= !ascending(b.channels, [](const auto& c) { return c; });
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
    out.ill_formed |= !ascending(b.members, [](const auto& m) { return m; });
    return b;
}

DeviceAdmitted read_admitted(Reader& r) {
    DeviceAdmitted b;
    b.invite = read_id<InviteId>(r);
    b.signing_key = read_id<PublicKey>(r);
    b.sealing_key = read_id<PublicKey>(r);
    return b;
}

}  // namespace

void write_body(Writer& w, const Body& body) {
    std::visit([&](const auto& b) { write(w, b); }, body);
}

std::optional<BodyReading> read_body(Action action, Reader& r) {
    BodyReading out;
    switch (action) {
        case Action::genesis:
            out.body = read_genesis(r, out);
            break;
        case Action::invite_issued:
            out.body = read_invite(r, out);
            break;
        case Action::invite_withdrawn:
            out.body = InviteWithdrawn{read_id<InviteId>(r)};
            break;
        case Action::device_admitted:
            out.body = read_admitted(r);
            break;
        case Action::device_approved:
            out.body = DeviceApproved{read_id<DeviceId>(r)};
            break;
        case Action::device_revoked:
            out.body = DeviceRevoked{read_id<DeviceId>(r)};
            break;
        case Action::channel_defined:
            out.body = ChannelDefined{read_channel(r, out)};
            break;
        case Action::channel_changed:
            out.body = ChannelChanged{read_channel(r, out)};
            break;
        case Action::agreement_published:
            out.body = read_published(r, out);
            break;
        case Action::agreement_accepted: {
            const AgreementAccepted accepted{r.u32()};
            out.ill_formed |= accepted.version == 0;
            out.body = accepted;
            break;
        }
        case Action::agreement_lapsed:
            out.body = read_lapsed(r, out);
            break;
        default:
            return std::nullopt;
    }
    return out;
}

}  // namespace huecry::directory
