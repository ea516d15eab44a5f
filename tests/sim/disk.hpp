#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "huecry/wire/bytes.hpp"
#include "sim/seeded_random.hpp"

// Disks in memory: SQLite's default VFS while a simulation runs, under SQLCipher. A process that is
// killed leaves what it has written; a machine that loses its power leaves what was synced, and of
// the rest whatever the seed says: dropped, out of order, torn.
namespace huecry::sim {

/// A file's bytes, and what has been done to it since the last sync.
struct DiskFile {
    struct Write {
        std::uint64_t offset = 0;
        Bytes bytes{};
        bool truncate = false;  // to `offset`
    };
    Bytes content;
    Bytes synced;                // only while `journaled`
    std::vector<Write> pending;  // only while `journaled`
    bool journaled = false;

    void sync();
    /// A sync that failed: what it should have saved is given up, and no later one saves it.
    void give_up() { pending.clear(); }
};

/// All files under one folder's name, e.g. "/sim/7/".
using DiskImage = std::map<std::string, DiskFile>;

/// What a failing disk does: from the `after`-th call on (counted from 1), `times` calls fail.
struct DiskFault {
    enum class Calls { writes, syncs, both };
    std::uint64_t after = 1;
    std::uint64_t times = 1;
    int code = 0;  // SQLite's, e.g. SQLITE_FULL
    Calls calls = Calls::both;
};

class Disk {
public:
    /// Registers the VFS, once in the process.
    static Disk& get();

    /// Files made under `folder` from now on remember what was not synced.
    void journal(const std::string& folder);
    [[nodiscard]] DiskImage read(const std::string& folder) const;
    /// Replaces everything under `folder`. No file of it may be open.
    void write(const std::string& folder, DiskImage image);
    void erase(const std::string& folder);
    /// What a power cut leaves of `image`.
    [[nodiscard]] static DiskImage after_power_cut(DiskImage image, SeededRandom& random);

    /// Keeps a copy of `folder` right after its n-th write or sync from now (counted from 1): the
    /// disk as a process that dies at this very moment leaves it.
    void arm(const std::string& folder, std::uint64_t n);
    /// The copy, once that moment has come; taken out.
    [[nodiscard]] std::optional<DiskImage> sprung(const std::string& folder);
    [[nodiscard]] bool has_sprung(const std::string& folder) const;
    void disarm(const std::string& folder);

    /// Writes (truncations too) or syncs of `folder` fail.
    void fail(const std::string& folder, DiskFault fault);
    /// How many calls have failed since; the disk works again.
    std::uint64_t heal(const std::string& folder);

    // For the VFS.
    [[nodiscard]] bool exists(const std::string& name) const { return files_.contains(name); }
    [[nodiscard]] std::shared_ptr<DiskFile> open(const std::string& name, bool create);
    void remove(const std::string& name) { files_.erase(name); }
    void count(const std::string& name);
    /// SQLite's code when this call is to fail, else 0.
    [[nodiscard]] int failure(const std::string& name, DiskFault::Calls call);

    Disk(const Disk&) = delete;
    Disk& operator=(const Disk&) = delete;

private:
    Disk() = default;
    struct Trap {
        std::uint64_t left = 0;
        std::optional<DiskImage> image;
    };
    std::map<std::string, std::shared_ptr<DiskFile>> files_;
    struct Failing {
        DiskFault fault;
        std::uint64_t calls = 0, failed = 0;
    };
    std::map<std::string, Trap> traps_;
    std::map<std::string, Failing> failing_;
    std::vector<std::string> journaled_;
};

}  // namespace huecry::sim
