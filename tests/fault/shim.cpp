// Loaded before a program's own libraries (LD_PRELOAD): a disk that fails or waits, and clocks that
// jump, as shim_control.hpp says.
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <ctime>

#include "fault/shim_control.hpp"

namespace {

using huecry::fault::ShimControl;

ShimControl* map_control() {
    const char* file = std::getenv(ShimControl::variable);
    if (file == nullptr) return nullptr;
    const int fd = open(file, O_RDWR | O_CLOEXEC);
    if (fd < 0) return nullptr;
    void* page = mmap(nullptr, sizeof(ShimControl), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    return page == MAP_FAILED ? nullptr : static_cast<ShimControl*>(page);
}

ShimControl* control() {
    static ShimControl* const mapped = map_control();
    return mapped;
}

template <class Function>
Function* next(const char* name) {
    return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

bool is_file(int fd) {
    struct stat info{};
    return fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
}

bool fails(const std::atomic<std::int32_t>& error, int fd) {
    if (error == 0 || (fd >= 0 && !is_file(fd))) return false;
    ++control()->failed;
    errno = error;
    return true;
}

void futex(std::atomic<std::uint32_t>& word, int operation, std::uint32_t value) {
    syscall(SYS_futex, &word, operation, value, nullptr, nullptr, 0);
}

/// One more moment at which a program may die.
void step() {
    auto& left = control()->steps_to_live;
    if (left <= 0) return;
    if (--left == 0) kill(getpid(), SIGKILL);
}

void wait_while_held() {
    auto& c = *control();
    if (c.hold_syncs == 0) return;
    ++c.held;
    futex(c.held, FUTEX_WAKE, INT_MAX);
    while (c.hold_syncs != 0) futex(c.hold_syncs, FUTEX_WAIT, 1);
}

}  // namespace

extern "C" {

__attribute__((visibility("default"))) ssize_t write(int fd, const void* bytes, size_t size) {
    static auto* const real = next<ssize_t(int, const void*, size_t)>("write");
    if (control() != nullptr) {
        if (is_file(fd)) step();
        if (fails(control()->write_error, fd)) return -1;
    }
    return real(fd, bytes, size);
}

__attribute__((visibility("default"))) ssize_t pwrite64(int fd, const void* bytes, size_t size,
                                                        off64_t at) {
    static auto* const real = next<ssize_t(int, const void*, size_t, off64_t)>("pwrite64");
    if (control() != nullptr) {
        if (is_file(fd)) step();
        if (fails(control()->write_error, fd)) return -1;
    }
    return real(fd, bytes, size, at);
}

__attribute__((visibility("default"))) ssize_t pwrite(int fd, const void* bytes, size_t size,
                                                      off_t at) {
    return pwrite64(fd, bytes, size, at);
}

__attribute__((visibility("default"))) int ftruncate64(int fd, off64_t size) {
    static auto* const real = next<int(int, off64_t)>("ftruncate64");
    if (control() != nullptr) {
        if (is_file(fd)) step();
        if (fails(control()->write_error, fd)) return -1;
    }
    return real(fd, size);
}

__attribute__((visibility("default"))) int rename(const char* from, const char* to) {
    static auto* const real = next<int(const char*, const char*)>("rename");
    if (control() != nullptr) {
        step();
        if (fails(control()->write_error, -1)) return -1;
    }
    return real(from, to);
}

__attribute__((visibility("default"))) int fsync(int fd) {
    static auto* const real = next<int(int)>("fsync");
    if (control() != nullptr) {
        if (is_file(fd)) {
            step();
            wait_while_held();
        }
        if (fails(control()->sync_error, fd)) return -1;
    }
    return real(fd);
}

__attribute__((visibility("default"))) int fdatasync(int fd) {
    static auto* const real = next<int(int)>("fdatasync");
    if (control() != nullptr) {
        if (is_file(fd)) {
            step();
            wait_while_held();
        }
        if (fails(control()->sync_error, fd)) return -1;
    }
    return real(fd);
}

__attribute__((visibility("default"))) ssize_t sendmsg(int fd, const msghdr* message, int flags) {
    static auto* const real = next<ssize_t(int, const msghdr*, int)>("sendmsg");
    if (control() != nullptr) step();
    return real(fd, message, flags);
}

__attribute__((visibility("default"))) ssize_t recvmsg(int fd, msghdr* message, int flags) {
    static auto* const real = next<ssize_t(int, msghdr*, int)>("recvmsg");
    const auto got = real(fd, message, flags);
    if (got > 0 && control() != nullptr) step();
    return got;
}

__attribute__((visibility("default"))) int clock_gettime(clockid_t clock, timespec* out) {
    static auto* const real = next<int(clockid_t, timespec*)>("clock_gettime");
    const int done = real(clock, out);
    if (done != 0 || control() == nullptr) return done;
    std::int64_t ms = 0;
    if (clock == CLOCK_REALTIME) ms = control()->wall_ms;
    if (clock == CLOCK_MONOTONIC) ms = control()->steady_ms;
    if (ms == 0) return done;
    const auto all = std::int64_t{out->tv_sec} * 1000 + ms;
    out->tv_sec = all / 1000;
    out->tv_nsec += all % 1000 * 1'000'000;
    while (out->tv_nsec >= 1'000'000'000) {
        out->tv_nsec -= 1'000'000'000;
        ++out->tv_sec;
    }
    while (out->tv_nsec < 0) {
        out->tv_nsec += 1'000'000'000;
        --out->tv_sec;
    }
    return done;
}
}
