#pragma once

#include <span>

#include "huecry/directory/state.hpp"

// Who may sign what: one table, reproduced in PROTOCOL.md and compared with it by a test.
namespace huecry::directory {

/// The columns of the table: what a signature block stands for in the state it meets.
enum class SignerClass : std::uint8_t {
    root,
    invite,      // the one-time key of an invite
    new_device,  // the device whose key stands in the statement
    coordinator,
    retailer,
    security,
    warden,
    cctv,
    police,
    integration,  // active devices by role
    pending,      // a device of any role that waits for approval
};
inline constexpr std::size_t signer_classes = 11;
std::string_view name(SignerClass c);

enum class Right : std::uint8_t {
    no,
    yes,
    own,    // only on itself: its own device, its own member, an invite that its member issued
    joint,  // only together with every other `joint` of the row
};

/// The table's cell; `no` for reserved actions.
[[nodiscard]] Right right(Action action, SignerClass signer);

/// The one rule of access: what `device` may do in a channel with these settings, now.
[[nodiscard]] Rights rights_in(const State& state, const Device& device, const Channel& channel);
/// The same with the device's member at hand.
[[nodiscard]] Rights rights_in(const State& state, const Device& device, const Member& member,
                               const Channel& channel);

/// The one verdict on whether a statement may take effect now: table first, then the conditions of
/// each action on the state. Signatures have been verified; `signers` are those that were.
/// `entry_time_ms` is the time at which the relay accepts or accepted it.
[[nodiscard]] Result<void> permitted(const State& state, const Statement& statement,
                                     std::span<const Signer> signers, std::uint64_t entry_time_ms);

}  // namespace huecry::directory
