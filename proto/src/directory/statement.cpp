#include "huecry/directory/statement.hpp"

#include <algorithm>

#include "directory/body_codec.hpp"
#include "huecry/limits.hpp"

namespace huecry::directory {
namespace {

constexpr std::uint16_t statement_version = 1;
constexpr std::size_t block_size = 1 + 16 + Signature::size;

template <class IdType>
std::array<std::uint8_t, 16> array_of(const IdType& id) {
    std::array<std::uint8_t, 16> out{};
    std::copy(id.view().begin(), id.view().end(), out.begin());
    return out;
}

/// Actions upon something that has a version.
bool has_version(Action action) {
    switch (action) {
        case Action::channel_changed:
        case Action::agreement_published:
        case Action::member_role_changed:
        case Action::channel_restarted:
        case Action::policy_set:
        case Action::quorum_set:
            return true;
        default:
            return false;
    }
}

bool rootlike(SignerKind kind) {
    return kind == SignerKind::root || kind == SignerKind::next_root || kind == SignerKind::relay;
}

/// Fields that mean nothing in an action are zero, so that a statement has one form.
bool fields_fit(const Statement& s) {
    const auto action = s.action();
    const bool first = action == Action::genesis;
    if (first != s.partnership.is_zero()) return false;
    if (first ? s.seen.index != 0 || !s.seen.hash.is_zero() : s.seen.index == 0) return false;
    if (!has_version(action)) return s.object_version == 0;
    if (const auto* p = std::get_if<AgreementPublished>(&s.body))
        return s.object_version + 1 == p->version;
    return s.object_version != 0;
}

}  // namespace

std::string_view name(Action action) {
    constexpr std::array<std::string_view, last_action> names{
        "genesis",
        "invite issued",
        "invite withdrawn",
        "device admitted",
        "device approved",
        "device revoked",
        "channel defined",
        "channel changed",
        "agreement published",
        "agreement accepted",
        "agreement lapsed",
        "device dormant",
        "device key rotated",
        "member suspended",
        "member reinstated",
        "member role changed",
        "channel restarted",
        "channel closed",
        "delegation granted",
        "delegation withdrawn",
        "policy set",
        "rejoin requested",
        "may not commit",
        "commit complained",
        "channel anchored",
        "relay moved",
        "protocol version set",
        "root rotated",
        "quorum set",
        "endorsed",
        "store restored",
        "device returned",
        "rejoin approved",
        "invite alarmed",
    };
    const auto number = static_cast<std::size_t>(action);
    return number < 1 || number > names.size() ? "unknown" : names.at(number - 1);
}

Action Statement::action() const { return static_cast<Action>(body.index() + 1); }

Bytes Statement::encode() const {
    Writer w;
    w.reserve(512);
    w.u16(statement_version).raw(partnership.view()).u16(static_cast<std::uint16_t>(action()));
    w.raw(nonce.view()).u64(object_version).u64(seen.index).raw(seen.hash.view());
    w.vector([&](Writer& inner) { write_body(inner, body); });
    return w.take();
}

Result<Statement> Statement::decode(BytesView bytes) {
    if (bytes.size() > limits::max_statement) return Error{Errc::too_large, "statement"};
    Reader r(bytes);
    if (const auto version = r.u16(); r.ok() && version != statement_version)
        return Error{Errc::statement_unknown, "version"};
    Statement s;
    s.partnership = read_id<PartnershipId>(r);
    const auto action = static_cast<Action>(r.u16());
    s.nonce = read_id<Nonce>(r);
    s.object_version = r.u64();
    s.seen.index = r.u64();
    s.seen.hash = read_id<Digest>(r);
    auto inner = r.vector(limits::max_statement);
    if (!r.done()) return Error{Errc::statement_malformed, "outer form"};
    auto reading = read_body(action, inner);
    if (!reading) return Error{Errc::statement_unknown, "action"};
    if (!inner.ok()) return Error{Errc::statement_malformed, "body"};
    if (reading->unknown) return Error{Errc::statement_unknown, "role, kind, flag or version"};
    if (!inner.done()) return Error{Errc::statement_malformed, "after the body"};
    s.body = std::move(reading->body);
    if (reading->ill_formed || !fields_fit(s)) return Error{Errc::statement_malformed, "contents"};
    return s;
}

Signer Signer::device(const DeviceId& id) { return {SignerKind::device, array_of(id)}; }
Signer Signer::invite(const InviteId& id) { return {SignerKind::invite, array_of(id)}; }
Signer Signer::new_device(const DeviceId& id) { return {SignerKind::new_device, array_of(id)}; }

Bytes SignedStatement::encode() const {
    Writer w;
    w.reserve(statement.size() + block_size * signatures.size() + 8);
    w.opaque(statement);
    w.vector([&](Writer& inner) {
        for (const auto& block : signatures) {
            inner.u8(static_cast<std::uint8_t>(block.signer.kind)).raw(block.signer.id);
            inner.raw(block.signature.view());
        }
    });
    return w.take();
}

Result<SignedStatement> SignedStatement::decode(BytesView bytes) {
    if (bytes.size() > limits::max_statement) return Error{Errc::too_large, "signed statement"};
    Reader r(bytes);
    SignedStatement out;
    out.statement = to_bytes(r.opaque(limits::max_statement));
    auto blocks = r.vector(limits::max_signatures * block_size);
    if (!r.done() || blocks.empty()) return Error{Errc::statement_malformed, "signed statement"};
    while (!blocks.empty()) {
        SignatureBlock block;
        const auto kind = blocks.u8();
        if (kind < 1 || kind > 6) return Error{Errc::statement_unknown, "signer kind"};
        block.signer.kind = static_cast<SignerKind>(kind);
        block.signer.id = blocks.array<16>();
        block.signature = read_id<Signature>(blocks);
        if (!out.signatures.empty() && !(out.signatures.back().signer < block.signer))
            return Error{Errc::statement_malformed, "order of signatures"};
        if (rootlike(block.signer.kind) && block.signer.id != decltype(block.signer.id){})
            return Error{Errc::statement_malformed, "an id where there is none"};
        out.signatures.push_back(block);
    }
    if (!blocks.ok()) return Error{Errc::statement_malformed, "signatures"};
    return out;
}

StatementId statement_id(BytesView statement) {
    return StatementId::from(labelled_hash("huecry/1 statement id", statement).view()).value();
}
PartnershipId partnership_id(BytesView genesis) {
    return PartnershipId::from(labelled_hash("huecry/1 partnership id", genesis).view()).value();
}
Digest root_hash(const PublicKey& key) { return labelled_hash("huecry/1 next root", key.view()); }
Digest name_hash(BytesView salt, std::string_view text) {
    Writer w;
    w.raw(salt).raw(view(text));
    return labelled_hash("huecry/1 name", w.bytes());
}

}  // namespace huecry::directory
