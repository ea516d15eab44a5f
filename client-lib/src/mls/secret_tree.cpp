#include "mls/secret_tree.hpp"

#include <limits>

#include "huecry/wire/codec.hpp"

namespace huecry::mls {

SecretTree::SecretTree(const CipherSuite&, std::uint32_t width, SecretBytes encryption_secret)
    : width_(width) {
    nodes_[root_of(width)] = {std::move(encryption_secret), false};
}

// Section 9.1: key and nonce of one generation.
MessageKey SecretTree::derive_key(const CipherSuite& suite, BytesView secret,
                                  std::uint32_t generation) {
    return {suite.derive_tree_secret(secret, "key", generation, suite.aead().key_size()),
            suite.derive_tree_secret(secret, "nonce", generation, suite.aead().nonce_size())};
}

NodeIndex SecretTree::holder_of(LeafIndex leaf) const {
    auto x = node_of(leaf);
    while (!nodes_.contains(x) && x != root_of(width_)) x = parent(x);
    return x;
}

// Section 9: from the nearest secret down to the leaf, keeping what lies beside the way.
void SecretTree::derive_leaf(const CipherSuite& suite, LeafIndex leaf, Found& out) const {
    const auto nh = suite.hash_size();
    out.fresh_leaf_ = true;
    out.used_node_ = holder_of(leaf);
    SecretBytes secret = nodes_.at(out.used_node_).secret.clone();
    for (auto x = out.used_node_; !is_leaf(x);) {
        auto l = suite.expand_with_label(secret.view(), "tree", view("left"), nh);
        auto r = suite.expand_with_label(secret.view(), "tree", view("right"), nh);
        const bool go_left = node_of(leaf) < x;
        out.nodes_.emplace_back(go_left ? right(x) : left(x), std::move(go_left ? r : l));
        secret = std::move(go_left ? l : r);
        x = go_left ? left(x) : right(x);
    }
    out.handshake_ = suite.expand_with_label(secret.view(), "handshake", {}, nh);
    out.application_ = suite.expand_with_label(secret.view(), "application", {}, nh);
}

void SecretTree::begin_leaf(Found& found) {
    const auto used = nodes_.find(found.used_node_);
    if (used->second.stored) gone_.push_back(found.used_node_);
    nodes_.erase(used);
    for (auto& [x, secret] : found.nodes_) nodes_[x] = {std::move(secret), false};
    auto& leaf = leaves_[found.leaf_.value];
    leaf.ratchets[0].secret = std::move(found.handshake_);
    leaf.ratchets[1].secret = std::move(found.application_);
}

Result<SecretTree::NextKey> SecretTree::next(const CipherSuite& suite, LeafIndex leaf,
                                             RatchetType type) {
    if (!leaves_.contains(leaf.value)) {
        Found found;
        found.leaf_ = leaf;
        derive_leaf(suite, leaf, found);
        begin_leaf(found);
    }
    auto& ratchet = leaves_[leaf.value].ratchets[static_cast<int>(type)];
    if (ratchet.exhausted) return Error{Errc::mls_generation, "ratchet is at its end"};
    NextKey out{ratchet.generation, derive_key(suite, ratchet.secret.view(), ratchet.generation)};
    ratchet.secret = suite.derive_tree_secret(ratchet.secret.view(), "secret", ratchet.generation,
                                              suite.hash_size());
    ratchet.exhausted = ratchet.generation == std::numeric_limits<std::uint32_t>::max();
    ++ratchet.generation;
    ratchet.dirty = true;
    return out;
}

Result<SecretTree::Found> SecretTree::find(const CipherSuite& suite, LeafIndex leaf,
                                           RatchetType type, std::uint32_t generation,
                                           std::uint32_t max_skip,
                                           std::uint32_t out_of_order) const {
    Found out;
    out.leaf_ = leaf;
    out.type_ = type;
    out.generation_ = generation;
    const auto known = leaves_.find(leaf.value);
    std::uint32_t at = 0;
    if (known != leaves_.end()) {
        const auto& ratchet = known->second.ratchets[static_cast<int>(type)];
        at = ratchet.generation;
        if (generation < at || ratchet.exhausted) {
            const auto kept = ratchet.skipped.find(generation);
            if (kept == ratchet.skipped.end()) return Error{Errc::mls_generation, "used already"};
            out.skipped_ = true;
            out.key_ = {kept->second.key.clone(), kept->second.nonce.clone()};
            return out;
        }
    }
    // Refused before any work: a generation may be as far as 2^32 - 1 away.
    if (generation - at > max_skip) return Error{Errc::mls_generation, "too far ahead"};
    SecretBytes secret;
    if (known != leaves_.end()) {
        secret = known->second.ratchets[static_cast<int>(type)].secret.clone();
    } else {
        derive_leaf(suite, leaf, out);
        secret = (type == RatchetType::handshake ? out.handshake_ : out.application_).clone();
    }
    for (auto g = at;; ++g) {
        if (g == generation) {
            out.key_ = derive_key(suite, secret.view(), g);
        } else if (generation - g <= out_of_order) {
            out.between_.emplace_back(g, derive_key(suite, secret.view(), g));
        }
        secret = suite.derive_tree_secret(secret.view(), "secret", g, suite.hash_size());
        if (g == generation) break;
    }
    out.next_secret_ = std::move(secret);
    return out;
}

void SecretTree::consume(Found found, std::uint32_t out_of_order) {
    if (found.fresh_leaf_) begin_leaf(found);
    auto& ratchet = leaves_[found.leaf_.value].ratchets[static_cast<int>(found.type_)];
    if (found.skipped_) {
        ratchet.skipped.erase(found.generation_);
        ratchet.skipped_dirty = true;
        return;
    }
    for (auto& [g, key] : found.between_) ratchet.skipped.emplace(g, std::move(key));
    while (ratchet.skipped.size() > out_of_order) ratchet.skipped.erase(ratchet.skipped.begin());
    ratchet.skipped_dirty = ratchet.skipped_dirty || !found.between_.empty();
    ratchet.secret = std::move(found.next_secret_);
    ratchet.exhausted = found.generation_ == std::numeric_limits<std::uint32_t>::max();
    ratchet.generation = found.generation_ + 1;
    ratchet.dirty = true;
}

std::uint32_t SecretTree::position(LeafIndex leaf, RatchetType type) const {
    const auto it = leaves_.find(leaf.value);
    return it == leaves_.end() ? 0 : it->second.ratchets[static_cast<int>(type)].generation;
}

// ---- storage: <prefix>n/<node>, <prefix>r/<leaf>/<type>, <prefix>w/<leaf>/<type> (skipped keys)

void SecretTree::flush(StateSink& sink, const std::string& prefix, bool all) {
    for (const auto x : gone_) sink.erase(prefix + "n/" + std::to_string(x));
    gone_.clear();
    for (auto& [x, node] : nodes_) {
        if (node.stored && !all) continue;
        sink.put(prefix + "n/" + std::to_string(x), node.secret.view());
        node.stored = true;
    }
    for (auto& [index, leaf] : leaves_) {
        for (int type = 0; type < 2; ++type) {
            auto& ratchet = leaf.ratchets[type];
            const auto name = std::to_string(index) + "/" + std::to_string(type);
            if (ratchet.dirty || all) {
                Writer w;
                w.reserve(8 + ratchet.secret.size());
                auto bytes = w.u8(ratchet.exhausted ? 1 : 0)
                                 .u32(ratchet.generation)
                                 .raw(ratchet.secret.view())
                                 .take();
                sink.put(prefix + "r/" + name, bytes);
                wipe(bytes.data(), bytes.size());
                ratchet.dirty = false;
            }
            if (!ratchet.skipped_dirty && !(all && !ratchet.skipped.empty())) continue;
            ratchet.skipped_dirty = false;
            if (ratchet.skipped.empty()) {
                sink.erase(prefix + "w/" + name);
                continue;
            }
            Writer w;
            w.reserve(64 * ratchet.skipped.size());
            for (const auto& [g, key] : ratchet.skipped)
                w.u32(g).opaque(key.key.view()).opaque(key.nonce.view());
            auto bytes = w.take();
            sink.put(prefix + "w/" + name, bytes);
            wipe(bytes.data(), bytes.size());
        }
    }
}

namespace {
std::optional<std::uint32_t> number(std::string_view& text) {
    std::uint64_t out = 0;
    std::size_t digits = 0;
    while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
        out = out * 10 + static_cast<std::uint64_t>(text.front() - '0');
        text.remove_prefix(1);
        if (++digits > 10) return std::nullopt;
    }
    if (digits == 0 || out > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
    return static_cast<std::uint32_t>(out);
}
}  // namespace

Result<SecretTree> SecretTree::load(StateSource& source, const std::string& prefix,
                                    std::uint32_t width) {
    SecretTree out;
    out.width_ = width;
    bool good = true;
    source.each(prefix, [&](std::string_view name, BytesView value) {
        name.remove_prefix(prefix.size());
        if (name.find('/') != 1) return void(good = false);
        const auto kind = name[0];
        name.remove_prefix(2);
        const auto index = number(name);
        if (!index || *index >= node_count(width)) return void(good = false);
        if (kind == 'n') {
            out.nodes_[*index] = {SecretBytes(value), true};
            return;
        }
        if (name.size() != 2 || name[0] != '/' || (name[1] != '0' && name[1] != '1'))
            return void(good = false);
        auto& ratchet = out.leaves_[*index].ratchets[name[1] - '0'];
        Reader r(value);
        if (kind == 'r') {
            ratchet.exhausted = r.u8() == 1;
            ratchet.generation = r.u32();
            ratchet.secret = SecretBytes(r.rest());
            ratchet.dirty = false;
            if (ratchet.secret.empty()) good = false;  // also of a record that is too short
        } else {
            while (r.ok() && !r.empty()) {
                const auto g = r.u32();
                SecretBytes key(r.opaque());
                ratchet.skipped[g] = {std::move(key), SecretBytes(r.opaque())};
            }
            if (!r.ok()) good = false;
        }
    });
    if (!good) return Error{Errc::store_damaged, "secret tree"};
    return out;
}

}  // namespace huecry::mls
