#include "bench/fanout/server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <stdexcept>

namespace huecry::bench {
namespace {

std::filesystem::path proc(int process) {
    return std::filesystem::path("/proc") / (process == 0 ? "self" : std::to_string(process));
}

}  // namespace

double cpu_seconds(int process) {
    double total = 0;
    for (const auto& task : std::filesystem::directory_iterator(proc(process) / "task")) {
        std::ifstream in(task.path() / "schedstat");
        double nanoseconds = 0;
        if (in >> nanoseconds) total += nanoseconds * 1e-9;
    }
    return total;
}

double resident_kib(int process) {
    std::ifstream status(proc(process) / "status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with("VmRSS:")) return std::stod(line.substr(6));
    return 0;
}

std::string load_average() {
    std::ifstream in("/proc/loadavg");
    std::string one, five, fifteen;
    in >> one >> five >> fifteen;
    return one + " " + five + " " + fifteen;
}

Cores choose_cores() {
    cpu_set_t set;
    CPU_ZERO(&set);
    Cores out;
    if (sched_getaffinity(0, sizeof set, &set) != 0 || CPU_COUNT(&set) < 2) return out;
    for (int core = 0; core < CPU_SETSIZE && out.generator < 0; ++core) {
        if (!CPU_ISSET(core, &set)) continue;
        (out.server < 0 ? out.server : out.generator) = core;
    }
    return out;
}

void pin(int process, int core) {
    if (core < 0) return;
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(static_cast<std::size_t>(core), &set);
    for (const auto& task : std::filesystem::directory_iterator(proc(process) / "task"))
        sched_setaffinity(std::stoi(task.path().filename().string()), sizeof set, &set);
}

std::uint16_t free_port() {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    const bool bound = bind(fd, reinterpret_cast<const sockaddr*>(&address), size) == 0 &&
                       getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
    close(fd);
    if (!bound) throw std::runtime_error("no free port on loopback");
    return ntohs(address.sin_port);
}

void write_file(const std::filesystem::path& file, const std::string& text) {
    std::ofstream out(file, std::ios::binary);
    out << text;
    if (!out.flush()) throw std::runtime_error("cannot write " + file.string());
}

}  // namespace huecry::bench
