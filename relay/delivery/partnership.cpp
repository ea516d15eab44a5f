#include "delivery/partnership.hpp"

#include <algorithm>
#include <numeric>

#include "huecry/limits.hpp"

namespace huecry::relay {
namespace {

/// The directory from its stored log, verified as any device verifies it.
Result<std::optional<directory::State>> replay(Store& store, const PartnershipId& id) {
    std::optional<directory::State> state;
    std::uint64_t from = 0;
    for (;;) {
        HUECRY_TRY_ASSIGN(const auto entries,
                          store.entries(id, StreamRef::directory(), from, 1000, 16 << 20));
        if (entries.empty()) return state;
        for (const auto& e : entries) {
            if (e.seq != from + 1 || !e.has_body)
                return Error{Errc::store_damaged, "directory entry missing"};
            if (!state) {
                HUECRY_TRY_ASSIGN(state, directory::State::from_genesis(e.header, e.body));
                if (state->partnership() != id) return Errc::relay_rejected_chain;
            } else {
                HUECRY_TRY_ASSIGN(const auto applied, state->apply(e.header, e.body));
                (void)applied;
            }
            from = e.seq;
        }
    }
}

void add_readers(PartnershipState& p, const std::vector<ReaderRow>& rows) {
    for (const auto& row : rows) {
        auto& s = p.stream(row.stream);
        s.readers[row.device] = {row.cursor, row.member, row.joined, row.chain_from, false};
        if (row.member) ++s.members;
        // What everybody had may not have gone yet.
        s.acks_moved |= row.stream.kind == StreamKind::channel;
    }
}

}  // namespace

Reader& StreamState::let_in(const DeviceId& device, std::uint64_t joined) {
    auto& reader = readers[device];
    if (!reader.member) {
        reader.member = true;
        reader.joined = joined;
        ++members;
    }
    return reader;
}

bool StreamState::put_out(const DeviceId& device) {
    const auto found = readers.find(device);
    if (found == readers.end()) return false;
    if (found->second.member) --members;
    readers.erase(found);
    return true;
}

void StreamState::note_length(std::uint64_t at, std::uint32_t length) {
    if (ref.kind == StreamKind::directory) return;
    if (lengths.empty()) lengths_from = at;
    lengths.push_back(length);
}

void StreamState::forget_length(std::uint64_t at) {
    if (at >= lengths_from && at - lengths_from < lengths.size()) lengths[at - lengths_from] = 0;
}

std::uint64_t StreamState::take_lengths(std::uint64_t last) {
    if (lengths.empty() || last < lengths_from) return 0;
    const auto end = lengths.begin() + static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(
                                           last - lengths_from + 1, lengths.size()));
    const auto total = std::accumulate(lengths.begin(), end, std::uint64_t{0});
    lengths_from += static_cast<std::uint64_t>(end - lengths.begin());
    lengths.erase(lengths.begin(), end);
    if (lengths.empty()) std::vector<std::uint32_t>().swap(lengths);
    return total;
}

StreamState& PartnershipState::stream(const StreamRef& ref) {
    const auto [it, fresh] = streams.try_emplace(ref);
    if (fresh) {
        it->second.ref = ref;
        it->second.chain = it->second.durable_chain = chain_start(id, ref);
    }
    return it->second;
}
StreamState* PartnershipState::find(const StreamRef& ref) {
    const auto it = streams.find(ref);
    return it == streams.end() ? nullptr : &it->second;
}
const StreamState* PartnershipState::find(const StreamRef& ref) const {
    const auto it = streams.find(ref);
    return it == streams.end() ? nullptr : &it->second;
}

Result<std::unique_ptr<PartnershipState>> load_partnership(Store& store, const PartnershipId& id) {
    HUECRY_TRY_ASSIGN(auto directory, replay(store, id));
    if (!directory) return std::unique_ptr<PartnershipState>{};
    auto p = std::make_unique<PartnershipState>(std::move(*directory));
    HUECRY_TRY_ASSIGN(const auto rows, store.load(id));
    for (const auto& row : rows.streams) {
        auto& s = p->stream(row.stream);
        s.seq = s.durable_seq = row.seq;
        s.chain = s.durable_chain = row.chain;
        s.last_handshake = row.last_handshake;
        p->message_bytes += row.bytes;
        p->newest_ms = std::max(p->newest_ms, row.accepted_ms);
    }
    add_readers(*p, rows.readers);
    for (const auto& row : rows.accepted)
        p->stream(row.stream).last_accepted[row.device] = {row.message_id, row.seq};
    for (const auto& row : rows.key_packages) p->packages[row.device].push_back(row);
    return p;
}

std::optional<StreamRef> stream_from(const v1::Stream& stream) {
    StreamRef out;
    if (stream.kind() < 1 || stream.kind() > 3) return std::nullopt;
    out.kind = static_cast<StreamKind>(stream.kind());
    out.incarnation = stream.incarnation();
    const auto id = view(stream.id());
    if (out.kind == StreamKind::directory && id.empty()) return out;
    if (id.size() != out.id.size()) return std::nullopt;
    std::copy(id.begin(), id.end(), out.id.begin());
    const bool zero = std::all_of(id.begin(), id.end(), [](auto b) { return b == 0; });
    if (zero != (out.kind == StreamKind::directory)) return std::nullopt;
    if (out.kind != StreamKind::channel && out.incarnation != 0) return std::nullopt;
    return out;
}

void stream_to(const StreamRef& ref, v1::Stream& out) {
    out.set_kind(static_cast<std::uint32_t>(ref.kind));
    out.set_id(to_string(ref.id));
    out.set_incarnation(ref.incarnation);
}

}  // namespace huecry::relay
