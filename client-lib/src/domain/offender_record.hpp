#pragma once

#include <cstdint>
#include <string>

#include "huecry/content/v1/content.pb.h"
#include "huecry/wire/signing.hpp"

namespace huecry::domain {

/// A nickname and nothing else about a person, signed by its author's device:
///   struct { opaque id[16]; opaque nickname<V>; uint64 created_ms; uint64 expiry_ms;
///            opaque author[16]; } OffenderRecord;
/// under the label "huecry/1 record offender". At most limits::record_expiry_s long alive.
struct OffenderRecord {
    OffenderId id;
    std::string nickname;
    std::uint64_t created_ms = 0;
    std::uint64_t expiry_ms = 0;
    DeviceId author;
    Signature signature;

    void sign(const SigningKey& key);
    [[nodiscard]] bool signed_by(const PublicKey& key) const;
    [[nodiscard]] content::v1::OffenderRecord message() const;
    /// Empty when a field has not the right form: lengths, nickname, life.
    static std::optional<OffenderRecord> from(const content::v1::OffenderRecord& message);
};

}  // namespace huecry::domain
