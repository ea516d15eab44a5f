#pragma once

#include <array>

#include "huecry/directory/bodies.hpp"
#include "huecry/result.hpp"
#include "huecry/wire/signing.hpp"

// Statements: what the directory is made of. Authors sign statements, not positions; the relay
// gives each its index and time. All in the presentation language of wire/codec.hpp, so that a
// statement has exactly one encoding, and the decoder refuses every other.
namespace huecry::directory {

using Nonce = Id<struct NonceTag, 16>;

/// What an author had seen: the running hash of the directory stream at an index.
struct Seen {
    std::uint64_t index = 0;
    Digest hash;
    bool operator==(const Seen&) const = default;
};

/// struct { uint16 version = 1; opaque partnership[32]; uint16 action; opaque nonce[16];
///          uint64 object_version; uint64 seen_index; opaque seen_hash[32];
///          opaque body<V>; } Statement;
struct Statement {
    PartnershipId partnership;         // zero for genesis
    Nonce nonce;                       // random
    std::uint64_t object_version = 0;  // of the object changed; 0 where nothing is changed
    Seen seen;                         // zero for genesis
    Body body;

    [[nodiscard]] Action action() const;
    [[nodiscard]] Bytes encode() const;
    /// `statement_malformed` for any but the one allowed form, `statement_unknown` for a version,
    /// action, role or flag that this version does not know, `too_large`.
    static Result<Statement> decode(BytesView bytes);
    bool operator==(const Statement&) const = default;
};

enum class SignerKind : std::uint8_t {
    root = 1,        // id: zero
    device = 2,      // id: of a device in the directory
    invite = 3,      // id: of the invite; key: its one-time key
    new_device = 4,  // id: of the device whose key stands in the statement itself
    next_root = 5,   // id: zero; the root key that stands in root_rotated itself
    relay = 6,       // id: zero; the relay's present identity key
};

struct Signer {
    SignerKind kind = SignerKind::device;
    std::array<std::uint8_t, 16> id{};
    auto operator<=>(const Signer&) const = default;

    static Signer root() { return {SignerKind::root, {}}; }
    static Signer next_root() { return {SignerKind::next_root, {}}; }
    static Signer relay() { return {SignerKind::relay, {}}; }
    static Signer device(const DeviceId& id);
    static Signer invite(const InviteId& id);
    static Signer new_device(const DeviceId& id);
};

/// struct { uint8 signer; opaque id[16]; opaque signature[64]; } SignatureBlock;
/// The signature is over the statement's exact bytes under the label "huecry/1 statement".
struct SignatureBlock {
    Signer signer;
    Signature signature;
    bool operator==(const SignatureBlock&) const = default;
};

/// struct { opaque statement<V>; SignatureBlock signatures<V>; } SignedStatement;
/// Blocks are in strictly ascending order of (signer, id): no duplicates, one form.
struct SignedStatement {
    Bytes statement;  // never re-encoded
    std::vector<SignatureBlock> signatures;

    [[nodiscard]] Bytes encode() const;
    static Result<SignedStatement> decode(BytesView bytes);
    bool operator==(const SignedStatement&) const = default;
};

inline constexpr std::string_view statement_label = "huecry/1 statement";

/// Labelled hash of the statement's bytes (signatures apart): "huecry/1 statement id".
StatementId statement_id(BytesView statement);
/// The same of the genesis statement under "huecry/1 partnership id".
PartnershipId partnership_id(BytesView genesis_statement);
/// What genesis and rotation commit to of the root key that will follow: "huecry/1 next root".
Digest root_hash(const PublicKey& next_root_key);
/// Salted hash of a name: label "huecry/1 name", salt[16] ‖ UTF-8.
Digest name_hash(BytesView salt, std::string_view name);

}  // namespace huecry::directory
