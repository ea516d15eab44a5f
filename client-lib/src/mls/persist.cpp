#include <algorithm>

#include "mls/state.hpp"

// Keeping a group (storage.hpp draws the keys). Only what has changed since the last flush is
// written: a message touches one ratchet, a commit the blocks of the tree on its path.
namespace huecry::mls {
namespace {

constexpr std::uint8_t version = 1;

std::string epoch_key(std::uint32_t slot) { return "e/" + std::to_string(slot); }
std::string secrets_prefix(std::uint32_t slot) { return "s/" + std::to_string(slot) + "/"; }
std::string block_key(std::uint32_t block, std::uint32_t v) {
    return "t/" + std::to_string(block) + "/" + std::to_string(v);
}

void put_secret(StateSink& sink, std::string_view key, Writer& w) {
    auto bytes = w.take();
    sink.put(key, bytes);
    wipe(bytes.data(), bytes.size());
}

// A record that holds secrets, wiped when it has been read.
SecretBytes secret_record(StateSource& source, std::string_view key) {
    auto bytes = source.get(key);
    if (!bytes) return {};
    SecretBytes out{BytesView(*bytes)};
    wipe(bytes->data(), bytes->size());
    return out;
}

// ---- blocks of the tree: for each node its bytes, then the hashes that are known

Bytes encode_block(const RatchetTree::Block& block) {
    Writer w;
    for (const auto& node : block.nodes) w.opaque(node.view());
    w.u32(block.hashed);
    for (std::uint32_t i = 0; i < RatchetTree::block_nodes; ++i)
        if ((block.hashed >> i & 1U) != 0) w.raw(block.hashes[i / 2]);
    return w.take();
}

std::shared_ptr<RatchetTree::Block> decode_block(BytesView bytes) {
    Reader r(bytes);
    auto out = std::make_shared<RatchetTree::Block>();
    for (std::uint32_t i = 0; i < RatchetTree::block_nodes; ++i) {
        const auto node = r.opaque();
        if (node.empty()) continue;
        // Checked here, so that the tree can read its nodes without a doubt.
        Reader n(node);
        if (i % 2 == 0) {
            (void)LeafNode::read(n);
        } else {
            (void)ParentNode::read(n);
        }
        if (!n.done()) r.fail();
        out->nodes[i] = SharedBytes(node);
    }
    out->hashed = r.u32() & 0xaaaaaaaaU;  // odd places: parent nodes
    for (std::uint32_t i = 0; i < RatchetTree::block_nodes; ++i)
        if ((out->hashed >> i & 1U) != 0) out->hashes[i / 2] = r.array<32>();
    if (!r.done()) return nullptr;
    return out;
}

// ---- one epoch

void write_secrets(Writer& w, const EpochSecrets& s) {
    for (const auto* secret : {&s.sender_data, &s.exporter, &s.external, &s.membership,
                               &s.resumption, &s.authenticator, &s.init})
        w.opaque(secret->view());
}

EpochSecrets read_secrets(Reader& r) {
    EpochSecrets s;
    for (auto* secret : {&s.sender_data, &s.exporter, &s.external, &s.membership, &s.resumption,
                         &s.authenticator, &s.init})
        *secret = SecretBytes(r.opaque());
    return s;
}

void write_reinit(Writer& w, const std::optional<ReInit>& reinit) {
    w.u8(reinit ? 1 : 0);
    if (reinit) Proposal{*reinit}.write(w);
}

std::optional<ReInit> read_reinit(Reader& r) {
    if (!r.present()) return std::nullopt;
    auto p = Proposal::read(r);
    auto* reinit = std::get_if<ReInit>(&p.content);
    if (reinit == nullptr) {
        r.fail();
        return std::nullopt;
    }
    return std::move(*reinit);
}

void write_state(StateSink& sink, const State& state) {
    // Large enough that it never moves: a moved buffer would leave secrets behind.
    Writer w;
    w.reserve(1024 + 2 * state.encoded_context.size() + 64 * state.keys.all().size() +
              4 * state.stored_blocks.size() + (state.reinit ? 65536 : 0));
    w.u8(version).raw(state.encoded_context).opaque(state.interim_transcript_hash);
    w.opaque(state.confirmation_tag).u32(state.own.value);
    write_secrets(w, state.secrets);
    write_reinit(w, state.reinit);
    w.u32(static_cast<std::uint32_t>(state.keys.all().size()));
    for (const auto& [x, key] : state.keys.all()) w.u32(x).opaque(key.view());
    w.u32(state.tree.width());
    for (const auto& block : state.stored_blocks) w.u32(block.version);
    put_secret(sink, epoch_key(state.slot), w);
}

Result<std::unique_ptr<State>> read_state(const Limits& limits, StateSource& source,
                                          std::uint32_t slot) {
    const Error damaged{Errc::store_damaged, "epoch of a group"};
    const auto bytes = secret_record(source, epoch_key(slot));
    if (bytes.empty()) return damaged;
    Reader r(bytes.view());
    if (r.u8() != version) return Error{Errc::store_newer, "epoch of a group"};
    auto out = std::make_unique<State>();
    out->slot = slot;
    out->stored = true;
    out->context = GroupContext::read(r);
    out->encoded_context = out->context.encode();
    out->interim_transcript_hash = to_bytes(r.opaque());
    out->confirmation_tag = to_bytes(r.opaque());
    out->own = {r.u32()};
    out->secrets = read_secrets(r);
    out->reinit = read_reinit(r);
    for (auto n = r.u32(); n > 0 && r.ok(); --n) {
        const auto x = r.u32();
        out->keys.set(x, SecretBytes(r.opaque()));
    }
    const auto width = r.u32();
    if (!std::has_single_bit(width) || width > std::bit_ceil(limits.max_members) * 4)
        return damaged;
    std::vector<std::shared_ptr<RatchetTree::Block>> blocks;
    for (std::uint32_t i = 0; i * RatchetTree::block_nodes < node_count(width); ++i) {
        const auto v = r.u32();
        const auto stored = source.get(block_key(i, v));
        auto block = stored ? decode_block(*stored) : nullptr;
        if (!block) return damaged;
        out->stored_blocks.push_back({block, v});
        blocks.push_back(std::move(block));
    }
    if (!r.done()) return damaged;
    HUECRY_TRY_ASSIGN(out->tree, RatchetTree::from_blocks(width, std::move(blocks)));
    HUECRY_TRY_ASSIGN(out->secret_tree, SecretTree::load(source, secrets_prefix(slot), width));
    return out;
}

// ---- what belongs to the group

void write_group(StateSink& sink, const Group::Impl& group) {
    std::size_t size = 256 + 80 * group.resumption.size();
    for (const auto& p : group.proposals) size += p.content.size() + 8;
    for (const auto& [pub, key] : group.update_keys) size += pub.size() + key.size() + 16;
    Writer w;
    w.reserve(size);
    w.u8(version).u8(group.active ? 1 : 0).u32(group.current->slot);
    w.u32(group.pending ? group.pending->slot : 0).u32(group.next_slot).u32(group.next_version);
    w.vector([&](Writer& v) {
        for (const auto& p : group.proposals) v.opaque(p.content);
    });
    w.u32(static_cast<std::uint32_t>(group.update_keys.size()));
    for (const auto& [pub, key] : group.update_keys) w.opaque(pub).opaque(key.view());
    w.u32(static_cast<std::uint32_t>(group.resumption.size()));
    for (const auto& [epoch, secret] : group.resumption) w.u64(epoch).opaque(secret.view());
    put_secret(sink, "g", w);
}

bool read_lists(Group::Impl& group, Reader& r) {
    Reader proposals = r.vector();
    while (proposals.ok() && !proposals.empty()) {
        const auto content = proposals.opaque();
        Reader c(content);
        auto parsed = AuthenticatedContent::read(c);
        auto* proposal = std::get_if<Proposal>(&parsed.content.content);
        if (!c.done() || proposal == nullptr) {
            r.fail();
            return false;
        }
        const auto ref = parsed.proposal_ref(group.suite());
        group.proposals.push_back({ref, std::make_shared<const Proposal>(std::move(*proposal)),
                                   parsed.content.sender, to_bytes(content)});
    }
    for (auto n = r.u32(); n > 0 && r.ok(); --n) {
        auto pub = to_bytes(r.opaque());
        group.update_keys[std::move(pub)] = SecretBytes(r.opaque());
    }
    for (auto n = r.u32(); n > 0 && r.ok(); --n) {
        const auto epoch = r.u64();
        group.resumption.emplace_back(epoch, SecretBytes(r.opaque()));
    }
    return r.done();
}

// Gives every block that is not stored yet a version of its own, and writes it.
void flush_blocks(StateSink& sink, Group::Impl& group, State& state) {
    const auto& blocks = state.tree.blocks();
    state.stored_blocks.resize(blocks.size());
    for (std::uint32_t i = 0; i < blocks.size(); ++i) {
        auto& stored = state.stored_blocks[i];
        if (stored.block == blocks[i] && stored.version != 0) continue;
        stored = {blocks[i], group.next_version++};
        group.stored_blocks.emplace(i, stored.version);
        sink.put(block_key(i, stored.version), encode_block(*blocks[i]));
    }
}

void forget_unused(StateSink& sink, Group::Impl& group) {
    std::set<std::pair<std::uint32_t, std::uint32_t>> live;
    std::set<std::uint32_t> slots;
    for (const auto* state : {group.current.get(), group.pending.get()}) {
        if (state == nullptr) continue;
        slots.insert(state->slot);
        for (std::uint32_t i = 0; i < state->stored_blocks.size(); ++i)
            live.emplace(i, state->stored_blocks[i].version);
    }
    std::erase_if(group.stored_blocks, [&](const auto& stored) {
        if (live.contains(stored)) return false;
        sink.erase(block_key(stored.first, stored.second));
        return true;
    });
    std::erase_if(group.stored_slots, [&](std::uint32_t slot) {
        if (slots.contains(slot)) return false;
        sink.erase(epoch_key(slot));
        sink.erase_prefix(secrets_prefix(slot));
        return true;
    });
}

}  // namespace

void Group::flush(StateSink& sink) {
    auto& impl = *impl_;
    for (auto* state : {impl.current.get(), impl.pending.get()}) {
        if (state == nullptr) continue;
        if (!state->stored) {
            flush_blocks(sink, impl, *state);
            write_state(sink, *state);
            impl.stored_slots.insert(state->slot);
            if (!impl.active) sink.erase_prefix(secrets_prefix(state->slot));
        }
        state->secret_tree.flush(sink, secrets_prefix(state->slot), !state->stored);
        state->stored = true;
    }
    if (!impl.dirty) return;
    forget_unused(sink, impl);
    write_group(sink, impl);
    impl.dirty = false;
}

Result<Group> Group::load(const Environment& env, StateSource& source) {
    const Error damaged{Errc::store_damaged, "group"};
    const auto bytes = secret_record(source, "g");
    if (bytes.empty()) return Error{Errc::not_found, "group"};
    Reader r(bytes.view());
    if (r.u8() != version) return Error{Errc::store_newer, "group"};
    auto impl = std::make_unique<Impl>(env);
    impl->active = r.present();
    const auto current = r.u32();
    const auto pending = r.u32();
    impl->next_slot = r.u32();
    impl->next_version = r.u32();
    if (!read_lists(*impl, r)) return damaged;
    HUECRY_TRY_ASSIGN(impl->current, read_state(env.limits, source, current));
    if (impl->current->context.cipher_suite != static_cast<std::uint16_t>(env.suite->id()))
        return damaged;
    if (pending != 0) {
        HUECRY_TRY_ASSIGN(impl->pending, read_state(env.limits, source, pending));
    }
    for (const auto* state : {impl->current.get(), impl->pending.get()}) {
        if (state == nullptr) continue;
        if (impl->active && !state->tree.has_member(state->own)) return damaged;
        impl->stored_slots.insert(state->slot);
        for (std::uint32_t i = 0; i < state->stored_blocks.size(); ++i)
            impl->stored_blocks.emplace(i, state->stored_blocks[i].version);
    }
    impl->dirty = false;
    return Group(std::move(impl));
}

}  // namespace huecry::mls
