#pragma once

#include "huecry/wire/header.hpp"

namespace huecry {

/// What every MLS message of a channel carries in its authenticated_data (RFC 9420 section 6):
///   struct { uint8 version = 1; opaque message_id[16]; SignedHead directory_head;
///            uint64 stream_seq; opaque running_hash[32]; } AuthenticatedData;
/// It lets everybody judge a commit by the directory that its sender had seen, and compare what the
/// relay has shown to different members.
struct AuthenticatedData {
    MessageId message_id;          // that of the submission's item
    SignedHead directory_head;     // of the directory index that the sender acted upon
    std::uint64_t stream_seq = 0;  // last entry of the channel's stream that the sender processed
    Digest running_hash;           // of the channel's stream after that entry

    [[nodiscard]] Bytes encode() const;
    /// `malformed`, or `update_needed` for another version.
    static Result<AuthenticatedData> decode(BytesView bytes);
    bool operator==(const AuthenticatedData&) const = default;
};

}  // namespace huecry
