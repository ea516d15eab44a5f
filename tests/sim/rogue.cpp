#include "sim/rogue.hpp"

#include <algorithm>

#include "domain/signed_alert.hpp"
#include "huecry/wire/join_info.hpp"
#include "huecry/wire/padding.hpp"
#include "mls/peek.hpp"
#include "mls/tree_math.hpp"

namespace huecry::sim {
namespace {

/// The parts of a group, which its interface keeps to itself. An explicit instantiation may name
/// what is private.
template <auto Member>
struct Opener {
    friend std::unique_ptr<mls::Group::Impl>& parts(mls::Group& group) { return group.*Member; }
};
std::unique_ptr<mls::Group::Impl>& parts(mls::Group& group);
template struct Opener<&mls::Group::impl_>;

template <class T>
T must(Result<T> r, const char* what) {
    if (r) return std::move(r).value();
    std::fprintf(stderr, "a rogue: %s: %s\n", what, r.error().text().c_str());
    std::abort();
}

/// A Welcome for everybody who is added (RFC 9420 section 12.4.1).
Bytes make_welcome(const mls::Environment& env, const mls::State& next, mls::GroupInfo info,
                   const std::vector<std::pair<mls::LeafIndex, mls::KeyPackage>>& joiners,
                   const std::optional<mls::NewPath>& path, BytesView joiner_secret,
                   BytesView psk_secret) {
    const auto& suite = *env.suite;
    info.sign(suite, *env.signer);
    mls::Welcome welcome;
    welcome.cipher_suite = static_cast<std::uint16_t>(suite.id());
    welcome.encrypted_group_info = mls::seal_group_info(
        suite, mls::welcome_secret(suite, joiner_secret, psk_secret).view(), info);
    const auto sealer = suite.sealer_with_label("Welcome", welcome.encrypted_group_info);
    for (const auto& [leaf, package] : joiners) {
        mls::GroupSecrets secrets{SecretBytes(joiner_secret), std::nullopt, {}};
        if (path) {
            const auto above = mls::common_ancestor(mls::node_of(leaf), mls::node_of(next.own));
            const auto at = std::ranges::find(path->nodes, above);
            if (at != path->nodes.end())
                secrets.path_secret =
                    path->path_secrets[static_cast<std::size_t>(at - path->nodes.begin())].clone();
        }
        Writer w;
        secrets.write(w);
        if (auto sealed = sealer->seal(*env.random, package.init_key, w.bytes()))
            welcome.secrets.push_back({package.ref(suite), std::move(*sealed)});
    }
    Writer w;
    mls::write_message_header(w, mls::WireFormat::welcome);
    welcome.write(w);
    return w.take();
}

}  // namespace

Rogue::Rogue(World& world, Node& node, const ChannelId& channel)
    : world_(world),
      node_(node),
      channel_(channel),
      incarnation_(node.engine().channel(channel)->row().incarnation),
      group_(must(node.group(channel), "its group")),
      cursor_(node.engine().channel(channel)->cursor()),
      handshake_(node.engine().channel(channel)->row().handshake_seq),
      hash_(node.engine().channel(channel)->hash()) {
    group_->clear_pending();
    world.witness().distrust(node);
    node.lose_state();
    catch_up();
}

Rogue::~Rogue() = default;

const mls::State& Rogue::state() { return *parts(*group_)->current; }

RawPeer& Rogue::peer() {
    if (peer_ && peer_->alive()) return *peer_;
    net::Identity identity;
    identity.relay.key = world_.relay().identity().public_key;
    identity.partnership = world_.partnership();
    identity.subject = StreamRef::mailbox(node_.id()).id;
    identity.key = std::make_shared<const SigningKey>(node_.key().clone());
    peer_ = std::make_unique<RawPeer>(world_.relay(), world_.story, identity);
    (void)must(peer_->connect(), "its connection");
    return *peer_;
}

void Rogue::catch_up() {
    for (const auto& entry : entries_of(world_, StreamRef::channel(channel_, incarnation_))) {
        if (entry.seq <= cursor_) continue;
        const auto header = must(Header::decode(entry.header), "a header");
        cursor_ = entry.seq;
        hash_ = chain_next(entry.previous, entry.header);
        if (header.kind == EntryKind::handshake) handshake_ = entry.seq;
        if (!entry.has_body || header.submitter == node_.id()) continue;
        const auto seen = mls::peek(entry.body);
        if (seen && seen->wire_format == mls::WireFormat::private_message)
            (void)group_->process(entry.body, {});
    }
}

mls::LeafIndex Rogue::leaf_of(const DeviceId& device) {
    const auto identity = credential_identity(world_.partnership(), device);
    for (const auto& member : group_->members())
        if (member.identity == identity) return member.leaf;
    return {0xffff};
}

AuthenticatedData Rogue::data(const MessageId& id) {
    const auto& directory = world_.directory();
    const Head head{world_.partnership(), StreamRef::directory(),
                    directory.index(),    *directory.running_hash(directory.index()),
                    directory.time_ms(),  1};
    return {.message_id = id,
            .directory_head = world_.relay().sign(head),
            .stream_seq = cursor_,
            .running_hash = hash_};
}

Rogue::Made Rogue::commit(Plan plan) {
    // A copy: what becomes of the commit is for others to decide.
    auto& impl = *parts(*group_);
    auto& state = *impl.current;
    const auto& suite = impl.suite();
    const auto id = world_.story.id<MessageId>();
    std::vector<mls::ListedProposal> list;
    mls::Commit commit;
    for (const auto& proposal : plan.proposals) {
        list.push_back({std::make_shared<const mls::Proposal>(proposal),
                        {mls::SenderType::member, state.own.value},
                        true,
                        {}});
        commit.proposals.emplace_back(proposal);
    }
    for (const auto& reference : plan.references) commit.proposals.emplace_back(reference);
    auto next = mls::begin_transition(state);
    const auto applied = must(
        mls::apply_proposals(list, impl.env.limits, next.tree, next.context.extensions), "a list");
    next.keys.drop_blank(next.tree);
    std::optional<mls::NewPath> path;
    SecretBytes commit_secret(suite.hash_size());
    if (plan.path) {
        auto leaf = next.tree.leaf(state.own);
        if (plan.leaf) plan.leaf(leaf);
        path = mls::make_path(suite, *impl.env.random,
                              plan.leaf_signer != nullptr ? *plan.leaf_signer : *impl.env.signer,
                              state.context.group_id, next.tree, next.keys, state.own,
                              std::move(leaf));
        commit_secret = path->commit_secret.clone();
        if (plan.leaf_key) {
            path->leaf.encryption_key = *plan.leaf_key;
            path->leaf.sign(suite, *impl.env.signer, state.context.group_id, state.own);
            next.tree.set_leaf(state.own, path->leaf.encode());
        }
    }
    next.context.tree_hash = next.tree.tree_hash(suite);
    if (path)
        commit.path = must(mls::encrypt_path(suite, *impl.env.random, next.tree, state.own, *path,
                                             applied.added, next.context.encode()),
                           "a path");
    if (plan.change) plan.change(commit);
    auto said = data(id);
    if (plan.change_head) {
        auto head = must(Head::decode(said.directory_head.head), "a head");
        plan.change_head(head);
        said.directory_head = world_.relay().sign(head);
    }
    if (plan.data) plan.data(said);
    const mls::FramingOptions framing{
        .wire_format = plan.format,
        .authenticated_data = plan.raw_data ? *plan.raw_data : said.encode()};
    auto content = must(impl.author(state, std::move(commit), framing), "its content");
    const auto psks =
        plan.psk_secret.size() != 0 ? plan.psk_secret.clone() : SecretBytes(suite.hash_size());
    auto epoch = mls::finish_transition(suite, std::move(next), state.interim_transcript_hash,
                                        content.confirmed_input(), state.secrets.init.view(),
                                        commit_secret.view(), psks.view());
    content.confirmation_tag = epoch.state->confirmation_tag;

    std::optional<Bytes> welcome;
    if (!applied.adds.empty()) {
        JoinInfo join{said.directory_head, world_.directory().index(), cursor_, hash_, id};
        if (plan.join_info) plan.join_info(join);
        auto info = mls::describe_epoch(*epoch.state);
        info.extensions.push_back({mls::extension_type::huecry_join, join.encode()});
        info.extensions.push_back({mls::extension_type::ratchet_tree, epoch.state->tree.encode()});
        if (plan.group_info) plan.group_info(info);
        std::vector<std::pair<mls::LeafIndex, mls::KeyPackage>> joiners;
        for (std::size_t i = 0; i < applied.adds.size(); ++i)
            joiners.emplace_back(applied.added[i], applied.adds[i]->key_package);
        welcome = make_welcome(impl.env, *epoch.state, std::move(info), joiners, path,
                               epoch.joiner_secret.view(), psks.view());
    }
    auto framed = must(impl.frame(state, content, plan.padding), "its frame");
    auto after = std::make_unique<mls::Group::Impl>(impl.env);
    after->current = std::move(epoch.state);
    return {id, std::move(framed.message), std::move(welcome), mls::Group(std::move(after)),
            cursor_};
}

Bytes Rogue::message(mls::Group& group, const MessageId& id, const std::string& text,
                     const std::function<void(AuthenticatedData&)>& change) {
    content::v1::Content content;
    content.mutable_alert()->set_text(text);
    domain::sign_alert(content, {world_.partnership(), channel_, id}, node_.key());
    auto said = data(id);
    if (change) change(said);
    const auto padded = must(pad(view(content.SerializeAsString())), "padding");
    return must(group.protect(padded, said.encode()), "a message").message;
}

v1::Frame Rogue::frame(EntryKind kind, const MessageId& id, BytesView body) {
    v1::Frame frame;
    auto& submit = *frame.mutable_submit();
    submit.mutable_stream()->set_kind(static_cast<std::uint32_t>(StreamKind::channel));
    submit.mutable_stream()->set_id(to_string(channel_.view()));
    submit.mutable_stream()->set_incarnation(incarnation_);
    submit.set_handshake_seq(handshake_);
    submit.set_directory_index(world_.directory().index());
    auto& item = *submit.add_items();
    item.set_message_id(to_string(id.view()));
    item.set_kind(static_cast<std::uint32_t>(kind));
    if (kind == EntryKind::application) item.set_lifetime_ms(3'600'000);
    item.set_body(to_string(body));
    return frame;
}

Result<v1::Frame> Rogue::submit(Made& made,
                                const std::vector<std::pair<DeviceId, Bytes>>& joiners) {
    auto out = frame(EntryKind::handshake, made.id, made.message);
    if (!joiners.empty()) {
        auto& welcome = *out.mutable_submit()->mutable_welcome();
        welcome.set_message_id(to_string(world_.story.id<MessageId>().view()));
        welcome.set_body(to_string(*made.welcome));
        welcome.set_chain_from(made.at);
        for (const auto& [device, package] : joiners) {
            auto& joiner = *welcome.add_joiners();
            joiner.set_device(to_string(device.view()));
            joiner.set_key_package(to_string(sha256(package).view()));
        }
    }
    return peer().ask(std::move(out));
}

void Rogue::follow(Made& made) { group_ = std::move(made.after); }

// -- by anybody

Leaf make_leaf(SeededRandom& random, const SigningKey& key, BytesView identity,
               const std::function<void(mls::KeyPackage&)>& change) {
    Leaf out{crypto::SigningKey::from_seed(key.seed.view()).value(), {}};
    const mls::Environment env{
        .suite = &mls::chacha20_suite(), .random = &random, .signer = &out.signer};
    out.package = must(mls::make_key_package(env, {.leaf = {.identity = to_bytes(identity)},
                                                   .lifetime = {0, 1ULL << 40U}}),
                       "a key package");
    if (!change) return out;
    auto package = must(mls::parse_key_package(out.package.message), "its own package");
    change(package);
    package.leaf.sign(*env.suite, out.signer, {}, {});
    package.sign(*env.suite, out.signer);
    Writer w;
    mls::write_message_header(w, mls::WireFormat::key_package);
    package.write(w);
    out.package.message = w.take();
    out.package.ref = package.ref(*env.suite);
    return out;
}

std::vector<relay::StoredEntry> entries_of(World& world, const StreamRef& stream) {
    auto rows = world.relay().store().entries(world.partnership(), stream, 0, 100'000, 1U << 30U);
    return rows ? std::move(*rows) : std::vector<relay::StoredEntry>{};
}

void plant_entry(World& world, const StreamRef& stream, EntryKind kind, const DeviceId& submitter,
                 const MessageId& id, BytesView body, std::uint64_t accepted_ms) {
    const auto before = entries_of(world, stream);
    Header header;
    header.stream = stream;
    header.seq = 1;
    header.submitter = submitter;
    header.kind = kind;
    header.message_id = id;
    header.accepted_ms = accepted_ms;
    Digest previous = chain_start(world.partnership(), stream);
    if (!before.empty()) {
        const auto last = must(Header::decode(before.back().header), "a header");
        header.seq = last.seq + 1;
        header.accepted_ms = std::max(accepted_ms, last.accepted_ms);
        previous = chain_next(before.back().previous, before.back().header);
    }
    header.expiry_ms = stream.kind == StreamKind::directory
                           ? 0
                           : header.accepted_ms + limits::handshake_retention_days * 86'400'000;
    header.length = static_cast<std::uint32_t>(body.size());
    header.digest = sha256(body);
    auto store = world.relay().snapshot();
    const relay::Write entry =
        relay::write::Entry{world.partnership(), header, header.encode(), previous, to_bytes(body)};
    (void)must(store.commit({&entry, 1}).ok() ? Result<bool>(true) : Result<bool>(Errc::internal),
               "the store");
    if (!world.relay().restore(std::move(store))) std::abort();
}

}  // namespace huecry::sim
