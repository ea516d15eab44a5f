#pragma once

#include <optional>

#include "huecry/result.hpp"
#include "huecry/wire/bytes.hpp"
#include "huecry/wire/header.hpp"

// What the relay reads of MLS, and all of it: the outside of a PrivateMessage (RFC 9420 section
// 6.3). No tree, no proposal, no key.
namespace huecry::relay {

struct PrivateMessage {
    Bytes group_id;
    std::uint64_t epoch = 0;
    EntryKind kind = EntryKind::application;  // or handshake, of a commit
};

/// Errors: mls_malformed (also any other wire format), mls_invalid (a proposal by itself).
[[nodiscard]] Result<PrivateMessage> read_private_message(BytesView message);

/// channel id ‖ uint32 incarnation.
[[nodiscard]] Bytes group_id_of(const StreamRef& channel);

enum class MlsFormat : std::uint16_t { welcome = 3, key_package = 5 };
/// MLS 1.0 and this wire format, with something behind it.
[[nodiscard]] bool has_format(BytesView message, MlsFormat format);

}  // namespace huecry::relay
