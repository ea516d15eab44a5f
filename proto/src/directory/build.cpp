#include "huecry/directory/build.hpp"

#include <algorithm>

#include "huecry/limits.hpp"

namespace huecry::directory {
namespace {

/// The version of the object that a body changes, as it stands now.
struct ObjectVersion {
    const State& state;

    std::uint64_t operator()(const AgreementPublished&) const {
        return state.agreement() ? state.agreement()->version : 0;
    }
    std::uint64_t operator()(const ChannelChanged& b) const {
        const auto* channel = state.channel(b.channel.id);
        return channel == nullptr ? 0 : channel->version;
    }
    std::uint64_t operator()(const ChannelRestarted& b) const {
        const auto* channel = state.channel(b.channel);
        return channel == nullptr ? 0 : channel->incarnation;
    }
    std::uint64_t operator()(const MemberRoleChanged& b) const {
        const auto* member = state.member(b.member);
        return member == nullptr ? 0 : member->version;
    }
    std::uint64_t operator()(const PolicySet&) const { return state.policy_version(); }
    std::uint64_t operator()(const QuorumSet&) const { return state.quorum(); }
    std::uint64_t operator()(const auto&) const { return 0; }
};

}  // namespace

Statement make_statement(const State& state, const Nonce& nonce, Body body) {
    Statement s;
    s.partnership = state.partnership();
    s.nonce = nonce;
    s.object_version = std::visit(ObjectVersion{state}, body);
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

SignedStatement sign_rotation(const Statement& statement, const SigningKey& old_device,
                              const SigningKey& new_device) {
    const std::array signers{
        SigningAs{Signer::device(device_id_of(old_device.public_key)), &old_device},
        SigningAs{Signer::new_device(device_id_of(new_device.public_key)), &new_device}};
    return sign_statement(statement, signers);
}

SignedStatement sign_as_root(const Statement& statement, const SigningKey& root) {
    const std::array signers{SigningAs{Signer::root(), &root}};
    return sign_statement(statement, signers);
}

SignedStatement sign_as_next_root(const Statement& statement, const SigningKey& next_root) {
    const std::array signers{SigningAs{Signer::next_root(), &next_root}};
    return sign_statement(statement, signers);
}

SignedStatement sign_as_relay(const Statement& statement, const SigningKey& relay) {
    const std::array signers{SigningAs{Signer::relay(), &relay}};
    return sign_statement(statement, signers);
}

}  // namespace huecry::directory
