#include "huecry/directory/access.hpp"

#include <algorithm>

namespace huecry::directory {

Rights AccessHistory::at(std::uint64_t index) const {
    const auto after = std::upper_bound(changes_.begin(), changes_.end(), index,
                                        [](auto i, const Change& c) { return i < c.index; });
    return after == changes_.begin() ? Rights{} : std::prev(after)->rights;
}

void AccessHistory::set(std::uint64_t index, Rights rights) {
    const auto before = now();
    if (before == rights) return;
    if (before.post && !rights.post) post_loss_ = index;
    changes_.push_back({index, rights});
}

}  // namespace huecry::directory
