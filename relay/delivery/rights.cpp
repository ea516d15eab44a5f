#include <algorithm>

#include "delivery/core_impl.hpp"
#include "huecry/limits.hpp"

// What the directories allow. All of it is read from the directory's state; nothing is remembered.
namespace huecry::relay {
namespace {

/// The directory's channel of this stream, if it is the current incarnation of one.
const directory::ChannelRecord* channel_of(const PartnershipState& p, const StreamRef& stream) {
    const auto* record = p.directory.channel(ChannelId(stream.id));
    return record != nullptr && record->incarnation >= stream.incarnation ? record : nullptr;
}

Result<Registry::Known> look_up_invite(const directory::State& state, const InviteId& id,
                                       std::uint64_t now_ms) {
    const auto* invite = state.invite(id);
    if (invite == nullptr) return Errc::unknown_partnership;
    switch (invite->state) {
        case directory::InviteState::used:
            // Whoever comes second may show that: the refused admission is the alarm's evidence. It
            // also finds its own device in the directory when the answer was lost.
            if (invite->alarm_index != 0) return Errc::invite_used;
            return Registry::Known{invite->terms.one_time_key, Standing::none};
        case directory::InviteState::withdrawn:
        case directory::InviteState::voided:
            return Errc::invite_withdrawn;
        case directory::InviteState::open:
            break;
    }
    if (invite->expires_ms <= now_ms) return Errc::invite_expired;
    return Registry::Known{invite->terms.one_time_key, Standing::none};
}

}  // namespace

Result<Registry::Known> CoreImpl::look_up(const PartnershipId& id, ClientKind kind,
                                          BytesView subject) const {
    const auto* p = partnership(id);
    if (p == nullptr) return Errc::unknown_partnership;
    if (kind == ClientKind::invite) {
        const auto invite = InviteId::from(subject);
        if (!invite) return Errc::bad_frame;
        return look_up_invite(p->directory, *invite, now_ms());
    }
    const auto wanted = DeviceId::from(subject);
    if (!wanted) return Errc::bad_frame;
    const auto* device = p->directory.device(*wanted);
    if (device == nullptr) return Errc::unknown_partnership;
    if (device->state == directory::DeviceState::revoked) return Errc::device_removed;
    // Who is suspended or dormant reads the directory and may sign itself back, as a newcomer does.
    return Known{device->signing_key,
                 p->directory.is_active(*wanted) ? Standing::active : Standing::pending};
}

bool CoreImpl::subscribes(const Principal& who, const StreamRef& stream) const {
    const auto* p = partnership(who.partnership);
    if (p == nullptr || who.kind == ClientKind::founder) return false;
    switch (stream.kind) {
        case StreamKind::directory:
            return true;
        case StreamKind::mailbox:
            return who.kind == ClientKind::device && stream == StreamRef::mailbox(who.device);
        case StreamKind::channel:
            return who.kind == ClientKind::device && channel_of(*p, stream) != nullptr &&
                   p->directory.reads(who.device, ChannelId(stream.id));
    }
    return false;
}

bool CoreImpl::may_read(const Principal& who, const StreamRef& audience) const {
    const auto* p = partnership(who.partnership);
    if (p == nullptr) return false;
    if (who.kind == ClientKind::device) {
        const auto* device = p->directory.device(who.device);
        if (device == nullptr || device->state == directory::DeviceState::revoked) return false;
    } else {
        const auto* invite = p->directory.invite(who.invite);
        if (who.kind != ClientKind::invite || invite == nullptr ||
            invite->state != directory::InviteState::open || invite->expires_ms <= now_ms())
            return false;
    }
    return subscribes(who, audience);
}

bool CoreImpl::may_write(const Principal& who, const StreamRef& audience) const {
    const auto* p = partnership(who.partnership);
    if (p == nullptr || who.kind != ClientKind::device) return false;
    const auto* device = p->directory.device(who.device);
    if (device == nullptr || !p->directory.is_active(who.device)) return false;
    switch (audience.kind) {
        case StreamKind::directory: {
            const auto* member = p->directory.member(device->member);
            return member != nullptr && member->role == directory::Role::coordinator;
        }
        case StreamKind::channel:
            // Trees and snapshots come from any reader, photos from those who post.
            return channel_of(*p, audience) != nullptr &&
                   p->directory.reads(who.device, ChannelId(audience.id));
        case StreamKind::mailbox:
            return false;
    }
    return false;
}

std::uint64_t CoreImpl::room(const PartnershipId& id) const {
    const auto* p = partnership(id);
    if (p == nullptr) return 0;
    const auto quota = parts_.options.partnership_bytes != 0 ? parts_.options.partnership_bytes
                                                             : limits::partnership_bytes;
    const auto used = p->message_bytes + parts_.blobs.used(id);
    return used >= quota ? 0 : quota - used;
}

}  // namespace huecry::relay
