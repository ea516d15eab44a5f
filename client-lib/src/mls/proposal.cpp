#include "mls/proposal.hpp"

namespace huecry::mls {
namespace {

struct WriteContent {
    Writer& w;
    void operator()(const Add& p) const { p.key_package.write(w); }
    void operator()(const Update& p) const { p.leaf.write(w); }
    void operator()(const Remove& p) const { w.u32(p.removed.value); }
    void operator()(const PskProposal& p) const { p.psk.write(w); }
    void operator()(const ReInit& p) const {
        w.opaque(p.group_id).u16(p.version).u16(p.cipher_suite);
        mls::write(w, p.extensions);
    }
    void operator()(const ExternalInit& p) const { w.opaque(p.kem_output); }
    void operator()(const GroupContextExtensions& p) const { mls::write(w, p.extensions); }
};

}  // namespace

void Proposal::write(Writer& w) const {
    w.u16(type());
    std::visit(WriteContent{w}, content);
}

Proposal Proposal::read(Reader& r) {
    switch (r.u16()) {
        case proposal_type::add:
            return {Add{KeyPackage::read(r)}};
        case proposal_type::update:
            return {Update{LeafNode::read(r)}};
        case proposal_type::remove:
            return {Remove{LeafIndex{r.u32()}}};
        case proposal_type::psk:
            return {PskProposal{PreSharedKeyId::read(r)}};
        case proposal_type::reinit: {
            ReInit p;
            p.group_id = to_bytes(r.opaque());
            p.version = r.u16();
            p.cipher_suite = r.u16();
            p.extensions = read_extensions(r);
            return {std::move(p)};
        }
        case proposal_type::external_init:
            return {ExternalInit{to_bytes(r.opaque())}};
        case proposal_type::group_context_extensions:
            return {GroupContextExtensions{read_extensions(r)}};
        default:
            r.fail();
            return {Remove{}};
    }
}

Result<Proposal> Proposal::decode(BytesView bytes) {
    Reader r(bytes);
    auto out = read(r);
    if (!r.done()) return Error{Errc::mls_malformed, "Proposal"};
    return out;
}

bool requires_path(ProposalType type) {
    return type != proposal_type::add && type != proposal_type::psk &&
           type != proposal_type::reinit;
}

bool allowed_from_external(ProposalType type) {
    return type == proposal_type::add || type == proposal_type::remove ||
           type == proposal_type::psk || type == proposal_type::reinit ||
           type == proposal_type::group_context_extensions;
}

}  // namespace huecry::mls
