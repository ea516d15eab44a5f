#include <doctest/doctest.h>

#include "conformance/mls/vectors.hpp"
#include "huecry/wire/codec.hpp"
#include "mls/framing.hpp"
#include "mls/secret_tree.hpp"
#include "mls/tree_math.hpp"
#include "unit/mls_support.hpp"

// Vectors without a group: tree math, codec, labelled primitives, key schedule, secret tree, PSKs,
// transcript hashes.
using namespace huecry;
using namespace huecry::test;
using namespace huecry::mls;

namespace {

void require(bool good, const char* what) {
    if (!good) throw std::runtime_error(what);
}
void same(BytesView a, BytesView b, const char* what) { require(to_bytes(a) == to_bytes(b), what); }
std::string text(const json::value& object, const char* name) {
    return std::string(object.as_object().at(name).as_string());
}
std::string no_suite() { return "cipher suite is not 1 or 3"; }

template <class F>
void compare_nodes(const json::array& expected, std::uint32_t count, const F& actual,
                   const char* what) {
    require(expected.size() == count, what);
    for (NodeIndex x = 0; x < count; ++x) {
        const std::optional<NodeIndex> value = actual(x);
        require(expected[x].is_null() ? !value : value == expected[x].to_number<NodeIndex>(), what);
    }
}

}  // namespace

TEST_CASE("tree-math") {
    run_vectors("tree-math", [](const json::value& v) -> std::string {
        const auto n = static_cast<std::uint32_t>(number(v, "n_leaves"));
        const auto count = node_count(n);
        const auto root = root_of(n);
        require(number(v, "n_nodes") == count, "n_nodes");
        require(number(v, "root") == root, "root");
        using Node = std::optional<NodeIndex>;
        compare_nodes(
            array(v, "left"), count,
            [](NodeIndex x) { return is_leaf(x) ? Node{} : Node{left(x)}; }, "left");
        compare_nodes(
            array(v, "right"), count,
            [](NodeIndex x) { return is_leaf(x) ? Node{} : Node{right(x)}; }, "right");
        compare_nodes(
            array(v, "parent"), count,
            [&](NodeIndex x) { return x == root ? Node{} : Node{parent(x)}; }, "parent");
        compare_nodes(
            array(v, "sibling"), count,
            [&](NodeIndex x) { return x == root ? Node{} : Node{sibling(x)}; }, "sibling");
        return {};
    });
}

TEST_CASE("deserialization") {
    run_vectors("deserialization", [](const json::value& v) -> std::string {
        auto bytes = hex(v, "vlbytes_header");
        const auto length = number(v, "length");
        require(Writer().length(length).bytes() == bytes, "the header encodes otherwise");
        const auto header = bytes.size();
        bytes.resize(header + length);
        Reader r(bytes);
        require(r.opaque().size() == length && r.done(), "length");
        return {};
    });
}

