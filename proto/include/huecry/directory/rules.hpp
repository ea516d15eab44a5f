#pragma once

#include <span>

#include "huecry/directory/state.hpp"

// Who may sign what: one table, reproduced in PROTOCOL.md and compared with it by a test.
namespace huecry::directory {

/// The columns of the table: what a signature block stands for in the state it meets.
enum class SignerClass : std::uint8_t {
    root,
    next_root,   // the root key that follows
    relay,       // the relay's identity key
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
    suspended,    // an active or dormant device of a suspended member
    dormant,      // a dormant device of a member that is not suspended
};
inline constexpr std::size_t signer_classes = 15;
std::string_view name(SignerClass c);

enum class Right : std::uint8_t {
    no,
    yes,
    own,    // only on itself: its own device, its own member, an invite that its member issued
    joint,  // together with the row's other joint signers: one of each of root, next root, relay,
            // invite, new device, and device of the directory that has a joint cell
};

/// The table's cell.
[[nodiscard]] Right right(Action action, SignerClass signer);

/// What a signature by this device stands for now; empty when it is unknown or revoked.
[[nodiscard]] std::optional<SignerClass> class_of(const State& state, const Signer& signer);

/// The one rule of access: what `device` may do in a channel with these settings, now. A channel
/// that is closed gives nothing, one that is barred to the device no right to commit.
[[nodiscard]] Rights rights_in(const State& state, const Device& device, const Channel& channel);
/// The same of a channel in the directory, with the device's member at hand.
[[nodiscard]] Rights rights_in(const State& state, const Device& device, const Member& member,
                               const ChannelRecord& channel);

/// Does this act, signed by a coordinator, need the quorum? It grants the coordinator or police
/// role, demotes or suspends a coordinator, loosens the policy, or raises the quorum.
[[nodiscard]] bool is_grave(const State& state, const Statement& statement);

/// The one verdict on whether a statement may count now, and how: table first, then the conditions
/// of each action on the state. Signatures have been verified; `signers` are those that were.
/// `entry_time_ms` is the time at which the relay accepts or accepted it.
[[nodiscard]] Result<Outcome> permitted(const State& state, const Statement& statement,
                                        std::span<const Signer> signers,
                                        std::uint64_t entry_time_ms);

}  // namespace huecry::directory
