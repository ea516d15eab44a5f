#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include "bench/mls_rows.hpp"
#include "bench/mls_verdicts.hpp"

// What the MLS engine costs, as multiples of a floor that is computed from primitives timed in the
// same run; beside it ts-mls, timed in the same run too.
using namespace huecry;
using namespace huecry::bench;

namespace {

constexpr const char* usage =
    "mls_bench [--largest N] [--peer-largest N] [--floors] [--gate]\n"
    "  --largest N        of 10, 100, 600, 1000, 3000 members (default 1000)\n"
    "  --peer-largest N   the same for ts-mls (default 1000; 0: without it)\n"
    "  --floors           print what each row's floor is made of\n"
    "  --gate             exit with 1 when a gate is missed\n";

struct Options {
    std::size_t largest = 1000, peer_largest = 1000;
    bool floors = false, gate = false;
};

Options parse(int argc, char** argv) {
    Options out;
    for (int i = 1; i < argc; ++i) {
        const std::string_view arg = argv[i];
        if (arg == "--largest" && i + 1 < argc) {
            out.largest = std::strtoul(argv[++i], nullptr, 10);
        } else if (arg == "--peer-largest" && i + 1 < argc) {
            out.peer_largest = std::strtoul(argv[++i], nullptr, 10);
        } else if (arg == "--floors") {
            out.floors = true;
        } else if (arg == "--gate") {
            out.gate = true;
        } else {
            std::fputs(usage, arg == "--help" ? stdout : stderr);
            std::exit(arg == "--help" ? 0 : 2);
        }
    }
    return out;
}

void print(const Row& row, bool floors) {
    std::printf("%-36s %10.3f", row.title.c_str(), row.sample.ms);
    if (row.sample.multiple > 0) {
        std::printf(" %8.2f %8.2f", row.sample.multiple, row.sample.curve_multiple);
    } else {
        std::printf(" %8s %8s", "", "");
    }
    for (const auto bytes : {row.wire, row.stored})
        bytes > 0 ? std::printf(" %9zu", bytes) : std::printf(" %9s", "");
    std::printf(" %8zu %7zu\n", (row.sample.peak + 1023) / 1024, row.sample.allocations);
    if (floors && row.sample.multiple > 0) std::printf("    floor: %s\n", row.floor.text().c_str());
}

Held run(std::size_t n, const Options& options, crypto::Random& random, std::vector<Row>& rows,
         Bytes& peer_group_info) {
    const auto p = time_primitives(random);
    const auto begin = rows.size();
    Rows these(n, random, p, rows);
    these.mass_add();
    these.fresh_tree();
    these.full_tree();
    std::printf("\nN = %zu (verify %.1f us)\n%-36s %10s %8s %8s %9s %9s %8s %7s\n", n,
                p.verify * 1e3, "", "CPU ms", "x floor", "x curves", "wire B", "stored B",
                "peak KiB", "allocs");
    for (auto i = begin; i < rows.size(); ++i) print(rows[i], options.floors);
    std::printf(
        "one group in memory: %zu bytes (fresh tree), %zu (full tree)\n"
        "state for a message: %zu bytes; for the first of an epoch %zu; for a late one %zu\n",
        these.fresh_memory, these.full_memory, these.message_state, these.first_state,
        these.late_state);
    std::fflush(stdout);
    peer_group_info = std::move(these.peer_group_info);
    return {n,
            these.fresh_memory,
            these.full_memory,
            these.message_state,
            these.first_state,
            these.late_state};
}

}  // namespace

int main(int argc, char** argv) {
    const auto options = parse(argc, argv);
    crypto::SystemRandom random;
    const auto p = time_primitives(random);
    print(p);
    std::vector<Row> rows;
    std::vector<Held> held;
    bool peer = options.peer_largest > 0;
    for (const std::size_t n : {10U, 100U, 600U, 1000U, 3000U}) {
        if (n > options.largest) break;
        Bytes info;
        held.push_back(run(n, options, random, rows, info));
        if (peer && n <= options.peer_largest)
            peer = compare_with_ts_mls(HUECRY_BENCH_PEER, n, info, rows);
    }
    std::vector<Gate> gates;
    compare_with_mlspp(rows, held, p, gates);
    check_multiples(rows, gates);
    check_held(held, gates);
    const bool met = print(gates);
    if (options.largest < 1000) std::printf("most gates want 1,000 members\n");
    return options.gate && !met ? 1 : 0;
}
