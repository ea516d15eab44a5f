#pragma once

#include "domain/surroundings.hpp"

namespace huecry::domain {

/// Content that must be erasable lies sealed under a random key of its own (ChaCha20-Poly1305, one
/// key, one use, so the nonce is zero). Erasing the key erases the content.
class Items {
public:
    explicit Items(Surroundings& around) : around_(around) {}

    struct Sealed {
        std::int64_t item = 0;  // number of its key
        Bytes bytes;
    };
    Result<Sealed> seal(BytesView content);
    /// `store_damaged` when key and content do not belong together.
    Result<SecretBytes> open(std::int64_t item, BytesView sealed);
    Result<void> erase(std::int64_t item);
    Result<void> erase_all();

private:
    Surroundings& around_;
};

}  // namespace huecry::domain
