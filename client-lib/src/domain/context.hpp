#pragma once

#include "crypto/ed25519.hpp"
#include "crypto/random.hpp"
#include "domain/clock.hpp"
#include "domain/projection.hpp"
#include "huecry/client.hpp"
#include "mls/cipher_suite.hpp"
#include "mls/group.hpp"
#include "net/scheduler.hpp"
#include "store/database.hpp"

// What every part of the sync side works with. All of it belongs to the client's one thread.
namespace huecry::domain {

/// Who this device is, as kept in its profile.
struct Self {
    PartnershipId partnership;
    DeviceId device;
    PublicKey relay_key;
    std::shared_ptr<const huecry::SigningKey> key;
    crypto::SigningKey mls_key;  // the same key, as the MLS engine takes it
    SecretBytes sealing_key;     // X25519: letters are sealed to it
};

struct Context {
    store::Database& db;
    net::Scheduler& scheduler;
    crypto::Random& random;
    Clock& clock;
    Projection& projection;
    const Self& self;
    LogSink log;

    [[nodiscard]] mls::Environment mls() const {
        mls::Environment out{
            .suite = &mls::chacha20_suite(), .random = &random, .signer = &self.mls_key};
        out.limits.keep_proposals = false;  // commits hold their proposals by value, or are void
        return out;
    }
    template <class IdType>
    [[nodiscard]] IdType new_id() const {
        std::array<std::uint8_t, IdType::size> bytes{};
        random.fill(bytes);
        return IdType(bytes);
    }
    void trace(int level, std::string_view line) const {
        if (log) log(level, line);
    }
};

}  // namespace huecry::domain
