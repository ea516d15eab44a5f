#include "domain/verdict.hpp"

#include <set>

#include "huecry/wire/codec.hpp"
#include "huecry/wire/join_info.hpp"

namespace huecry::domain {
namespace {

/// The leaf's keys and name are those of a device in the directory, whatever its rights.
std::optional<DeviceId> listed_device(const Self& self, const directory::State& state,
                                      BytesView identity, BytesView signature_key) {
    const auto id = device_of(self.partnership, identity);
    if (!id) return std::nullopt;
    const auto* device = state.device(*id);
    if (device == nullptr || !equal_constant_time(device->signing_key.view(), signature_key))
        return std::nullopt;
    return id;
}

/// Empty when every leaf that must go does, else which stays.
std::string check_due(const Self& self, const directory::State& state, const CommitPlace& place,
                      std::uint64_t index, const mls::IncomingCommit& commit) {
    if (!place.members) return {};
    std::set<std::uint32_t> removed;
    for (const auto& remove : commit.removes) removed.insert(remove.member.leaf.value);
    for (const auto& member : place.members()) {
        if (removed.contains(member.leaf.value)) continue;
        const auto device = listed_device(self, state, member.identity, member.signature_key);
        if (!device || lost_since(state, *device, place.channel, place.floor_index, index))
            return "it leaves a device in that must go";
    }
    return {};
}

/// Empty when all changes are in order, else what is not.
std::string check_changes(const Self& self, const directory::State& state, const CommitPlace& place,
                          std::uint64_t index, const mls::IncomingCommit& commit) {
    const auto& channel = place.channel;
    if (!commit.others.empty()) return "a proposal of another kind";
    if (commit.adds.empty() && commit.removes.empty() && !commit.has_path) return "empty";
    for (const auto& remove : commit.removes) {
        if (!remove.by_value) return "a proposal by reference";
        const auto device =
            listed_device(self, state, remove.member.identity, remove.member.signature_key);
        if (device && !lost_since(state, *device, channel, place.floor_index, index))
            return "removes a device that may read";
    }
    for (const auto& add : commit.adds) {
        if (!add.by_value) return "a proposal by reference";
        const auto device =
            listed_device(self, state, add.key_package.identity, add.key_package.signature_key);
        if (!device) return "adds a leaf that is no device of the directory";
        if (!state.authorised_at(*device, channel, index)) return "adds a device that may not read";
        const auto* asked = state.replacement(*device, channel, place.floor_index, index);
        if (asked != nullptr &&
            !equal_constant_time(asked->key_package.view(), add.key_package.message_hash))
            return "adds a rejoining device with another key package than it named";
    }
    return check_due(self, state, place, index, commit);
}

}  // namespace

Result<AuthenticatedData> open_authenticated_data(BytesView message) {
    Reader r(message);
    if (r.u16() != 1 || r.u16() != 2) return Error{Errc::mls_malformed, "not a PrivateMessage"};
    (void)r.opaque(64);  // group id
    (void)r.u64();       // epoch
    (void)r.u8();        // content type
    const auto data = r.opaque(1024);
    if (!r.ok()) return Error{Errc::mls_malformed, "PrivateMessage"};
    return AuthenticatedData::decode(data);
}

std::optional<DeviceId> device_of(const PartnershipId& partnership, BytesView identity) {
    if (identity.size() != PartnershipId::size + DeviceId::size) return std::nullopt;
    if (!equal_constant_time(identity.first(PartnershipId::size), partnership.view()))
        return std::nullopt;
    return DeviceId::from(identity.subspan(PartnershipId::size));
}

Result<Head> directory_head(const Self& self, const directory::State& state,
                            const SignedHead& head) {
    HUECRY_TRY_ASSIGN(const Head said, Head::decode(head.head));
    HUECRY_TRY(head.verify(state.relay_key_at(said.seq)));
    if (said.partnership != self.partnership || said.stream != StreamRef::directory())
        return Error{Errc::relay_inconsistent, "a head of something else"};
    return said;
}

bool lost_since(const directory::State& state, const DeviceId& device, const ChannelId& channel,
                std::uint64_t floor, std::uint64_t upto) {
    const auto from = std::max<std::uint64_t>(floor, 1);
    return !state.authorised_throughout(device, channel, from, upto) ||
           state.replacement(device, channel, floor, upto) != nullptr;
}

CommitVerdict judge_commit(const Self& self, const directory::State& state,
                           const CommitPlace& place, const mls::IncomingCommit& commit) {
    CommitVerdict out;
    const auto make_void = [&](std::string why) {
        out.why = std::move(why);
        return out;
    };
    const auto data = AuthenticatedData::decode(commit.authenticated_data);
    if (!data) return make_void("its authenticated data is malformed");
    if (data->message_id != place.message_id) return make_void("it was made under another id");
    const auto head = directory_head(self, state, data->directory_head);
    if (!head) return make_void("no signed head of the directory");
    out.index = head->seq;
    if (head->seq < place.floor_index) return make_void("it acts upon an old directory");
    const auto ours = state.running_hash(head->seq);
    if (!ours || *ours != head->hash) return make_void("its head is of another directory");

    if (!commit.sender) return make_void("an external commit");
    const auto committer =
        listed_device(self, state, commit.committer.identity, commit.committer.signature_key);
    if (!committer || *committer != place.submitter)
        return make_void("committer and submitter differ");
    if (!state.rights_at(*committer, place.channel, head->seq).commit)
        return make_void("the committer may not commit in the channel");
    if (commit.changed_committer) return make_void("it changes a credential");
    if (auto why = check_changes(self, state, place, head->seq, commit); !why.empty())
        return make_void(std::move(why));
    out.judgement = mls::Judgement::apply;
    return out;
}

Result<void> check_roster(const Self& self, const directory::State& state, const ChannelId& channel,
                          const std::vector<mls::Member>& members) {
    for (const auto& member : members) {
        const auto device = listed_device(self, state, member.identity, member.signature_key);
        // A leaf that has lost its right since is due for removal; one that never had it is a
        // ghost.
        if (!device) return Error{Errc::mls_void, "a leaf that is no device of the directory"};
        if (!state.ever_authorised(*device, channel))
            return Error{Errc::mls_void, "a device that never had the right to read"};
    }
    return {};
}

}  // namespace huecry::domain
