#pragma once

#include "directory/body_codec.hpp"
#include "huecry/directory/records.hpp"

// The records of a saved state: a device's own store, never on the wire.
namespace huecry::directory {

template <class Map, class F>
void write_map(Writer& w, const Map& map, F&& write_value) {
    w.u32(static_cast<std::uint32_t>(map.size()));
    for (const auto& [key, value] : map) write_value(key, value);
}

/// Calls `read_value` as often as the map says; a damaged count ends with the input.
template <class F>
void read_map(Reader& r, F&& read_value) {
    const auto count = r.u32();
    for (std::uint32_t i = 0; i < count && r.ok(); ++i) read_value();
}

template <class T>
void write_body_of(Writer& w, const T& body) {
    w.vector([&](Writer& inner) { write_body(inner, body); });
}
template <class T>
T read_body_of(Action action, Reader& r) {
    auto inner = r.vector(std::size_t{1} << 20);
    auto reading = read_body(action, inner);
    if (!reading || !inner.done() || reading->unknown || reading->ill_formed) {
        r.fail();
        return {};
    }
    return std::get<T>(std::move(reading->body));
}

void write_device(Writer& w, const Device& value);
Device read_device(Reader& r);
void write_member(Writer& w, const Member& value);
Member read_member(Reader& r);
void write_invite(Writer& w, const Invite& value);
Invite read_invite(Reader& r);
void write_channel(Writer& w, const ChannelRecord& value);
ChannelRecord read_channel(Reader& r);
void write_agreement(Writer& w, const Agreement& value);
Agreement read_agreement(Reader& r);
void write_delegation(Writer& w, const Delegation& value);
Delegation read_delegation(Reader& r);
void write_rejoins(Writer& w, const RejoinLog& value);
RejoinLog read_rejoins(Reader& r);
void write_proposal(Writer& w, const Proposal& value);
Proposal read_proposal(Reader& r);
void write_relay(Writer& w, const RelayPeriod& value);
RelayPeriod read_relay(Reader& r);

}  // namespace huecry::directory
