#pragma once

#include <optional>

#include "huecry/content/v1/content.pb.h"
#include "huecry/wire/ids.hpp"
#include "huecry/wire/signing.hpp"

// An alert is signed by its author's device, so that others can hand it on to a device that has
// rejoined (PROTOCOL.md 14).
namespace huecry::domain {

struct AlertPlace {
    PartnershipId partnership;
    ChannelId channel;
    MessageId id;
};

/// Sets `author_signature`. Nothing of the content may change after that.
void sign_alert(content::v1::Content& content, const AlertPlace& place, const SigningKey& author);

/// The content, if `said` is one with an alert that the author's key signed for this place. The
/// signature is the last field of the encoding, and covers every byte before it.
std::optional<content::v1::Content> open_signed_alert(BytesView said, const AlertPlace& place,
                                                      const PublicKey& author);

}  // namespace huecry::domain
