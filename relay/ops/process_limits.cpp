#include "ops/process_limits.hpp"

#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <csignal>
#include <cstdlib>

namespace huecry::relay {

void apply_process_limits(bool allow_core) {
    umask(077);
    (void)std::signal(SIGPIPE, SIG_IGN);
    rlimit files{};
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    if (allow_core) return;
    const rlimit none{0, 0};
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

void heap_in_huge_pages(const char* const* arguments) {
    static constexpr const char* tunables = "GLIBC_TUNABLES";
    if (getauxval(AT_SECURE) != 0 || std::getenv(tunables) != nullptr) return;
    // By its own name: started as /proc/self/exe it would be called "exe" from then on.
    std::array<char, PATH_MAX> program{};
    if (readlink("/proc/self/exe", program.data(), program.size() - 1) <= 0) return;
    if (setenv(tunables, "glibc.malloc.hugetlb=1", 1) != 0) return;
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): POSIX promises to leave them alone
    execv(program.data(), const_cast<char* const*>(arguments));
}

}  // namespace huecry::relay
