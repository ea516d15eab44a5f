#include <doctest/doctest.h>

#include <numeric>

#include "huecry/limits.hpp"
#include "huecry/wire/address.hpp"
#include "huecry/wire/authenticated_data.hpp"
#include "huecry/wire/codec.hpp"
#include "huecry/wire/join_info.hpp"
#include "huecry/wire/padding.hpp"
#include "huecry/wire/transcript.hpp"

namespace huecry {
namespace {

Bytes counting(std::size_t n, std::uint8_t from = 0) {
    Bytes out(n);
    std::iota(out.begin(), out.end(), from);
    return out;
}
template <class IdType>
IdType id_of(std::uint8_t from) {
    return *IdType::from(counting(IdType::size, from));
}

/// Whole or not at all: no prefix and no extension of an encoding is read.
template <class F>
void refuses_cut_and_longer(const Bytes& bytes, F decode) {
    for (std::size_t cut = 0; cut < bytes.size(); ++cut)
        CHECK_FALSE(decode(BytesView(bytes).first(cut)).ok());
    auto longer = bytes;
    longer.push_back(0);
    CHECK_FALSE(decode(longer).ok());
}

TEST_CASE("variable-size vectors: minimal lengths only (RFC 9420 section 2.1.2)") {
    const auto read = [](std::string_view hex) -> std::optional<std::size_t> {
        Bytes bytes;
        REQUIRE(from_hex(hex, bytes));
        const auto n = bytes.size();
        bytes.resize(n + 20000);
        Reader r(bytes);
        const auto v = r.opaque();
        if (!r.ok()) return std::nullopt;
        return v.size();
    };
    CHECK(read("25") == 37U);
    CHECK(read("7bbd") == 15293U);
    CHECK(read("00") == 0U);
    CHECK(read("4040") == 64U);
    CHECK(read("80004000") == 16384U);
    CHECK_FALSE(read("4025"));      // 37 in two bytes
    CHECK_FALSE(read("80003bbd"));  // 15293 in four
    CHECK_FALSE(read("c000000000000000"));
    CHECK_FALSE(read("bfffffff"));  // longer than the input
    for (const std::size_t n : {0U, 1U, 63U, 64U, 16383U, 16384U, 70000U}) {
        Writer w;
        w.opaque(Bytes(n, 7));
        Reader r(w.bytes());
        CHECK(r.opaque().size() == n);
        CHECK(r.done());
        Reader bounded(w.bytes());
        if (n > 0) {
            bounded.opaque(n - 1);
            CHECK_FALSE(bounded.ok());
        }
    }
}

TEST_CASE("a reader that failed stays failed and yields zeros") {
    const auto bytes = counting(4, 1);
    Reader r(bytes);
    CHECK(r.u16() == 0x0102);
    CHECK(r.u32() == 0);
    CHECK_FALSE(r.ok());
    CHECK(r.u8() == 0);
    CHECK(r.opaque().empty());
    CHECK_FALSE(r.done());
    const Bytes two{2};
    Reader optional(two);
    CHECK_FALSE(optional.present());
    CHECK_FALSE(optional.ok());
}

Header header() {
    Header h;
    h.stream = StreamRef::channel(id_of<ChannelId>(1), 3);
    h.seq = 0x0102030405060708;
    h.submitter = id_of<DeviceId>(40);
    h.kind = EntryKind::application;
    h.message_id = id_of<MessageId>(80);
    h.accepted_ms = 1'700'000'000'123;
    h.expiry_ms = 1'700'000'100'123;
    h.length = 1024;
    h.digest = id_of<Digest>(100);
    return h;
}

TEST_CASE("headers: one form, of one length") {
    const auto bytes = header().encode();
    CHECK(bytes.size() == Header::encoded_size);
    CHECK(*Header::decode(bytes) == header());
    refuses_cut_and_longer(bytes, Header::decode);
    auto other = bytes;
    other[0] = 2;
    CHECK(Header::decode(other).error().code == Errc::update_needed);
    other = bytes;
    other[1] = 4;
    CHECK(Header::decode(other).error().code == Errc::malformed);
    other = bytes;
    other[46] = 6;
    CHECK(Header::decode(other).error().code == Errc::malformed);
}

TEST_CASE("the chain depends on partnership, stream, incarnation and every header") {
    const auto p = id_of<PartnershipId>(7);
    const auto c = id_of<ChannelId>(1);
    const auto start = chain_start(p, StreamRef::channel(c, 1));
    CHECK_FALSE(start == chain_start(p, StreamRef::channel(c, 2)));
    CHECK_FALSE(start == chain_start(p, StreamRef::directory()));
    CHECK_FALSE(start == chain_start(id_of<PartnershipId>(8), StreamRef::channel(c, 1)));
    auto h = header();
    const auto next = chain_next(start, h.encode());
    h.seq += 1;
    CHECK_FALSE(next == chain_next(start, h.encode()));
    CHECK_FALSE(next == chain_next(next, header().encode()));
}

SignedHead signed_head(const SigningKey& relay) {
    Head head;
    head.partnership = id_of<PartnershipId>(9);
    head.seq = 12;
    head.hash = id_of<Digest>(50);
    head.time_ms = 1'700'000'000'000;
    return SignedHead::sign(head, relay);
}

TEST_CASE("a signed head is the relay's or nothing") {
    REQUIRE(initialise_crypto());
    const auto relay = signing_key_from_seed(counting(32));
    const auto other = signing_key_from_seed(counting(32, 1));
    auto head = signed_head(relay);
    CHECK(head.head.size() == Head::encoded_size);
    REQUIRE(head.verify(relay.public_key).ok());
    CHECK(head.verify(relay.public_key)->seq == 12);
    CHECK_FALSE(head.verify(other.public_key).ok());
    CHECK(*SignedHead::decode(head.encode()) == head);
    refuses_cut_and_longer(head.encode(), SignedHead::decode);
    for (auto& byte : head.head) {
        byte ^= 1;
        CHECK_FALSE(head.verify(relay.public_key).ok());
        byte ^= 1;
    }
}

TEST_CASE("authenticated data and join info") {
    const auto relay = signing_key_from_seed(counting(32));
    AuthenticatedData a{id_of<MessageId>(3), signed_head(relay), 77, id_of<Digest>(4)};
    CHECK(*AuthenticatedData::decode(a.encode()) == a);
    refuses_cut_and_longer(a.encode(), AuthenticatedData::decode);
    JoinInfo j{signed_head(relay), 5, 6, id_of<Digest>(7), id_of<MessageId>(8)};
    CHECK(*JoinInfo::decode(j.encode()) == j);
    refuses_cut_and_longer(j.encode(), JoinInfo::decode);
    auto newer = a.encode();
    newer[0] = 2;
    CHECK(AuthenticatedData::decode(newer).error().code == Errc::update_needed);
    newer = j.encode();
    newer[0] = 2;
    CHECK(JoinInfo::decode(newer).error().code == Errc::update_needed);
    const auto group = group_id(id_of<ChannelId>(1), 0x01020304);
    CHECK(to_hex(group) == "0102030405060708090a0b0c0d0e0f1001020304");
    CHECK(credential_identity(id_of<PartnershipId>(1), id_of<DeviceId>(2)).size() == 48);
}

TEST_CASE("padding: four sizes, one form for each content") {
    for (const std::size_t n :
         {0U, 1U, 400U, 510U, 511U, 3581U, 3582U, 3583U, 8000U, 15870U, 15871U, 60000U, 65020U}) {
        CAPTURE(n);
        const Bytes content(n, 0xAB);
        const auto padded = pad(content);
        REQUIRE(padded.ok());
        const auto header = n < 64 ? 1U : n < 16384 ? 2U : 4U;
        std::size_t want = 0;
        for (const auto size : padded_sizes)
            if (want == 0 && n + header <= size) want = size;
        CHECK(padded->size() == want);
        const auto back = unpad(*padded);
        REQUIRE(back.ok());
        CHECK(to_bytes(*back) == content);
        auto dirty = *padded;
        if (dirty.size() > n + header) {
            dirty.back() = 1;
            CHECK_FALSE(unpad(dirty).ok());
        }
    }
    CHECK_FALSE(pad(Bytes(65021)).ok());
    CHECK(padded_sizes.back() + message_overhead == limits::max_content);
    // A small content in a large envelope, and an envelope of another size.
    Bytes large = *pad(Bytes(10, 1));
    large.resize(padded_sizes[1]);
    CHECK_FALSE(unpad(large).ok());
    CHECK_FALSE(unpad(Bytes(100)).ok());
    CHECK_FALSE(unpad({}).ok());
}

TEST_CASE("proofs hold for one connection, one direction, one subject") {
    const auto key = signing_key_from_seed(counting(32));
    SessionTranscript t;
    t.relay_key = key.public_key;
    t.exporter[0] = 1;
    const auto relay = prove_relay(t, key);
    const auto client = prove_client(t, key);
    CHECK(relay_proved(t, relay));
    CHECK(client_proved(t, key.public_key, client));
    CHECK_FALSE(relay_proved(t, client));
    CHECK_FALSE(client_proved(t, key.public_key, relay));
    const auto broken = [&](auto change) {
        auto other = t;
        change(other);
        CHECK_FALSE(relay_proved(other, relay));
        CHECK_FALSE(client_proved(other, key.public_key, client));
    };
    broken([](auto& o) { o.exporter[31] ^= 1; });
    broken([](auto& o) { o.client_nonce[0] ^= 1; });
    broken([](auto& o) { o.relay_nonce[0] ^= 1; });
    broken([](auto& o) { o.partnership = id_of<PartnershipId>(1); });
    broken([](auto& o) { o.kind = ClientKind::invite; });
    broken([](auto& o) { o.subject[15] ^= 1; });
}

TEST_CASE("addresses") {
    const auto key = id_of<PublicKey>(1);
    const RelayAddress a{"relay.example", 8443, key};
    CHECK(*RelayAddress::parse(a.text()) == a);
    CHECK(*RelayAddress::parse("  <" + a.text() + ">\n") == a);
    const RelayAddress six{"::1", 443, std::nullopt};
    CHECK(six.text() == "https://[::1]:443/");
    CHECK(*RelayAddress::parse(six.text()) == six);
    for (const auto* bad : {"", "http://relay.example/", "https://", "https://a b/", "https://h:0/",
                            "https://h:65536/", "https://h:1x/", "https://h/path", "https://[::1/",
                            "https://h/#short", "https://h/#****"}) {
        CAPTURE(bad);
        CHECK_FALSE(RelayAddress::parse(bad).ok());
    }
}

TEST_CASE("links: whole, of their kind, forgiving what chat applications do") {
    for (const auto kind : {LinkKind::member, LinkKind::device}) {
        const InviteLink link{kind,
                              SecretBytes(counting(32)),
                              id_of<PartnershipId>(5),
                              {"relay.example", 8443, id_of<PublicKey>(6)},
                              "Northgate Shopwatch"};
        const auto text = link.text();
        const auto back = InviteLink::parse(text);
        REQUIRE(back.ok());
        CHECK(back->kind == kind);
        CHECK(back->secret == link.secret);
        CHECK(back->partnership == link.partnership);
        CHECK(back->relay == link.relay);
        CHECK(back->partnership_name == link.partnership_name);
        CHECK(InviteLink::parse(" " + text + ".\n").ok());
        auto encoded = text;
        encoded.replace(encoded.find(':'), 1, "%3A");
        CHECK(InviteLink::parse(encoded).ok());
        for (std::size_t cut = 0; cut < text.size(); ++cut)
            CHECK_FALSE(InviteLink::parse(text.substr(0, cut)).ok());
        for (std::size_t i = 16; i < text.size(); ++i) {
            auto changed = text;
            changed[i] = changed[i] == 'A' ? 'B' : 'A';
            CHECK_FALSE(InviteLink::parse(changed).ok());
        }
    }
    CHECK_FALSE(InviteLink::parse("https://example.org/").ok());
    CHECK_FALSE(InviteLink::parse(std::string(5000, 'a')).ok());
}

std::string changed(std::string text, std::string_view from, std::string_view to) {
    for (auto at = text.find(from); at != text.npos; at = text.find(from, at + to.size()))
        text.replace(at, from.size(), to);
    return text;
}

std::string percent(std::string_view text) {
    std::string out;
    for (const char c : text) out += std::string("%") + to_hex(Bytes{static_cast<std::uint8_t>(c)});
    return out;
}

TEST_CASE("links: what programs make of them is undone, or it is said why not") {
    // Secrets with which the text has runs of dashes and underscores too.
    for (std::uint8_t seed = 0; seed < 40; ++seed) {
        const InviteLink link{seed % 2 == 0 ? LinkKind::member : LinkKind::device,
                              SecretBytes(Bytes(32, static_cast<std::uint8_t>(251 - seed))),
                              id_of<PartnershipId>(seed),
                              {"relay.example", 8443, id_of<PublicKey>(6)},
                              "Northgate Shopwatch"};
        const auto text = link.text();
        const auto scheme = text.find("://") + 3;
        const auto wrapped = [&](std::string_view line_end) {
            std::string out;
            for (std::size_t i = 0; i < text.size(); i += 60)
                out += (i == 0 ? "" : std::string(line_end)) + text.substr(i, 60);
            return out;
        };
        const std::vector<std::string> sent{
            "Please join: <" + text + ">, thanks",
            "(" + text + ")",
            "*" + text + "*",
            "\"" + text + "\"!",
            "[join](" + text + ")",
            text + "?utm_source=mail&fbclid=AbC",
            text + "&amp;h=AT1",
            text + "#x",
            text + "\nSent from my telephone",
            percent(text),
            percent(percent(text)),
            changed(changed(text, ":", "%3A"), "/", "%2F"),
            changed(changed(text, ":", "&#58;"), "/", "&#x2f;"),
            changed(text, "_", "&#95;"),
            "https://go.example/?u=" + changed(changed(text, ":", "%3a"), "/", "%2f") + "&h=1",
            wrapped("=\r\n"),
            wrapped("\r\n"),
            wrapped("\n> "),
            wrapped("\n   "),
            wrapped(" "),
            wrapped("\u200b"),
            wrapped("\u00ad"),
            "\ufeff" + text,
            "HueCry:" + text.substr(7),
            "huecry:" + text.substr(scheme),
            changed(text, "--", "\u2014"),
            "_" + text + "_",
        };
        for (const auto& one : sent) {
            CAPTURE(one);
            const auto back = InviteLink::parse(one);
            REQUIRE(back.ok());
            CHECK(back->kind == link.kind);
            CHECK(back->secret == link.secret);
        }
    }
    const InviteLink link{LinkKind::member,
                          SecretBytes(counting(32)),
                          id_of<PartnershipId>(5),
                          {"relay.example", 8443, id_of<PublicKey>(6)},
                          "Northgate Shopwatch"};
    auto small = link.text();
    for (auto& c : small)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    const auto why = [](const std::string& text) {
        const auto link = InviteLink::parse(text);
        REQUIRE_FALSE(link.ok());
        CHECK(link.error().code == Errc::link_malformed);
        return link.error().detail;
    };
    CHECK(why(small).find("small") != std::string::npos);
    CHECK(why(link.text().substr(0, link.text().size() - 8)).find("end is missing") !=
          std::string::npos);
    CHECK(why("https://example.org/").find("starts with") != std::string::npos);
    CHECK(why(std::string(20'000, 'a')).find("too long") != std::string::npos);
    CHECK(why("huecry://join/") == "a link starts with huecry://join/");
}

TEST_CASE("hexadecimal and base64") {
    Bytes out;
    CHECK(from_hex("00ff10", out));
    CHECK(to_hex(out) == "00ff10");
    CHECK_FALSE(from_hex("0", out));
    CHECK_FALSE(from_hex("0g", out));
    CHECK(from_hex("", out));
    CHECK(out.empty());
    for (std::size_t n = 0; n < 40; ++n) {
        const auto bytes = counting(n, 200);
        REQUIRE(from_base64url(to_base64url(bytes), out));
        CHECK(out == bytes);
    }
    CHECK_FALSE(from_base64url("A", out));
    CHECK_FALSE(from_base64url("AB+/", out));
    CHECK_FALSE(from_base64url("AB==", out));
    // One value has one text: the unused bits of the last character are zero.
    CHECK_FALSE(from_base64url("AB", out));
}

}  // namespace
}  // namespace huecry