TEST_CASE("crypto-basics") {
    SeededRandom random(1);
    run_vectors("crypto-basics", [&](const json::value& v) -> std::string {
        const auto* suite = suite_of(v);
        if (suite == nullptr) return no_suite();
        const auto& ref = v.at("ref_hash");
        same(suite->ref_hash(text(ref, "label"), hex(ref, "value")), hex(ref, "out"), "ref_hash");
        const auto& expand = v.at("expand_with_label");
        same(suite
                 ->expand_with_label(hex(expand, "secret"), text(expand, "label"),
                                     hex(expand, "context"), number(expand, "length"))
                 .view(),
             hex(expand, "out"), "expand_with_label");
        const auto& derive = v.at("derive_secret");
        same(suite->derive_secret(hex(derive, "secret"), text(derive, "label")).view(),
             hex(derive, "out"), "derive_secret");
        const auto& tree = v.at("derive_tree_secret");
        same(suite
                 ->derive_tree_secret(hex(tree, "secret"), text(tree, "label"),
                                      static_cast<std::uint32_t>(number(tree, "generation")),
                                      number(tree, "length"))
                 .view(),
             hex(tree, "out"), "derive_tree_secret");
        const auto& sign = v.at("sign_with_label");
        const auto key = crypto::SigningKey::from_seed(hex(sign, "priv"));
        const auto content = hex(sign, "content");
        const auto label = text(sign, "label");
        require(key.has_value(), "signature private key");
        same(key->public_key(), hex(sign, "pub"), "signature public key");
        require(suite->verify_with_label(hex(sign, "pub"), label, content, hex(sign, "signature")),
                "verify_with_label");
        require(suite->verify_with_label(hex(sign, "pub"), label, content,
                                         suite->sign_with_label(*key, label, content)),
                "a fresh signature");
        const auto& enc = v.at("encrypt_with_label");
        const auto open = [&](BytesView kem, BytesView ciphertext) {
            const auto plain =
                suite->decrypt_with_label(hex(enc, "priv"), hex(enc, "pub"), text(enc, "label"),
                                          hex(enc, "context"), kem, ciphertext);
            require(plain.has_value(), "decrypt_with_label");
            same(plain->view(), hex(enc, "plaintext"), "plaintext");
        };
        open(hex(enc, "kem_output"), hex(enc, "ciphertext"));
        const auto fresh = suite->encrypt_with_label(random, hex(enc, "pub"), text(enc, "label"),
                                                     hex(enc, "context"), hex(enc, "plaintext"));
        require(fresh.has_value(), "encrypt_with_label");
        open(fresh->kem_output, fresh->ciphertext);
        return {};
    });
}

TEST_CASE("key-schedule") {
    run_vectors("key-schedule", [](const json::value& v) -> std::string {
        const auto* suite = suite_of(v);
        if (suite == nullptr) return no_suite();
        SecretBytes init(hex(v, "initial_init_secret"));
        GroupContext context;
        context.cipher_suite = static_cast<std::uint16_t>(suite->id());
        context.group_id = hex(v, "group_id");
        for (const auto& e : array(v, "epochs")) {
            context.tree_hash = hex(e, "tree_hash");
            context.confirmed_transcript_hash = hex(e, "confirmed_transcript_hash");
            const auto encoded = context.encode();
            same(encoded, hex(e, "group_context"), "group_context");
            const auto joiner =
                joiner_secret(*suite, init.view(), hex(e, "commit_secret"), encoded);
            same(joiner.view(), hex(e, "joiner_secret"), "joiner_secret");
            same(welcome_secret(*suite, joiner.view(), hex(e, "psk_secret")).view(),
                 hex(e, "welcome_secret"), "welcome_secret");
            const auto epoch = epoch_secret(*suite, joiner.view(), hex(e, "psk_secret"), encoded);
            auto s = EpochSecrets::derive(*suite, epoch.view());
            same(s.init.view(), hex(e, "init_secret"), "init_secret");
            same(s.sender_data.view(), hex(e, "sender_data_secret"), "sender_data_secret");
            same(s.encryption.view(), hex(e, "encryption_secret"), "encryption_secret");
            same(s.exporter.view(), hex(e, "exporter_secret"), "exporter_secret");
            same(s.authenticator.view(), hex(e, "epoch_authenticator"), "epoch_authenticator");
            same(s.external.view(), hex(e, "external_secret"), "external_secret");
            same(s.confirmation.view(), hex(e, "confirmation_key"), "confirmation_key");
            same(s.membership.view(), hex(e, "membership_key"), "membership_key");
            same(s.resumption.view(), hex(e, "resumption_psk"), "resumption_psk");
            same(suite->derive_key_pair(s.external.view()).public_key, hex(e, "external_pub"),
                 "external_pub");
            const auto& x = e.at("exporter");
            same(export_secret(*suite, s.exporter.view(), text(x, "label"), hex(x, "context"),
                               number(x, "length"))
                     .view(),
                 hex(x, "secret"), "exporter");
            init = std::move(s.init);
            ++context.epoch;
        }
        return {};
    });
}

