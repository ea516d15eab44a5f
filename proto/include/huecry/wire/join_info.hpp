#pragma once

#include "huecry/wire/header.hpp"

namespace huecry {

/// GroupInfo extension by which a Welcome tells a joiner where it stands.
inline constexpr std::uint16_t join_extension = 0xF0C1;

/// The extension's data:
///   struct { uint8 version = 1; SignedHead directory_head; uint64 floor_index;
///            uint64 processed_seq; opaque running_hash[32]; opaque commit_id[16]; } JoinInfo;
struct JoinInfo {
    SignedHead directory_head;        // of the index that the commit acted upon
    std::uint64_t floor_index = 0;    // no later commit may act upon an index below
    std::uint64_t processed_seq = 0;  // last entry that the committer processed: chain from there
    Digest running_hash;              // of the channel's stream after that entry
    MessageId commit_id;              // the commit that made this epoch: decrypt only after it

    [[nodiscard]] Bytes encode() const;
    /// `malformed`, or `update_needed` for another version.
    static Result<JoinInfo> decode(BytesView bytes);
    bool operator==(const JoinInfo&) const = default;
};

/// The group's id of RFC 9420: channel id ‖ uint32 incarnation, 20 bytes.
Bytes group_id(const ChannelId& channel, std::uint32_t incarnation);
/// The MLS BasicCredential's identity: partnership id ‖ device id, 48 bytes.
Bytes credential_identity(const PartnershipId& partnership, const DeviceId& device);

}  // namespace huecry
