#pragma once

#include <boost/asio/ip/address.hpp>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <utility>

#include "auth/environment.hpp"
#include "net/counters.hpp"

namespace huecry::relay {

/// Who may connect: a total, and a number per address for those that have not proved themselves
/// (a shop's devices share one address). Addresses are kept as keyed hashes only; the key changes
/// daily. IPv6 counts by /64. Network thread only.
class Admission {
public:
    struct Limits {
        std::uint64_t connections = 0;
        std::uint64_t unproved_per_address = 0;
    };

    Admission(Limits limits, const Clock& clock, Random& random, NetCounters& counters);

    /// Counts one connection for as long as it lives.
    class Ticket {
    public:
        Ticket(Admission& owner, std::uint64_t address_hash, bool loopback);
        Ticket(Ticket&& other) noexcept
            : owner_(std::exchange(other.owner_, nullptr)),
              address_hash_(other.address_hash_),
              loopback_(other.loopback_),
              unproved_(other.unproved_) {}
        Ticket& operator=(Ticket&&) = delete;
        ~Ticket();
        /// Its client has proved itself: it counts for its address no more.
        void proved();
        [[nodiscard]] std::uint64_t address_hash() const { return address_hash_; }
        [[nodiscard]] bool loopback() const { return loopback_; }

    private:
        Admission* owner_;
        std::uint64_t address_hash_;
        bool loopback_;
        bool unproved_ = true;
    };

    /// Empty when one of the limits is reached.
    [[nodiscard]] std::optional<Ticket> admit(const boost::asio::ip::address& address);

private:
    [[nodiscard]] std::uint64_t hash(const boost::asio::ip::address& address);

    Limits limits_;
    const Clock& clock_;
    Random& random_;
    NetCounters& counters_;
    std::array<std::uint8_t, 16> key_{};
    std::optional<std::uint64_t> key_made_ms_;
    std::unordered_map<std::uint64_t, std::uint64_t> unproved_;
};

}  // namespace huecry::relay
