#pragma once

#include <atomic>
#include <cstdint>

namespace huecry::fault {

/// What a test tells a program that runs with shim.cpp loaded before everything else: one page of
/// memory that both have mapped. All zero: nothing is changed.
struct ShimControl {
    static constexpr const char* variable = "HUECRY_FAULT_SHIM";  // the page's file

    // Writes (truncations and renames too) and syncs of regular files fail with these errnos.
    std::atomic<std::int32_t> write_error;
    std::atomic<std::int32_t> sync_error;
    std::atomic<std::uint64_t> failed;
    // Syncs wait while this is 1 (a futex); `held` counts those that have come to wait (another).
    std::atomic<std::uint32_t> hold_syncs;
    std::atomic<std::uint32_t> held;
    // The program kills itself (-9) at so many steps from now: writes and syncs of files, and what
    // goes out and comes in over sockets. Counts down to 0; 0 is never.
    std::atomic<std::int64_t> steps_to_live;
    // Added to the clocks.
    std::atomic<std::int64_t> wall_ms;
    std::atomic<std::int64_t> steady_ms;
};
static_assert(std::atomic<std::int64_t>::is_always_lock_free);

}  // namespace huecry::fault
