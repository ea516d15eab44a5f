#pragma once

#include "huecry/result.hpp"
#include "huecry/wire/ids.hpp"
#include "huecry/wire/signing.hpp"

// Streams as both sides see them: an entry's header, the chain of headers, and signed heads.
namespace huecry {

enum class StreamKind : std::uint8_t { directory = 1, channel = 2, mailbox = 3 };

/// Names one stream of a partnership. The id is 16 bytes: zero for the directory, the channel's id,
/// or the mailbox's device id. Only channels have an incarnation other than 0.
struct StreamRef {
    StreamKind kind = StreamKind::directory;
    std::array<std::uint8_t, 16> id{};
    std::uint32_t incarnation = 0;
    auto operator<=>(const StreamRef&) const = default;

    static StreamRef directory() { return {}; }
    static StreamRef channel(const ChannelId& id, std::uint32_t incarnation);
    static StreamRef mailbox(const DeviceId& id);
};

enum class EntryKind : std::uint8_t {
    statement = 1,    // directory: a signed statement
    handshake = 2,    // channel: MLS PrivateMessage with content type commit
    application = 3,  // channel: MLS PrivateMessage with content type application
    welcome = 4,      // mailbox: MLS Welcome
    directed = 5,     // mailbox: sealed to the device
};

/// What the relay records of an entry, in the exact bytes that are hashed:
///   struct { uint8 version = 1; uint8 stream_kind; opaque stream_id[16]; uint32 incarnation;
///            uint64 seq; opaque submitter[16]; uint8 kind; opaque message_id[16];
///            uint64 accepted_ms; uint64 expiry_ms; uint32 length; opaque digest[32]; } Header;
/// Times are milliseconds since 1970 UTC by the relay; digest is SHA-256 of the body.
struct Header {
    StreamRef stream;
    std::uint64_t seq = 0;
    DeviceId submitter;
    EntryKind kind = EntryKind::statement;
    MessageId message_id;
    std::uint64_t accepted_ms = 0;
    std::uint64_t expiry_ms = 0;
    std::uint32_t length = 0;
    Digest digest;

    static constexpr std::size_t encoded_size = 115;
    [[nodiscard]] Bytes encode() const;
    static Result<Header> decode(BytesView bytes);
    bool operator==(const Header&) const = default;
};

/// h(0) of a stream: SHA-256 over label, partnership, stream kind, id and incarnation.
Digest chain_start(const PartnershipId& partnership, const StreamRef& stream);
/// h(seq) from h(seq-1) and the header's bytes as received.
Digest chain_next(const Digest& previous, BytesView header);

/// The relay's word on a stream at a moment:
///   struct { uint8 version = 1; opaque partnership[32]; uint8 stream_kind; opaque stream_id[16];
///            uint32 incarnation; uint64 seq; opaque hash[32]; uint64 time_ms;
///            uint64 generation; } Head;
/// signed with the relay's identity key under the label "huecry/1 head". `generation` counts the
/// restores of the relay's store; within one, two heads that conflict prove that the relay lied.
struct Head {
    PartnershipId partnership;
    StreamRef stream;
    std::uint64_t seq = 0;
    Digest hash;
    std::uint64_t time_ms = 0;
    std::uint64_t generation = 1;

    static constexpr std::size_t encoded_size = 110;
    [[nodiscard]] Bytes encode() const;
    static Result<Head> decode(BytesView bytes);
    bool operator==(const Head&) const = default;
};

struct SignedHead {
    Bytes head;
    Signature signature;

    static SignedHead sign(const Head& head, const SigningKey& relay);
    /// The head, if the signature is the relay's.
    [[nodiscard]] Result<Head> verify(const PublicKey& relay) const;
    /// As carried inside signed and authenticated data: opaque head<V>; opaque signature[64].
    [[nodiscard]] Bytes encode() const;
    static Result<SignedHead> decode(BytesView bytes);
    bool operator==(const SignedHead&) const = default;
};

}  // namespace huecry
