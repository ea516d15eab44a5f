#include "huecry/directory/state.hpp"

#include <algorithm>

#include "directory/apply.hpp"
#include "huecry/directory/rules.hpp"
#include "huecry/limits.hpp"

namespace huecry::directory {
namespace {

/// A statement whose form and place are right, with those who are said to have signed it.
struct Read {
    SignedStatement outer;
    Statement statement;
    std::vector<Signer> signers;
    Outcome outcome = Outcome::effective;
};

Result<Read> read_statement(BytesView bytes) {
    Read out;
    HUECRY_TRY_ASSIGN(out.outer, SignedStatement::decode(bytes));
    HUECRY_TRY_ASSIGN(out.statement, Statement::decode(out.outer.statement));
    for (const auto& block : out.outer.signatures) out.signers.push_back(block.signer);
    return out;
}

/// The key that a newcomer brings along, if the block names the device that it makes.
Result<PublicKey> new_device_key(const Signer& signer, const Statement& statement) {
    PublicKey key;
    if (const auto* genesis = std::get_if<Genesis>(&statement.body)) key = genesis->signing_key;
    if (const auto* admitted = std::get_if<DeviceAdmitted>(&statement.body))
        key = admitted->signing_key;
    if (const auto* rotated = std::get_if<DeviceKeyRotated>(&statement.body))
        key = rotated->signing_key;
    if (key.is_zero() || signer != Signer::new_device(device_id_of(key)))
        return Error{Errc::statement_signature, "not the new device's"};
    return key;
}

Result<void> verify(const SignatureBlock& block, const PublicKey& key, BytesView statement) {
    if (!verify_labelled(key, statement_label, statement, block.signature))
        return Errc::statement_signature;
    return {};
}

/// Header against the chain; everything about the body but its meaning.
Result<Header> read_header(BytesView bytes, BytesView body, std::uint64_t seq,
                           std::uint64_t last_time_ms) {
    HUECRY_TRY_ASSIGN(const auto header, Header::decode(bytes));
    if (header.stream != StreamRef::directory() || header.kind != EntryKind::statement)
        return Error{Errc::relay_rejected_chain, "not a directory entry"};
    if (header.seq != seq) return Error{Errc::relay_rejected_chain, "not the next entry"};
    if (header.accepted_ms < last_time_ms)
        return Error{Errc::relay_rejected_chain, "time runs backwards"};
    if (header.length != body.size() || header.digest != sha256(body))
        return Error{Errc::relay_rejected_chain, "not the body that the header names"};
    return header;
}

/// The device that speaks: the newcomer in what admits it, otherwise who signed.
DeviceId author_of(const std::vector<Signer>& signers) {
    for (const auto& signer : signers)
        if (signer.kind == SignerKind::device || signer.kind == SignerKind::new_device)
            return DeviceId(signer.id);
    return {};
}

Result<PublicKey> signer_key(const State& state, const Signer& signer, const Statement& statement) {
    switch (signer.kind) {
        case SignerKind::root:
            return state.root_key();
        case SignerKind::next_root: {
            const auto* rotated = std::get_if<RootRotated>(&statement.body);
            if (rotated == nullptr) return Error{Errc::statement_signature, "no next root"};
            return rotated->root_key;
        }
        case SignerKind::relay:
            return state.relay_key();
        case SignerKind::new_device:
            return new_device_key(signer, statement);
        case SignerKind::invite: {
            const auto* invite = state.invite(InviteId(signer.id));
            if (invite == nullptr) return Errc::invite_unknown;
            return invite->terms.one_time_key;
        }
        case SignerKind::device:
            break;
    }
    const auto* device = state.device(DeviceId(signer.id));
    if (device == nullptr) return Error{Errc::statement_signature, "unknown device"};
    return device->signing_key;
}

/// Everything that makes a statement valid on this state, in the order that PROTOCOL.md gives.
Result<Read> verify_statement(const State& state, BytesView bytes, std::uint64_t accepted_ms) {
    HUECRY_TRY_ASSIGN(auto read, read_statement(bytes));
    const auto& statement = read.statement;
    if (statement.partnership != state.partnership())
        return Error{Errc::statement_forbidden, "it belongs to another partnership"};
    if (state.counted(statement_id(read.outer.statement))) return Errc::statement_repeated;
    const auto seen = state.running_hash(statement.seen.index);
    if (!seen || *seen != statement.seen.hash)
        return Error{Errc::statement_conflict, "its author saw another chain"};
    for (const auto& block : read.outer.signatures) {
        HUECRY_TRY_ASSIGN(const auto key, signer_key(state, block.signer, statement));
        HUECRY_TRY(verify(block, key, read.outer.statement));
    }
    HUECRY_TRY_ASSIGN(read.outcome, permitted(state, statement, read.signers, accepted_ms));
    return read;
}

Result<Read> read_genesis(BytesView bytes) {
    HUECRY_TRY_ASSIGN(auto read, read_statement(bytes));
    const auto* genesis = std::get_if<Genesis>(&read.statement.body);
    if (genesis == nullptr) return Error{Errc::statement_forbidden, "not a genesis"};
    const auto device = Signer::new_device(device_id_of(genesis->signing_key));
    if (read.signers != std::vector{Signer::root(), device})
        return Error{Errc::statement_forbidden, "it needs its joint signatures and no other"};
    HUECRY_TRY(verify(read.outer.signatures[0], genesis->root_key, read.outer.statement));
    HUECRY_TRY(verify(read.outer.signatures[1], genesis->signing_key, read.outer.statement));
    return read;
}

}  // namespace

State::State(const State& other) : StateFields(other) { derive(); }

State& State::operator=(const State& other) {
    if (this == &other) return *this;
    StateFields::operator=(other);
    derive();
    return *this;
}

void State::derive() { Apply::derive(*this); }

Result<Statement> State::check_genesis(BytesView signed_statement) {
    HUECRY_TRY_ASSIGN(auto read, read_genesis(signed_statement));
    return std::move(read.statement);
}

Result<State> State::from_genesis(BytesView header_bytes, BytesView body) {
    HUECRY_TRY_ASSIGN(const auto header, read_header(header_bytes, body, 1, 0));
    HUECRY_TRY_ASSIGN(const auto read, read_genesis(body));
    State state;
    state.partnership_ = partnership_id(read.outer.statement);
    state.hashes_.push_back(chain_start(state.partnership_, StreamRef::directory()));
    state.advance(header, header_bytes, read.outer.statement, read.statement,
                  author_of(read.signers), Outcome::effective);
    return state;
}

Applied State::advance(const Header& header, BytesView header_bytes, BytesView statement_bytes,
                       const Statement& statement, const DeviceId& author, Outcome outcome) {
    Applied out;
    out.index = header.seq;
    out.accepted_ms = header.accepted_ms;
    out.statement = statement_id(statement_bytes);
    out.action = statement.action();
    out.author = author;
    out.outcome = outcome;
    Apply(*this, out).run(statement_bytes, statement);
    hashes_.push_back(chain_next(running_hash(), header_bytes));
    statements_.insert(out.statement);
    time_ms_ = header.accepted_ms;
    return out;
}

Result<void> State::check(BytesView signed_statement, std::uint64_t accepted_ms) const {
    if (accepted_ms < time_ms_) return Error{Errc::relay_rejected_chain, "time runs backwards"};
    if (index() >= limits::max_directory_entries)
        return Error{Errc::quota_exceeded, "directory entries"};
    HUECRY_TRY(verify_statement(*this, signed_statement, accepted_ms));
    return {};
}

Result<Applied> State::apply(BytesView header_bytes, BytesView body) {
    HUECRY_TRY_ASSIGN(const auto header, read_header(header_bytes, body, index() + 1, time_ms_));
    if (index() >= limits::max_directory_entries)
        return Error{Errc::quota_exceeded, "directory entries"};
    HUECRY_TRY_ASSIGN(const auto read, verify_statement(*this, body, header.accepted_ms));
    return advance(header, header_bytes, read.outer.statement, read.statement,
                   author_of(read.signers), read.outcome);
}

}  // namespace huecry::directory
