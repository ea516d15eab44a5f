#pragma once

#include <boost/asio/ip/address.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

#include "auth/environment.hpp"
#include "net/counters.hpp"

namespace huecry::relay {

/// Who may connect: a total, and for those that have not proved themselves a number per address
/// (a shop's devices share one) and in all. When the places of the unproved are all taken, the
/// oldest goes of the address that has most; so whoever comes has time to prove itself, however
/// many only sit there. Addresses are kept as keyed hashes only; the key changes daily. IPv6
/// counts by /64. Network thread only.
class Admission {
public:
    struct Limits {
        std::uint64_t connections = 0;
        std::uint64_t unproved_per_address = 0;
        std::uint64_t unproved = 0;
    };

    Admission(Limits limits, const Clock& clock, Random& random, NetCounters& counters);

    /// Counts one connection for as long as it lives.
    class Ticket {
    public:
        Ticket(Ticket&& other) noexcept
            : owner_(std::exchange(other.owner_, nullptr)),
              number_(other.number_),
              address_(other.address_),
              loopback_(other.loopback_) {}
        Ticket& operator=(Ticket&&) = delete;
        ~Ticket();
        /// What ends the connection when its place is wanted.
        void ends_by(std::function<void()> close);
        /// Its client has proved itself: nobody takes its place any more.
        void proved();
        [[nodiscard]] bool loopback() const { return loopback_; }
        /// Its keyed hash.
        [[nodiscard]] std::uint64_t address() const { return address_; }

    private:
        friend class Admission;
        Ticket(Admission& owner, std::uint64_t number, std::uint64_t address, bool loopback)
            : owner_(&owner), number_(number), address_(address), loopback_(loopback) {}
        Admission* owner_;
        std::uint64_t number_;
        std::uint64_t address_;
        bool loopback_;
    };

    /// Empty when one of the limits is reached.
    [[nodiscard]] std::optional<Ticket> admit(const boost::asio::ip::address& address);

private:
    struct Unproved {
        std::uint64_t address = 0;
        std::function<void()> close;
    };
    [[nodiscard]] std::uint64_t hash(const boost::asio::ip::address& address);
    void enter(std::uint64_t number, std::uint64_t address);
    void leave(std::uint64_t number);
    void make_room();

    Limits limits_;
    const Clock& clock_;
    Random& random_;
    NetCounters& counters_;
    std::array<std::uint8_t, 16> key_{};
    std::optional<std::uint64_t> key_made_ms_;
    std::uint64_t next_ = 0;
    std::map<std::uint64_t, Unproved> unproved_;  // by number: oldest first
    std::unordered_map<std::uint64_t, std::set<std::uint64_t>> of_address_;
    std::set<std::pair<std::size_t, std::uint64_t>> by_size_;  // of of_address_
};

}  // namespace huecry::relay
