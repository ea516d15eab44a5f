#pragma once

#include <string>

#include "huecry/directory/records.hpp"

namespace huecry::directory {

/// Six words that the newcomer and whoever approves read to each other: equal on both sides exactly
/// when both see the same device with the same keys, from the same invite, in the same partnership.
/// 48 bits, behind Argon2id (about 50 ms, 16 MiB) so that keys with a chosen phrase cannot be
/// searched for while a newcomer waits. `no_room` without the memory.
Result<std::string> safety_phrase(const PartnershipId& partnership, const DeviceId& device,
                                  const PublicKey& signing_key, const PublicKey& sealing_key,
                                  const InviteId& invite);
/// The same of a device in the directory.
Result<std::string> safety_phrase(const PartnershipId& partnership, const Device& device);

}  // namespace huecry::directory
