#pragma once

#include <optional>
#include <vector>

#include "huecry/wire/codec.hpp"
#include "mls/credential.hpp"
#include "mls/types.hpp"

// Extensions (RFC 9420 section 13) and the two of the GroupContext that this engine reads.
namespace huecry::mls {

/// struct { ExtensionType extension_type; opaque extension_data<V>; } Extension (section 13)
struct Extension {
    ExtensionType type = 0;
    Bytes data;
    bool operator==(const Extension&) const = default;
};

void write(Writer& w, const std::vector<Extension>& extensions);
/// Fails the reader when a type comes twice (section 13.4: not more than one of any type).
[[nodiscard]] std::vector<Extension> read_extensions(Reader& r);
[[nodiscard]] const Extension* find(const std::vector<Extension>& extensions, ExtensionType type);

/// Section 7.2: types that every client has and that are therefore never listed.
[[nodiscard]] bool is_default_extension(ExtensionType type);
[[nodiscard]] bool is_default_proposal(ProposalType type);

/*  struct {
        ExtensionType extension_types<V>;
        ProposalType proposal_types<V>;
        CredentialType credential_types<V>;
    } RequiredCapabilities;                                         (section 11.1) */
struct RequiredCapabilities {
    std::vector<ExtensionType> extensions;
    std::vector<ProposalType> proposals;
    std::vector<CredentialType> credentials;

    [[nodiscard]] static Result<RequiredCapabilities> decode(BytesView data);
    [[nodiscard]] Bytes encode() const;
};

/*  struct { SignaturePublicKey signature_key; Credential credential; } ExternalSender;
    ExternalSender external_senders<V>;                             (section 12.1.8.1) */
struct ExternalSender {
    Bytes signature_key;
    Credential credential;
};
[[nodiscard]] Result<std::vector<ExternalSender>> decode_external_senders(BytesView data);
[[nodiscard]] Bytes encode_external_senders(const std::vector<ExternalSender>& senders);

/// A vector of 16-bit numbers, as capabilities hold five of.
void write_u16s(Writer& w, const std::vector<std::uint16_t>& values);
[[nodiscard]] std::vector<std::uint16_t> read_u16s(Reader& r);

}  // namespace huecry::mls
