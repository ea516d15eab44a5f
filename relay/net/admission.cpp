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
    const auto same = of_address_.find(hashed);
    if (same != of_address_.end() && same->second.size() >= limits_.unproved_per_address) {
        ++counters_.refused_address;
        return std::nullopt;
    }
    if (unproved_.size() >= limits_.unproved && !unproved_.empty()) make_room();
    const auto number = next_++;
    enter(number, hashed);
    ++counters_.open_sockets;
    ++counters_.accepted;
    return Ticket(*this, number, hashed, address.is_loopback());
}

void Admission::enter(std::uint64_t number, std::uint64_t address) {
    unproved_[number].address = address;
    auto& mine = of_address_[address];
    by_size_.erase({mine.size(), address});
    mine.insert(number);
    by_size_.emplace(mine.size(), address);
    counters_.unproved = unproved_.size();
}

void Admission::leave(std::uint64_t number) {
    const auto found = unproved_.find(number);
    if (found == unproved_.end()) return;
    const auto address = found->second.address;
    unproved_.erase(found);
    auto& mine = of_address_[address];
    by_size_.erase({mine.size(), address});
    mine.erase(number);
    if (mine.empty()) {
        of_address_.erase(address);
    } else {
        by_size_.emplace(mine.size(), address);
    }
    counters_.unproved = unproved_.size();
}

void Admission::make_room() {
    const auto [size, address] = *by_size_.rbegin();
    const auto oldest = size > 1 ? *of_address_[address].begin() : unproved_.begin()->first;
    const auto close = std::move(unproved_[oldest].close);
    leave(oldest);
    ++counters_.evicted;
    if (close) close();
}

Admission::Ticket::~Ticket() {
    if (owner_ == nullptr) return;
    proved();
    --owner_->counters_.open_sockets;
}

void Admission::Ticket::ends_by(std::function<void()> close) {
    const auto found = owner_->unproved_.find(number_);
    if (found != owner_->unproved_.end()) found->second.close = std::move(close);
}

void Admission::Ticket::proved() {
    if (owner_ != nullptr) owner_->leave(number_);
}

}  // namespace huecry::relay
