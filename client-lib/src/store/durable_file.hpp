#pragma once

#include <filesystem>

#include "huecry/result.hpp"
#include "huecry/wire/bytes.hpp"

namespace huecry::store {

/// Makes the folder for this user alone (mode 0700 where the platform has modes).
Result<void> make_private_folder(const std::filesystem::path& folder);
/// Writes beside the file, to the disk, then renames: a crash leaves the old or the new one whole.
/// Mode 0600 where the platform has modes. Errors: no_room, io_failed.
Result<void> replace_file(const std::filesystem::path& file, BytesView contents);
/// At most `max` bytes. Errors: not_found, too_large, io_failed.
Result<Bytes> read_small_file(const std::filesystem::path& file, std::size_t max);

}  // namespace huecry::store
