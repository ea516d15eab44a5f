#include "unit/mls_rogue.hpp"

// The form of what is read: each place in the readers of RFC 9420's structures that refuses, by
// bytes that are wrong there and nowhere else.
using namespace huecry;
using namespace huecry::test;
using namespace huecry::mls;

namespace {

using Write = std::function<void(Writer&)>;

const CipherSuite& suite() { return chacha20_suite(); }

Bytes bytes(const Write& write) {
    Writer w;
    write(w);
    return w.take();
}
/// Whether a structure is read to its end.
template <class T>
bool reads(BytesView input) {
    Reader r(input);
    (void)T::read(r);
    return r.done();
}
template <class F>
bool reads(F&& read, BytesView input) {
    Reader r(input);
    (void)read(r);
    return r.done();
}
// A vector whose last element says that it is longer than the vector.
Write cut_short(const Write& elements = {}) {
    return [=](Writer& w) {
        w.vector([&](Writer& v) {
            if (elements) elements(v);
            v.u8(0x3f);
        });
    };
}
Write many(std::size_t n, const Write& element) {
    return [=](Writer& w) {
        w.vector([&](Writer& v) {
            for (std::size_t i = 0; i < n; ++i) element(v);
        });
    };
}
const Write nothing = [](Writer& w) { w.opaque({}); };

}  // namespace

TEST_CASE("extensions and lists of numbers (sections 7.2, 11.1, 12.1.8.1 and 13.4)") {
    const auto list = [](const Write& w) { return reads(read_extensions, bytes(w)); };
    CHECK(list(nothing));
    std::uint16_t type = 0;
    const Write next = [&](Writer& w) { w.u16(++type).opaque({}); };
    CHECK(list(many(256, next)));
    CHECK_FALSE(list(many(257, next)));
    CHECK_FALSE(list(many(2, [](Writer& w) { w.u16(7).opaque({}); })));
    CHECK_FALSE(list(cut_short([](Writer& w) { w.u16(7); })));
    const auto numbers = [](const Write& w) { return reads(read_u16s, bytes(w)); };
    CHECK(numbers([](Writer& w) { w.opaque(Bytes(4)); }));
    CHECK_FALSE(numbers([](Writer& w) { w.opaque(Bytes(5)); }));
    const auto required = [](const Write& w) {
        return why(RequiredCapabilities::decode(bytes(w)));
    };
    CHECK(required([](Writer& w) { w.opaque({}).opaque({}).opaque({}); }) == "accepted");
    CHECK(required([](Writer& w) { w.opaque({}).opaque({}).opaque({}).u8(0); }) ==
          "required_capabilities");
    const auto senders = [](const Write& w) { return why(decode_external_senders(bytes(w))); };
    const Write sender = [](Writer& w) {
        w.opaque(Bytes(32));
        Credential::basic(view("service")).write(w);
    };
    CHECK(senders(many(256, sender)) == "accepted");
    CHECK(senders(many(257, sender)) == "external_senders");
    CHECK(senders(cut_short(sender)) == "external_senders");
    CHECK(senders([&](Writer& w) {
              many(1, sender)(w);
              w.u8(0);
          }) == "external_senders");
}

TEST_CASE("credentials (section 5.3)") {
    const auto read = [](const Write& w) { return reads<Credential>(bytes(w)); };
    const auto x509 = [](const Write& chain) {
        return [=](Writer& w) {
            w.u16(credential_type::x509);
            chain(w);
        };
    };
    CHECK(read([](Writer& w) { w.u16(credential_type::basic).opaque(Bytes(3)); }));
    CHECK(read(x509(many(64, nothing))));
    CHECK_FALSE(read(x509(many(65, nothing))));
    CHECK_FALSE(read(x509(cut_short(nothing))));
    CHECK_FALSE(read([](Writer& w) { w.u16(0x0a0a); }));
}

TEST_CASE("leaves and key packages (sections 7.2 and 10)") {
    SeededRandom random(1);
    Device ann(suite(), random, "ann");
    const auto package = std::move(*parse_key_package(ann.key_package().message));
    CHECK(why(KeyPackage::decode(package.encode())) == "accepted");
    for (const auto source : {std::uint8_t{0}, std::uint8_t{4}}) {
        auto other = package;
        other.leaf.source = LeafNodeSource{source};
        CHECK(why(KeyPackage::decode(other.encode())) == "KeyPackage");
    }
    auto longer = package.encode();
    longer.push_back(0);
    CHECK(why(KeyPackage::decode(longer)) == "KeyPackage");
    // Versions, suites and the rest that this engine does not know are read all the same.
    auto other = package;
    other.leaf.capabilities.versions.push_back(0x0a0a);
    other.leaf.capabilities.credentials.push_back(0x1a1a);
    CHECK(why(KeyPackage::decode(other.encode())) == "accepted");
    auto keys = std::move(*parse_key_package(ann.key_package().message));
    keys.leaf.signature_key.push_back(0);
    CHECK(why(check_key_package(suite(), keys)) == "LeafNode: length of a key");
    // The private halves, as they are kept.
    const auto saved = ann.key_package().secrets.save();
    auto newer = to_bytes(saved.view());
    newer[0] = 2;
    CHECK(KeyPackageSecrets::load(newer).error().code == Errc::store_newer);
    newer[0] = 1;
    CHECK(KeyPackageSecrets::load(newer).ok());
    newer.push_back(0);
    CHECK(KeyPackageSecrets::load(newer).error().code == Errc::store_damaged);
}

