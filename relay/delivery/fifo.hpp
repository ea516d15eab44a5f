#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace huecry::relay {

/// A queue of which there are many, nearly all of them empty: it then holds next to no memory,
/// where a std::deque keeps more than half a KiB.
template <class T>
class Fifo {
public:
    [[nodiscard]] bool empty() const { return items_.empty(); }
    [[nodiscard]] T& front() { return items_[first_]; }
    [[nodiscard]] const T& front() const { return items_[first_]; }
    void push_back(T item) { items_.push_back(std::move(item)); }
    void pop_front() {
        items_[first_] = T{};
        if (++first_ == items_.size()) return clear();
        if (first_ < compact_at || 2 * first_ < items_.size()) return;
        items_.erase(items_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(first_));
        first_ = 0;
    }
    void clear() {
        if (items_.capacity() > kept) {
            std::vector<T>().swap(items_);
        } else {
            items_.clear();
        }
        first_ = 0;
    }
    [[nodiscard]] auto begin() const {
        return items_.begin() + static_cast<std::ptrdiff_t>(first_);
    }
    [[nodiscard]] auto end() const { return items_.end(); }

private:
    static constexpr std::size_t kept = 2;
    static constexpr std::size_t compact_at = 32;
    std::vector<T> items_;
    std::size_t first_ = 0;
};

}  // namespace huecry::relay
