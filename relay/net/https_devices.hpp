#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>

#include "auth/handshake.hpp"
#include "auth/token_bucket.hpp"

namespace huecry::relay {

/// What one device (or invite) may have of HTTPS: so many connections, so many requests a minute.
/// Network thread only.
class HttpsDevices {
public:
    /// One connection, for as long as it lives.
    class Place {
    public:
        Place(Place&& other) noexcept = default;
        Place& operator=(Place&& other) noexcept = default;
        ~Place();
        /// False when the device has asked too often.
        [[nodiscard]] bool request(std::uint64_t steady_ms);

    private:
        friend class HttpsDevices;
        struct Device {
            unsigned open = 0;
            TokenBucket requests;
        };
        explicit Place(std::shared_ptr<Device> device);
        std::shared_ptr<Device> device_;
    };

    /// Empty when it has too many already.
    [[nodiscard]] std::optional<Place> enter(const Principal& who);

private:
    using Key = std::pair<PartnershipId, std::array<std::uint8_t, 16>>;
    void forget_idle();
    std::map<Key, std::shared_ptr<Place::Device>> devices_;
    std::size_t forget_at_ = 1024;
};

}  // namespace huecry::relay
