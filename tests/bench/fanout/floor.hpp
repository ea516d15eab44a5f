#pragma once

#include <cstddef>
#include <filesystem>

namespace huecry::bench {

/// Processor seconds of this thread for one write of `size` bytes into a file in `folder` and the
/// sync after it: the median of many. Nothing that is durable can cost less.
[[nodiscard]] double sync_cost(const std::filesystem::path& folder, std::size_t size);

}  // namespace huecry::bench
