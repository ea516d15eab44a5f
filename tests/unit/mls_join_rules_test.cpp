#include <doctest/doctest.h>

#include "mls/framing.hpp"
#include "mls/state.hpp"
#include "mls/tree_kem.hpp"
#include "mls/welcome.hpp"
#include "unit/mls_support.hpp"

// The checks of a joiner and of framing, each provoked alone by a rogue who can sign and encrypt.
using namespace huecry;
using namespace huecry::test;
using namespace huecry::mls;

namespace {

const CipherSuite& suite() { return chacha20_suite(); }

template <class T>
T must(Result<T> r) {
    REQUIRE_MESSAGE(r.ok(), (r.ok() ? std::string() : r.error().text()));
    return std::move(r).value();
}
template <class T>
std::string why(const Result<T>& r) {
    return r.ok() ? std::string("accepted") : r.error().detail;
}

// A Welcome of ann's for zoe, taken apart with the help of zoe's keys, spoiled and made again.
struct Joiner {
    Joiner()
        : random(21),
          ann(suite(), random, "ann"),
          bob(suite(), random, "bob"),
          zoe(suite(), random, "zoe"),
          group(ann.create("group")),
          package(zoe.key_package()) {
        auto b = bob.key_package();
        (void)must(group.commit({.proposals = {AddMember{b.message}}}));
        REQUIRE(group.merge_pending().ok());
        made = must(group.commit({.proposals = {AddMember{package.message}}, .force_path = true}));
        parsed = std::move(*parse_key_package(package.message));
        Reader r(BytesView(*made.welcome).subspan(4));
        welcome = Welcome::read(r);
        const auto& entry = welcome.secrets[0];
        const auto plain = suite().decrypt_with_label(
            package.secrets.init_key.view(), parsed.init_key, "Welcome",
            welcome.encrypted_group_info, entry.secrets.kem_output, entry.secrets.ciphertext);
        REQUIRE(plain.has_value());
        Reader s(plain->view());
        secrets = GroupSecrets::read(s);
        info = must(open_group_info(suite(), welcome_key().view(), welcome.encrypted_group_info));
    }
    [[nodiscard]] SecretBytes welcome_key() const {
        const auto none = psk_secret(suite(), {});
        return welcome_secret(suite(), secrets.joiner_secret.view(), none.view());
    }
    std::string join(const std::function<void(GroupInfo&)>& spoil_info,
                     const std::function<void(GroupSecrets&)>& spoil_secrets = {}, bool sign = true,
                     std::optional<BytesView> tree = std::nullopt) {
        auto changed = info;
        spoil_info(changed);
        if (sign) changed.sign(suite(), ann.signer);
        GroupSecrets s{
            secrets.joiner_secret.clone(),
            secrets.path_secret ? std::optional(secrets.path_secret->clone()) : std::nullopt,
            secrets.psks};
        if (spoil_secrets) spoil_secrets(s);
        Welcome w;
        w.cipher_suite = 3;
        w.encrypted_group_info = seal_group_info(suite(), welcome_key().view(), changed);
        Writer plain;
        s.write(plain);
        auto sealed = suite().encrypt_with_label(random, parsed.init_key, "Welcome",
                                                 w.encrypted_group_info, plain.bytes());
        w.secrets.push_back({parsed.ref(suite()), *sealed});
        return open(w, tree);
    }
    std::string open(const Welcome& w, std::optional<BytesView> tree = std::nullopt) {
        Writer out;
        write_message_header(out, WireFormat::welcome);
        w.write(out);
        const auto opened =
            OpenedWelcome::open(zoe.env, out.bytes(), package.message, package.secrets);
        return opened.ok() ? why(opened->join(tree)) : opened.error().detail;
    }

    SeededRandom random;
    Device ann, bob, zoe;
    Group group;
    NewKeyPackage package;
    NewCommit made;
    KeyPackage parsed;
    Welcome welcome;
    GroupSecrets secrets;
    GroupInfo info;
};

void drop_tree(GroupInfo& info) {
    std::erase_if(info.extensions,
                  [](const Extension& e) { return e.type == extension_type::ratchet_tree; });
}

}  // namespace

