#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "huecry/wire/bytes.hpp"

// Bytes that must not outlive their use: wiped when they go, never printable, never compared
// in variable time. There is deliberately no operator<< and no fmt formatter.
namespace huecry {

/// Overwrites memory in a way that the compiler keeps.
void wipe(void* data, std::size_t size);

/// A secret of variable length. Copying is explicit (`clone`), moving leaves the source empty.
class SecretBytes {
public:
    SecretBytes() = default;
    explicit SecretBytes(std::size_t size) : bytes_(size) {}
    explicit SecretBytes(BytesView from) : bytes_(from.begin(), from.end()) {}
    SecretBytes(const SecretBytes&) = delete;
    SecretBytes& operator=(const SecretBytes&) = delete;
    SecretBytes(SecretBytes&& other) noexcept : bytes_(std::move(other.bytes_)) {
        other.bytes_.clear();
    }
    SecretBytes& operator=(SecretBytes&& other) noexcept {
        if (this != &other) {
            clear();
            bytes_ = std::move(other.bytes_);
            other.bytes_.clear();
        }
        return *this;
    }
    ~SecretBytes() { clear(); }

    [[nodiscard]] SecretBytes clone() const { return SecretBytes(BytesView(bytes_)); }
    [[nodiscard]] BytesView view() const { return bytes_; }
    [[nodiscard]] std::span<std::uint8_t> span() { return bytes_; }
    [[nodiscard]] std::size_t size() const { return bytes_.size(); }
    [[nodiscard]] bool empty() const { return bytes_.empty(); }
    void clear() {
        if (!bytes_.empty()) wipe(bytes_.data(), bytes_.size());
        bytes_.clear();
    }
    [[nodiscard]] friend bool operator==(const SecretBytes& a, const SecretBytes& b) {
        return equal_constant_time(a.bytes_, b.bytes_);
    }

private:
    Bytes bytes_;
};

}  // namespace huecry
