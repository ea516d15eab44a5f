#pragma once

#include "sim/disk.hpp"

// What is left of a disk when the power goes.
namespace huecry::fault {

enum class Cut {
    kill,     // the process alone died: everything that it wrote is there
    dropped,  // only what was synced
    ordered,  // and the first so many writes after it, the last one torn
    shuffled  // and any of them, in any order, torn at any of their sectors
};

/// The image after the power has come back. Sectors of 512 bytes reach the disk whole or not.
[[nodiscard]] sim::DiskImage after_cut(sim::DiskImage image, Cut cut, sim::SeededRandom& random);

[[nodiscard]] const char* name_of(Cut cut);

}  // namespace huecry::fault