TEST_CASE("proposals and pre-shared keys (sections 8.4 and 12.1)") {
    const auto read = [](const Write& w) { return why(Proposal::decode(bytes(w))); };
    CHECK(read([](Writer& w) { w.u16(3).u32(1); }) == "accepted");
    CHECK(read([](Writer& w) { w.u16(3).u32(1).u8(0); }) == "Proposal");
    CHECK(read([](Writer& w) { w.u16(8); }) == "Proposal");
    const auto psk = [](std::uint8_t type, std::uint8_t usage) {
        return [=](Writer& w) {
            w.u16(proposal_type::psk).u8(type);
            if (type == 1)
                w.opaque(Bytes(2));
            else
                w.u8(usage).opaque(Bytes(2)).u64(0);
            w.opaque(Bytes(32));
        };
    };
    CHECK(read(psk(1, 0)) == "accepted");
    CHECK(read(psk(2, 1)) == "accepted");
    CHECK(read(psk(2, 3)) == "accepted");
    CHECK(read(psk(0, 1)) == "Proposal");
    CHECK(read(psk(3, 1)) == "Proposal");
    CHECK(read(psk(2, 0)) == "Proposal");
    CHECK(read(psk(2, 4)) == "Proposal");
}

TEST_CASE("commits and their paths (sections 7.6 and 12.4)") {
    const auto read = [](const Write& w) { return reads<Commit>(bytes(w)); };
    const auto no_path = [](const Write& proposals) {
        return [=](Writer& w) {
            proposals(w);
            w.u8(0);
        };
    };
    const Write reference = [](Writer& w) { w.u8(2).opaque({}); };
    const Write value = [](Writer& w) { w.u8(1).u16(3).u32(1); };
    CHECK(read(no_path(many(3, value))));
    CHECK(read(no_path(many(max_elements, reference))));
    CHECK_FALSE(read(no_path(many(max_elements + 1, reference))));
    CHECK_FALSE(read(no_path(many(1, [](Writer& w) { w.u8(3).opaque({}); }))));
    CHECK_FALSE(read(no_path(many(1, [](Writer& w) { w.u8(0).opaque({}); }))));
    CHECK_FALSE(read(no_path(cut_short([](Writer& w) { w.u8(2); }))));
    CHECK_FALSE(read([](Writer& w) { w.opaque({}).u8(2); }));
    SeededRandom random(1);
    Device ann(suite(), random, "ann");
    const auto leaf = parse_key_package(ann.key_package().message)->leaf;
    const auto path = [&](const Write& nodes) {
        return reads<UpdatePath>(bytes([&](Writer& w) {
            leaf.write(w);
            nodes(w);
        }));
    };
    const auto node = [](const Write& ciphertexts) {
        return [=](Writer& w) {
            w.opaque({});
            ciphertexts(w);
        };
    };
    const Write ciphertext = [](Writer& w) { w.opaque({}).opaque({}); };
    CHECK(path(many(32, node(nothing))));
    CHECK_FALSE(path(many(33, node(nothing))));
    CHECK(path(many(1, node(many(max_elements, ciphertext)))));
    CHECK_FALSE(path(many(1, node(many(max_elements + 1, ciphertext)))));
    CHECK_FALSE(path(many(1, node(cut_short(ciphertext)))));
    CHECK_FALSE(path(cut_short(node(nothing))));
}

TEST_CASE("contents (section 6)") {
    const auto content = [](std::uint16_t format, std::uint8_t sender, std::uint8_t type) {
        return bytes([=](Writer& w) {
            if (format != 0xffff) w.u16(format);
            w.opaque(Bytes(5)).u64(1).u8(sender);
            if (sender == 1 || sender == 2) w.u32(0);
            w.opaque({}).u8(type);
            if (type == 1) w.opaque(Bytes(3));
            if (type == 2) w.u16(3).u32(1);
            if (type == 3) w.opaque({}).u8(0);
            w.opaque(Bytes(64));
            if (type == 3) w.opaque(Bytes(32));
        });
    };
    const auto read = [&](std::uint16_t format, std::uint8_t sender, std::uint8_t type) {
        return reads<AuthenticatedContent>(content(format, sender, type));
    };
    for (std::uint8_t sender = 1; sender <= 4; ++sender)
        for (std::uint8_t type = 1; type <= 3; ++type) CHECK(read(1, sender, type));
    CHECK(read(2, 1, 1));
    CHECK_FALSE(read(0, 1, 1));
    CHECK_FALSE(read(3, 1, 1));
    CHECK_FALSE(read(1, 0, 1));
    CHECK_FALSE(read(1, 5, 1));
    CHECK_FALSE(read(1, 1, 0));
    CHECK_FALSE(read(1, 1, 4));
    CHECK_FALSE(content_type(0).has_value());
    CHECK_FALSE(content_type(4).has_value());
}

TEST_CASE("Welcome and GroupSecrets (section 12.4.3)") {
    const Write entry = [](Writer& w) { w.opaque({}).opaque({}).opaque({}); };
    const auto welcome = [](const Write& secrets) {
        return reads<Welcome>(bytes([&](Writer& w) {
            w.u16(3);
            secrets(w);
            w.opaque({});
        }));
    };
    CHECK(welcome(many(max_elements, entry)));
    CHECK_FALSE(welcome(many(max_elements + 1, entry)));
    CHECK_FALSE(welcome(cut_short(entry)));
    const Write psk = [](Writer& w) { w.u8(1).opaque({}).opaque({}); };
    const auto secrets = [](const Write& psks) {
        return reads<GroupSecrets>(bytes([&](Writer& w) {
            w.opaque(Bytes(32)).u8(0);
            psks(w);
        }));
    };
    CHECK(secrets(many(max_elements, psk)));
    CHECK_FALSE(secrets(many(max_elements + 1, psk)));
    CHECK_FALSE(secrets(cut_short(psk)));
    CHECK_FALSE(secrets([](Writer& w) { w.vector([](Writer& v) { v.u8(1); }); }));
}
