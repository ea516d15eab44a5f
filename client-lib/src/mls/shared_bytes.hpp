#pragma once

#include <atomic>
#include <cstdint>
#include <cstring>
#include <new>
#include <utility>

#include "huecry/wire/bytes.hpp"

// Immutable bytes with a count of their holders, one pointer wide: a tree of 1,000 members is held
// by several states at once and must stay small.
namespace huecry::mls {

class SharedBytes {
public:
    SharedBytes() = default;
    explicit SharedBytes(BytesView bytes) {
        void* memory = ::operator new(sizeof(Block) + bytes.size());
        block_ = new (memory) Block{{1}, static_cast<std::uint32_t>(bytes.size())};
        if (!bytes.empty()) std::memcpy(block_ + 1, bytes.data(), bytes.size());
    }
    SharedBytes(const SharedBytes& other) : block_(other.block_) {
        if (block_ != nullptr) block_->holders.fetch_add(1, std::memory_order_relaxed);
    }
    SharedBytes(SharedBytes&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
    SharedBytes& operator=(SharedBytes other) noexcept {
        std::swap(block_, other.block_);
        return *this;
    }
    ~SharedBytes() {
        if (block_ != nullptr && block_->holders.fetch_sub(1, std::memory_order_acq_rel) == 1)
            ::operator delete(block_);
    }

    [[nodiscard]] bool empty() const { return block_ == nullptr; }
    [[nodiscard]] BytesView view() const {
        if (block_ == nullptr) return {};
        return {reinterpret_cast<const std::uint8_t*>(block_ + 1), block_->size};
    }

private:
    struct Block {
        std::atomic<std::uint32_t> holders;
        std::uint32_t size;
    };
    Block* block_ = nullptr;
};

}  // namespace huecry::mls
