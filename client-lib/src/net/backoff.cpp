#include "net/backoff.hpp"

#include <algorithm>
#include <utility>

namespace huecry::net {

Backoff::Backoff(std::chrono::milliseconds first, std::chrono::milliseconds max, Draw draw)
    : first_(first), max_(max), ceiling_(first), draw_(std::move(draw)) {}

std::chrono::milliseconds Backoff::next() {
    const auto span = static_cast<std::uint64_t>(std::max<std::int64_t>(ceiling_.count(), 0)) + 1;
    const auto delay = static_cast<std::int64_t>(draw_() % span);
    ceiling_ = ceiling_ > max_ / 2 ? max_ : ceiling_ * 2;
    return std::chrono::milliseconds(delay);
}

}  // namespace huecry::net
