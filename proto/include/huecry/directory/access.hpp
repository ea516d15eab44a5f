#pragma once

#include <map>
#include <vector>

#include "huecry/wire/ids.hpp"

// Who could read and post where, at every index: kept as changes, so that a verdict about an old
// commit costs one search.
namespace huecry::directory {

struct Rights {
    bool read = false;
    bool post = false;
    bool operator==(const Rights&) const = default;
};

/// One device's rights in one channel. `changes` ascends by index; before the first: none.
class AccessHistory {
public:
    struct Change {
        std::uint64_t index = 0;
        Rights rights;
        bool operator==(const Change&) const = default;
    };

    [[nodiscard]] Rights now() const {
        return changes_.empty() ? Rights{} : changes_.back().rights;
    }
    [[nodiscard]] Rights at(std::uint64_t index) const;
    /// The last index at which posting was lost; 0: never.
    [[nodiscard]] std::uint64_t post_loss() const { return post_loss_; }
    /// Does nothing when `rights` are those of now. `index` is not below the last change's.
    void set(std::uint64_t index, Rights rights);
    [[nodiscard]] const std::vector<Change>& changes() const { return changes_; }
    bool operator==(const AccessHistory&) const = default;

private:
    std::vector<Change> changes_;
    std::uint64_t post_loss_ = 0;
};

/// Per channel, every device that ever had a right there.
using AccessTable = std::map<ChannelId, std::map<DeviceId, AccessHistory>>;

}  // namespace huecry::directory
