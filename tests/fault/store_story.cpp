#include "fault/store_story.hpp"

#include <algorithm>

namespace huecry::fault {
namespace {

using namespace relay;
namespace write = relay::write;

constexpr std::string_view canary = "CANARY";
constexpr std::size_t canary_digits = 16;
constexpr unsigned every_kind = 0x3f;
constexpr std::size_t remembered = 40;

template <class List>
void forget_oldest(List& list) {
    if (list.size() > remembered)
        list.erase(list.begin(), list.end() - static_cast<std::ptrdiff_t>(remembered));
}

}  // namespace

LeaseModel::Row LeaseModel::Row::clone() const {
    Row out;
    out.lease.partnership = lease.partnership;
    out.lease.blob = lease.blob;
    out.lease.audience = lease.audience;
    out.lease.uploader = lease.uploader;
    out.lease.expiry_ms = lease.expiry_ms;
    out.lease.share = SecretBytes(lease.share.view());
    return out;
}

LeaseModel LeaseModel::copy() const {
    LeaseModel out;
    for (const auto& [blob, row] : rows) out.rows.emplace(blob, row.clone());
    return out;
}

void LeaseModel::apply(std::span<const LeaseStore::Change> changes) {
    for (const auto& change : changes) {
        if (const auto* put = std::get_if<Lease>(&change)) {
            Row row;
            row.lease.partnership = put->partnership;
            row.lease.blob = put->blob;
            row.lease.audience = put->audience;
            row.lease.uploader = put->uploader;
            row.lease.expiry_ms = put->expiry_ms;
            row.lease.share = SecretBytes(put->share.view());
            rows.try_emplace(put->blob, std::move(row));
        } else if (const auto* drop = std::get_if<LeaseStore::Drop>(&change)) {
            rows.erase(drop->blob);
        } else {
            const auto now = std::get<LeaseStore::Expire>(change).now_ms;
            std::erase_if(rows, [&](const auto& r) { return r.second.lease.expiry_ms <= now; });
        }
    }
}

std::string difference(LeaseStore& store, const LeaseModel& model,
                       const std::vector<std::pair<PartnershipId, BlobId>>& asked) {
    for (const auto& [partnership, blob] : asked) {
        const auto found = store.find(partnership, blob);
        if (!found) return "lease " + blob.hex() + ": " + found.error().text();
        const auto wanted = model.rows.find(blob);
        if (found->has_value() != (wanted != model.rows.end()))
            return "lease " + blob.hex() + (*found ? " is there" : " is gone");
        if (!*found) continue;
        const auto& a = **found;
        const auto& b = wanted->second.lease;
        if (a.uploader != b.uploader || a.audience != b.audience || a.expiry_ms != b.expiry_ms ||
            to_bytes(a.share.view()) != to_bytes(b.share.view()))
            return "lease " + blob.hex() + " is another";
    }
    return {};
}

/// One transaction under way: gives the next seq of each stream.
class StoreStory::Gathering {
public:
    Gathering(StoreStory& story, sim::MemoryStore& on_disk) : story_(story), on_disk_(on_disk) {}

