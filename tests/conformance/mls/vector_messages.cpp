#include <doctest/doctest.h>

#include "conformance/mls/vectors.hpp"
#include "mls/framing.hpp"
#include "mls/peek.hpp"
#include "mls/ratchet_tree.hpp"
#include "mls/secret_tree.hpp"
#include "mls/welcome.hpp"
#include "unit/mls_support.hpp"

// Vectors of messages: every structure round-trips; a protected message opens and is made again; a
// Welcome opens down to the confirmation tag.
using namespace huecry;
using namespace huecry::test;
using namespace huecry::mls;

namespace {

void require(bool good, const char* what) {
    if (!good) throw std::runtime_error(what);
}
void same(BytesView a, BytesView b, const char* what) { require(to_bytes(a) == to_bytes(b), what); }

// Parses with `T`, encodes again, and refuses every truncation on the way.
template <class T>
void round_trip(BytesView bytes, const char* what) {
    Reader r(bytes);
    const auto value = T::read(r);
    require(r.done(), what);
    Writer w;
    value.write(w);
    same(w.bytes(), bytes, what);
    for (std::size_t n = 0; n < bytes.size(); n += 1 + bytes.size() / 64) {
        Reader cut(bytes.first(n));
        (void)T::read(cut);
        require(!cut.ok(), "a truncated structure is accepted");
    }
}

struct PublicOnWire {
    PublicMessage message;
    static PublicOnWire read(Reader& r) { return {PublicMessage::read(r)}; }
    void write(Writer& w) const {
        message.content.content.write(w);
        message.content.write_auth(w);
        if (message.content.content.sender.type == SenderType::member)
            w.opaque(message.membership_tag);
    }
};

template <class T>
void round_trip_message(BytesView bytes, WireFormat format, const char* what) {
    const auto seen = peek(bytes);
    require(seen.ok() && seen->wire_format == format, what);
    round_trip<T>(bytes.subspan(4), what);
}

// The vectors hold what follows the ProposalType.
void round_trip_proposal(ProposalType type, BytesView content, const char* what) {
    const auto whole = Writer().u16(type).raw(content).take();
    round_trip<Proposal>(whole, what);
}

}  // namespace

TEST_CASE("messages") {
    run_vectors("messages", [](const json::value& v) -> std::string {
        round_trip_message<Welcome>(hex(v, "mls_welcome"), WireFormat::welcome, "mls_welcome");
        round_trip_message<GroupInfo>(hex(v, "mls_group_info"), WireFormat::group_info,
                                      "mls_group_info");
        round_trip_message<KeyPackage>(hex(v, "mls_key_package"), WireFormat::key_package,
                                       "mls_key_package");
        const auto tree_bytes = hex(v, "ratchet_tree");
        const auto tree = RatchetTree::decode(tree_bytes, 1024);
        require(tree.ok(), "ratchet_tree");
        same(tree->encode(), tree_bytes, "ratchet_tree");
        round_trip<GroupSecrets>(hex(v, "group_secrets"), "group_secrets");
        round_trip_proposal(proposal_type::add, hex(v, "add_proposal"), "add");
        round_trip_proposal(proposal_type::update, hex(v, "update_proposal"), "update");
        round_trip_proposal(proposal_type::remove, hex(v, "remove_proposal"), "remove");
        round_trip_proposal(proposal_type::psk, hex(v, "pre_shared_key_proposal"), "psk");
        round_trip_proposal(proposal_type::reinit, hex(v, "re_init_proposal"), "re_init");
        round_trip_proposal(proposal_type::external_init, hex(v, "external_init_proposal"),
                            "external_init");
        round_trip_proposal(proposal_type::group_context_extensions,
                            hex(v, "group_context_extensions_proposal"), "extensions");
        round_trip<Commit>(hex(v, "commit"), "commit");
        for (const auto* name :
             {"public_message_application", "public_message_proposal", "public_message_commit"})
            round_trip_message<PublicOnWire>(hex(v, name), WireFormat::public_message, name);
        round_trip_message<PrivateMessage>(hex(v, "private_message"), WireFormat::private_message,
                                           "private_message");
        return {};
    });
}

namespace {

// A two-leaf group whose sender is leaf 1, as the vectors of message protection describe it.
struct Protection {
    const CipherSuite& suite;
    GroupContext context;
    Bytes encoded;
    crypto::SigningKey key;
    Bytes membership_key, sender_data_secret, encryption_secret;

    Protection(const CipherSuite& s, const json::value& v) : suite(s) {
        context.cipher_suite = static_cast<std::uint16_t>(s.id());
        context.group_id = hex(v, "group_id");
        context.epoch = number(v, "epoch");
        context.tree_hash = hex(v, "tree_hash");
        context.confirmed_transcript_hash = hex(v, "confirmed_transcript_hash");
        encoded = context.encode();
        auto k = crypto::SigningKey::from_seed(hex(v, "signature_priv"));
        require(k.has_value(), "signature_priv");
        key = std::move(*k);
        same(key.public_key(), hex(v, "signature_pub"), "signature_pub");
        membership_key = hex(v, "membership_key");
        sender_data_secret = hex(v, "sender_data_secret");
        encryption_secret = hex(v, "encryption_secret");
    }

    [[nodiscard]] Bytes content_of(const AuthenticatedContent& c) const {
        if (const auto* data = std::get_if<SecretBytes>(&c.content.content))
            return to_bytes(data->view());
        Writer w;
        c.content.write_content(w);
        return w.take();
    }

