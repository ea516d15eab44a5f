#include <algorithm>

#include "delivery/core_impl.hpp"

// What a directory entry means for cursors, connections and stocks.
namespace huecry::relay {

void CoreImpl::follow(PartnershipState& p, const directory::Applied& applied) {
    using directory::EventKind;
    for (const auto& event : applied.events) {
        if (event.kind == EventKind::channel_defined ||
            event.kind == EventKind::channel_restarted) {
            const auto* record = p.directory.channel(event.channel);
            if (record == nullptr) continue;
            const auto ref = StreamRef::channel(event.channel, record->incarnation);
            p.stream(ref).let_in(record->settings.creator, 0);  // its commit begins the group
            current_->writes.emplace_back(
                write::Reader{p.id, {ref, record->settings.creator, 0, true, 0, 0}});
            // Whoever reads the channel reads the new incarnation's stream.
            if (event.kind == EventKind::channel_restarted)
                for (const auto& device : p.directory.readers(event.channel))
                    current_->access.push_back({p.id, device, ref, true});
        }
        if (event.kind == EventKind::device_revoked) revoke(p, event.device);
        if (event.kind == EventKind::rejoin_requested) forget_stock(p, event.device, event.channel);
        if (event.kind == EventKind::invite_withdrawn || event.kind == EventKind::invite_voided)
            current_->cut_invites.emplace_back(p.id, event.invite);
        if (event.kind == EventKind::device_approved || event.kind == EventKind::device_dormant ||
            event.kind == EventKind::device_returned)
            settle(p, event.device);
        if (event.kind == EventKind::member_suspended || event.kind == EventKind::member_reinstated)
            for (const auto& device : p.directory.devices_of(event.member)) settle(p, device);
    }
    for (const auto& change : applied.access) {
        if (change.read_before == change.read_after) continue;
        if (!change.read_after) lose_channel(p, change.device, change.channel);
        const auto* record = p.directory.channel(change.channel);
        if (record == nullptr) continue;
        current_->access.push_back({p.id, change.device,
                                    StreamRef::channel(change.channel, record->incarnation),
                                    change.read_after});
    }
}

/// A connected device's standing, as the directory has it now.
void CoreImpl::settle(const PartnershipState& p, const DeviceId& device) {
    const auto* known = p.directory.device(device);
    if (known == nullptr || known->state == directory::DeviceState::revoked) return;
    if (auto* c = device_connection(p.id, device))
        c->who->standing = p.directory.is_active(device) ? Standing::active : Standing::pending;
}

void CoreImpl::lose_channel(PartnershipState& p, const DeviceId& device, const ChannelId& channel) {
    auto* c = device_connection(p.id, device);
    for (auto& [ref, s] : p.streams) {
        if (ref.kind != StreamKind::channel || ChannelId(ref.id) != channel) continue;
        if (c != nullptr) unsubscribe(*c, ref);
        if (!s.put_out(device)) continue;
        s.acks_moved = true;  // those who stay may all have everything now
        current_->writes.emplace_back(write::DropReader{p.id, ref, device});
    }
}

/// A device that lost its state lost the private keys of its key packages too.
void CoreImpl::forget_stock(PartnershipState& p, const DeviceId& device, const ChannelId& channel) {
    const auto* rejoin = p.directory.rejoin(device, channel);
    const auto stock = p.packages.find(device);
    if (rejoin == nullptr || rejoin->reason != directory::RejoinReason::state_lost ||
        stock == p.packages.end())
        return;
    for (const auto& row : stock->second)
        current_->writes.emplace_back(write::DropKeyPackage{p.id, device, row.digest});
    p.packages.erase(stock);
    std::erase_if(p.reservations, [&](const auto& r) { return r.first.first == device; });
    tell_low_stock(p, device);
}

void CoreImpl::revoke(PartnershipState& p, const DeviceId& device) {
    current_->cut.emplace_back(p.id, device);
    // From this moment, before the entry is on disk, nothing more goes out to it but the signed
    // revocation itself (`cut`): on the relay's bare word its client would erase nothing.
    if (auto* c = device_connection(p.id, device)) {
        c->who->standing = Standing::none;
        std::vector<StreamRef> streams;
        for (const auto& [stream, sub] : c->subscriptions)
            if (stream != StreamRef::directory()) streams.push_back(stream);
        for (const auto& stream : streams) unsubscribe(*c, stream);
    }
    for (auto& [ref, s] : p.streams)
        if (s.put_out(device)) s.acks_moved = true;
    p.streams.erase(StreamRef::mailbox(device));
    p.packages.erase(device);
    p.limits.erase(device);
    std::erase_if(p.reservations, [&](const auto& r) { return r.first.first == device; });
    current_->writes.emplace_back(write::DropDevice{p.id, device});
}

}  // namespace huecry::relay
