#include "mls/commit.hpp"

namespace huecry::mls {
namespace {
enum class ProposalOrRefType : std::uint8_t { proposal = 1, reference = 2 };
}

void write(Writer& w, const HpkeCiphertext& c) { w.opaque(c.kem_output).opaque(c.ciphertext); }

HpkeCiphertext read_hpke_ciphertext(Reader& r) {
    HpkeCiphertext out;
    out.kem_output = to_bytes(r.opaque());
    out.ciphertext = to_bytes(r.opaque());
    return out;
}

void UpdatePath::write(Writer& w) const {
    leaf.write(w);
    w.vector([&](Writer& v) {
        for (const auto& node : nodes) {
            v.opaque(node.encryption_key);
            v.vector([&](Writer& inner) {
                for (const auto& c : node.encrypted_path_secret) mls::write(inner, c);
            });
        }
    });
}

UpdatePath UpdatePath::read(Reader& r) {
    UpdatePath out;
    out.leaf = LeafNode::read(r);
    Reader v = r.vector();
    while (v.ok() && !v.empty()) {
        UpdatePathNode node;
        node.encryption_key = to_bytes(v.opaque());
        Reader inner = v.vector();
        while (inner.ok() && !inner.empty()) {
            node.encrypted_path_secret.push_back(read_hpke_ciphertext(inner));
            if (node.encrypted_path_secret.size() > max_elements) inner.fail();
        }
        // A path is as long as the tree is high.
        if (!inner.ok() || out.nodes.size() >= 32) v.fail();
        out.nodes.push_back(std::move(node));
    }
    if (!v.ok()) r.fail();
    return out;
}

void Commit::write(Writer& w) const {
    w.vector([&](Writer& v) {
        for (const auto& p : proposals) {
            if (const auto* value = std::get_if<Proposal>(&p)) {
                v.u8(static_cast<std::uint8_t>(ProposalOrRefType::proposal));
                value->write(v);
            } else {
                v.u8(static_cast<std::uint8_t>(ProposalOrRefType::reference));
                v.opaque(std::get<Bytes>(p));
            }
        }
    });
    w.u8(path ? 1 : 0);
    if (path) path->write(w);
}

Commit Commit::read(Reader& r) {
    Commit out;
    Reader v = r.vector();
    while (v.ok() && !v.empty()) {
        const auto type = v.u8();
        if (type == static_cast<std::uint8_t>(ProposalOrRefType::proposal)) {
            out.proposals.emplace_back(Proposal::read(v));
        } else if (type == static_cast<std::uint8_t>(ProposalOrRefType::reference)) {
            out.proposals.emplace_back(to_bytes(v.opaque()));
        } else {
            v.fail();
        }
        if (out.proposals.size() > max_elements) v.fail();
    }
    if (!v.ok()) r.fail();
    if (r.present()) out.path = UpdatePath::read(r);
    return out;
}

}  // namespace huecry::mls
