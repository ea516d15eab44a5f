#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <cstddef>
#include <cstring>
#include <functional>
#include <optional>
#include <string>

#include "huecry/wire/bytes.hpp"

// Strong types for identifiers: a channel's id cannot be passed where a device's is wanted.
namespace huecry {

template <class Tag, std::size_t N>
class Id {
public:
    static constexpr std::size_t size = N;

    Id() = default;
    explicit Id(const std::array<std::uint8_t, N>& bytes) : bytes_(bytes) {}
    /// Empty when the length is not exactly N.
    [[nodiscard]] static std::optional<Id> from(BytesView bytes) {
        if (bytes.size() != N) return std::nullopt;
        Id id;
        std::copy(bytes.begin(), bytes.end(), id.bytes_.begin());
        return id;
    }
    /// The first N bytes, for ids that are truncated hashes.
    [[nodiscard]] static std::optional<Id> prefix_of(BytesView bytes) {
        return bytes.size() < N ? std::nullopt : from(bytes.first(N));
    }

    [[nodiscard]] BytesView view() const { return bytes_; }
    [[nodiscard]] std::string hex() const { return to_hex(bytes_); }
    /// As shown to people: the first 8 hexadecimal characters.
    [[nodiscard]] std::string short_hex() const { return hex().substr(0, 8); }
    [[nodiscard]] bool is_zero() const {
        return std::all_of(bytes_.begin(), bytes_.end(), [](auto b) { return b == 0; });
    }
    auto operator<=>(const Id&) const = default;

private:
    std::array<std::uint8_t, N> bytes_{};
};

using PartnershipId = Id<struct PartnershipTag, 32>;  // SHA-256 of the genesis statement
using MemberId = Id<struct MemberTag, 16>;            // random
using OrganisationId = Id<struct OrganisationTag, 16>;
using DeviceId = Id<struct DeviceTag, 16>;    // first half of SHA-256 of its signature key
using InviteId = Id<struct InviteTag, 16>;    // first half of SHA-256 of its one-time key
using ChannelId = Id<struct ChannelTag, 16>;  // random
using MessageId = Id<struct MessageTag, 16>;  // random, chosen by the sender
using BlobId = Id<struct BlobTag, 16>;        // random, chosen by the uploader
using OffenderId = Id<struct OffenderTag, 16>;
using StatementId = Id<struct StatementTag, 32>;  // SHA-256 of the statement's bytes
using Digest = Id<struct DigestTag, 32>;          // SHA-256
using PublicKey = Id<struct PublicKeyTag, 32>;    // Ed25519 or X25519
using Signature = Id<struct SignatureTag, 64>;    // Ed25519

}  // namespace huecry

template <class Tag, std::size_t N>
struct std::hash<huecry::Id<Tag, N>> {
    std::size_t operator()(const huecry::Id<Tag, N>& id) const noexcept {
        std::size_t out = 0;
        std::memcpy(&out, id.view().data(), sizeof out);
        return out;
    }
};
