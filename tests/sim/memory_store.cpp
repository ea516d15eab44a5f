#include "sim/memory_store.hpp"

namespace huecry::sim {

namespace write = relay::write;

Result<void> MemoryStore::commit(std::span<const relay::Write> writes) {
    if (failure) return *failure;
    for (const auto& change : writes) std::visit([this](const auto& w) { apply(w); }, change);
    for (auto& [id, p] : partnerships_) p.shared.clear();
    return {};
}

// -- writing

void MemoryStore::apply(const write::Partnership& w) {
    partnerships_[w.partnership].created_ms = w.created_ms;
}

void MemoryStore::apply(const write::Entry& w) {
    auto& p = partnerships_[w.partnership];
    auto body = w.shared ? p.shared.at(*w.shared) : std::make_shared<const Bytes>(w.body);
    p.streams[w.header.stream].insert_or_assign(
        w.header.seq, Row{w.header, w.header_bytes, w.previous, std::move(body)});
}

void MemoryStore::apply(const write::SharedBody& w) {
    partnerships_[w.partnership].shared[w.id] = std::make_shared<const Bytes>(w.body);
}

void MemoryStore::apply(const write::DropBodies& w) {
    auto& rows = partnerships_[w.partnership].streams[w.stream];
    for (auto it = rows.lower_bound(w.first); it != rows.end() && it->first <= w.last; ++it)
        if (((1U << static_cast<unsigned>(it->second.header.kind)) & w.kinds) != 0)
            it->second.body.reset();
}

void MemoryStore::apply(const write::DropEntries& w) {
    auto& rows = partnerships_[w.partnership].streams[w.stream];
    rows.erase(rows.lower_bound(w.first), rows.upper_bound(w.last));
}

void MemoryStore::apply(const write::Reader& w) {
    auto& p = partnerships_[w.partnership];
    p.streams.try_emplace(w.row.stream);
    p.readers[{w.row.stream, w.row.device}] = w.row;
}

void MemoryStore::apply(const write::DropReader& w) {
    partnerships_[w.partnership].readers.erase({w.stream, w.device});
}

void MemoryStore::apply(const write::DropDevice& w) {
    auto& p = partnerships_[w.partnership];
    std::erase_if(p.readers, [&](const auto& r) { return r.first.second == w.device; });
    std::erase_if(p.packages, [&](const auto& k) { return k.first.first == w.device; });
    if (const auto box = p.streams.find(StreamRef::mailbox(w.device)); box != p.streams.end())
        box->second.clear();
}

void MemoryStore::apply(const write::Acceptance& w) {
    auto& p = partnerships_[w.partnership];
    p.streams.try_emplace(w.row.stream);
    p.acceptances[{w.row.stream, w.row.device, w.row.message_id}] = {w.row, ++p.accepted};
}

void MemoryStore::apply(const write::KeyPackage& w) {
    auto& packages = partnerships_[w.partnership].packages;
    if (w.row.last_resort)
        std::erase_if(packages, [&](const auto& k) {
            return k.first.first == w.row.device && k.second.first.last_resort;
        });
    packages.try_emplace({w.row.device, w.row.digest}, w.row, w.package);
}

void MemoryStore::apply(const write::DropKeyPackage& w) {
    partnerships_[w.partnership].packages.erase({w.device, w.digest});
}

void MemoryStore::apply(const write::Blob& w) {
    partnerships_[w.row.partnership].blobs.try_emplace(w.row.blob, w.row);
}

void MemoryStore::apply(const write::DropBlob& w) {
    partnerships_[w.partnership].blobs.erase(w.blob);
}

void MemoryStore::apply(const write::LeaseAccess& w) {
    partnerships_[w.partnership].accesses.push_back(w);
}

void MemoryStore::apply(const write::Code& w) { codes_[w.digest] = w.until_ms; }
void MemoryStore::apply(const write::DropCode& w) { codes_.erase(w.digest); }
void MemoryStore::apply(const write::Meta& w) { meta_[w.name] = w.value; }

void MemoryStore::apply(const write::Prune& w) {
    for (auto& [id, p] : partnerships_) {
        std::map<std::pair<StreamRef, DeviceId>, std::uint64_t> newest;
        for (const auto& [key, one] : p.acceptances) {
            auto& number = newest[{one.row.stream, one.row.device}];
            number = std::max(number, one.number);
        }
        std::erase_if(p.acceptances, [&](const auto& item) {
            const auto& [row, number] = item.second;
            return row.accepted_ms < w.acceptances_before_ms &&
                   number < newest[{row.stream, row.device}];
        });
        for (auto& [stream, rows] : p.streams) {
            if (rows.empty()) continue;
            const auto last = rows.rbegin()->first;
            std::erase_if(rows, [&](const auto& one) {
                const auto& row = one.second;
                return !row.body && row.header.expiry_ms > 0 &&
                       row.header.expiry_ms < w.headers_expired_before_ms && one.first < last;
            });
        }
        std::erase_if(p.accesses,
                      [&](const auto& one) { return one.time_ms < w.accesses_before_ms; });
    }
    std::erase_if(codes_, [&](const auto& one) { return one.second < w.codes_before_ms; });
}

// -- reading

const MemoryStore::Rows* MemoryStore::rows(const PartnershipId& p, const StreamRef& stream) const {
    const auto found = partnerships_.find(p);
    if (found == partnerships_.end()) return nullptr;
    const auto one = found->second.streams.find(stream);
    return one == found->second.streams.end() ? nullptr : &one->second;
}

Result<std::vector<PartnershipId>> MemoryStore::partnerships() {
    std::vector<PartnershipId> out;
    for (const auto& [id, p] : partnerships_) out.push_back(id);
    return out;
}

Result<relay::PartnershipRows> MemoryStore::load(const PartnershipId& p) {
    relay::PartnershipRows out;
    const auto found = partnerships_.find(p);
    if (found == partnerships_.end()) return out;
    const auto& kept = found->second;
    for (const auto& [stream, rows] : kept.streams) {
        relay::StreamRow row;
        row.stream = stream;
        row.chain = chain_start(p, stream);
        if (!rows.empty()) {
            const auto& last = rows.rbegin()->second;
            row.seq = last.header.seq;
            row.chain = chain_next(last.previous, last.header_bytes);
            row.accepted_ms = last.header.accepted_ms;
        }
        for (const auto& [seq, one] : rows) {
            if (one.header.kind == EntryKind::handshake) row.last_handshake = seq;
            if (one.body) row.bytes += one.header.length;
        }
        out.streams.push_back(row);
    }
    for (const auto& [key, row] : kept.readers) out.readers.push_back(row);
    std::map<std::pair<StreamRef, DeviceId>, Partnership::Accepted> newest;
    for (const auto& [key, one] : kept.acceptances) {
        if (one.row.stream.kind != StreamKind::channel) continue;
        auto& best = newest[{one.row.stream, one.row.device}];
        if (one.number > best.number) best = one;
    }
    for (const auto& [key, one] : newest) out.accepted.push_back(one.row);
    for (const auto& [key, one] : kept.packages) out.key_packages.push_back(one.first);
    return out;
}

Result<std::vector<relay::StoredEntry>> MemoryStore::entries(const PartnershipId& p,
                                                             const StreamRef& stream,
                                                             std::uint64_t from,
                                                             std::size_t max_entries,
                                                             std::size_t max_bytes) {
    std::vector<relay::StoredEntry> out;
    const auto* kept = rows(p, stream);
    if (kept == nullptr) return out;
    std::size_t bytes = 0;
    for (auto it = kept->upper_bound(from); it != kept->end() && out.size() < max_entries; ++it) {
        const auto& row = it->second;
        bytes += row.header_bytes.size() + row.header.length;
        if (!out.empty() && bytes > max_bytes) break;
        relay::StoredEntry e{it->first, row.header_bytes, row.previous, {}, row.body != nullptr};
        if (row.body) e.body = *row.body;
        out.push_back(std::move(e));
    }
    return out;
}

Result<std::uint64_t> MemoryStore::body_bytes(const PartnershipId& p, const StreamRef& stream,
                                              std::uint64_t first, std::uint64_t last) {
    std::uint64_t out = 0;
    if (const auto* kept = rows(p, stream))
        for (auto it = kept->lower_bound(first); it != kept->end() && it->first <= last; ++it)
            if (it->second.body) out += it->second.header.length;
    return out;
}

Result<std::optional<relay::AcceptanceRow>> MemoryStore::acceptance(const PartnershipId& p,
                                                                    const StreamRef& stream,
                                                                    const DeviceId& device,
                                                                    const MessageId& id) {
    const auto found = partnerships_.find(p);
    if (found == partnerships_.end()) return std::optional<relay::AcceptanceRow>{};
    const auto row = found->second.acceptances.find({stream, device, id});
    if (row == found->second.acceptances.end()) return std::optional<relay::AcceptanceRow>{};
    return std::optional(row->second.row);
}

Result<std::optional<Bytes>> MemoryStore::key_package(const PartnershipId& p,
                                                      const DeviceId& device,
                                                      const Digest& digest) {
    const auto found = partnerships_.find(p);
    if (found == partnerships_.end()) return std::optional<Bytes>{};
    const auto row = found->second.packages.find({device, digest});
    if (row == found->second.packages.end()) return std::optional<Bytes>{};
    return std::optional(row->second.second);
}

Result<std::vector<relay::BlobRow>> MemoryStore::blobs() {
    std::vector<relay::BlobRow> out;
    for (const auto& [id, p] : partnerships_)
        for (const auto& [blob, row] : p.blobs) out.push_back(row);
    return out;
}

Result<std::vector<relay::DueEntry>> MemoryStore::due(std::uint64_t now_ms, std::size_t max) {
    std::multimap<std::uint64_t, relay::DueEntry> sorted;
    for (const auto& [id, p] : partnerships_)
        for (const auto& [stream, rows] : p.streams)
            for (const auto& [seq, row] : rows)
                if (row.body && row.header.expiry_ms > 0 && row.header.expiry_ms <= now_ms)
                    sorted.emplace(row.header.expiry_ms,
                                   relay::DueEntry{id, stream, seq, row.header.length});
    std::vector<relay::DueEntry> out;
    for (auto& [expiry, one] : sorted)
        if (out.size() < max) out.push_back(one);
    return out;
}

Result<std::optional<std::uint64_t>> MemoryStore::code(const Digest& digest) {
    const auto found = codes_.find(digest);
    return found == codes_.end() ? std::nullopt : std::optional(found->second);
}

Result<std::optional<std::uint64_t>> MemoryStore::meta(std::string_view name) {
    const auto found = meta_.find(name);
    return found == meta_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace huecry::sim
