#pragma once

#include <deque>
#include <map>
#include <vector>

#include "huecry/wire/ids.hpp"

// Who could read and post where, at every index: kept as changes, so that a verdict about an old
// commit costs one search.
namespace huecry::directory {

struct Rights {
    bool read = false;
    bool post = false;
    /// May commit to the channel's group: reads, and is not barred.
    bool commit = false;
    /// May post for an organisation whose delegation runs: reads, is of the security role, and
    /// retailers post there.
    bool post_for = false;
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
    /// Could it read after every entry from `from` to `to`?
    [[nodiscard]] bool read_throughout(std::uint64_t from, std::uint64_t to) const;
    /// The last index at which posting or committing was lost; 0: never.
    [[nodiscard]] std::uint64_t own_loss() const { return own_loss_; }
    /// Does nothing when `rights` are those of now. `index` is not below the last change's.
    void set(std::uint64_t index, Rights rights);
    [[nodiscard]] const std::vector<Change>& changes() const { return changes_; }

    /// A rejoin that is allowed from an entry on: the leaf that the device has there is due for
    /// removal, and exactly this key package takes its place.
    struct Replacement {
        std::uint64_t index = 0;
        Digest key_package;  // SHA-256 of the MLSMessage
        bool operator==(const Replacement&) const = default;
    };
    void replace_leaf(std::uint64_t index, const Digest& key_package) {
        replacements_.push_back({index, key_package});
    }
    /// The newest with an index in (after, upto]; null: none.
    [[nodiscard]] const Replacement* replacement(std::uint64_t after, std::uint64_t upto) const;
    [[nodiscard]] const std::vector<Replacement>& replacements() const { return replacements_; }
    bool operator==(const AccessHistory&) const = default;

private:
    std::vector<Change> changes_;
    std::vector<Replacement> replacements_;
    std::uint64_t own_loss_ = 0;
};

/// One channel's: the history of every device that ever had a right there, by the device's number.
struct ChannelAccess {
    // A deque: it grows without moving what is there, so that no single entry pays for all.
    std::deque<AccessHistory> by_device;
    std::size_t readers = 0;  // devices that read now

    /// Records a device's rights from entry `index` on; returns those before.
    Rights set(std::uint32_t device, std::uint64_t index, Rights rights);
    /// Null for a device that never had a right.
    [[nodiscard]] const AccessHistory* find(std::uint32_t device) const;
};
/// One for each channel that is defined.
using AccessTable = std::map<ChannelId, ChannelAccess>;

}  // namespace huecry::directory
