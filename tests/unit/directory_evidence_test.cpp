#include "directory_town.hpp"
#include "huecry/directory/evidence.hpp"
#include "huecry/limits.hpp"

// What the relay has signed, judged offline: proof only where two of its own words exclude each
// other.
using namespace huecry;
using namespace huecry::directory;
using namespace huecry::directory::test;
using Kind = Finding::Kind;

namespace {

struct Log {
    Town town;
    StreamRef stream = StreamRef::channel(town.id<ChannelId>(), 1);
    Digest start = chain_start(town.state().partnership(), stream);

    Bytes header(std::uint64_t seq) {
        Header h;
        h.stream = stream;
        h.seq = seq;
        h.kind = EntryKind::application;
        h.message_id = town.id<MessageId>();
        return h.encode();
    }
    /// Entries 1…n, the ones after `common` other than those of `with`.
    Stretch stretch(std::uint64_t n, const Stretch* with = nullptr, std::uint64_t common = 0) {
        Stretch out{stream, 0, start, {}};
        for (std::uint64_t seq = 1; seq <= n; ++seq)
            out.headers.push_back(with != nullptr && seq <= common ? with->headers[seq - 1]
                                                                   : header(seq));
        return out;
    }
    static Digest hash(const Stretch& of, std::uint64_t seq) {
        auto at = of.hash;
        for (std::uint64_t i = of.after; i < seq; ++i)
            at = chain_next(at, of.headers[i - of.after]);
        return at;
    }
    SignedHead head(std::uint64_t seq, const Digest& hash, std::uint64_t generation = 1) {
        return SignedHead::sign(
            {town.state().partnership(), stream, seq, hash, town.now_ms() + seq, generation},
            town.relay().key);
    }
    Evidence file(std::vector<SignedHead> heads, std::vector<Stretch> stretches = {}) {
        return {.relay = town.relay().key.public_key,
                .genesis_header = town.log()[0].header,
                .genesis_body = town.log()[0].body,
                .heads = std::move(heads),
                .stretches = std::move(stretches),
                .claims = {}};
    }
};

Finding examined(const std::vector<Evidence>& files) {
    const auto found = examine(files);
    REQUIRE(found.ok());
    return *found;
}

}  // namespace

TEST_CASE("two heads for one place prove that the relay lied, and who it was") {
    Log log;
    const auto finding = examined(
        {log.file({log.head(5, log.town.id<Digest>()), log.head(5, log.town.id<Digest>())})});
    CHECK(finding.kind == Kind::proven);
    CHECK(finding.seq == 5);
    CHECK(finding.bound);
    CHECK(finding.partnership == log.town.state().partnership());
    REQUIRE(finding.first);
    CHECK(finding.first->hash == finding.first_hash);
    CHECK(finding.second->hash == finding.second_hash);
}

TEST_CASE("heads at different places contradict each other through the headers between") {
    Log log;
    const auto ours = log.stretch(9);
    const auto theirs = log.stretch(12, &ours, 4);
    const auto early = log.head(7, Log::hash(ours, 7));
    const auto late = log.head(12, Log::hash(theirs, 12));
    CHECK(examined({log.file({early, late})}).kind == Kind::consistent);
    CHECK(examined({log.file({early, late}, {ours})}).kind == Kind::consistent);
    const auto finding = examined({log.file({early, late}, {theirs})});
    CHECK(finding.kind == Kind::proven);
    CHECK(finding.seq == 7);
    // One file each, as two devices have them.
    CHECK(examined({log.file({early}, {ours}), log.file({late}, {theirs})}).kind == Kind::proven);
    // Headers that no signed head leads to are nobody's word.
    auto invented = theirs;
    invented.headers.pop_back();
    CHECK(examined({log.file({early, late}, {invented})}).kind == Kind::consistent);
    invented.headers.push_back(log.header(12));
    CHECK(examined({log.file({early, late}, {invented})}).kind == Kind::consistent);
}

TEST_CASE("an honest relay cannot be accused") {
    Log log;
    const auto ours = log.stretch(9);
    const auto a = log.head(3, Log::hash(ours, 3));
    const auto b = log.head(9, Log::hash(ours, 9));
    CHECK(examined({log.file({a, b, a}, {ours})}).kind == Kind::consistent);
    // A restored store may go another way: another generation.
    CHECK(examined({log.file({b, log.head(9, log.town.id<Digest>(), 2)}, {ours})}).kind ==
          Kind::consistent);
    // A member's word, and one that only repeats what the relay signed.
    auto file = log.file({a, b}, {ours});
    file.claims.push_back({log.stream, 9, log.town.id<Digest>(), log.town.founder().id(), {}});
    auto finding = examined({file});
    CHECK(finding.kind == Kind::disputed);
    CHECK(finding.claim == file.claims.front());
    file.claims.front().hash = Log::hash(ours, 9);
    CHECK(examined({file}).kind == Kind::consistent);
    // Somebody else's signature.
    Head other = *Head::decode(b.head);
    other.hash = log.town.id<Digest>();
    file.heads.push_back(SignedHead::sign(other, log.town.founder().key));
    CHECK(examine(std::vector{file}).error().code == Errc::wrong_relay);
}

TEST_CASE("files about different relays or partnerships are not mixed") {
    Log log;
    Log other;
    other.town = Town(2);
    other.start = chain_start(other.town.state().partnership(), other.stream);
    const auto one = log.file({log.head(1, log.start)});
    const auto two = other.file({other.head(1, other.start)});
    CHECK(examine(std::vector{one, two}).error().code == Errc::invalid_argument);
    CHECK(examine(std::vector<Evidence>{}).error().code == Errc::invalid_argument);
    CHECK(examine(std::vector{log.file({})}).error().code == Errc::invalid_argument);
    auto wrong = one;
    wrong.genesis_body = two.genesis_body;
    wrong.genesis_header = two.genesis_header;
    CHECK(examine(std::vector{wrong}).error().code == Errc::invalid_argument);
    auto unbound = one;
    unbound.genesis_body.clear();
    CHECK_FALSE(examined({unbound}).bound);
}

TEST_CASE("a file is read back as it was written, and nothing else is") {
    Log log;
    const auto ours = log.stretch(4);
    auto file = log.file({log.head(4, Log::hash(ours, 4))}, {ours});
    file.claims.push_back({log.stream, 2, log.town.id<Digest>(), log.town.founder().id(), {}});
    const auto bytes = file.encode();
    const auto back = Evidence::decode(bytes);
    REQUIRE(back.ok());
    CHECK(*back == file);
    for (std::size_t cut = 0; cut < bytes.size(); ++cut)
        CHECK_FALSE(Evidence::decode(BytesView(bytes).first(cut)).ok());
    auto longer = bytes;
    longer.push_back(0);
    CHECK(Evidence::decode(longer).error().code == Errc::malformed);
    auto newer = bytes;
    newer[16] = 2;
    CHECK(Evidence::decode(newer).error().code == Errc::update_needed);
    CHECK(Evidence::decode(Bytes(limits::max_evidence_file + 1)).error().code == Errc::too_large);
    // Headers of another stream, or out of order.
    auto mixed = file;
    std::swap(mixed.stretches[0].headers[1], mixed.stretches[0].headers[2]);
    CHECK(Evidence::decode(mixed.encode()).error().code == Errc::malformed);
    for (int i = 0; i < 2000; ++i) {
        auto hit = bytes;
        hit[log.town.random()() % hit.size()] ^= static_cast<std::uint8_t>(1 + i % 255);
        const auto read = Evidence::decode(hit);
        if (read) CHECK(read->encode() == hit);
    }
}
