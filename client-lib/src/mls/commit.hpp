#pragma once

#include <variant>
#include <vector>

#include "mls/proposal.hpp"

// Commit (RFC 9420 section 12.4) and UpdatePath (section 7.6): the structures.
namespace huecry::mls {

/// struct { opaque kem_output<V>; opaque ciphertext<V>; } HPKECiphertext; (section 7.6)
using HpkeCiphertext = crypto::HpkeCiphertext;
void write(Writer& w, const HpkeCiphertext& c);
[[nodiscard]] HpkeCiphertext read_hpke_ciphertext(Reader& r);

/*  struct {
        HPKEPublicKey encryption_key;
        HPKECiphertext encrypted_path_secret<V>;
    } UpdatePathNode;                                               (section 7.6) */
struct UpdatePathNode {
    Bytes encryption_key;
    std::vector<HpkeCiphertext> encrypted_path_secret;
};

/// struct { LeafNode leaf_node; UpdatePathNode nodes<V>; } UpdatePath; (section 7.6)
struct UpdatePath {
    LeafNode leaf;
    std::vector<UpdatePathNode> nodes;

    void write(Writer& w) const;
    [[nodiscard]] static UpdatePath read(Reader& r);
};

/// struct { ProposalOrRefType type; select (…) { Proposal proposal; ProposalRef reference; }; }
using ProposalOrRef = std::variant<Proposal, Bytes>;

/// struct { ProposalOrRef proposals<V>; optional<UpdatePath> path; } Commit; (section 12.4)
struct Commit {
    std::vector<ProposalOrRef> proposals;
    std::optional<UpdatePath> path;

    void write(Writer& w) const;
    [[nodiscard]] static Commit read(Reader& r);
};

}  // namespace huecry::mls
