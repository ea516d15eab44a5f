#pragma once

#include <optional>

#include "huecry/result.hpp"
#include "huecry/wire/ids.hpp"
#include "huecry/wire/secret.hpp"

// The two texts that people hand to each other: a relay's address and an invite link.
namespace huecry {

/// `https://host:port/#KEY`, KEY being the relay's identity key in URL-safe base64 (43 characters).
/// The fragment is never sent by a browser. An address without a key parses, with `key` empty.
struct RelayAddress {
    std::string host;  // name, IPv4, or IPv6 without brackets; lower case
    std::uint16_t port = 443;
    std::optional<PublicKey> key;

    [[nodiscard]] std::string text() const;
    static Result<RelayAddress> parse(std::string_view text);
    bool operator==(const RelayAddress&) const = default;
};

enum class LinkKind : std::uint8_t { member = 1, device = 2 };

/// `huecry://join/PAYLOAD#` style link; PAYLOAD is URL-safe base64 of
///   struct { uint8 version = 1; uint8 kind; opaque secret[32]; opaque partnership[32];
///            opaque relay_key[32]; uint16 port; opaque host<V>; opaque name<V>;
///            opaque check[4]; } Link;
/// check = first 4 bytes of the labelled hash of all before, so that a cut or re-encoded link is
/// noticed. The secret is the seed of the invite's one-time keys; the name is the partnership's.
/// A link for an own further device reads `huecry://device/…`: a kind of its own.
struct InviteLink {
    LinkKind kind = LinkKind::member;
    SecretBytes secret;  // 32 bytes
    PartnershipId partnership;
    RelayAddress relay;  // with its key
    std::string partnership_name;

    [[nodiscard]] std::string text() const;
    /// Finds the link in a text of up to 8 KiB and forgives what chat and mail programs do to one:
    /// words and punctuation around it, percent-encoding and HTML escapes (twice too), broken and
    /// quoted lines, invisible characters, dashes made long, parameters added at its end. The check
    /// inside decides. `link_malformed` says what is wrong with it where that can be told.
    static Result<InviteLink> parse(std::string_view text);
};

}  // namespace huecry