TEST_CASE("what a joiner checks (section 12.4.3.1)") {
    Joiner j;
    CHECK(j.join([](auto&) {}) == "accepted");
    CHECK(j.join([](auto& i) { i.confirmation_tag[0] ^= 1; }) == "GroupInfo: confirmation tag");
    CHECK(j.join([](auto& i) { i.context.tree_hash[0] ^= 1; }) == "tree hash");
    CHECK(j.join([](auto& i) { i.context.cipher_suite = 1; }) == "GroupInfo: cipher suite");
    CHECK(j.join([](auto& i) { i.signature[0] ^= 1; }, {}, false) == "GroupInfo: signature");
    CHECK(j.join([](auto& i) { i.signer = {1}; }) == "GroupInfo: signature");
    CHECK(j.join([](auto& i) { i.signer = {3}; }) == "GroupInfo: no such signer");
    CHECK(j.join(drop_tree) == "there is no ratchet tree");
    CHECK(j.join([](auto& i) { i.context.extensions.push_back({0xf0f0, {}}); }) ==
          "a member lacks a group extension");
    const auto tree = find(j.info.extensions, extension_type::ratchet_tree)->data;
    CHECK(j.join(drop_tree, {}, true, BytesView(tree)) == "accepted");
    const auto other_tree = j.group.ratchet_tree();
    CHECK(j.join(drop_tree, {}, true, BytesView(other_tree)) == "tree hash");
    // A tree in which this device is not: the one before the add, with its hash.
    CHECK(j.join(
              [&](GroupInfo& i) {
                  drop_tree(i);
                  i.context.tree_hash = j.group.tree_hash();
              },
              {}, true, BytesView(other_tree)) == "Welcome: this device is not in the tree");
    CHECK(j.join([](auto&) {}, [&](auto& s) { s.path_secret = j.random.secret(32); }) ==
          "Welcome: a derived key does not fit");
    CHECK(j.join([](auto&) {}, [&](auto& s) { s.path_secret = j.random.secret(31); }) ==
          "Welcome: path secret");
    const auto with_psk = [&](std::vector<PreSharedKeyId> ids) {
        return j.join([](auto&) {}, [&](auto& s) { s.psks = ids; });
    };
    PreSharedKeyId id;
    id.nonce = Bytes(32);
    CHECK(with_psk({id}) == "Welcome: a pre-shared key is missing");
    id.nonce = Bytes(31);
    CHECK(with_psk({id}) == "Welcome: PSK nonce");
    id.nonce = Bytes(32);
    id.type = PskType::resumption;
    id.usage = ResumptionUsage::branch;
    auto second = id;
    second.usage = ResumptionUsage::reinit;
    CHECK(with_psk({id, second}) == "Welcome: two PSKs of a new group");
}

TEST_CASE("what a Welcome must be") {
    Joiner j;
    auto w = j.welcome;
    w.cipher_suite = 1;
    CHECK(j.open(w) == "Welcome: cipher suite");
    w = j.welcome;
    w.secrets[0].new_member[0] ^= 1;
    CHECK(j.open(w) == "Welcome: not for this key");
    w = j.welcome;
    w.secrets[0].secrets.ciphertext[0] ^= 1;
    CHECK(j.open(w) == "Welcome: GroupSecrets");
    w = j.welcome;
    w.encrypted_group_info[0] ^= 1;  // the secrets are bound to it
    CHECK(j.open(w) == "Welcome: GroupSecrets");
    CHECK(why(OpenedWelcome::open(j.zoe.env, j.package.message, j.package.message,
                                  j.package.secrets)) == "not a Welcome");
    CHECK(why(OpenedWelcome::open(j.zoe.env, *j.made.welcome, j.package.message,
                                  j.zoe.key_package().secrets)) ==
          "these are not the key package's secrets");
    Limits small;
    small.max_message = 100;
    Environment env = j.zoe.env;
    env.limits = small;
    CHECK(OpenedWelcome::open(env, *j.made.welcome, j.package.message, j.package.secrets)
              .error()
              .code == Errc::too_large);
    // More members than this client takes on.
    env.limits = {};
    env.limits.max_members = 2;
    const auto opened =
        must(OpenedWelcome::open(env, *j.made.welcome, j.package.message, j.package.secrets));
    CHECK(why(opened.join()) == "members");
}

