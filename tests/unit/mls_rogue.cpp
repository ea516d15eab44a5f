#include "unit/mls_rogue.hpp"

#include <algorithm>

namespace huecry::test {
using namespace mls;

Trio::Trio(std::vector<Extension> extensions, Limits limits_of_ann)
    : ann(chacha20_suite(), random, "ann", limits_of_ann),
      bob(chacha20_suite(), random, "bob"),
      eve(chacha20_suite(), random, "eve") {
    groups.push_back(ann.create("group", std::move(extensions)));
    const auto first = bob.key_package();
    const auto second = eve.key_package();
    const auto made =
        must(a().commit({.proposals = {AddMember{first.message}, AddMember{second.message}}}));
    REQUIRE(a().merge_pending().ok());
    groups.push_back(join(bob, first, made));
    groups.push_back(join(eve, second, made));
    // Everyone has a path, so that the tree has no blanks among its parents.
    for (std::size_t i = 0; i < 3; ++i) {
        const auto commit = must(groups[i].commit({}));
        REQUIRE(groups[i].merge_pending().ok());
        for (std::size_t j = 0; j < 3; ++j)
            if (j != i) REQUIRE(why(groups[j].process(commit.message, {})) == "accepted");
    }
}

Group Trio::join(Device& device, const NewKeyPackage& package, const NewCommit& made) {
    return must(
        must(OpenedWelcome::open(device.env, *made.welcome, package.message, package.secrets))
            .join());
}

Rogue::Rogue(Group& group, const Device& device)
    : tree(must(RatchetTree::decode(group.ratchet_tree(), 64))), device_(device) {
    // A group flushes what has changed since the last time: a copy of what it holds is made of a
    // store that has seen it all.
    MemoryStore store;
    group.flush(store);
    const auto record = std::ranges::find_if(
        store.rows, [](const auto& row) { return row.first.starts_with("e/"); });
    REQUIRE(record != store.rows.end());
    Reader r(record->second);
    (void)r.u8();
    context = GroupContext::read(r);
    encoded_context = context.encode();
    r.opaque();
    r.opaque();
    own = {r.u32()};
    for (auto* secret :
         {&secrets.sender_data, &secrets.exporter, &secrets.external, &secrets.membership})
        *secret = SecretBytes(r.opaque());
    REQUIRE(r.ok());
    const auto prefix = "s/" + record->first.substr(2) + "/";
    secret_tree = must(SecretTree::load(store, prefix, tree.width()));
}

AuthenticatedContent Rogue::say(std::variant<SecretBytes, Proposal, Commit> what) const {
    AuthenticatedContent out;
    out.content.group_id = context.group_id;
    out.content.epoch = context.epoch;
    out.content.sender = {SenderType::member, own.value};
    out.content.content = std::move(what);
    if (out.content.type() == ContentType::commit) out.confirmation_tag = Bytes(32);
    return out;
}

Bytes Rogue::in_public(AuthenticatedContent content, const crypto::SigningKey* signer) const {
    content.wire_format = WireFormat::public_message;
    content.sign(*device_.env.suite, signer == nullptr ? device_.signer : *signer, encoded_context);
    return PublicMessage::protect(*device_.env.suite, content, secrets.membership.view(),
                                  encoded_context);
}

Bytes Rogue::plain(std::string_view text) const {
    auto content = say(SecretBytes(view(text)));
    content.wire_format = WireFormat::private_message;
    content.sign(*device_.env.suite, device_.signer, encoded_context);
    Writer w;
    content.content.write_content(w);
    content.write_auth(w);
    return w.take();
}

Bytes Rogue::in_private(BytesView plain, const Sealing& how) {
    const auto& suite = *device_.env.suite;
    const auto leaf = how.leaf.value_or(own);
    const auto ratchet =
        how.type == ContentType::application ? RatchetType::application : RatchetType::handshake;
    const auto next = must(secret_tree.next(suite, leaf, ratchet));
    PrivateMessage m;
    m.group_id = context.group_id;
    m.epoch = context.epoch;
    m.content_type = how.type;
    Writer aad;
    aad.opaque(m.group_id).u64(m.epoch).u8(static_cast<std::uint8_t>(m.content_type));
    const auto data_aad = aad.bytes();
    // A reuse guard of zeros leaves the nonce as it is.
    m.ciphertext = suite.aead().seal(next.key.key.view(), next.key.nonce.view(),
                                     aad.opaque(m.authenticated_data).bytes(), plain);
    const auto keys = sender_data_key(suite, secrets.sender_data.view(), m.ciphertext);
    const auto data =
        how.sender_data.value_or(Writer().u32(leaf.value).u32(next.generation).u32(0).take());
    m.encrypted_sender_data = suite.aead().seal(keys.key.view(), keys.nonce.view(), data_aad, data);
    Writer w;
    write_message_header(w, WireFormat::private_message);
    m.write(w);
    return w.take();
}

void Rogue::sign_leaf(LeafNode& leaf) const {
    leaf.sign(*device_.env.suite, device_.signer, context.group_id, own);
}

Bytes Rogue::path_commit(const ChangePath& before, const ChangeCommit& after) {
    const auto& suite = *device_.env.suite;
    auto next = tree;
    TreeKeys keys;
    auto path = make_path(suite, *device_.env.random, device_.signer, context.group_id, next, keys,
                          own, next.leaf(own));
    if (before) before(path);
    auto provisional = context;
    ++provisional.epoch;
    provisional.tree_hash = next.tree_hash(suite);
    Commit commit;
    commit.path =
        must(encrypt_path(suite, *device_.env.random, next, own, path, {}, provisional.encode()));
    if (after) after(commit, tree);
    return in_public(say(std::move(commit)));
}

}  // namespace huecry::test
