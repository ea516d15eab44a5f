#include <algorithm>

#include "directory/apply.hpp"
#include "directory/record_codec.hpp"
#include "huecry/directory/state.hpp"
#include "huecry/limits.hpp"

// The saved form of a state: a device's own store, never on the wire. Its last 32 bytes are a hash
// of all before, so that whatever passes it was written by `save`.
namespace huecry::directory {
namespace {

constexpr std::uint16_t save_version = 2;
constexpr std::string_view save_label = "huecry/1 saved directory";

}  // namespace

class StateCodec {
public:
    static void write(Writer& w, const State& s) {
        w.u16(save_version).raw(s.partnership_.view());
        write_body_of(w, s.genesis_);
        w.raw(s.root_key_.view()).raw(s.next_root_hash_.view());
        w.u32(static_cast<std::uint32_t>(s.relays_.size()));
        for (const auto& p : s.relays_) write_relay(w, p);
        w.u64(s.generation_).u64(s.restored_index_).u16(s.protocol_).u32(s.quorum_);
        write_body_of(w, PolicySet{s.policy_});
        w.u64(s.policy_version_).u64(s.time_ms_);
        w.u32(static_cast<std::uint32_t>(s.hashes_.size()));
        for (const auto& h : s.hashes_) w.raw(h.view());
        std::vector<StatementId> ids(s.statements_.begin(), s.statements_.end());
        std::sort(ids.begin(), ids.end());
        w.u32(static_cast<std::uint32_t>(ids.size()));
        for (const auto& id : ids) w.raw(id.view());
        write_map(w, s.devices_, [&](const auto&, const auto& v) { write_device(w, v); });
        write_map(w, s.members_, [&](const auto&, const auto& v) { write_member(w, v); });
        write_map(w, s.invites_, [&](const auto&, const auto& v) { write_invite(w, v); });
        write_map(w, s.channels_, [&](const auto&, const auto& v) { write_channel(w, v); });
        write_map(w, s.organisations_,
                  [&](const auto& k, const auto& v) { w.raw(k.view()).raw(v.view()); });
        w.u8(s.agreement_ ? 1 : 0);
        if (s.agreement_) write_agreement(w, *s.agreement_);
        write_map(w, s.proposals_, [&](const auto&, const auto& v) { write_proposal(w, v); });
        w.u32(static_cast<std::uint32_t>(s.delegations_.size()));
        for (const auto& d : s.delegations_) write_delegation(w, d);
        write_map(w, s.rejoins_, [&](const auto& k, const auto& v) {
            w.raw(k.view());
            write_rejoins(w, v);
        });
        write_access(w, s.access_);
    }

    static Result<State> read(BytesView bytes) {
        Reader r(bytes);
        if (r.u16() != save_version) return Error{Errc::store_newer, "saved directory"};
        State s;
        s.partnership_ = read_id<PartnershipId>(r);
        s.genesis_ = read_body_of<Genesis>(Action::genesis, r);
        s.root_key_ = read_id<PublicKey>(r);
        s.next_root_hash_ = read_id<Digest>(r);
        read_map(r, [&] { s.relays_.push_back(read_relay(r)); });
        s.generation_ = r.u64();
        s.restored_index_ = r.u64();
        s.protocol_ = r.u16();
        s.quorum_ = r.u32();
        s.policy_ = read_body_of<PolicySet>(Action::policy_set, r).policy;
        s.policy_version_ = r.u64();
        s.time_ms_ = r.u64();
        s.hashes_.reserve(std::min<std::size_t>(r.left() / Digest::size, 1U << 20));
        read_map(r, [&] { s.hashes_.push_back(read_id<Digest>(r)); });
        s.statements_.reserve(s.hashes_.size());
        read_map(r, [&] { s.statements_.insert(read_id<StatementId>(r)); });
        read_map(r, [&] { insert(s.devices_, read_device(r)); });
        read_map(r, [&] { insert(s.members_, read_member(r)); });
        read_map(r, [&] { insert(s.invites_, read_invite(r)); });
        read_map(r, [&] {
            auto channel = read_channel(r);
            const auto id = channel.settings.id;
            s.channels_.emplace_hint(s.channels_.end(), id, std::move(channel));
        });
        read_map(r, [&] {
            const auto id = read_id<OrganisationId>(r);
            s.organisations_.emplace_hint(s.organisations_.end(), id, read_id<Digest>(r));
        });
        if (r.present()) s.agreement_ = read_agreement(r);
        read_map(r, [&] { insert(s.proposals_, read_proposal(r)); });
        read_map(r, [&] { s.delegations_.push_back(read_delegation(r)); });
        read_map(r, [&] {
            const auto id = read_id<DeviceId>(r);
            s.rejoins_.emplace_hint(s.rejoins_.end(), id, read_rejoins(r));
        });
        read_access(r, s.access_);
        if (!r.done() || s.hashes_.size() < 2 || s.relays_.empty())
            return Error{Errc::store_damaged, "directory"};
        for (const auto& [id, device] : s.devices_)
            if (!s.members_.contains(device.member) || device.number >= s.devices_.size())
                return Error{Errc::store_damaged, "directory"};
        s.derive();
        return s;
    }

private:
    template <class Map, class Value>
    static void insert(Map& map, Value value) {
        const auto id = value.id;
        map.emplace_hint(map.end(), id, std::move(value));
    }

    static void write_access(Writer& w, const AccessTable& table) {
        write_map(w, table, [&](const auto& channel, const ChannelAccess& access) {
            w.raw(channel.view()).u32(static_cast<std::uint32_t>(access.by_device.size()));
            for (const auto& history : access.by_device) write_history(w, history);
        });
    }
    static void write_history(Writer& w, const AccessHistory& history) {
        w.u32(static_cast<std::uint32_t>(history.changes().size()));
        for (const auto& c : history.changes())
            w.u64(c.index).u8(
                static_cast<std::uint8_t>((c.rights.read ? 1 : 0) | (c.rights.post ? 2 : 0) |
                                          (c.rights.commit ? 4 : 0) | (c.rights.post_for ? 8 : 0)));
        w.u32(static_cast<std::uint32_t>(history.replacements().size()));
        for (const auto& one : history.replacements()) w.u64(one.index).raw(one.key_package.view());
    }
    static void read_access(Reader& r, AccessTable& table) {
        read_map(r, [&] {
            auto& access = table[read_id<ChannelId>(r)];
            read_map(r, [&] {
                auto& history = access.by_device.emplace_back();
                read_map(r, [&] {
                    const auto index = r.u64();
                    const auto bits = r.u8();
                    history.set(index, {(bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0,
                                        (bits & 8) != 0});
                });
                read_map(r, [&] {
                    const auto index = r.u64();
                    history.replace_leaf(index, read_id<Digest>(r));
                });
                if (history.now().read) ++access.readers;
            });
        });
    }
};

Bytes State::save() const {
    Writer w;
    w.reserve(1024 + 64 * hashes_.size() + 512 * devices_.size());
    StateCodec::write(w, *this);
    const auto check = labelled_hash(save_label, w.bytes());
    w.raw(check.view());
    return w.take();
}

Result<State> State::load(BytesView saved) {
    if (saved.size() < Digest::size) return Error{Errc::store_damaged, "directory"};
    const auto bytes = saved.first(saved.size() - Digest::size);
    const auto check = labelled_hash(save_label, bytes);
    if (!equal_constant_time(check.view(), saved.last(Digest::size)))
        return Error{Errc::store_damaged, "directory"};
    return StateCodec::read(bytes);
}

Digest State::hash() const { return sha256(save()); }

}  // namespace huecry::directory
