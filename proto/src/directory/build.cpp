#include "huecry/directory/build.hpp"

#include <algorithm>

#include "huecry/limits.hpp"

namespace huecry::directory {
namespace {

/// The version of the object that a body changes, as it stands now.
std::uint64_t object_version(const State& state, const Body& body) {
    if (std::holds_alternative<AgreementPublished>(body))
        return state.agreement() ? state.agreement()->version : 0;
    const auto* change = std::get_if<ChannelChanged>(&body);
    if (change == nullptr) return 0;
    const auto* channel = state.channel(change->channel.id);
    return channel == nullptr ? 0 : channel->version;
}

}  // namespace

Statement make_statement(const State& state, const Nonce& nonce, Body body) {
    Statement s;
    s.partnership = state.partnership();
    s.nonce = nonce;
    s.object_version = object_version(state, body);
    s.seen = state.seen();
    s.body = std::move(body);
    return s;
}

Channel all_members_channel(const ChannelId& id, const Digest& name_hash, const DeviceId& creator) {
    Channel c;
    c.id = id;
    c.name_hash = name_hash;
    c.read_roles = c.post_roles = every_role;
    c.max_alert_s = limits::alert_expiry_max_s;
    c.max_photo_s = limits::alert_photo_max_s;
    c.all_members = true;
    c.creator = creator;
    return c;
}

Statement make_genesis(const Nonce& nonce, Genesis genesis) {
    Statement s;
    s.nonce = nonce;
    s.body = std::move(genesis);
    return s;
}

SignedStatement sign_statement(const Statement& statement, std::span<const SigningAs> signers) {
    SignedStatement out;
    out.statement = statement.encode();
    for (const auto& s : signers)
        out.signatures.push_back({s.signer, sign_labelled(*s.key, statement_label, out.statement)});
    std::sort(out.signatures.begin(), out.signatures.end(),
              [](const auto& a, const auto& b) { return a.signer < b.signer; });
    return out;
}

SignedStatement sign_statement(const Statement& statement, const SigningKey& device) {
    const std::array signers{SigningAs{Signer::device(device_id_of(device.public_key)), &device}};
    return sign_statement(statement, signers);
}

SignedStatement sign_genesis(const Statement& statement, const SigningKey& root,
                             const SigningKey& device) {
    const auto id = device_id_of(device.public_key);
    const std::array signers{SigningAs{Signer::root(), &root},
                             SigningAs{Signer::new_device(id), &device}};
    return sign_statement(statement, signers);
}

SignedStatement sign_admission(const Statement& statement, const SigningKey& one_time,
                               const SigningKey& device) {
    const std::array signers{
        SigningAs{Signer::invite(invite_id_of(one_time.public_key)), &one_time},
        SigningAs{Signer::new_device(device_id_of(device.public_key)), &device}};
    return sign_statement(statement, signers);
}

}  // namespace huecry::directory
