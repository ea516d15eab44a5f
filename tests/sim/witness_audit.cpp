#include "domain/verdict.hpp"
#include "sim/witness.hpp"
#include "sim/world.hpp"

// What the witness compares when the relay has started again, and in the end.
namespace huecry::sim {

void Witness::audit() {
    if (!honest_ || !world_.relay().up()) return;
    known_streams_.insert(StreamRef::directory());
    for (std::size_t i = 0; i < world_.size(); ++i)
        known_streams_.insert(StreamRef::mailbox(world_.node(i).id()));
    for (const auto& stream : known_streams_) audit_stream(stream);
    for (const auto& [place, id] : acknowledged_) {
        const auto& entries = streams_[place.first];
        // A device's mailbox goes with the device.
        if (place.first.kind == StreamKind::mailbox && entries.empty() &&
            !world_.directory().is_active(DeviceId(place.first.id)))
            continue;
        if (place.second > entries.size() || entries[place.second - 1].header.message_id != id)
            fail("acknowledged and lost: entry " + std::to_string(place.second) +
                 " of a stream of kind " + std::to_string(static_cast<int>(place.first.kind)));
    }
}

/// Numbers without holes, one chain, the past as it was, each message once.
void Witness::audit_stream(const StreamRef& stream) {
    const auto kind = std::to_string(static_cast<int>(stream.kind));
    auto& known = streams_[stream];
    const auto read = world_.relay().store().entries(world_.partnership(), stream,
                                                     known.empty() ? 0 : known.size() - 1, 100'000,
                                                     std::size_t{1} << 30U);
    if (!read) return fail("the relay's store: " + read.error().text());
    if (!known.empty() && (read->empty() || read->front().seq != known.size())) {
        // A device's mailbox goes with the device.
        if (stream.kind == StreamKind::mailbox && read->empty()) return known.clear();
        return fail("the end of a stream of kind " + kind + " is gone");
    }
    for (const auto& entry : *read) {
        const auto header = Header::decode(entry.header);
        if (!header || header->seq != entry.seq || header->stream != stream)
            return fail("a header that is not that of its place");
        const auto chain = chain_next(entry.previous, entry.header);
        if (entry.seq == known.size() && !known.empty()) {
            if (known.back().chain != chain) fail("the past of a stream has changed");
            continue;
        }
        const auto before =
            known.empty() ? chain_start(world_.partnership(), stream) : known.back().chain;
        if (entry.seq != known.size() + 1 || entry.previous != before)
            return fail("a hole or a broken chain in a stream of kind " + kind);
        if (entry.has_body && sha256(entry.body) != header->digest)
            fail("a body that is not that of its header");
        const auto [place, once] =
            places_of_.try_emplace({stream, header->submitter, header->message_id}, header->seq);
        if (!once && stream.kind == StreamKind::channel)
            fail("one message stands twice in a channel: " + std::to_string(place->second) + ", " +
                 std::to_string(header->seq));
        known.push_back({*header, chain});
        ++counts_.entries;
    }
}

/// Each alert that a node has gone past while it was in the channel has been shown to it.
void Witness::check_passed() {
    constexpr std::uint64_t margin_ms = 130'000;  // clients' clocks differ by up to two minutes
    for (const auto& range : passed_) {
        auto& node = world_.node(range.node);
        const auto& state = world_.directory();
        const ChannelId channel(range.stream.id);
        if (node.lost() || distrusted_.contains(range.node) || !state.reads(node.id(), channel))
            continue;
        const auto& entries = streams_[range.stream];
        // Entries before the commit that added the device are not for it.
        std::uint64_t joined = 0;
        for (const auto& entry : entries)
            if (entry.header.kind == EntryKind::handshake &&
                entry.header.message_id == range.awaited)
                joined = entry.header.seq;
        for (auto seq = std::max(range.after, joined) + 1; seq <= range.upto; ++seq) {
            if (seq > entries.size()) return fail("a node is ahead of the relay");
            const auto& header = entries[seq - 1].header;
            const auto alert = alerts_.find(header.message_id);
            if (alert == alerts_.end() || header.submitter == node.id()) continue;
            // What expires before anybody looks is not shown.
            const auto read = range.read_ms != 0 ? range.read_ms : world_.clockwork.wall_ms();
            if (header.expiry_ms < read + margin_ms) continue;
            if (domain::lost_since(state, node.id(), channel, directory_index_[header.message_id],
                                   state.index()))
                continue;
            if (!shown_.contains(Shown{range.node, channel, header.submitter, header.message_id}))
                fail("n" + std::to_string(range.node) + " was never shown alert " +
                     header.message_id.short_hex() + " at " + std::to_string(seq));
        }
    }
}

/// By the directory at the index that the sender acted upon.
void Witness::check_entitled() {
    const auto& state = world_.directory();
    for (const auto& one : entitled_) {
        const auto index = directory_index_.find(one.id);
        if (index == directory_index_.end()) continue;
        const auto who = "n" + std::to_string(one.node);
        if (!state.authorised_at(world_.node(one.node).id(), one.channel, index->second))
            fail(who + " can read what it had no right to: " + one.id.short_hex());
        if (!state.rights_at(one.from, one.channel, index->second).post)
            fail(who + " is shown an alert of one who may not post");
    }
    entitled_.clear();
}

std::string Witness::unrest() {
    if (!world_.relay().up()) return "the relay is down";
    for (std::size_t i = 0; i < world_.size(); ++i) {
        auto& node = world_.node(i);
        if (node.lost() || distrusted_.contains(i)) continue;
        if (auto why = unrest_of(node); !why.empty()) return "n" + std::to_string(i) + ": " + why;
    }
    return {};
}

std::string Witness::unrest_of(Node& node) {
    const auto& state = world_.directory();
    const auto* device = state.device(node.id());
    if (!node.running()) return "not running: " + node.trouble();
    auto& engine = node.engine();
    if (device != nullptr && device->state == directory::DeviceState::revoked) {
        const bool knows =
            engine.directory().known() && engine.directory().state().device(node.id()) != nullptr &&
            engine.directory().state().device(node.id())->state == directory::DeviceState::revoked;
        for (const auto& [id, record] : state.channels())
            if (engine.channel(id) != nullptr && knows) return "revoked, and in a channel";
        return {};
    }
    if (!engine.online()) return "offline";
    if (engine.directory().index() != state.index()) return "behind in the directory";
    for (const auto& [id, record] : state.channels()) {
        const auto* channel = engine.channel(id);
        if (!state.reads(node.id(), id)) {
            if (channel != nullptr) return "in a channel that it may not read";
            continue;
        }
        // Nobody is there to let anybody in.
        const auto* creator = world_.find(record.settings.creator);
        const bool orphan =
            creator == nullptr || creator->lost() || !state.reads(creator->id(), id);
        if (channel == nullptr) {
            if (orphan) continue;
            return "not in channel " + id.short_hex();
        }
        if (!channel->joined()) return "not joined to " + id.short_hex();
        if (!orphan && channel->group_size() != state.readers(id).size())
            return "a group of " + std::to_string(channel->group_size()) + " for " +
                   std::to_string(state.readers(id).size()) + " readers";
    }
    if (!engine.settled()) return "not settled";
    const auto waiting = engine.store().outbox_size();
    if (!waiting || *waiting != 0) return "messages wait in the outbox";
    return {};
}

void Witness::finish() {
    audit();
    if (!honest_) return;
    check_passed();
    check_entitled();
    // The order in which alerts were shown is that of their stream.
    for (const auto& [key, order] : shown_order_) {
        std::uint64_t last = 0;
        for (const auto& [device, id] : order) {
            std::uint64_t seq = 0;
            for (const auto& stream : known_streams_)
                if (stream.kind == StreamKind::channel && ChannelId(stream.id) == key.second)
                    if (const auto at = places_of_.find({stream, device, id});
                        at != places_of_.end())
                        seq = (std::uint64_t{stream.incarnation} << 40U) + at->second;
            if (seq == 0) fail("an alert was shown that no stream holds");
            if (seq <= last)
                fail("n" + std::to_string(key.first) + " was shown alerts in disorder");
            last = seq;
        }
    }
    std::map<std::uint64_t, Digest> states;
    for (std::size_t i = 0; i < world_.size(); ++i) {
        auto& node = world_.node(i);
        if (!node.running() || distrusted_.contains(i) || !node.engine().directory().known())
            continue;
        const auto& state = node.engine().directory().state();
        const auto [one, first] = states.try_emplace(state.index(), state.hash());
        if (!first && one->second != state.hash())
            fail("n" + std::to_string(i) + " makes something else of the same directory");
        for (const auto& alert : node.projection().alerts())
            if (node.engine().online() && alert.expires_ms + 1000 < world_.clockwork.wall_ms())
                fail("n" + std::to_string(i) + " still shows what has expired");
    }
}

}  // namespace huecry::sim
