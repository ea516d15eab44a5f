#include "bench/mls_verdicts.hpp"

#include <stdlib.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <string_view>

namespace huecry::bench {
namespace {

// mlspp 61e4d76d (OpenSSL 3.0, Release), CPU milliseconds: medians of a two-core Debian 12 machine.
constexpr std::array<std::size_t, 4> mlspp_counts{10, 100, 600, 1000};
struct Measured {
    const char* id;
    std::array<double, 4> ms;
    double times_at_1000 = 1;  // how much faster the row has to be there
};
constexpr Measured mlspp[] = {
    {"add_all", {13, 128, 1046, 1963}, 5},
    {"add_all.process", {7.3, 73, 420, 650}},
    {"join", {3.3, 19, 90, 204}, 2},
    {"fresh", {3.6, 17, 119, 205}},
    {"fresh.process", {1.4, 2.2, 17, 25}},
    {"full", {2.7, 4.7, 26, 31}, 10},
    {"full.process", {1.3, 3.7, 21, 36}, 20},
    {"add_one.tree", {1.8, 4.6, 24, 38}},
    {"add_one.process", {1.1, 1.9, 9, 12}},
    {"remove_one", {2.6, 3.8, 26, 35}},
    {"remove_one.process", {1.3, 2.0, 35, 51}},
    {"external", {4.4, 20, 162, 213}},
    {"external.process", {1.6, 2.5, 30, 44}},
    {"protect", {0.239, 0.140, 0.244, 0.150}},
    {"unprotect", {0.480, 0.311, 0.463, 0.477}},
};
// Bytes on the wire (Commits as PublicMessages) and heap of one State.
constexpr struct {
    const char* id;
    std::array<double, 4> bytes;
} mlspp_bytes[] = {
    {"add_all", {2889, 30071, 181071, 301871}}, {"join", {3270, 31718, 189720, 316120}},
    {"fresh", {1262, 8747, 49856, 82658}},      {"full", {852, 1203, 1554, 1554}},
    {"protect", {1170, 1170, 1170, 1170}},
};
constexpr std::array<double, 4> mlspp_memory{23e3, 179e3, 1.32e6, 1.51e6};

// The primitives of that machine with libsodium, so that both are multiples of one thing. SHA-512
// was not timed there: it stands to SHA-256 as it does here.
Primitives its_machine(const Primitives& now) {
    Primitives p{.sign = 0.030,
                 .verify = 0.075,
                 .dh = 0.041,
                 .derive = 0.050,
                 .seal = 0.112,
                 .open = 0.055,
                 .hmac = 0.0017,
                 .sha = 0.0008,
                 .aead_kib = 0.0014};
    p.sha256_kib = now.sha256_kib / now.sha * p.sha;
    p.sha512_kib = now.sha512_kib / now.sha * p.sha;
    return p;
}

const Row* find(std::span<const Row> rows, std::string_view id, std::size_t n) {
    for (const auto& row : rows)
        if (row.id == id && row.n == n) return &row;
    return nullptr;
}

std::string at(const std::string& what, std::size_t n) { return what + ", N=" + std::to_string(n); }

}  // namespace

void compare_with_mlspp(std::span<const Row> rows, std::span<const Held> held,
                        const Primitives& now, std::vector<Gate>& gates) {
    const auto its = its_machine(now);
    std::printf(
        "\nmlspp, as multiples of the floor on its machine and on this one\n"
        "%-36s %6s %12s %10s %8s\n",
        "", "N", "mlspp x", "huecry x", "faster");
    for (const auto& m : mlspp)
        for (std::size_t i = 0; i < mlspp_counts.size(); ++i) {
            const auto* row = find(rows, m.id, mlspp_counts[i]);
            if (row == nullptr) continue;
            const auto theirs = m.ms[i] / row->floor.over(its);
            const auto times = theirs / row->sample.multiple;
            std::printf("%-36s %6zu %12.2f %10.2f %7.1fx\n", row->title.c_str(), row->n, theirs,
                        row->sample.multiple, times);
            const auto wanted = row->n == 1000 ? m.times_at_1000 : 1;
            gates.push_back(
                {at("times faster than mlspp: " + row->title, row->n), times, wanted, true});
        }
    for (const auto& m : mlspp_bytes)
        for (std::size_t i = 0; i < mlspp_counts.size(); ++i)
            if (const auto* row = find(rows, m.id, mlspp_counts[i]))
                gates.push_back({at("bytes, mlspp's: " + row->title, row->n),
                                 static_cast<double>(row->wire), m.bytes[i]});
    for (const auto& h : held)
        for (std::size_t i = 0; i < mlspp_counts.size(); ++i)
            if (h.n == mlspp_counts[i])
                gates.push_back({at("bytes of one group in memory, mlspp's", h.n),
                                 static_cast<double>(h.full_memory), mlspp_memory[i]});
}

void check_multiples(std::span<const Row> rows, std::vector<Gate>& gates) {
    // Joining and adding everyone by the strictest floor: signatures and encryptions alone.
    for (const auto* id : {"add_all", "add_all.process", "join"})
        if (const auto* row = find(rows, id, 1000))
            gates.push_back({at("x curves: " + row->title, 1000), row->sample.curve_multiple, 1.3});
    for (const auto* id :
         {"fresh", "fresh.process", "full", "full.process", "add_one", "add_one.process",
          "remove_one", "remove_one.process", "external", "external.process"})
        if (const auto* row = find(rows, id, 1000))
            gates.push_back({at("x floor: " + row->title, 1000), row->sample.multiple, 1.5});
    for (const auto* id : {"protect", "unprotect"})
        if (const auto* row = find(rows, id, 1000))
            gates.push_back({at("x floor: " + row->title, 1000), row->sample.multiple, 1.4});
}

void check_held(std::span<const Held> held, std::vector<Gate>& gates) {
    for (const auto& h : held) {
        if (h.n == 1000)
            gates.push_back({at("bytes of one group in memory", h.n),
                             static_cast<double>(std::max(h.fresh_memory, h.full_memory)), 450e3});
        gates.push_back(
            {at("bytes of state for a message", h.n), static_cast<double>(h.message_state), 1024});
        gates.push_back({at("bytes of state for the first of an epoch", h.n),
                         static_cast<double>(h.first_state), 1024});
        gates.push_back({at("bytes of state for a late message", h.n),
                         static_cast<double>(h.late_state), 1024});
    }
}

namespace {
// A file that goes with its object.
class GroupInfoFile {
public:
    explicit GroupInfoFile(const Bytes& bytes) {
        const auto fd = mkstemp(name_.data());
        auto* file = fd < 0 ? nullptr : fdopen(fd, "wb");
        if (file == nullptr || std::fwrite(bytes.data(), 1, bytes.size(), file) != bytes.size())
            give_up("a temporary file cannot be written");
        std::fclose(file);
    }
    GroupInfoFile(const GroupInfoFile&) = delete;
    GroupInfoFile& operator=(const GroupInfoFile&) = delete;
    ~GroupInfoFile() { std::remove(name_.c_str()); }
    [[nodiscard]] const std::string& name() const { return name_; }

private:
    std::string name_ = std::filesystem::temp_directory_path() / "mls_bench.XXXXXX";
};
}  // namespace

bool compare_with_ts_mls(const std::string& command, std::size_t n, const Bytes& peer_group_info,
                         std::span<const Row> rows) {
    const GroupInfoFile file(peer_group_info);
    const auto line = command + " " + std::to_string(n) + " '" + file.name() + "'";
    auto* pipe = popen(line.c_str(), "r");
    if (pipe == nullptr) give_up("popen");
    std::printf("\nts-mls 1.6.4 in the same run, N = %zu\n%-36s %12s %12s %8s %9s %9s\n", n, "",
                "ts-mls ms", "huecry ms", "ratio", "ts-mls B", "huecry B");
    char text[256];
    std::string skipped;
    while (std::fgets(text, sizeof text, pipe) != nullptr) {
        if (std::string_view(text).starts_with("skipped: ")) skipped = text;
        char id[64];
        double ms = 0;
        std::size_t bytes = 0;
        if (std::sscanf(text, "%63s %lf %zu", id, &ms, &bytes) != 3) continue;
        const auto* row = find(rows, id, n);
        if (row == nullptr) continue;
        std::printf("%-36s %12.3f %12.3f %7.1fx %9zu %9zu\n", row->title.c_str(), ms,
                    row->sample.ms, ms / row->sample.ms, bytes, bytes > 0 ? row->wire : 0);
    }
    const auto status = pclose(pipe);
    if (!skipped.empty()) std::printf("%s", skipped.c_str());
    if (status != 0) std::printf("ts-mls ended with an error (%d)\n", status);
    std::fflush(stdout);
    return skipped.empty() && status == 0;
}

bool print(std::span<const Gate> gates) {
    std::size_t missed = 0;
    std::printf("\ngates\n");
    for (const auto& g : gates) {
        const auto percent = g.at_least ? (g.bound / g.is - 1) * 100 : (g.is / g.bound - 1) * 100;
        std::printf("  %-70s %10.2f %s %-10.6g ", g.what.c_str(), g.is,
                    g.at_least ? ">=" : "<=", g.bound);
        if (g.met())
            std::printf("met\n");
        else
            std::printf("MISSED by %.0f %%\n", percent);
        if (!g.met()) ++missed;
    }
    std::printf("%zu of %zu gates met\n", gates.size() - missed, gates.size());
    return missed == 0;
}

}  // namespace huecry::bench