TEST_CASE("secret-tree") {
    run_vectors("secret-tree", [](const json::value& v) -> std::string {
        const auto* suite = suite_of(v);
        if (suite == nullptr) return no_suite();
        const auto& data = v.at("sender_data");
        const auto keys =
            sender_data_key(*suite, hex(data, "sender_data_secret"), hex(data, "ciphertext"));
        same(keys.key.view(), hex(data, "key"), "sender data key");
        same(keys.nonce.view(), hex(data, "nonce"), "sender data nonce");
        const auto& leaves = array(v, "leaves");
        const auto width = std::bit_ceil(static_cast<std::uint32_t>(leaves.size()));
        // Read the way a receiver does, and again the way a sender does.
        SecretTree receiving(*suite, width, SecretBytes(hex(v, "encryption_secret")));
        SecretTree sending(*suite, width, SecretBytes(hex(v, "encryption_secret")));
        for (std::uint32_t leaf = 0; leaf < leaves.size(); ++leaf) {
            for (const auto& g : leaves[leaf].as_array()) {
                const auto generation = static_cast<std::uint32_t>(number(g, "generation"));
                for (const auto type : {RatchetType::handshake, RatchetType::application}) {
                    const bool hs = type == RatchetType::handshake;
                    const auto key = hex(g, hs ? "handshake_key" : "application_key");
                    const auto nonce = hex(g, hs ? "handshake_nonce" : "application_nonce");
                    auto found = receiving.find(*suite, {leaf}, type, generation, 1000, 32);
                    require(found.ok(), "generation");
                    same(found->key().key.view(), key, "key");
                    same(found->key().nonce.view(), nonce, "nonce");
                    receiving.consume(std::move(*found), 32);
                    require(!receiving.find(*suite, {leaf}, type, generation, 1000, 32),
                            "a generation can be used twice");
                    auto next = sending.next(*suite, {leaf}, type);
                    while (next.ok() && next->generation < generation)
                        next = sending.next(*suite, {leaf}, type);
                    require(next.ok() && next->generation == generation, "generation to send");
                    same(next->key.key.view(), key, "key to send");
                    same(next->key.nonce.view(), nonce, "nonce to send");
                }
            }
        }
        return {};
    });
}

TEST_CASE("psk_secret") {
    run_vectors("psk_secret", [](const json::value& v) -> std::string {
        const auto* suite = suite_of(v);
        if (suite == nullptr) return no_suite();
        std::vector<PreSharedKey> psks;
        for (const auto& p : array(v, "psks")) {
            PreSharedKey psk;
            psk.id.id = hex(p, "psk_id");
            psk.id.nonce = hex(p, "psk_nonce");
            psk.secret = SecretBytes(hex(p, "psk"));
            psks.push_back(std::move(psk));
        }
        same(psk_secret(*suite, psks).view(), hex(v, "psk_secret"), "psk_secret");
        return {};
    });
}

TEST_CASE("transcript-hashes") {
    run_vectors("transcript-hashes", [](const json::value& v) -> std::string {
        const auto* suite = suite_of(v);
        if (suite == nullptr) return no_suite();
        const auto bytes = hex(v, "authenticated_content");
        Reader r(bytes);
        const auto content = AuthenticatedContent::read(r);
        require(r.done() && content.content.type() == ContentType::commit, "content");
        const auto confirmed = confirmed_transcript_hash(
            *suite, hex(v, "interim_transcript_hash_before"), content.confirmed_input());
        same(confirmed, hex(v, "confirmed_transcript_hash_after"), "confirmed");
        require(suite->verify_mac(hex(v, "confirmation_key"), confirmed, content.confirmation_tag),
                "confirmation_tag");
        same(interim_transcript_hash(*suite, confirmed, content.confirmation_tag),
             hex(v, "interim_transcript_hash_after"), "interim");
        return {};
    });
}
