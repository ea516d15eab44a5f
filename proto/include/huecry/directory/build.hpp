#pragma once

#include "huecry/directory/state.hpp"

// Making statements: used by clients and tests. Randomness is passed in (nonce: 16 random bytes).
namespace huecry::directory {

/// A statement upon what the state shows: partnership and seen point are filled in, object_version
/// too (the present version of what is changed: channel, agreement, member, incarnation, policy,
/// quorum; others 0).
Statement make_statement(const State& state, const Nonce& nonce, Body body);
/// The all-members channel as a founder defines it: every role reads and posts, default ceilings.
Channel all_members_channel(const ChannelId& id, const Digest& name_hash, const DeviceId& creator);
/// The first statement.
Statement make_genesis(const Nonce& nonce, Genesis genesis);

struct SigningAs {
    Signer signer;
    const SigningKey* key = nullptr;  // borrowed for the call
};
/// Signs with every key given, in the one order allowed.
SignedStatement sign_statement(const Statement& statement, std::span<const SigningAs> signers);
/// The common case: one device in the directory.
SignedStatement sign_statement(const Statement& statement, const SigningKey& device);
/// Genesis: root and first device.
SignedStatement sign_genesis(const Statement& statement, const SigningKey& root,
                             const SigningKey& device);
/// Self-admission: the invite's one-time key and the new device's key.
SignedStatement sign_admission(const Statement& statement, const SigningKey& one_time,
                               const SigningKey& device);
/// device_key_rotated: the device that goes and the one that comes.
SignedStatement sign_rotation(const Statement& statement, const SigningKey& old_device,
                              const SigningKey& new_device);
/// What the root signs alone: relay_moved, quorum_set and whatever its column of the table allows.
SignedStatement sign_as_root(const Statement& statement, const SigningKey& root);
/// root_rotated, with the key that the statement names.
SignedStatement sign_as_next_root(const Statement& statement, const SigningKey& next_root);
/// store_restored and invite_alarmed.
SignedStatement sign_as_relay(const Statement& statement, const SigningKey& relay);

}  // namespace huecry::directory
