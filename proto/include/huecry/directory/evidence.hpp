#pragma once

#include <optional>
#include <span>
#include <vector>

#include "huecry/result.hpp"
#include "huecry/wire/header.hpp"

// What a relay has signed, collected where it does not fit together (PROTOCOL.md section 13.6).
// Whoever holds the file can check it, offline: two heads of one stream and one generation of the
// relay's store that cannot both be true prove that the relay lied. A member's word alone proves
// nothing, so it cannot be brought against an honest relay.
namespace huecry::directory {

/// Headers in the order of the stream, from the one after entry `after`, where the running hash was
/// `hash`. Nobody vouches for them by themselves: a signed head that they lead to does.
struct Stretch {
    StreamRef stream;
    std::uint64_t after = 0;
    Digest hash;
    std::vector<Bytes> headers;  // each Header::encoded_size
    bool operator==(const Stretch&) const = default;
};

/// What a member said of a stream in a message: worth telling, proof of nothing.
struct Claim {
    StreamRef stream;
    std::uint64_t seq = 0;
    Digest hash;  // of the stream after entry `seq`, as the member saw it
    DeviceId device;
    MessageId message;
    bool operator==(const Claim&) const = default;
};

struct Evidence {
    PublicKey relay;  // whose signature the heads carry
    /// Entry 1 of the directory, which binds partnership and relay; both empty when not at hand.
    Bytes genesis_header, genesis_body;
    std::vector<SignedHead> heads;
    std::vector<Stretch> stretches;
    std::vector<Claim> claims;

    /// A file: magic, version, fields; at most limits::max_evidence_file bytes.
    [[nodiscard]] Bytes encode() const;
    /// `malformed` (not such a file, or damaged), `too_large`, `update_needed`.
    static Result<Evidence> decode(BytesView bytes);
    bool operator==(const Evidence&) const = default;
};

/// What one or more files, of one device or of several, show together.
struct Finding {
    enum class Kind : std::uint8_t { consistent, disputed, proven } kind = Kind::consistent;
    PartnershipId partnership;
    PublicKey relay;
    /// The partnership's first entry names this relay. Otherwise whoever checks has to know from
    /// elsewhere that the key was this partnership's relay.
    bool bound = false;
    std::size_t heads = 0;
    // when `proven`: two heads, the entry at which they differ, and what each makes of it
    std::optional<Head> first, second;
    std::uint64_t seq = 0;
    Digest first_hash, second_hash;
    // when `disputed`: the claim that does not fit what the relay signed
    std::optional<Claim> claim;
};

/// `invalid_argument`: no file, or files about different partnerships or relays; `wrong_relay`: a
/// head without that relay's signature; `malformed`.
Result<Finding> examine(std::span<const Evidence> files);

}  // namespace huecry::directory
