#include "net/admission.hpp"

#include <sodium.h>

#include <cstring>

namespace huecry::relay {
namespace {

constexpr std::uint64_t key_life_ms = 86'400'000;

}  // namespace

Admission::Admission(Limits limits, const Clock& clock, Random& random, NetCounters& counters)
    : limits_(limits), clock_(clock), random_(random), counters_(counters) {}

std::uint64_t Admission::hash(const boost::asio::ip::address& address) {
    const auto now = clock_.steady_ms();
    if (!key_made_ms_ || now - *key_made_ms_ > key_life_ms) {
        random_.fill(key_);
        key_made_ms_ = now;
    }
    std::array<std::uint8_t, 8> input{};
    if (address.is_v4()) {
        const auto bytes = address.to_v4().to_bytes();
        std::copy(bytes.begin(), bytes.end(), input.begin());
    } else {
        const auto bytes = address.to_v6().to_bytes();
        std::copy_n(bytes.begin(), input.size(), input.begin());
    }
    std::array<std::uint8_t, crypto_shorthash_BYTES> out{};
    static_assert(crypto_shorthash_KEYBYTES == 16 && crypto_shorthash_BYTES == 8);
    if (crypto_shorthash(out.data(), input.data(), input.size(), key_.data()) != 0) return 0;
    std::uint64_t value = 0;
    std::memcpy(&value, out.data(), sizeof value);
    return value;
}

std::optional<Admission::Ticket> Admission::admit(const boost::asio::ip::address& given) {
    auto address = given;
    if (given.is_v6() && given.to_v6().is_v4_mapped())
        address = boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, given.to_v6());
    const auto hashed = hash(address);
    if (counters_.open_sockets >= limits_.connections) {
        ++counters_.refused_full;
        return std::nullopt;
    }
    const auto it = unproved_.find(hashed);
    if (it != unproved_.end() && it->second >= limits_.unproved_per_address) {
        ++counters_.refused_address;
        return std::nullopt;
    }
    return Ticket(*this, hashed, address.is_loopback());
}

Admission::Ticket::Ticket(Admission& owner, std::uint64_t address_hash, bool loopback)
    : owner_(&owner), address_hash_(address_hash), loopback_(loopback) {
    ++owner.counters_.open_sockets;
    ++owner.counters_.accepted;
    ++owner.unproved_[address_hash];
}

Admission::Ticket::~Ticket() {
    if (owner_ == nullptr) return;
    proved();
    --owner_->counters_.open_sockets;
}

void Admission::Ticket::proved() {
    if (owner_ == nullptr || !unproved_) return;
    unproved_ = false;
    const auto it = owner_->unproved_.find(address_hash_);
    if (it != owner_->unproved_.end() && --it->second == 0) owner_->unproved_.erase(it);
}

}  // namespace huecry::relay
