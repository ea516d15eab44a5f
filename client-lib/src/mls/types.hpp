#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>

#include "huecry/limits.hpp"
#include "huecry/result.hpp"
#include "huecry/wire/bytes.hpp"
#include "huecry/wire/secret.hpp"

// Numbers and identifiers of RFC 9420 that every file of the engine needs.
namespace huecry::mls {

/// A member's place among the leaves (RFC 9420 section 4.1.1): only valid for one epoch.
struct LeafIndex {
    std::uint32_t value = 0;
    auto operator<=>(const LeafIndex&) const = default;
};

// Section 17.1; the product uses 3 alone.
enum class CipherSuiteId : std::uint16_t { aes128gcm = 1, chacha20poly1305 = 3 };

// Section 6.
enum class ProtocolVersion : std::uint16_t { mls10 = 1 };
enum class ContentType : std::uint8_t { application = 1, proposal = 2, commit = 3 };
enum class SenderType : std::uint8_t {
    member = 1,
    external = 2,
    new_member_proposal = 3,
    new_member_commit = 4,
};
// Section 17.2.
enum class WireFormat : std::uint16_t {
    public_message = 1,
    private_message = 2,
    welcome = 3,
    group_info = 4,
    key_package = 5,
};
// Sections 17.3, 17.4 and 17.5. Other values stay what they are: numbers.
using ExtensionType = std::uint16_t;
using ProposalType = std::uint16_t;
using CredentialType = std::uint16_t;

namespace extension_type {
inline constexpr ExtensionType application_id = 1, ratchet_tree = 2, required_capabilities = 3,
                               external_pub = 4, external_senders = 5, last_resort = 0x000a,
                               huecry_join = 0xf0c1;
}
namespace proposal_type {
inline constexpr ProposalType add = 1, update = 2, remove = 3, psk = 4, reinit = 5,
                              external_init = 6, group_context_extensions = 7;
}
namespace credential_type {
inline constexpr CredentialType basic = 1, x509 = 2;
}

/// What the engine is willing to work with; sizes are checked before any work is done.
struct Limits {
    std::uint32_t max_skip = limits::max_skip;          // generations forward, section 9.2
    std::uint32_t out_of_order = limits::out_of_order;  // skipped generations whose keys are kept
    std::uint32_t max_members = limits::max_members;
    std::uint32_t max_message = 4U << 20;  // bytes of one MLSMessage: a Welcome of 3,000 members
    std::uint32_t max_proposals = 4096;    // in one commit, and held by reference in one epoch
    /// Standalone proposals are kept for commits by reference; without, each is void.
    bool keep_proposals = true;
    std::uint32_t resumption_epochs = 0;  // past epochs whose resumption PSK is kept, section 8.6
};

/// More elements than any message of a group of `max_members` holds: a list that is longer is
/// refused while it is read, so that few bytes cannot demand much memory.
inline constexpr std::size_t max_elements = 8192;

}  // namespace huecry::mls
