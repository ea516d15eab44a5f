#pragma once

#include "huecry/directory/state.hpp"

// Making statements: used by clients and tests. Randomness is passed in (nonce: 16 random bytes).
namespace huecry::directory {

/// A statement upon what the state shows: partnership and seen point are filled in, object_version
/// too (channel_changed and agreement_published: the object's current version; others 0).
Statement make_statement(const State& state, const Nonce& nonce, Body body);
/// The all-members channel as a founder defines it: every role reads and posts, default ceilings.
Channel all_members_channel(const ChannelId& id, const Digest& name_hash, const DeviceId& creator);
/// The first statement.
Statement make_genesis(const Nonce& nonce, Genesis genesis);

struct SigningAs {
    Signer signer;
    const SigningKey* key;  // borrowed for the call
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

}  // namespace huecry::directory
