#include "bench/fanout/floor.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <stdexcept>
#include <vector>

namespace huecry::bench {
namespace {

constexpr std::size_t writes = 200;

double thread_cpu() {
    timespec now{};
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

}  // namespace

double sync_cost(const std::filesystem::path& folder, std::size_t size) {
    const auto path = folder / "floor";
    const int file = open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
    if (file < 0) throw std::runtime_error("cannot write into " + folder.string());
    const std::vector<char> bytes(size, 'x');
    bool good = true;
    const auto write_at = [&](std::size_t i) {
        const auto at = static_cast<off_t>(i * size);
        good = good && pwrite(file, bytes.data(), size, at) == static_cast<ssize_t>(size);
    };
    // As the store's log: the file has its size already.
    for (std::size_t i = 0; i < writes; ++i) write_at(i);
    good = fsync(file) == 0 && good;
    std::vector<double> costs;
    for (std::size_t i = 0; i < writes && good; ++i) {
        const auto before = thread_cpu();
        write_at(i);
        good = fdatasync(file) == 0 && good;
        costs.push_back(thread_cpu() - before);
    }
    close(file);
    std::filesystem::remove(path);
    if (!good) throw std::runtime_error("cannot write into " + folder.string());
    std::ranges::nth_element(costs, costs.begin() + writes / 2);
    return costs[writes / 2];
}

}  // namespace huecry::bench
