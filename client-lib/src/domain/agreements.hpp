#pragma once

#include <map>

#include "domain/projection.hpp"
#include "domain/surroundings.hpp"

namespace huecry::domain {

/// The current agreement's text, and the keys that are said to open it.
class Agreements {
public:
    explicit Agreements(Surroundings& around) : around_(around) {}

    Result<void> keep_key(std::uint32_t version, const BlobId& blob, BytesView key);
    Result<void> keep_text(std::uint32_t version, std::string_view text);
    /// The directory has changed: what belongs to earlier versions goes.
    Result<void> recheck();
    Result<void> erase_all();

    /// With several keys a different one each time: a wrong one must not keep the right one away.
    std::optional<Projection::AgreementKey> to_fetch();
    std::optional<SecretBytes> key(std::uint32_t version);
    AgreementInfo info();

    static constexpr std::size_t max_keys = 8;  // said to open one version, from different members

private:
    struct Candidate {
        BlobId blob;
        SecretBytes key;
    };
    Result<std::vector<Candidate>> candidates(std::uint32_t version);
    Result<std::optional<std::string>> text(std::uint32_t version);
    /// The key under which this text is the directory's.
    std::optional<SecretBytes> proved(const std::vector<Candidate>& keys, std::string_view text);
    [[nodiscard]] std::uint32_t current() const;

    Surroundings& around_;
    std::size_t turn_ = 0;
};

}  // namespace huecry::domain
