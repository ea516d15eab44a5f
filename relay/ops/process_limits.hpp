#pragma once

namespace huecry::relay {

/// What the process asks of the kernel before it touches a secret: no core dump and no attaching
/// debugger unless `allow_core`, files that only the owner can read, as many descriptors as it may
/// have, no death by SIGPIPE.
void apply_process_limits(bool allow_core);

}  // namespace huecry::relay
