#include <algorithm>

#include "directory/apply.hpp"
#include "directory/body_codec.hpp"
#include "huecry/directory/state.hpp"
#include "huecry/limits.hpp"

// The saved form of a state: a device's own store, never on the wire. Its last 32 bytes are a hash
// of all before, so that whatever passes it was written by `save`.
namespace huecry::directory {
namespace {

constexpr std::uint16_t save_version = 1;
constexpr std::string_view save_label = "huecry/1 saved directory";

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

}  // namespace

class StateCodec {
public:
    static void write(Writer& w, const State& s) {
        w.u16(save_version).raw(s.partnership_.view());
        write_body_of(w, s.genesis_);
        w.u32(s.quorum_).u64(s.time_ms_);
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
        write_access(w, s.access_);
    }

    static Result<State> read(BytesView bytes) {
        Reader r(bytes);
        if (r.u16() != save_version) return Error{Errc::store_newer, "saved directory"};
        State s;
        s.partnership_ = read_id<PartnershipId>(r);
        s.genesis_ = read_body_of<Genesis>(Action::genesis, r);
        s.quorum_ = r.u32();
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
        read_access(r, s.access_);
        if (!r.done() || s.hashes_.size() < 2) return Error{Errc::store_damaged, "directory"};
        for (const auto& [id, device] : s.devices_)
            if (!s.members_.contains(device.member)) return Error{Errc::store_damaged, "directory"};
        Apply::derive(s);
        return s;
    }

private:
    template <class T>
    static void write_body_of(Writer& w, const T& body) {
        w.vector([&](Writer& inner) { write_body(inner, body); });
    }
    template <class T>
    static T read_body_of(Action action, Reader& r) {
        auto inner = r.vector(limits::max_statement);
        auto reading = read_body(action, inner);
        if (!reading || !inner.done() || reading->unknown || reading->ill_formed) {
            r.fail();
            return {};
        }
        return std::get<T>(std::move(reading->body));
    }
    template <class Map, class Value>
    static void insert(Map& map, Value value) {
        const auto id = value.id;
        map.emplace_hint(map.end(), id, std::move(value));
    }

    static void write_device(Writer& w, const Device& d) {
        w.raw(d.id.view()).raw(d.member.view()).raw(d.signing_key.view());
        w.raw(d.sealing_key.view()).u8(static_cast<std::uint8_t>(d.state));
        w.u8(d.invite ? 1 : 0);
        if (d.invite) w.raw(d.invite->view());
        w.u64(d.admitted_index).u64(d.admitted_ms).u64(d.approved_index).u64(d.revoked_index);
    }
    static Device read_device(Reader& r) {
        Device d;
        d.id = read_id<DeviceId>(r);
        d.member = read_id<MemberId>(r);
        d.signing_key = read_id<PublicKey>(r);
        d.sealing_key = read_id<PublicKey>(r);
        const auto state = r.u8();
        if (state < 1 || state > 3) r.fail();
        d.state = static_cast<DeviceState>(state);
        if (r.present()) d.invite = read_id<InviteId>(r);
        d.admitted_index = r.u64();
        d.admitted_ms = r.u64();
        d.approved_index = r.u64();
        d.revoked_index = r.u64();
        return d;
    }

    static void write_member(Writer& w, const Member& m) {
        w.raw(m.id.view()).u8(static_cast<std::uint8_t>(m.role)).raw(m.name_hash.view());
        w.raw(m.organisation.view());
        w.u32(static_cast<std::uint32_t>(m.channels.size()));
        for (const auto& c : m.channels) w.raw(c.view());
        w.u64(m.joined_index).u32(m.accepted_version).u64(m.accepted_ms);
        w.u8(m.in_grace ? 1 : 0).u64(m.lapsed_index);
    }
    static Member read_member(Reader& r) {
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
        return m;
    }

    static void write_invite(Writer& w, const Invite& i) {
        w.raw(i.id.view());
        write_body_of(w, i.terms);
        w.raw(i.issuer.view()).u8(static_cast<std::uint8_t>(i.state)).u64(i.issued_index);
        w.u64(i.expires_ms).raw(i.used_by.view()).u64(i.closed_index);
    }
    static Invite read_invite(Reader& r) {
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
        return i;
    }

    static void write_channel(Writer& w, const ChannelRecord& c) {
        write_body_of(w, ChannelDefined{c.settings});
        w.u64(c.version).u32(c.incarnation).u64(c.defined_index).u64(c.changed_index);
        w.u64(c.loss_index);
    }
    static ChannelRecord read_channel(Reader& r) {
        ChannelRecord c;
        c.settings = read_body_of<ChannelDefined>(Action::channel_defined, r).channel;
        c.version = r.u64();
        c.incarnation = r.u32();
        c.defined_index = r.u64();
        c.changed_index = r.u64();
        c.loss_index = r.u64();
        return c;
    }

    static void write_agreement(Writer& w, const Agreement& a) {
        w.u32(a.version).raw(a.text_digest.view()).raw(a.blob.view()).u32(a.text_size);
        w.u64(a.published_index).u64(a.published_ms).u64(a.deadline_ms).raw(a.publisher.view());
    }
    static Agreement read_agreement(Reader& r) {
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

    static void write_access(Writer& w, const AccessTable& table) {
        write_map(w, table, [&](const auto& channel, const ChannelAccess& access) {
            w.raw(channel.view());
            write_map(w, access.histories,
                      [&](const auto& id, const auto& history) { write_history(w, id, history); });
        });
    }
    static void write_history(Writer& w, const DeviceId& id, const AccessHistory& history) {
        w.raw(id.view()).u32(static_cast<std::uint32_t>(history.changes().size()));
        for (const auto& c : history.changes())
            w.u64(c.index).u8(
                static_cast<std::uint8_t>((c.rights.read ? 1 : 0) | (c.rights.post ? 2 : 0)));
    }
    static void read_access(Reader& r, AccessTable& table) {
        read_map(r, [&] {
            auto& access = table[read_id<ChannelId>(r)];
            read_map(r, [&] {
                const auto device = read_id<DeviceId>(r);
                auto& history =
                    access.histories.try_emplace(access.histories.end(), device)->second;
                read_map(r, [&] {
                    const auto index = r.u64();
                    const auto bits = r.u8();
                    history.set(index, {(bits & 1) != 0, (bits & 2) != 0});
                });
                if (history.now().read) access.readers.insert(access.readers.end(), device);
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