    /// The next entry's header, to be filled in.
    [[nodiscard]] Header header(const PartnershipId& p, const StreamRef& s, EntryKind kind,
                                const DeviceId& by) {
        Header h;
        h.stream = s;
        h.seq = state(p, s).seq + 1;
        h.submitter = by;
        h.kind = kind;
        h.message_id = story_.random_.id<MessageId>();
        h.accepted_ms = story_.now_ms_;
        return h;
    }
    void entry(const PartnershipId& p, Header h, Bytes body,
               std::optional<MessageId> shared = std::nullopt) {
        auto& s = state(p, h.stream);
        auto bytes = h.encode();
        const auto previous = s.chain;
        s.chain = chain_next(previous, bytes);
        s.seq = h.seq;
        writes.emplace_back(
            write::Entry{p, h, std::move(bytes), previous, std::move(body), shared});
    }
    [[nodiscard]] StreamRow& state(const PartnershipId& p, const StreamRef& s) {
        const auto [it, fresh] = states_.try_emplace({p, s});
        if (!fresh) return it->second;
        it->second.stream = s;
        it->second.chain = chain_start(p, s);
        const auto rows = on_disk_.load(p);
        for (const auto& row : rows->streams)
            if (row.stream == s) it->second = row;
        return it->second;
    }
    Writes writes;

private:
    StoreStory& story_;
    sim::MemoryStore& on_disk_;
    std::map<std::pair<PartnershipId, StreamRef>, StreamRow> states_;
};

StoreStory::StoreStory(std::uint64_t seed) : random_(seed, 1) {
    const auto n = random_.between(1, 2);
    for (std::uint64_t i = 0; i < n; ++i) towns_.push_back(make_town());
}

StoreStory::Town StoreStory::make_town() {
    Town out;
    out.partnership = random_.id<PartnershipId>();
    for (int i = 0; i < 2; ++i)
        out.channels.push_back(StreamRef::channel(random_.id<ChannelId>(), 1));
    for (int i = 0; i < 4; ++i) out.devices.push_back(random_.id<DeviceId>());
    return out;
}

/// Canaries all along, so that no page of it is without one.
Bytes StoreStory::body() {
    const auto kind = random_.below(100);
    const auto size = kind < 60   ? random_.between(64, 700)
                      : kind < 95 ? random_.between(700, 6000)
                                  : random_.between(6000, 20'000);
    Bytes out(size);
    random_.fill(out);
    const auto word = std::string(canary) + to_hex(random_.id<MessageId>().view()).substr(0, 16);
    for (std::size_t at = 0; at + word.size() <= out.size(); at += 64)
        std::copy(word.begin(), word.end(), out.begin() + static_cast<std::ptrdiff_t>(at));
    return out;
}

Writes StoreStory::transaction(sim::MemoryStore& on_disk) {
    now_ms_ += random_.below(8000);
    Gathering out(*this, on_disk);
    const auto there = on_disk.partnerships();
    std::vector<const Town*> founded;
    for (const auto& town : towns_)
        if (std::find(there->begin(), there->end(), town.partnership) != there->end())
            founded.push_back(&town);
    if (founded.empty()) {
        found(out);
        return std::move(out.writes);
    }
    const auto& town = *founded[random_.below(founded.size())];
    switch (random_.below(10)) {
        case 0:
            found(out);
            break;
        case 1:
        case 2:
            acknowledge(out, town);
            break;
        case 3:
        case 4:
            expire(out, on_disk);
            break;
        case 5:
            keep_house(out, town);
            break;
        case 6:
            welcome(out, town);
            break;
        default:
            break;
    }
    for (auto n = random_.below(6); n > 0 || out.writes.empty(); n -= n > 0 ? 1 : 0)
        submit(out, town);
    return std::move(out.writes);
}

void StoreStory::found(Gathering& out) {
    for (const auto& town : towns_) {
        if (out.state(town.partnership, StreamRef::directory()).seq != 0) continue;
        out.writes.emplace_back(write::Partnership{town.partnership, now_ms_});
        auto h = out.header(town.partnership, StreamRef::directory(), EntryKind::statement,
                            town.devices[0]);
        Bytes genesis(random_.between(300, 900), 0x67);
        h.length = static_cast<std::uint32_t>(genesis.size());
        h.digest = sha256(genesis);
        out.entry(town.partnership, h, std::move(genesis));
        return;
    }
}

void StoreStory::submit(Gathering& out, const Town& town) {
    const auto by = town.devices[random_.below(town.devices.size())];
    const auto& p = town.partnership;
    const auto to = random_.chance(80)
                        ? town.channels[random_.below(town.channels.size())]
                        : StreamRef::mailbox(town.devices[random_.below(town.devices.size())]);
    const auto kind = to.kind == StreamKind::mailbox ? EntryKind::directed
                      : random_.chance(15)           ? EntryKind::handshake
                                                     : EntryKind::application;
    auto h = out.header(p, to, kind, by);
    auto content = body();
    h.expiry_ms = now_ms_ + random_.between(2000, 120'000);
    h.length = static_cast<std::uint32_t>(content.size());
    h.digest = sha256(content);
    out.entry(p, h, std::move(content));
    Bytes answer(random_.between(10, 40));
    random_.fill(answer);
    out.writes.emplace_back(write::Acceptance{
        p, {to, by, h.message_id, random_.id<Digest>(), answer, h.seq, h.accepted_ms}});
    names_.submissions.push_back({p, to, by, h.message_id});
    forget_oldest(names_.submissions);
}

void StoreStory::welcome(Gathering& out, const Town& town) {
    const auto& p = town.partnership;
    const auto& channel = town.channels[0];
    auto commit = out.header(p, channel, EntryKind::handshake, town.devices[0]);
    auto content = body();
    commit.expiry_ms = now_ms_ + 300'000;
    commit.length = static_cast<std::uint32_t>(content.size());
    commit.digest = sha256(content);
    out.entry(p, commit, std::move(content));
    const auto id = random_.id<MessageId>();
    auto joint = body();
    const auto length = static_cast<std::uint32_t>(joint.size());
    const auto digest = sha256(joint);
    out.writes.emplace_back(write::SharedBody{p, id, std::move(joint)});
    for (auto n = random_.between(1, town.devices.size() - 1); n > 0; --n) {
        const auto& device = town.devices[n];
        auto h = out.header(p, StreamRef::mailbox(device), EntryKind::welcome, town.devices[0]);
        h.expiry_ms = now_ms_ + random_.between(5000, 60'000);
        h.length = length;
        h.digest = digest;
        out.entry(p, h, {}, id);
        out.writes.emplace_back(
            write::Reader{p, {channel, device, commit.seq - 1, true, commit.seq, commit.seq - 1}});
    }
}

void StoreStory::acknowledge(Gathering& out, const Town& town) {
    const auto& s = random_.chance(70) ? town.channels[random_.below(town.channels.size())]
                                       : StreamRef::mailbox(town.devices[1]);
    const auto seq = out.state(town.partnership, s).seq;
    if (seq == 0) return;
    const auto to = random_.between(1, seq);
    for (const auto& device : town.devices)
        out.writes.emplace_back(write::Reader{town.partnership, {s, device, to, true, 1, 0}});
    if (random_.chance(70))
        out.writes.emplace_back(write::DropBodies{town.partnership, s, 1, to, every_kind});
}

void StoreStory::expire(Gathering& out, sim::MemoryStore& on_disk) {
    const auto due = on_disk.due(now_ms_, 1000);
    for (const auto& one : *due)
        out.writes.emplace_back(
            write::DropBodies{one.partnership, one.stream, one.seq, one.seq, every_kind});
    const auto blobs = on_disk.blobs();
    for (const auto& row : *blobs)
        if (row.expiry_ms <= now_ms_)
            out.writes.emplace_back(write::DropBlob{row.partnership, row.blob});
    out.writes.emplace_back(write::Meta{"time", now_ms_});
    if (random_.chance(50))
        out.writes.emplace_back(
            write::Prune{now_ms_ - 60'000, now_ms_ - 30'000, now_ms_ - 60'000, now_ms_});
}

void StoreStory::keep_house(Gathering& out, const Town& town) {
    const auto& p = town.partnership;
    const auto& device = town.devices[random_.below(town.devices.size())];
    Bytes package(random_.between(100, 400));
    random_.fill(package);
    const auto digest = sha256(package);
    out.writes.emplace_back(
        write::KeyPackage{p, {device, digest, random_.chance(20)}, std::move(package)});
    names_.packages.push_back({p, device, digest});
    forget_oldest(names_.packages);
    if (random_.chance(40)) {
        const auto& old = names_.packages[random_.below(names_.packages.size())];
        out.writes.emplace_back(write::DropKeyPackage{old.partnership, old.device, old.digest});
    }
    const auto blob = random_.id<BlobId>();
    out.writes.emplace_back(
        write::Blob{{p, blob, device, town.channels[0], random_.between(1, 1U << 20U),
                     now_ms_ + random_.between(2000, 60'000), random_.id<Digest>()}});
    out.writes.emplace_back(write::LeaseAccess{p, device, blob, now_ms_});
    const auto code = random_.id<Digest>();
    out.writes.emplace_back(write::Code{code, now_ms_ + random_.below(60'000)});
    names_.codes.push_back(code);
    forget_oldest(names_.codes);
    if (random_.chance(30)) out.writes.emplace_back(write::DropCode{names_.codes.front()});
    if (random_.chance(20)) out.writes.emplace_back(write::DropDevice{p, town.devices.back()});
    names_.marks = {"time", "generation"};
}

std::vector<LeaseStore::Change> StoreStory::lease_transaction(const LeaseModel& on_disk) {
    now_ms_ += random_.below(3000);
    std::vector<LeaseStore::Change> out;
    if (random_.chance(35)) out.emplace_back(LeaseStore::Expire{now_ms_});
    if (random_.chance(15) && !on_disk.rows.empty()) {
        const auto& one = on_disk.rows.begin()->second.lease;
        out.emplace_back(LeaseStore::Drop{one.partnership, one.blob});
    }
    for (auto n = random_.between(1, 4); n > 0; --n) {
        const auto& town = towns_[random_.below(towns_.size())];
        Lease lease;
        lease.partnership = town.partnership;
        lease.blob = random_.id<BlobId>();
        lease.audience = town.channels[0];
        lease.uploader = town.devices[0];
        lease.expiry_ms =
            now_ms_ + random_.between(1000, random_.chance(50) ? 10'000 : 600'000'000);
        lease.share = SecretBytes(32);
        random_.fill(lease.share.span());
        lease_names_.emplace_back(lease.partnership, lease.blob);
        out.emplace_back(std::move(lease));
    }
    forget_oldest(lease_names_);
    return out;
}

std::vector<std::string> StoreStory::ghosts(BytesView pages, sim::MemoryStore& on_disk) {
    constexpr std::size_t compared = 8;  // a canary may be cut at the end of a page
    std::set<std::string> alive;
    const auto partnerships = on_disk.partnerships();
    for (const auto& p : *partnerships) {
        const auto rows = on_disk.load(p);
        for (const auto& s : rows->streams) {
            const auto entries = on_disk.entries(p, s.stream, 0, 100'000, 1U << 30U);
            for (const auto& e : *entries)
                if (e.has_body && e.body.size() >= canary.size() + canary_digits)
                    alive.insert(to_string(BytesView(e.body).subspan(canary.size(), compared)));
        }
    }
    std::set<std::string> out;
    const auto word = view(canary);
    for (auto at = pages.begin();;) {
        at = std::search(at, pages.end(), word.begin(), word.end());
        if (at == pages.end()) break;
        at += static_cast<std::ptrdiff_t>(word.size());
        const auto rest = pages.subspan(static_cast<std::size_t>(at - pages.begin()));
        const auto id = to_string(rest.first(std::min(compared, rest.size())));
        const bool whole = id.find_first_not_of("0123456789abcdef") == std::string::npos;
        if (whole && id.size() == compared && !alive.contains(id)) out.insert(id);
    }
    return {out.begin(), out.end()};
}

}  // namespace huecry::fault
