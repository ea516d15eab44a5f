#include "huecry/directory/access.hpp"

#include <algorithm>

namespace huecry::directory {

Rights AccessHistory::at(std::uint64_t index) const {
    const auto after = std::upper_bound(changes_.begin(), changes_.end(), index,
                                        [](auto i, const Change& c) { return i < c.index; });
    return after == changes_.begin() ? Rights{} : std::prev(after)->rights;
}

bool AccessHistory::read_throughout(std::uint64_t from, std::uint64_t to) const {
    if (!at(from).read) return false;
    return std::none_of(changes_.begin(), changes_.end(), [&](const Change& c) {
        return c.index > from && c.index <= to && !c.rights.read;
    });
}

const AccessHistory::Replacement* AccessHistory::replacement(std::uint64_t after,
                                                             std::uint64_t upto) const {
    const auto last = std::upper_bound(replacements_.begin(), replacements_.end(), upto,
                                       [](auto i, const Replacement& r) { return i < r.index; });
    if (last == replacements_.begin() || std::prev(last)->index <= after) return nullptr;
    return &*std::prev(last);
}

void AccessHistory::set(std::uint64_t index, Rights rights) {
    const auto before = now();
    if (before == rights) return;
    const bool posting = (before.post && !rights.post) || (before.post_for && !rights.post_for);
    if (posting || (before.commit && !rights.commit)) own_loss_ = index;
    changes_.push_back({index, rights});
}

Rights ChannelAccess::set(std::uint32_t device, std::uint64_t index, Rights rights) {
    if (device >= by_device.size()) {
        // A device that never had a right takes no room.
        if (rights == Rights{}) return {};
        by_device.resize(std::size_t{device} + 1);
    }
    auto& history = by_device[device];
    const auto before = history.now();
    history.set(index, rights);
    if (before.read != rights.read) readers = rights.read ? readers + 1 : readers - 1;
    return before;
}

const AccessHistory* ChannelAccess::find(std::uint32_t device) const {
    return device < by_device.size() ? &by_device[device] : nullptr;
}

}  // namespace huecry::directory
