#pragma once

#include <cstdint>
#include <optional>

#include "huecry/result.hpp"
#include "huecry/wire/bytes.hpp"
#include "mls/types.hpp"

// What anybody can read of an MLSMessage without a key (RFC 9420 sections 6 and 6.3).
namespace huecry::mls {

struct Peek {
    WireFormat wire_format;
    /// Of PublicMessage, PrivateMessage and GroupInfo; empty and 0 for the others.
    Bytes group_id;
    std::uint64_t epoch = 0;
    /// Of PublicMessage and PrivateMessage.
    std::optional<ContentType> content_type;
};

/// Errors: mls_malformed (also for an unknown version or wire format).
[[nodiscard]] Result<Peek> peek(BytesView message);

}  // namespace huecry::mls
