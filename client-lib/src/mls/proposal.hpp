#pragma once

#include <variant>

#include "mls/key_package.hpp"
#include "mls/psk.hpp"

// Proposals (RFC 9420 section 12.1), in the RFC's order.
namespace huecry::mls {

/// struct { KeyPackage key_package; } Add; (12.1.1)
struct Add {
    KeyPackage key_package;
};
/// struct { LeafNode leaf_node; } Update; (12.1.2)
struct Update {
    LeafNode leaf;
};
/// struct { uint32 removed; } Remove; (12.1.3)
struct Remove {
    LeafIndex removed;
};
/// struct { PreSharedKeyID psk; } PreSharedKey; (12.1.4)
struct PskProposal {
    PreSharedKeyId psk;
};
/*  struct {
        opaque group_id<V>;
        ProtocolVersion version;
        CipherSuite cipher_suite;
        Extension extensions<V>;
    } ReInit;                                                       (12.1.5) */
struct ReInit {
    Bytes group_id;
    std::uint16_t version = 1;
    std::uint16_t cipher_suite = 0;
    std::vector<Extension> extensions;
};
/// struct { opaque kem_output<V>; } ExternalInit; (12.1.6)
struct ExternalInit {
    Bytes kem_output;
};
/// struct { Extension extensions<V>; } GroupContextExtensions; (12.1.7)
struct GroupContextExtensions {
    std::vector<Extension> extensions;
};

/*  struct { ProposalType proposal_type; select (…) { … }; } Proposal;   (12.1) */
struct Proposal {
    // In the order of the ProposalType values, so that the type is the index plus one.
    std::variant<Add, Update, Remove, PskProposal, ReInit, ExternalInit, GroupContextExtensions>
        content;

    [[nodiscard]] ProposalType type() const {
        return static_cast<ProposalType>(content.index() + 1);
    }
    void write(Writer& w) const;
    /// A type that is none of these fails the reader: its length is not known, and it would not be
    /// supported by this member (section 12.2).
    [[nodiscard]] static Proposal read(Reader& r);
    [[nodiscard]] static Result<Proposal> decode(BytesView bytes);

    template <class T>
    [[nodiscard]] const T* as() const {
        return std::get_if<T>(&content);
    }
};

/// Section 12.4: only Add, PreSharedKey and ReInit do without a path.
[[nodiscard]] bool requires_path(ProposalType type);
/// Section 12.1.8: what an external sender may propose.
[[nodiscard]] bool allowed_from_external(ProposalType type);

}  // namespace huecry::mls
