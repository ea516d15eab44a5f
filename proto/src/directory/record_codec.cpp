#include "directory/record_codec.hpp"

#include "huecry/limits.hpp"

namespace huecry::directory {
namespace {

constexpr std::size_t max_host = 253;

}  // namespace

void write_device(Writer& w, const Device& d) {
    w.raw(d.id.view()).u32(d.number).raw(d.member.view()).raw(d.signing_key.view());
    w.raw(d.sealing_key.view()).u8(static_cast<std::uint8_t>(d.state));
    w.u8(d.invite ? 1 : 0);
    if (d.invite) w.raw(d.invite->view());
    w.u64(d.admitted_index).u64(d.admitted_ms).u64(d.approved_index).u64(d.revoked_index);
    w.u64(d.dormant_index).u64(d.seen_ms).raw(d.predecessor.view()).raw(d.successor.view());
}
Device read_device(Reader& r) {
    Device d;
    d.id = read_id<DeviceId>(r);
    d.number = r.u32();
    d.member = read_id<MemberId>(r);
    d.signing_key = read_id<PublicKey>(r);
    d.sealing_key = read_id<PublicKey>(r);
    const auto state = r.u8();
    if (state < 1 || state > 4) r.fail();
    d.state = static_cast<DeviceState>(state);
    if (r.present()) d.invite = read_id<InviteId>(r);
    d.admitted_index = r.u64();
    d.admitted_ms = r.u64();
    d.approved_index = r.u64();
    d.revoked_index = r.u64();
    d.dormant_index = r.u64();
    d.seen_ms = r.u64();
    d.predecessor = read_id<DeviceId>(r);
    d.successor = read_id<DeviceId>(r);
    return d;
}

void write_member(Writer& w, const Member& m) {
    w.raw(m.id.view()).u8(static_cast<std::uint8_t>(m.role)).raw(m.name_hash.view());
    w.raw(m.organisation.view());
    w.u32(static_cast<std::uint32_t>(m.channels.size()));
    for (const auto& c : m.channels) w.raw(c.view());
    w.u64(m.joined_index).u32(m.accepted_version).u64(m.accepted_ms);
    w.u8(m.in_grace ? 1 : 0).u64(m.lapsed_index).u64(m.suspended_index).u64(m.version);
}
Member read_member(Reader& r) {
    Member m;
    m.id = read_id<MemberId>(r);
    const auto role = role_from_number(r.u8());
    if (!role) r.fail();
    m.role = role.value_or(Role::retailer);
    m.name_hash = read_id<Digest>(r);
    m.organisation = read_id<OrganisationId>(r);
    read_map(r, [&] { m.channels.push_back(read_id<ChannelId>(r)); });
    m.joined_index = r.u64();
    m.accepted_version = r.u32();
    m.accepted_ms = r.u64();
    m.in_grace = r.present();
    m.lapsed_index = r.u64();
    m.suspended_index = r.u64();
    m.version = r.u64();
    return m;
}

void write_invite(Writer& w, const Invite& i) {
    w.raw(i.id.view());
    write_body_of(w, i.terms);
    w.raw(i.issuer.view()).u8(static_cast<std::uint8_t>(i.state)).u64(i.issued_index);
    w.u64(i.expires_ms).raw(i.used_by.view()).u64(i.closed_index);
    w.u64(i.alarm_index).raw(i.alarm_device.view());
}
Invite read_invite(Reader& r) {
    Invite i;
    i.id = read_id<InviteId>(r);
    i.terms = read_body_of<InviteIssued>(Action::invite_issued, r);
    i.issuer = read_id<DeviceId>(r);
    const auto state = r.u8();
    if (state < 1 || state > 4) r.fail();
    i.state = static_cast<InviteState>(state);
    i.issued_index = r.u64();
    i.expires_ms = r.u64();
    i.used_by = read_id<DeviceId>(r);
    i.closed_index = r.u64();
    i.alarm_index = r.u64();
    i.alarm_device = read_id<DeviceId>(r);
    return i;
}

void write_channel(Writer& w, const ChannelRecord& c) {
    write_body_of(w, ChannelDefined{c.settings});
    w.u64(c.version).u32(c.incarnation).u64(c.defined_index).u64(c.changed_index);
    w.u64(c.loss_index).u64(c.restarted_index).u64(c.reader_restart_ms).u64(c.closed_index);
    w.u32(static_cast<std::uint32_t>(c.complaints.size()));
    for (const auto& x : c.complaints)
        w.raw(x.device.view()).raw(x.committer.view()).raw(x.commit.view()).u64(x.index);
    write_map(w, c.bars, [&](const auto& device, const Bar& bar) {
        w.raw(device.view()).raw(bar.by.view()).u64(bar.index);
    });
    w.u8(c.anchor ? 1 : 0);
    if (!c.anchor) return;
    write_anchor(w, c.anchor->anchor);
    w.u64(c.anchor->index).u64(c.anchor->accepted_ms).raw(c.anchor->by.view());
}
ChannelRecord read_channel(Reader& r) {
    ChannelRecord c;
    c.settings = read_body_of<ChannelDefined>(Action::channel_defined, r).channel;
    c.version = r.u64();
    c.incarnation = r.u32();
    c.defined_index = r.u64();
    c.changed_index = r.u64();
    c.loss_index = r.u64();
    c.restarted_index = r.u64();
    c.reader_restart_ms = r.u64();
    c.closed_index = r.u64();
    read_map(r, [&] {
        Complaint x;
        x.device = read_id<DeviceId>(r);
        x.committer = read_id<DeviceId>(r);
        x.commit = read_id<MessageId>(r);
        x.index = r.u64();
        c.complaints.push_back(x);
    });
    read_map(r, [&] {
        const auto device = read_id<DeviceId>(r);
        const auto by = read_id<DeviceId>(r);
        c.bars[device] = {by, r.u64()};
    });
    if (!r.present()) return c;
    AnchorRecord anchor;
    anchor.anchor = read_anchor(r);
    anchor.index = r.u64();
    anchor.accepted_ms = r.u64();
    anchor.by = read_id<DeviceId>(r);
    c.anchor = anchor;
    return c;
}

void write_agreement(Writer& w, const Agreement& a) {
    w.u32(a.version).raw(a.text_digest.view()).raw(a.blob.view()).u32(a.text_size);
    w.u64(a.published_index).u64(a.published_ms).u64(a.deadline_ms).raw(a.publisher.view());
}
Agreement read_agreement(Reader& r) {
    Agreement a;
    a.version = r.u32();
    a.text_digest = read_id<Digest>(r);
    a.blob = read_id<BlobId>(r);
    a.text_size = r.u32();
    a.published_index = r.u64();
    a.published_ms = r.u64();
    a.deadline_ms = r.u64();
    a.publisher = read_id<DeviceId>(r);
    return a;
}

void write_delegation(Writer& w, const Delegation& d) {
    w.raw(d.grantor.view()).raw(d.grantee.view()).raw(d.by.view());
    w.u64(d.granted_index).u64(d.until_ms).u64(d.ended_index);
}
Delegation read_delegation(Reader& r) {
    Delegation d;
    d.grantor = read_id<OrganisationId>(r);
    d.grantee = read_id<OrganisationId>(r);
    d.by = read_id<MemberId>(r);
    d.granted_index = r.u64();
    d.until_ms = r.u64();
    d.ended_index = r.u64();
    return d;
}

void write_rejoins(Writer& w, const RejoinLog& log) {
    w.u32(static_cast<std::uint32_t>(log.past.size()));
    for (const auto& p : log.past)
        w.u8(static_cast<std::uint8_t>(p.reason)).u64(p.accepted_ms).u64(p.index);
    write_map(w, log.channels, [&](const auto& channel, const Rejoin& x) {
        w.raw(channel.view()).opaque(x.key_package).u8(static_cast<std::uint8_t>(x.reason));
        w.u64(x.index).u64(x.accepted_ms).u64(x.allowed_index);
    });
}
RejoinLog read_rejoins(Reader& r) {
    RejoinLog log;
    read_map(r, [&] {
        RejoinLog::Past p;
        p.reason = static_cast<RejoinReason>(r.u8());
        p.accepted_ms = r.u64();
        p.index = r.u64();
        log.past.push_back(p);
    });
    read_map(r, [&] {
        auto& x = log.channels[read_id<ChannelId>(r)];
        x.key_package = to_bytes(r.opaque(limits::max_key_package));
        x.reason = static_cast<RejoinReason>(r.u8());
        x.index = r.u64();
        x.accepted_ms = r.u64();
        x.allowed_index = r.u64();
    });
    return log;
}

void write_proposal(Writer& w, const Proposal& p) {
    w.raw(p.id.view()).opaque(p.statement).raw(p.author.view());
    w.u64(p.index).u64(p.accepted_ms).u64(p.expires_ms);
    w.u32(static_cast<std::uint32_t>(p.support.size()));
    for (const auto& m : p.support) w.raw(m.view());
}
Proposal read_proposal(Reader& r) {
    Proposal p;
    p.id = read_id<StatementId>(r);
    p.statement = to_bytes(r.opaque(limits::max_statement));
    p.author = read_id<DeviceId>(r);
    p.index = r.u64();
    p.accepted_ms = r.u64();
    p.expires_ms = r.u64();
    read_map(r, [&] { p.support.push_back(read_id<MemberId>(r)); });
    return p;
}

void write_relay(Writer& w, const RelayPeriod& p) {
    w.u64(p.index).opaque(view(p.address.host)).u16(p.address.port).raw(p.address.key->view());
}
RelayPeriod read_relay(Reader& r) {
    RelayPeriod p;
    p.index = r.u64();
    p.address.host = to_string(r.opaque(max_host));
    p.address.port = r.u16();
    p.address.key = read_id<PublicKey>(r);
    return p;
}

}  // namespace huecry::directory