    [[nodiscard]] Bytes open_public(BytesView message) const {
        Reader r(message);
        require(r.u16() == 1 && r.u16() == 1, "MLSMessage");
        const auto m = PublicMessage::read(r);
        require(r.done(), "PublicMessage");
        require(m.verify_membership(suite, membership_key, encoded), "membership tag");
        require(m.content.verify(suite, key.public_key(), encoded), "signature");
        return content_of(m.content);
    }

    [[nodiscard]] Bytes open_private(BytesView message) const {
        Reader r(message);
        require(r.u16() == 1 && r.u16() == 2, "MLSMessage");
        const auto m = PrivateMessage::read(r);
        require(r.done(), "PrivateMessage");
        const auto sender = open_sender_data(suite, sender_data_secret, m);
        require(sender && sender->leaf.value == 1, "sender data");
        const SecretTree tree(suite, 2, SecretBytes(encryption_secret));
        const auto type = m.content_type == ContentType::application ? RatchetType::application
                                                                     : RatchetType::handshake;
        const auto found = tree.find(suite, sender->leaf, type, sender->generation, 1000, 32);
        require(found.ok(), "generation");
        const auto content =
            open_content(suite, m, *sender, found->key().key.view(), found->key().nonce.view());
        require(content.ok(), "content");
        require(content->verify(suite, key.public_key(), encoded), "signature");
        return content_of(*content);
    }

    [[nodiscard]] AuthenticatedContent author(WireFormat format, ContentType type,
                                              BytesView raw) const {
        AuthenticatedContent out;
        out.wire_format = format;
        out.content.group_id = context.group_id;
        out.content.epoch = context.epoch;
        out.content.sender = {SenderType::member, 1};
        out.content.authenticated_data = to_bytes(view("beside"));
        Reader r(raw);
        if (type == ContentType::application)
            out.content.content = SecretBytes(raw);
        else
            FramedContent::read_content(r, type, out.content);
        if (type == ContentType::commit) out.confirmation_tag = Bytes(32, 7);
        out.sign(suite, key, encoded);
        return out;
    }

    void again(ContentType type, BytesView raw) const {
        SeededRandom random(7);
        SecretTree tree(suite, 2, SecretBytes(encryption_secret));
        const auto ratchet =
            type == ContentType::application ? RatchetType::application : RatchetType::handshake;
        const auto next = tree.next(suite, {1}, ratchet);
        SenderData sender{{1}, next->generation, {}};
        random.fill(sender.reuse_guard);
        const auto message =
            seal_message(suite, author(WireFormat::private_message, type, raw), sender,
                         next->key.key.view(), next->key.nonce.view(), sender_data_secret, 17);
        same(open_private(message), raw, "made again as PrivateMessage");
        if (type == ContentType::application) return;
        same(open_public(PublicMessage::protect(
                 suite, author(WireFormat::public_message, type, raw), membership_key, encoded)),
             raw, "made again as PublicMessage");
    }
};

}  // namespace

TEST_CASE("message-protection") {
    run_vectors("message-protection", [](const json::value& v) -> std::string {
        const auto* suite = suite_of(v);
        if (suite == nullptr) return "cipher suite is not 1 or 3";
        const Protection p(*suite, v);
        const auto proposal = hex(v, "proposal");
        const auto commit = hex(v, "commit");
        const auto application = hex(v, "application");
        same(p.open_public(hex(v, "proposal_pub")), proposal, "proposal_pub");
        same(p.open_private(hex(v, "proposal_priv")), proposal, "proposal_priv");
        same(p.open_public(hex(v, "commit_pub")), commit, "commit_pub");
        same(p.open_private(hex(v, "commit_priv")), commit, "commit_priv");
        same(p.open_private(hex(v, "application_priv")), application, "application_priv");
        p.again(ContentType::proposal, proposal);
        p.again(ContentType::commit, commit);
        p.again(ContentType::application, application);
        return {};
    });
}

TEST_CASE("welcome") {
    run_vectors("welcome", [](const json::value& v) -> std::string {
        const auto* suite = suite_of(v);
        if (suite == nullptr) return "cipher suite is not 1 or 3";
        const auto package = parse_key_package(hex(v, "key_package"));
        require(package.ok(), "key_package");
        const auto bytes = hex(v, "welcome");
        Reader r(bytes);
        require(r.u16() == 1 && r.u16() == 3, "MLSMessage");
        const auto welcome = Welcome::read(r);
        require(r.done(), "Welcome");
        std::optional<SecretBytes> plain;
        for (const auto& entry : welcome.secrets)
            if (entry.new_member == package->ref(*suite))
                plain = suite->decrypt_with_label(
                    hex(v, "init_priv"), package->init_key, "Welcome", welcome.encrypted_group_info,
                    entry.secrets.kem_output, entry.secrets.ciphertext);
        require(plain.has_value(), "group secrets");
        Reader s(plain->view());
        const auto secrets = GroupSecrets::read(s);
        require(s.done(), "GroupSecrets");
        const SecretBytes none(suite->hash_size());
        const auto secret = welcome_secret(*suite, secrets.joiner_secret.view(), none.view());
        const auto info = open_group_info(*suite, secret.view(), welcome.encrypted_group_info);
        require(info.ok(), "GroupInfo");
        require(info->verify(*suite, hex(v, "signer_pub")), "signature");
        const auto epoch = EpochSecrets::derive(
            *suite,
            epoch_secret(*suite, secrets.joiner_secret.view(), none.view(), info->context.encode())
                .view());
        require(suite->verify_mac(epoch.confirmation.view(),
                                  info->context.confirmed_transcript_hash, info->confirmation_tag),
                "confirmation tag");
        return {};
    });
}
