#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace huecry::bench {

/// CPU seconds of a process so far, all of its threads, from /proc/PID/task/*/schedstat.
[[nodiscard]] double cpu_seconds(int process);
/// Resident set of a process in KiB.
[[nodiscard]] double resident_kib(int process);
/// Both cores' load, as /proc/loadavg has it.
[[nodiscard]] std::string load_average();

/// Servers have one core, the generator another.
struct Cores {
    int server = -1;  // −1: not pinned
    int generator = -1;
};
/// The first two cores that this process may use; none when there is only one.
[[nodiscard]] Cores choose_cores();
/// All present threads of a process (0: this one); threads made later inherit it.
void pin(int process, int core);

/// A port of loopback that was free a moment ago.
[[nodiscard]] std::uint16_t free_port();

void write_file(const std::filesystem::path& file, const std::string& text);

}  // namespace huecry::bench
