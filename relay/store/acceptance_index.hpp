#pragma once

#include <array>
#include <map>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "store/database.hpp"

namespace huecry::relay {

/// Where each remembered submission stands in the log of acceptances, in memory, so
/// that a submission that was never seen (all but repeats) costs no read of the store, and that one
/// that is accepted is appended to the log and goes into no index on disk. Read whole at the start.
///
/// What a transaction changes is staged by the writer's thread and published after its commit; any
/// thread may ask.
class AcceptanceIndex {
public:
    /// The hash is keyed, so that nobody can choose message ids that collide.
    explicit AcceptanceIndex(BytesView store_key);
    [[nodiscard]] Result<void> load(Database& db);

    struct Key {
        std::uint64_t stream = 0;
        DeviceId device;
        MessageId message;
    };
    /// Rows that may be it; nearly always none or one.
    [[nodiscard]] std::vector<std::uint64_t> find(const Key& key) const;
    /// The last row of each device in a stream.
    [[nodiscard]] std::vector<std::uint64_t> newest(std::uint64_t stream) const;
    [[nodiscard]] bool is_newest(const Key& key, std::uint64_t row) const;

    void stage(const Key& key, std::uint64_t row);
    void stage_removal(const Key& key, std::uint64_t row);
    void publish();
    void discard() { staged_.clear(); }

private:
    struct Change {
        Key key;
        std::uint64_t row = 0;
        bool removal = false;
    };

    [[nodiscard]] std::uint64_t hash(const Key& key) const;
    void add(const Key& key, std::uint64_t row);

    std::array<std::uint8_t, 16> hash_key_{};
    mutable std::mutex mutex_;                                    // of what follows, staged_ apart
    std::unordered_multimap<std::uint64_t, std::uint64_t> rows_;  // by hash
    std::map<std::pair<std::uint64_t, DeviceId>, std::uint64_t> newest_;
    std::vector<Change> staged_;  // the writer's thread only
};

}  // namespace huecry::relay
