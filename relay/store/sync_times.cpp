#include "store/sync_times.hpp"

#include <sqlite3.h>

#include <atomic>
#include <chrono>
#include <new>
#include <string>
#include <utility>

namespace huecry::relay {

/// SQLite's own, with another way to open: it never looks at which VFS it is, only at what it
/// carries, which is the same.
struct SyncTimes::Vfs : sqlite3_vfs {
    sqlite3_vfs* inner = nullptr;
    std::string name;
    std::vector<std::uint64_t> times;
};

namespace {

constexpr std::size_t kept = 64;  // a commit has one or two, a truncation a few

/// Behind SQLite's own structure of an open file: its methods, one of them ours.
struct Timed {
    sqlite3_io_methods methods{};  // first: the file points to it
    int (*sync)(sqlite3_file*, int) = nullptr;
    SyncTimes::Vfs* vfs = nullptr;
};

std::size_t place_of_timed(const sqlite3_vfs& inner) {
    const auto size = static_cast<std::size_t>(inner.szOsFile);
    return (size + alignof(Timed) - 1) / alignof(Timed) * alignof(Timed);
}

int timed_sync(sqlite3_file* file, int flags) {
    const auto& timed = *reinterpret_cast<const Timed*>(file->pMethods);
    const auto begun = std::chrono::steady_clock::now();
    const int code = timed.sync(file, flags);
    const auto took = std::chrono::duration_cast<std::chrono::microseconds>(
        std::chrono::steady_clock::now() - begun);
    auto& times = timed.vfs->times;
    if (times.size() == kept) times.erase(times.begin());
    times.push_back(static_cast<std::uint64_t>(took.count()));
    return code;
}

int timed_open(sqlite3_vfs* self, const char* name, sqlite3_file* file, int flags, int* out) {
    auto& vfs = *static_cast<SyncTimes::Vfs*>(self);
    const int code = vfs.inner->xOpen(vfs.inner, name, file, flags, out);
    if (code != SQLITE_OK || file->pMethods == nullptr) return code;
    auto* place = reinterpret_cast<std::uint8_t*>(file) + place_of_timed(*vfs.inner);
    auto* timed = new (place) Timed{*file->pMethods, file->pMethods->xSync, &vfs};
    timed->methods.xSync = timed_sync;
    file->pMethods = &timed->methods;
    return code;
}

std::string fresh_name() {
    static std::atomic<std::uint64_t> made = 0;  // SQLite's list of names is the process's
    return "huecry-timed-" + std::to_string(++made);
}

}  // namespace

SyncTimes::SyncTimes() : vfs_(std::make_unique<Vfs>()) {
    auto& vfs = *vfs_;
    vfs.inner = sqlite3_vfs_find(nullptr);
    static_cast<sqlite3_vfs&>(vfs) = *vfs.inner;
    vfs.name = fresh_name();
    vfs.zName = vfs.name.c_str();
    vfs.pNext = nullptr;
    vfs.szOsFile = static_cast<int>(place_of_timed(*vfs.inner) + sizeof(Timed));
    vfs.xOpen = timed_open;
    if (sqlite3_vfs_register(&vfs, 0) != SQLITE_OK) throw std::bad_alloc();
}

SyncTimes::~SyncTimes() { sqlite3_vfs_unregister(vfs_.get()); }

const char* SyncTimes::vfs() const { return vfs_->zName; }

std::vector<std::uint64_t> SyncTimes::take() { return std::exchange(vfs_->times, {}); }

}  // namespace huecry::relay
