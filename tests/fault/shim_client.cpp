#include <fcntl.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>
#include <stdexcept>

#include "fault/shim.hpp"

namespace huecry::fault {

Shim::Shim(const std::filesystem::path& folder) : file_(folder / "shim") {
    const int fd = open(file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    const bool sized = fd >= 0 && ftruncate(fd, sizeof(ShimControl)) == 0;
    void* page = sized
                     ? mmap(nullptr, sizeof(ShimControl), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)
                     : MAP_FAILED;
    if (fd >= 0) close(fd);
    if (page == MAP_FAILED) throw std::runtime_error("shim");
    control_ = static_cast<ShimControl*>(page);
}

Shim::~Shim() { munmap(control_, sizeof(ShimControl)); }

std::map<std::string, std::string> Shim::environment() const {
    return {{"LD_PRELOAD", HUECRY_FAULT_SHIM_LIBRARY}, {ShimControl::variable, file_.string()}};
}

void Shim::hold_syncs() {
    control_->held = 0;
    control_->hold_syncs = 1;
}

bool Shim::wait_for_sync(std::chrono::seconds longest) {
    const auto until = std::chrono::steady_clock::now() + longest;
    while (control_->held == 0) {
        if (std::chrono::steady_clock::now() > until) return false;
        const timespec at_most{1, 0};
        syscall(SYS_futex, &control_->held, FUTEX_WAIT, 0, &at_most, nullptr, 0);
    }
    return true;
}

void Shim::release_syncs() {
    control_->hold_syncs = 0;
    syscall(SYS_futex, &control_->hold_syncs, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

}  // namespace huecry::fault
