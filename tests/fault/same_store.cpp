#include "fault/same_store.hpp"

#include <algorithm>
#include <limits>

namespace huecry::fault {
namespace {

using namespace relay;

// Every row as one line of text: what is printed is what was compared.
std::string text(const StreamRef& s) {
    return std::to_string(static_cast<unsigned>(s.kind)) + ":" + to_hex(s.id).substr(0, 8) + "." +
           std::to_string(s.incarnation);
}
template <class Number>
std::string number(Number n) {
    return " " + std::to_string(n);
}
std::string text(const StreamRow& r) {
    return "stream " + text(r.stream) + number(r.seq) + " " + r.chain.hex() +
           number(r.accepted_ms) + number(r.last_handshake) + number(r.bytes);
}
std::string text(const ReaderRow& r) {
    return "reader " + text(r.stream) + " " + r.device.hex() + number(r.cursor) +
           number(int{r.member}) + number(r.joined) + number(r.chain_from);
}
std::string text(const KeyPackageRow& r) {
    return "package " + r.device.hex() + " " + r.digest.hex() + number(int{r.last_resort});
}
std::string text(const BlobRow& r) {
    return "blob " + r.partnership.hex() + " " + r.blob.hex() + " " + r.uploader.hex() + " " +
           text(r.audience) + number(r.size) + number(r.expiry_ms) + " " + r.digest.hex();
}
std::string text(const DueEntry& r) {
    return "due " + r.partnership.hex() + " " + text(r.stream) + number(r.seq) + number(r.length);
}
std::string text(const StoredEntry& e, const StreamRef& s) {
    return "entry " + text(s) + number(e.seq) + " " + to_hex(e.header) + " " + e.previous.hex() +
           number(int{e.has_body}) + " " + to_hex(e.body);
}
std::string text(const std::optional<AcceptanceRow>& r) {
    if (!r) return "acceptance: none";
    return "acceptance " + text(r->stream) + " " + r->device.hex() + " " + r->message_id.hex() +
           " " + r->digest.hex() + " " + to_hex(r->answer) + number(r->seq) +
           number(r->accepted_ms);
}

using Lines = std::vector<std::string>;

template <class Rows>
void add_sorted(Lines& out, const Rows& rows) {
    Lines lines;
    for (const auto& row : rows) lines.push_back(text(row));
    std::sort(lines.begin(), lines.end());
    out.insert(out.end(), lines.begin(), lines.end());
}

void failed(Lines& out, const char* what, const Error& error) {
    out.push_back(std::string("cannot read ") + what + ": " + error.text());
}

void add_entries(Lines& out, Store& store, const PartnershipId& p, const StreamRef& stream) {
    for (std::uint64_t from = 0;;) {
        const auto some = store.entries(p, stream, from, 100, 1U << 20U);
        if (!some) return failed(out, "entries", some.error());
        if (some->empty()) return;
        for (const auto& e : *some) out.push_back(text(e, stream));
        from = some->back().seq;
    }
}

void add_partnership(Lines& out, Store& store, const PartnershipId& p) {
    out.push_back("partnership " + p.hex());
    auto rows = store.load(p);
    if (!rows) return failed(out, "partnership", rows.error());
    // A stream that has nothing in it need not be known.
    std::erase_if(rows->streams, [](const auto& s) { return s.seq == 0; });
    add_sorted(out, rows->streams);
    add_sorted(out, rows->readers);
    add_sorted(out, rows->key_packages);
    Lines newest;
    for (const auto& r : rows->accepted)
        newest.push_back("newest " + text(r.stream) + " " + r.device.hex() + " " +
                         r.message_id.hex() + number(r.seq));
    std::sort(newest.begin(), newest.end());
    out.insert(out.end(), newest.begin(), newest.end());
    std::sort(rows->streams.begin(), rows->streams.end(),
              [](const auto& a, const auto& b) { return a.stream < b.stream; });
    for (const auto& s : rows->streams) add_entries(out, store, p, s.stream);
}

void add_named(Lines& out, Store& store, const StoreNames& names) {
    for (const auto& s : names.submissions) {
        const auto row = store.acceptance(s.partnership, s.stream, s.device, s.id);
        row ? out.push_back(text(*row)) : failed(out, "acceptance", row.error());
    }
    for (const auto& k : names.packages) {
        const auto package = store.key_package(k.partnership, k.device, k.digest);
        if (!package) {
            failed(out, "package", package.error());
        } else {
            out.push_back("package " + (*package ? to_hex(**package) : "none"));
        }
    }
    const auto add = [&](const char* what, const Result<std::optional<std::uint64_t>>& value) {
        if (!value) return failed(out, what, value.error());
        out.push_back(std::string(what) + (*value ? number(**value) : " none"));
    };
    for (const auto& c : names.codes) add("code", store.code(c));
    for (const auto& m : names.marks) add("mark", store.meta(m));
}

Lines lines_of(Store& store, const StoreNames& names) {
    Lines out;
    auto partnerships = store.partnerships();
    if (!partnerships) {
        failed(out, "partnerships", partnerships.error());
        return out;
    }
    std::sort(partnerships->begin(), partnerships->end());
    for (const auto& p : *partnerships) add_partnership(out, store, p);
    const auto blobs = store.blobs();
    blobs ? add_sorted(out, *blobs) : failed(out, "blobs", blobs.error());
    const auto due = store.due(std::numeric_limits<std::int64_t>::max(), 1U << 20U);
    due ? add_sorted(out, *due) : failed(out, "due", due.error());
    add_named(out, store, names);
    return out;
}

}  // namespace

std::string difference(relay::Store& a, relay::Store& b, const StoreNames& names) {
    const auto left = lines_of(a, names);
    const auto right = lines_of(b, names);
    const auto [x, y] = std::mismatch(left.begin(), left.end(), right.begin(), right.end());
    if (x == left.end() && y == right.end()) return {};
    constexpr std::size_t shown = 200;
    return "'" + (x == left.end() ? std::string("nothing") : x->substr(0, shown)) + "' against '" +
           (y == right.end() ? std::string("nothing") : y->substr(0, shown)) + "'";
}

}  // namespace huecry::fault
