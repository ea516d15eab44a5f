#include "directory/body_codec.hpp"

namespace huecry::directory {
namespace {

constexpr std::uint8_t flag_all_members = 1;

template <class Ids>
void write_ids(Writer& w, const Ids& ids) {
    w.vector([&](Writer& inner) {
        for (const auto& id : ids) inner.raw(id.view());
    });
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
    write_ids(w, b.channels);
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
    write_ids(w, b.members);
}

void write(Writer& w, const DeviceDormant& b) { write_ids(w, b.devices); }
void write(Writer& w, const DeviceKeyRotated& b) {
    w.raw(b.signing_key.view()).raw(b.sealing_key.view());
}
void write(Writer& w, const MemberSuspended& b) { w.raw(b.member.view()); }
void write(Writer& w, const MemberReinstated& b) { w.raw(b.member.view()); }
void write(Writer& w, const MemberRoleChanged& b) {
    w.raw(b.member.view()).u8(static_cast<std::uint8_t>(b.role));
    write_ids(w, b.channels);
}
void write(Writer& w, const ChannelRestarted& b) { w.raw(b.channel.view()).raw(b.creator.view()); }
void write(Writer& w, const ChannelClosed& b) { w.raw(b.channel.view()); }
void write(Writer& w, const DelegationGranted& b) {
    w.raw(b.grantor.view()).raw(b.grantee.view()).u64(b.until_ms);
}
void write(Writer& w, const DelegationWithdrawn& b) {
    w.raw(b.grantor.view()).raw(b.grantee.view());
}
void write(Writer& w, const PolicySet& b) {
    const auto& p = b.policy;
    w.u8(p.in_person_admits ? 1 : 0).u8(p.members_link_devices ? 1 : 0).u16(p.dormant_days);
    w.u32(p.max_alert_s).u32(p.max_photo_s).u32(p.lease_offline_s);
    w.u16(p.access_log_roles).u16(p.access_log_days);
}
void write(Writer& w, const RejoinRequested& b) {
    w.u8(static_cast<std::uint8_t>(b.reason));
    w.vector([&](Writer& inner) {
        for (const auto& c : b.channels) inner.raw(c.channel.view()).opaque(c.key_package);
    });
}
void write(Writer& w, const MayNotCommit& b) {
    w.raw(b.channel.view()).raw(b.device.view()).u8(b.barred ? 1 : 0);
}
void write(Writer& w, const CommitComplained& b) {
    w.raw(b.channel.view()).u32(b.incarnation).raw(b.commit.view()).raw(b.committer.view());
}
void write(Writer& w, const ChannelAnchored& b) {
    w.vector([&](Writer& inner) {
        for (const auto& a : b.anchors) write_anchor(inner, a);
    });
}
void write(Writer& w, const RelayMoved& b) {
    w.raw(b.relay_key.view()).u16(b.port).opaque(view(b.host));
}
void write(Writer& w, const ProtocolVersionSet& b) { w.u16(b.version); }
void write(Writer& w, const RootRotated& b) {
    w.raw(b.root_key.view()).raw(b.next_root_hash.view());
}
void write(Writer& w, const QuorumSet& b) { w.u32(b.quorum); }
void write(Writer& w, const Endorsed& b) { w.raw(b.statement.view()); }
void write(Writer& w, const StoreRestored& b) { w.u64(b.generation); }
void write(Writer&, const DeviceReturned&) {}
void write(Writer& w, const RejoinApproved& b) { w.raw(b.device.view()); }
void write(Writer& w, const InviteAlarmed& b) { w.opaque(b.evidence); }

}  // namespace

void write_anchor(Writer& w, const Anchor& a) {
    w.raw(a.channel.view()).u32(a.incarnation).u64(a.epoch).raw(a.authenticator.view());
    w.u64(a.seq).raw(a.hash.view());
}

void write_body(Writer& w, const Body& body) {
    std::visit([&](const auto& b) { write(w, b); }, body);
}

}  // namespace huecry::directory