TEST_CASE("what a joiner decrypts (sections 11 and 12.4.3.1)") {
    Joiner j;
    PreSharedKeyId branch;
    branch.type = PskType::resumption;
    branch.usage = ResumptionUsage::branch;
    branch.nonce = Bytes(32);
    const SecretBytes shared(Bytes(32, 7));
    // Sealed as in `join`, byte by byte.
    const auto open = [&](const std::function<void(GroupInfo&)>& spoil, bool longer_secrets,
                          bool longer_info, bool with_branch = false) {
        std::vector<PreSharedKey> psks;
        if (with_branch) psks.push_back({branch, shared.clone()});
        const auto all = psk_secret(suite(), psks);
        const auto key = welcome_secret(suite(), j.secrets.joiner_secret.view(), all.view());
        auto info = j.info;
        spoil(info);
        Writer info_bytes, secret_bytes;
        info.write(info_bytes);
        if (longer_info) info_bytes.u8(0);
        Welcome w;
        w.cipher_suite = 3;
        w.encrypted_group_info = suite().aead().seal(
            suite().expand_with_label(key.view(), "key", {}, suite().aead().key_size()).view(),
            suite().expand_with_label(key.view(), "nonce", {}, suite().aead().nonce_size()).view(),
            {}, info_bytes.bytes());
        GroupSecrets s{j.secrets.joiner_secret.clone(), std::nullopt, {}};
        if (with_branch) s.psks.push_back(branch);
        s.write(secret_bytes);
        if (longer_secrets) secret_bytes.u8(0);
        const auto sealed = suite().encrypt_with_label(
            j.random, j.parsed.init_key, "Welcome", w.encrypted_group_info, secret_bytes.bytes());
        w.secrets.push_back({j.parsed.ref(suite()), *sealed});
        Writer out;
        write_message_header(out, WireFormat::welcome);
        w.write(out);
        return why(OpenedWelcome::open(
            j.zoe.env, out.bytes(), j.package.message, j.package.secrets,
            [&](const PskReference&) { return std::optional(shared.clone()); }));
    };
    const auto as_it_is = [](GroupInfo&) {};
    CHECK(open(as_it_is, false, false) == "accepted");
    CHECK(open(as_it_is, true, false) == "GroupSecrets");
    CHECK(open(as_it_is, false, true) == "GroupInfo");
    CHECK(j.join(as_it_is, [&](auto& s) { s.joiner_secret = j.random.secret(32); }) ==
          "Welcome: GroupInfo");
    // A group that continues another one has its members join in its first epoch.
    REQUIRE(j.info.context.epoch == 2);
    CHECK(open(as_it_is, false, false, true) == "GroupInfo: epoch of a new group");
    CHECK(open([](GroupInfo& i) { i.context.epoch = 1; }, false, false, true) == "accepted");
    // The message itself.
    const auto verdict = [&](BytesView welcome, BytesView package,
                             const KeyPackageSecrets& secrets) {
        return why(OpenedWelcome::open(j.zoe.env, welcome, package, secrets));
    };
    auto message = *j.made.welcome;
    message[1] = 2;
    CHECK(verdict(message, j.package.message, j.package.secrets) == "not a Welcome");
    message = *j.made.welcome;
    message.push_back(0);
    CHECK(verdict(message, j.package.message, j.package.secrets) == "Welcome");
    auto package = j.parsed;
    package.cipher_suite = 1;
    CHECK(verdict(*j.made.welcome, package.encode(), j.package.secrets) == "Welcome: cipher suite");
    message = *j.made.welcome;
    message[5] = 1;  // both of another suite than this device's
    CHECK(verdict(message, package.encode(), j.package.secrets) == "Welcome: cipher suite");
    for (const std::size_t length : {std::size_t{31}, std::size_t{33}}) {
        auto secrets = j.package.secrets.clone();
        secrets.init_key = j.random.secret(length);
        CHECK(verdict(*j.made.welcome, j.package.message, secrets) ==
              "these are not the key package's secrets");
        secrets = j.package.secrets.clone();
        secrets.encryption_key = j.random.secret(length);
        CHECK(verdict(*j.made.welcome, j.package.message, secrets) ==
              "these are not the key package's secrets");
    }
    const auto other = j.zoe.key_package();
    auto mixed = j.package.secrets.clone();
    mixed.encryption_key = other.secrets.encryption_key.clone();
    CHECK(verdict(*j.made.welcome, j.package.message, mixed) ==
          "these are not the key package's secrets");
    mixed = j.package.secrets.clone();
    mixed.init_key = other.secrets.init_key.clone();
    CHECK(verdict(*j.made.welcome, j.package.message, mixed) ==
          "these are not the key package's secrets");
}

