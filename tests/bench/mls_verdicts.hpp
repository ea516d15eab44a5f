#pragma once

#include <span>
#include <string>
#include <vector>

#include "bench/mls_meter.hpp"
#include "bench/mls_rows.hpp"

// What the rows are held against: multiples of the floor, and two other implementations.
namespace huecry::bench {

/// A figure with its bound.
struct Gate {
    std::string what;
    double is = 0;
    double bound = 0;
    bool at_least = false;  // else: at most
    [[nodiscard]] bool met() const { return at_least ? is >= bound : is <= bound; }
};

/// Memory and state of one number of members.
struct Held {
    std::size_t n = 0;
    std::size_t fresh_memory = 0, full_memory = 0;
    std::size_t message_state = 0, first_state = 0, late_state = 0;
};

/// What Cisco's mlspp took, and how many times faster the rows are, each as a multiple of its own
/// machine's floor.
void compare_with_mlspp(std::span<const Row> rows, std::span<const Held> held,
                        const Primitives& now, std::vector<Gate>& gates);
/// Multiples at 1,000 members.
void check_multiples(std::span<const Row> rows, std::vector<Gate>& gates);
void check_held(std::span<const Held> held, std::vector<Gate>& gates);

/// ts-mls, in a process of its own for each number of members; prints both side by side. `command`
/// is run with the number and a file that holds Rows::peer_group_info. False: not there, and
/// the reason has been printed.
bool compare_with_ts_mls(const std::string& command, std::size_t n, const Bytes& peer_group_info,
                         std::span<const Row> rows);

/// Prints each and whether it is met. True when all are.
bool print(std::span<const Gate> gates);

}  // namespace huecry::bench
