#pragma once

#include "huecry/content/v1/content.pb.h"
#include "huecry/directory/state.hpp"

// In whose name a message is: a guard may post for a shop while that shop's delegation runs. Sender
// and receivers judge by this same function.
namespace huecry::domain {

/// The organisation that the content names; empty for none. malformed: not an id.
Result<std::optional<OrganisationId>> behalf_of(const content::v1::Content& content);

/// May the device say it, by the directory at `index` and at the time of acceptance? In its own
/// name by its own right; for an organisation only while that one's delegation runs. The answer is
/// why not: post_not_permitted, malformed.
Result<void> check_posting(const directory::State& state, const DeviceId& device,
                           const ChannelId& channel, const content::v1::Content& content,
                           std::uint64_t index, std::uint64_t accepted_ms);

/// An organisation for which the device may post there now, if any.
std::optional<OrganisationId> any_behalf(const directory::State& state, const DeviceId& device,
                                         const ChannelId& channel, std::uint64_t now_ms);

}  // namespace huecry::domain