TEST_CASE("what an external joiner checks (section 12.4.3.2)") {
    Joiner j;
    const auto join = [&](const std::function<void(GroupInfo&)>& spoil,
                          WireFormat format = WireFormat::group_info) {
        const auto message = must(j.group.group_info(true, true));
        Reader r(BytesView(message).subspan(4));
        auto info = GroupInfo::read(r);
        spoil(info);
        info.sign(suite(), j.ann.signer);
        Writer w;
        write_message_header(w, format);
        info.write(w);
        return why(Group::join_externally(j.zoe.env,
                                          {.group_info = w.take(), .leaf = {to_bytes(view("z"))}}));
    };
    const auto set_pub = [](Bytes data) {
        return [=](GroupInfo& i) {
            for (auto& e : i.extensions)
                if (e.type == extension_type::external_pub) e.data = data;
        };
    };
    CHECK(join([](auto&) {}) == "accepted");
    CHECK(join([](auto&) {}, WireFormat::welcome) == "not a GroupInfo");
    CHECK(join([](auto& i) { i.context.cipher_suite = 1; }) == "GroupInfo: cipher suite");
    CHECK(join([](auto& i) {
              std::erase_if(i.extensions,
                            [](const auto& e) { return e.type == extension_type::external_pub; });
          }) == "GroupInfo: no external_pub");
    CHECK(join(set_pub(Writer().opaque(Bytes(32, 9)).u8(0).take())) == "GroupInfo: external_pub");
    CHECK(join(set_pub(Writer().opaque(Bytes(31, 9)).take())) == "GroupInfo: external_pub");
    CHECK(join(set_pub(Writer().opaque(Bytes(32)).take())) ==
          "GroupInfo: external_pub is unusable");
}

TEST_CASE("what a message must be (section 6)") {
    Joiner j;
    j.group.clear_pending();
    auto& g = j.group;
    const auto verdict = [&](BytesView m) { return why(g.process(m, {})); };
    CHECK(verdict(j.package.message) == "not a message of a group");
    CHECK(verdict(Bytes{0, 2, 0, 1}) == "MLSMessage");
    const auto own = must(g.protect(view("x"), {}));
    CHECK(verdict(own.message) == "our own message");
    auto wrong_group = own.message;
    wrong_group[6] ^= 1;
    CHECK(verdict(wrong_group) == "another group");
    auto wrong_epoch = own.message;
    wrong_epoch[17] ^= 1;
    CHECK(verdict(wrong_epoch) == "another epoch");
    // From outside, signed or not: application data is never public, and senders must be known.
    AuthenticatedContent c;
    c.content.group_id = to_bytes(g.group_id());
    c.content.epoch = g.epoch();
    c.content.sender = {SenderType::member, 1};
    c.content.content = SecretBytes(view("x"));
    c.sign(suite(), j.bob.signer, {});
    CHECK(verdict(PublicMessage::protect(suite(), c, Bytes(32), {})) ==
          "application data in a PublicMessage");
    c.content.content = Proposal{Remove{{0}}};
    CHECK(verdict(PublicMessage::protect(suite(), c, Bytes(32), {})) == "membership tag");
    c.content.sender = {SenderType::new_member_proposal, 0};
    // A newcomer may propose itself; that is authentic.
    c.content.content = Proposal{Add{j.parsed}};
    c.sign(suite(), j.zoe.signer, {});
    CHECK(verdict(PublicMessage::protect(suite(), c, {}, {})) == "accepted");
    CHECK(why(g.protect(view("x"), {})) == "proposals wait to be committed");
    CHECK(why(g.commit({.proposals = {UpdateSelf{}}})) == "an Update is committed by others");
    g.clear_proposals();
    CHECK(why(g.commit({.proposals = {AddMember{j.package.message}},
                        .now = test_lifetime.not_after + 1})) == "KeyPackage: lifetime");
    CHECK(why(g.commit({.proposals = {AddPsk{{.id = {1}}}}})) == "a pre-shared key is missing");
    CHECK(why(g.commit({.framing = {.wire_format = WireFormat::welcome}})) == "wire format");
    (void)must(g.commit({.proposals = {Reinitialise{{1}, CipherSuiteId::chacha20poly1305, {}}}}));
    REQUIRE(g.merge_pending().ok());
    CHECK(why(g.protect(view("x"), {})) == "the group has been reinitialised");
}

TEST_CASE("generations are used once and within the window (section 9)") {
    SecretTree tree(suite(), 4, SecretBytes(Bytes(32, 1)));
    auto found = must(tree.find(suite(), {1}, RatchetType::application, 3, 10, 2));
    tree.consume(std::move(found), 2);
    const auto find = [&](std::uint32_t g) {
        return why(tree.find(suite(), {1}, RatchetType::application, g, 10, 2));
    };
    CHECK(find(3) == "used already");
    CHECK(find(0) == "used already");  // before the window of two
    CHECK(find(1) == "accepted");
    CHECK(find(14) == "accepted");
    CHECK(find(15) == "too far ahead");
}
