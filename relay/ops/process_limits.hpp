#pragma once

namespace huecry::relay {

/// What the process asks of the kernel before it touches a secret: no core dump and no attaching
/// debugger unless `allow_core`, files that only the owner can read, as many descriptors as it may
/// have, no death by SIGPIPE.
void apply_process_limits(bool allow_core);

/// Asks for huge pages beneath the heap: what thousands of connections hold is then reached with
/// fewer walks through page tables. glibc takes the wish from the environment, before main only: so
/// the program starts itself once more, with the same `arguments`, unless the environment has
/// tunables already. Returns when that is not possible; all else works without.
void heap_in_huge_pages(const char* const* arguments);

}  // namespace huecry::relay
