#pragma once

#include <cstdint>
#include <memory>
#include <vector>

namespace huecry::relay {

/// How long the disk takes for each sync of the files of one connection: a VFS of its own in front
/// of SQLite's, that looks at the clock before and after. Outlives the connection; both belong to
/// one thread at a time.
class SyncTimes {
public:
    SyncTimes();
    ~SyncTimes();
    SyncTimes(const SyncTimes&) = delete;
    SyncTimes& operator=(const SyncTimes&) = delete;

    /// What the connection is to be opened with.
    [[nodiscard]] const char* vfs() const;
    /// Microseconds of each sync since the last call; of the last 64.
    [[nodiscard]] std::vector<std::uint64_t> take();

    struct Vfs;

private:
    std::unique_ptr<Vfs> vfs_;
};

}  // namespace huecry::relay
