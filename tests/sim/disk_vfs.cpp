#include <sqlite3.h>

#include <array>
#include <cstring>

#include "sim/disk.hpp"

// The VFS over Disk: files, the locks between connections of one process, and the shared index of
// the write-ahead log. Names are SQLite's; randomness and time are its default VFS's, for nothing
// that the programs decide comes from there.
namespace huecry::sim {
namespace {

/// What all connections to one file share.
struct Shared {
    int readers = 0;
    const void* writer = nullptr;  // holds RESERVED or more
    bool exclusive = false;
    std::vector<std::unique_ptr<std::array<std::uint8_t, 32768>>> index;
    std::array<int, SQLITE_SHM_NLOCK> locks{};  // -1: exclusive; n: so many shared
    int handles = 0;
};

std::map<std::string, Shared>& shared_of() {
    static std::map<std::string, Shared> all;
    return all;
}

struct OpenFile {
    sqlite3_file base;
    std::string* name;
    std::shared_ptr<DiskFile>* file;
    Shared* shared;
    int level;
    unsigned shm_shared, shm_exclusive;  // slots held
    bool delete_on_close;
};

OpenFile& self(sqlite3_file* f) { return *reinterpret_cast<OpenFile*>(f); }
DiskFile& bytes_of(sqlite3_file* f) { return **self(f).file; }
int failure(sqlite3_file* f, DiskFault::Calls call) {
    return Disk::get().failure(*self(f).name, call);
}

int file_unlock(sqlite3_file* f, int level) {
    auto& me = self(f);
    if (level >= me.level) return SQLITE_OK;
    auto& s = *me.shared;
    if (s.writer == f && level < SQLITE_LOCK_RESERVED) {
        s.writer = nullptr;
        s.exclusive = false;
    }
    if (level == SQLITE_LOCK_NONE && me.level >= SQLITE_LOCK_SHARED) --s.readers;
    me.level = level;
    return SQLITE_OK;
}

int file_lock(sqlite3_file* f, int level) {
    auto& me = self(f);
    auto& s = *me.shared;
    if (level <= me.level) return SQLITE_OK;
    if (me.level == SQLITE_LOCK_NONE) {
        if (s.exclusive) return SQLITE_BUSY;
        ++s.readers;
        me.level = SQLITE_LOCK_SHARED;
    }
    if (level >= SQLITE_LOCK_RESERVED) {
        if (s.writer != nullptr && s.writer != f) return SQLITE_BUSY;
        s.writer = f;
        if (level == SQLITE_LOCK_EXCLUSIVE) {
            if (s.readers > 1) return SQLITE_BUSY;
            s.exclusive = true;
        }
        me.level = level;
    }
    return SQLITE_OK;
}

int shm_lock(sqlite3_file* f, int offset, int n, int flags) {
    auto& me = self(f);
    auto& locks = me.shared->locks;
    const bool exclusive = (flags & SQLITE_SHM_EXCLUSIVE) != 0;
    auto& held = exclusive ? me.shm_exclusive : me.shm_shared;
    if ((flags & SQLITE_SHM_LOCK) != 0)
        for (int i = offset; i < offset + n; ++i) {
            const auto now = locks[static_cast<std::size_t>(i)];
            const bool mine = ((me.shm_shared | me.shm_exclusive) & (1U << i)) != 0;
            if (!mine && (exclusive ? now != 0 : now < 0)) return SQLITE_BUSY;
            if (mine && exclusive && now > 1) return SQLITE_BUSY;
        }
    for (int i = offset; i < offset + n; ++i) {
        auto& lock = locks[static_cast<std::size_t>(i)];
        const unsigned bit = 1U << i;
        if ((flags & SQLITE_SHM_LOCK) != 0) {
            if ((held & bit) != 0) continue;
            held |= bit;
            lock = exclusive ? -1 : lock + 1;
        } else if ((held & bit) != 0) {
            held &= ~bit;
            lock = exclusive ? 0 : lock - 1;
        }
    }
    return SQLITE_OK;
}

int shm_unmap(sqlite3_file* f, int) {
    auto& me = self(f);
    for (int i = 0; i < SQLITE_SHM_NLOCK; ++i) {
        const unsigned bit = 1U << i;
        auto& lock = me.shared->locks[static_cast<std::size_t>(i)];
        if ((me.shm_exclusive & bit) != 0) lock = 0;
        if ((me.shm_shared & bit) != 0) --lock;
    }
    me.shm_exclusive = me.shm_shared = 0;
    return SQLITE_OK;
}

int file_close(sqlite3_file* f) {
    auto& me = self(f);
    file_unlock(f, SQLITE_LOCK_NONE);
    shm_unmap(f, 0);
    if (me.delete_on_close) Disk::get().remove(*me.name);
    if (--me.shared->handles == 0) shared_of().erase(*me.name);
    delete me.file;
    delete me.name;
    return SQLITE_OK;
}

int file_read(sqlite3_file* f, void* out, int n, sqlite3_int64 from) {
    const auto& content = bytes_of(f).content;
    const auto size = static_cast<std::size_t>(n);
    const auto offset = static_cast<std::size_t>(from);
    const auto there = offset < content.size() ? std::min(size, content.size() - offset) : 0;
    if (there > 0) std::memcpy(out, content.data() + offset, there);
    if (there == size) return SQLITE_OK;
    std::memset(static_cast<std::uint8_t*>(out) + there, 0, size - there);
    return SQLITE_IOERR_SHORT_READ;
}

int file_write(sqlite3_file* f, const void* in, int n, sqlite3_int64 at) {
    auto& file = bytes_of(f);
    if (const int failed = failure(f, DiskFault::Calls::writes)) return failed;
    const auto size = static_cast<std::size_t>(n);
    const auto offset = static_cast<std::size_t>(at);
    if (file.content.size() < offset + size) file.content.resize(offset + size);
    std::memcpy(file.content.data() + offset, in, size);
    if (file.journaled) {
        const auto* from = static_cast<const std::uint8_t*>(in);
        file.pending.push_back({offset, Bytes(from, from + size), false});
    }
    Disk::get().count(*self(f).name);
    return SQLITE_OK;
}

int file_truncate(sqlite3_file* f, sqlite3_int64 size) {
    auto& file = bytes_of(f);
    if (const int failed = failure(f, DiskFault::Calls::writes)) return failed;
    file.content.resize(static_cast<std::size_t>(size));
    if (file.journaled) file.pending.push_back({static_cast<std::uint64_t>(size), {}, true});
    Disk::get().count(*self(f).name);
    return SQLITE_OK;
}

int file_sync(sqlite3_file* f, int) {
    auto& file = bytes_of(f);
    if (const int failed = failure(f, DiskFault::Calls::syncs)) {
        file.give_up();
        return failed;
    }
    if (file.journaled) file.sync();
    Disk::get().count(*self(f).name);
    return SQLITE_OK;
}

int file_size(sqlite3_file* f, sqlite3_int64* out) {
    *out = static_cast<sqlite3_int64>(bytes_of(f).content.size());
    return SQLITE_OK;
}

int file_reserved(sqlite3_file* f, int* out) {
    *out = self(f).shared->writer != nullptr ? 1 : 0;
    return SQLITE_OK;
}

int file_control(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
int sector_size(sqlite3_file*) { return 4096; }
int characteristics(sqlite3_file*) { return 0; }

int shm_map(sqlite3_file* f, int region, int size, int extend, void volatile** out) {
    auto& index = self(f).shared->index;
    const auto wanted = static_cast<std::size_t>(region) + 1;
    *out = nullptr;
    if (size != 32768) return SQLITE_IOERR_SHMMAP;
    if (index.size() < wanted && extend == 0) return SQLITE_OK;
    while (index.size() < wanted)
        index.push_back(std::make_unique<std::array<std::uint8_t, 32768>>());
    *out = index[wanted - 1]->data();
    return SQLITE_OK;
}

void shm_barrier(sqlite3_file*) {}

const sqlite3_io_methods methods = {.iVersion = 2,
                                    .xClose = file_close,
                                    .xRead = file_read,
                                    .xWrite = file_write,
                                    .xTruncate = file_truncate,
                                    .xSync = file_sync,
                                    .xFileSize = file_size,
                                    .xLock = file_lock,
                                    .xUnlock = file_unlock,
                                    .xCheckReservedLock = file_reserved,
                                    .xFileControl = file_control,
                                    .xSectorSize = sector_size,
                                    .xDeviceCharacteristics = characteristics,
                                    .xShmMap = shm_map,
                                    .xShmLock = shm_lock,
                                    .xShmBarrier = shm_barrier,
                                    .xShmUnmap = shm_unmap,
                                    .xFetch = nullptr,
                                    .xUnfetch = nullptr};

int disk_open(sqlite3_vfs*, const char* name, sqlite3_file* f, int flags, int* out) {
    static std::uint64_t temporary = 0;
    f->pMethods = nullptr;
    const auto path =
        name != nullptr ? std::string(name) : "/temporary/" + std::to_string(++temporary);
    auto file = Disk::get().open(path, (flags & SQLITE_OPEN_CREATE) != 0);
    if (!file) return SQLITE_CANTOPEN;
    auto& me = self(f);
    me.name = new std::string(path);
    me.file = new std::shared_ptr<DiskFile>(std::move(file));
    me.shared = &shared_of()[path];
    ++me.shared->handles;
    me.level = SQLITE_LOCK_NONE;
    me.shm_shared = me.shm_exclusive = 0;
    me.delete_on_close = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0;
    me.base.pMethods = &methods;
    if (out != nullptr) *out = flags;
    return SQLITE_OK;
}

int disk_delete(sqlite3_vfs*, const char* name, int) {
    if (!Disk::get().exists(name)) return SQLITE_IOERR_DELETE_NOENT;
    Disk::get().remove(name);
    return SQLITE_OK;
}

int disk_access(sqlite3_vfs*, const char* name, int, int* out) {
    *out = Disk::get().exists(name) ? 1 : 0;
    return SQLITE_OK;
}

int disk_full_name(sqlite3_vfs*, const char* name, int n, char* out) {
    sqlite3_snprintf(n, out, "%s", name);
    return SQLITE_OK;
}

}  // namespace

Disk& Disk::get() {
    static Disk disk;
    static sqlite3_vfs vfs = [] {
        sqlite3_vfs made = *sqlite3_vfs_find(nullptr);
        made.szOsFile = sizeof(OpenFile);
        made.mxPathname = 512;
        made.pNext = nullptr;
        made.zName = "sim";
        made.xOpen = disk_open;
        made.xDelete = disk_delete;
        made.xAccess = disk_access;
        made.xFullPathname = disk_full_name;
        return made;
    }();
    static const int registered = sqlite3_vfs_register(&vfs, 1);
    if (registered != SQLITE_OK) std::abort();
    return disk;
}

}  // namespace huecry::sim
