#pragma once

#include <vector>

#include "mls/cipher_suite.hpp"
#include "mls/extension.hpp"

namespace huecry::mls {

enum class PskType : std::uint8_t { external = 1, resumption = 2 };
enum class ResumptionUsage : std::uint8_t { application = 1, reinit = 2, branch = 3 };

/*  struct {
        PSKType psktype;
        select (PreSharedKeyID.psktype) {
            case external:   opaque psk_id<V>;
            case resumption: ResumptionPSKUsage usage;
                             opaque psk_group_id<V>;
                             uint64 psk_epoch;
        };
        opaque psk_nonce<V>;
    } PreSharedKeyID;                                               (section 8.4) */
struct PreSharedKeyId {
    PskType type = PskType::external;
    Bytes id;
    ResumptionUsage usage = ResumptionUsage::application;
    Bytes group_id;
    std::uint64_t epoch = 0;
    Bytes nonce;

    void write(Writer& w) const;
    [[nodiscard]] static PreSharedKeyId read(Reader& r);
    bool operator==(const PreSharedKeyId&) const = default;
};

struct PreSharedKey {
    PreSharedKeyId id;
    SecretBytes secret;
};

/// psk_secret: all keys chained in their order; all zeros when there is none.
[[nodiscard]] SecretBytes psk_secret(const CipherSuite& suite,
                                     const std::vector<PreSharedKey>& psks);

}  // namespace huecry::mls
