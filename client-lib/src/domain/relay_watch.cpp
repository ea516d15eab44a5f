#include "domain/relay_watch.hpp"

#include "huecry/limits.hpp"
#include "huecry/wire/codec.hpp"

namespace huecry::domain {
namespace {

constexpr std::size_t max_cases = 64;   // streams; a relay that lies about more has lied enough
constexpr std::size_t max_claims = 16;  // as in a file

std::string of(const StreamRef& stream) {
    return stream.kind == StreamKind::directory ? "the directory" : "a channel";
}

void add_once(std::vector<SignedHead>& heads, const SignedHead& head) {
    if (heads.size() < limits::max_evidence_heads && std::ranges::find(heads, head) == heads.end())
        heads.push_back(head);
}

std::uint64_t lowest(const directory::Evidence& evidence) {
    std::uint64_t place = UINT64_MAX;
    for (const auto& stretch : evidence.stretches) place = std::min(place, stretch.after);
    return place;
}

}  // namespace

Result<void> RelayWatch::load() {
    HUECRY_TRY_ASSIGN(auto rows, store_.evidence());
    cases_.clear();
    for (auto& row : rows) {
        HUECRY_TRY_ASSIGN(auto evidence, directory::Evidence::decode(row.file));
        const auto place = lowest(evidence);
        const auto stream = row.stream;
        cases_[stream] = {std::move(row), std::move(evidence), place};
    }
    return {};
}

RelayWatch::Case& RelayWatch::at(const StreamRef& stream) {
    auto& known = cases_[stream];
    if (known.row.time_ms != 0) return known;
    known.row.stream = stream;
    known.row.time_ms = std::max<std::uint64_t>(1, context_.clock.now_ms());
    known.evidence.relay = context_.self.relay_key;
    const auto first = store_.directory_entries(0, 1);
    if (first && !first->empty()) {
        known.evidence.genesis_header = first->front().header;
        known.evidence.genesis_body = first->front().body;
    }
    return known;
}

std::optional<std::uint64_t> RelayWatch::open(const StreamRef& stream) const {
    const auto found = cases_.find(stream);
    if (found == cases_.end() || found->second.row.proven) return std::nullopt;
    return found->second.place;
}

RelayWatch::Said RelayWatch::contradicted(const SignedHead& theirs, directory::Stretch ours,
                                          const std::optional<SignedHead>& head) {
    if (!cases_.contains(ours.stream) && cases_.size() >= max_cases)
        return std::optional<std::string>{};
    auto& known = at(ours.stream);
    add_once(known.evidence.heads, theirs);
    return settle(known, ours, head);
}

RelayWatch::Said RelayWatch::disputed(const directory::Claim& claim, directory::Stretch ours,
                                      const std::optional<SignedHead>& head) {
    if (!cases_.contains(ours.stream) && cases_.size() >= max_cases)
        return std::optional<std::string>{};
    auto& known = at(ours.stream);
    if (known.evidence.claims.size() < max_claims) known.evidence.claims.push_back(claim);
    return settle(known, ours, head);
}

RelayWatch::Said RelayWatch::confirmed(directory::Stretch ours, const SignedHead& head) {
    const auto found = cases_.find(ours.stream);
    if (found == cases_.end() || found->second.row.proven) return std::optional<std::string>{};
    return settle(found->second, ours, head);
}

RelayWatch::Said RelayWatch::settle(Case& known, const directory::Stretch& ours,
                                    const std::optional<SignedHead>& head) {
    if (known.row.proven) return std::optional<std::string>{};
    const bool fresh = known.row.file.empty();
    auto& evidence = known.evidence;
    if (head) {
        // One head of ours is enough, the newest: it stands for all that leads to it.
        if (evidence.heads.size() == limits::max_evidence_heads) evidence.heads.pop_back();
        add_once(evidence.heads, *head);
    }
    known.place = std::min(known.place, ours.after);
    if (ours.after <= known.place) evidence.stretches.assign(1, ours);
    if (!evidence.heads.empty()) {
        HUECRY_TRY_ASSIGN(const auto finding,
                          directory::examine(std::span<const directory::Evidence>(&evidence, 1)));
        known.row.proven = finding.kind == directory::Finding::Kind::proven;
    }
    known.row.file = evidence.encode();
    HUECRY_TRY_ASSIGN(auto transaction, context_.db.begin());
    HUECRY_TRY(store_.put_evidence(known.row));
    HUECRY_TRY(transaction.commit());
    if (known.row.proven)
        return std::optional("the relay has signed two different pasts of " + of(ours.stream) +
                             ": it lied. The proof is kept (huecry evidence)");
    if (!fresh) return std::optional<std::string>{};
    return std::optional("a member and the relay disagree on what was sent in " + of(ours.stream) +
                         ": one of them is wrong. What was signed is kept (huecry evidence)");
}

Result<bool> RelayWatch::once(const std::string& key, std::uint64_t about) {
    const auto name = "stale " + key;
    HUECRY_TRY_ASSIGN(const auto known, store_.setting(name));
    const auto value = Writer().u64(about).take();
    if (known && *known == value) return false;
    HUECRY_TRY_ASSIGN(auto transaction, context_.db.begin());
    HUECRY_TRY(store_.set_setting(name, value));
    HUECRY_TRY(transaction.commit());
    return true;
}

/// When this device first saw the channel without an anchor.
Result<std::uint64_t> RelayWatch::first_seen(const Stand& stand, std::uint64_t now) {
    const auto key = "no anchor " + stand.channel.hex() + " " + std::to_string(stand.incarnation);
    HUECRY_TRY_ASSIGN(const auto known, store_.setting(key));
    if (known) return Reader(*known).u64();
    HUECRY_TRY_ASSIGN(auto transaction, context_.db.begin());
    HUECRY_TRY(store_.set_setting(key, Writer().u64(now).take()));
    HUECRY_TRY(transaction.commit());
    return now;
}

Result<std::vector<std::string>> RelayWatch::stale(const std::vector<Stand>& channels) {
    std::vector<std::string> out;
    if (!directory_.known() || directory_.heard_ms() == 0) return out;
    const auto now = context_.clock.now_ms();
    if (now > directory_.heard_ms() + limits::head_stale_s * 1000) {
        HUECRY_TRY_ASSIGN(const bool first, once("head", directory_.heard_ms()));
        if (first)
            out.emplace_back(
                "the relay has not signed anything for a day: who has been removed since is not "
                "known here, and alerts may be missing");
        return out;  // anchors cannot be fresher than that
    }
    const auto& state = directory_.state();
    for (const auto& stand : channels) {
        const auto* record = state.channel(stand.channel);
        if (record == nullptr || record->incarnation != stand.incarnation) continue;
        std::uint64_t since = 0;
        if (record->anchor) {
            since = record->anchor->accepted_ms;
        } else {
            HUECRY_TRY_ASSIGN(since, first_seen(stand, now));
        }
        if (now <= since + limits::anchor_stale_s * 1000) continue;
        HUECRY_TRY_ASSIGN(const bool first, once("anchor " + stand.channel.hex(), since));
        if (first)
            out.emplace_back(
                "no coordinator's device has confirmed a channel for two days: compare safety "
                "words with another member (huecry directory words)");
    }
    return out;
}

}  // namespace huecry::domain
