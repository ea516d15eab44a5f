#include "api/teller.hpp"

#include "huecry/directory/rules.hpp"

namespace huecry::api {
namespace {

using namespace huecry::directory;  // all of its actions are told here

std::string named(std::string name, std::string_view kind, const std::string& id) {
    return name.empty() ? std::string(kind) + " " + id : name;
}

std::string days(std::uint64_t ms) {
    const auto hours = ms / 3'600'000;
    if (hours >= 48) return std::to_string(hours / 24) + " days";
    if (hours >= 2) return std::to_string(hours) + " hours";
    return std::to_string(ms / 60'000) + " minutes";
}

std::string counted(std::size_t n, const std::string& one) {
    return std::to_string(n) + " " + one + (n == 1 ? "" : "s");
}

std::string roles(RoleMask mask) {
    if (mask == every_role) return "all";
    std::string out;
    for (const auto role : all_roles)
        if (contains(mask, role)) out += (out.empty() ? "" : ", ") + std::string(name(role));
    return out.empty() ? "nobody" : out;
}

}  // namespace

std::string Teller::member(const MemberId& id) const {
    return named(names_.member(id), "member", id.short_hex());
}
std::string Teller::organisation(const OrganisationId& id) const {
    return named(names_.organisation(id), "organisation", id.short_hex());
}
std::string Teller::channel(const ChannelId& id) const {
    return named(names_.channel(id), "channel", id.short_hex());
}
std::string Teller::device(const DeviceId& id) const {
    const auto* known = state_.device(id);
    return "device " + id.short_hex() + (known ? " of " + member(known->member) : "");
}

/// One overload an action.
struct Teller::Sentence {
    const Teller& t;
    const State& state;

    [[nodiscard]] std::string setting(const directory::Channel& c) const {
        return t.channel(c.id) + " (read: " + roles(c.read_roles) +
               "; post: " + roles(c.post_roles) +
               (c.requires_agreement ? "; needs the agreement)" : ")");
    }
    [[nodiscard]] std::string invite(const InviteId& id) const {
        const auto* known = state.invite(id);
        return "invite " + id.short_hex() + (known ? " for " + t.member(known->terms.member) : "");
    }
    [[nodiscard]] std::string list(const std::vector<ChannelId>& channels) const {
        std::string out;
        for (const auto& id : channels) out += (out.empty() ? " in " : ", ") + t.channel(id);
        return out;
    }

    std::string operator()(const Genesis& b) const {
        return "the partnership is founded by " + t.member(b.member) + ", kept at " + b.relay_host +
               ":" + std::to_string(b.relay_port);
    }
    std::string operator()(const InviteIssued& b) const {
        const auto id = invite_id_of(b.one_time_key).short_hex();
        if (b.kind == LinkKind::device)
            return "link " + id + " for a further device of " + t.member(b.member) + ", for " +
                   days(b.lifetime_ms);
        return "invite " + id + " for " + t.member(b.member) + " (" +
               t.organisation(b.organisation) + ") as " + std::string(name(b.role)) +
               list(b.channels) + (b.in_person ? ", in person" : "") + ", for " +
               days(b.lifetime_ms);
    }
    std::string operator()(const InviteWithdrawn& b) const {
        return invite(b.invite) + " is withdrawn";
    }
    std::string operator()(const DeviceAdmitted& b) const {
        const auto id = device_id_of(b.signing_key).short_hex();
        const auto* known = state.invite(b.invite);
        return "device " + id + (known ? " of " + t.member(known->terms.member) : "") +
               " comes by invite " + b.invite.short_hex();
    }
    std::string operator()(const DeviceApproved& b) const {
        return t.device(b.device) + " is approved";
    }
    std::string operator()(const DeviceRevoked& b) const {
        return t.device(b.device) + " is revoked";
    }
    std::string operator()(const ChannelDefined& b) const {
        return "channel " + setting(b.channel) + " is made";
    }
    std::string operator()(const ChannelChanged& b) const {
        return "channel " + setting(b.channel) + " is changed";
    }
    std::string operator()(const AgreementPublished& b) const {
        return "agreement version " + std::to_string(b.version) + ", to be accepted within " +
               days(b.deadline_ms);
    }
    std::string operator()(const AgreementAccepted& b) const {
        return "agreement version " + std::to_string(b.version) + " is accepted";
    }
    std::string operator()(const AgreementLapsed& b) const {
        std::string out;
        for (std::size_t i = 0; i < b.members.size() && i < 3; ++i)
            out += (i == 0 ? "" : ", ") + t.member(b.members[i]);
        if (b.members.size() > 3) out += " and " + std::to_string(b.members.size() - 3) + " more";
        return out + " did not accept agreement version " + std::to_string(b.version) + " in time";
    }
    std::string operator()(const DeviceDormant& b) const {
        return b.devices.size() == 1
                   ? t.device(b.devices.front()) + " has not been seen for long"
                   : counted(b.devices.size(), "device") + " have not been seen for long";
    }
    std::string operator()(const DeviceKeyRotated& b) const {
        return "device key changed: device " + device_id_of(b.signing_key).short_hex() +
               " takes its place";
    }
    std::string operator()(const MemberSuspended& b) const {
        return t.member(b.member) + " is suspended";
    }
    std::string operator()(const MemberReinstated& b) const {
        return t.member(b.member) + " is reinstated";
    }
    std::string operator()(const MemberRoleChanged& b) const {
        const auto* before = state.member(b.member);
        return t.member(b.member) + " becomes " + std::string(name(b.role)) +
               (before && before->role != b.role ? " (was " + std::string(name(before->role)) + ")"
                                                 : "") +
               (b.channels.empty() ? ", in all channels of the role" : list(b.channels));
    }
    std::string operator()(const ChannelRestarted& b) const {
        return "channel " + t.channel(b.channel) + " begins anew, with " + t.device(b.creator);
    }
    std::string operator()(const ChannelClosed& b) const {
        return "channel " + t.channel(b.channel) + " is closed";
    }
    std::string operator()(const DelegationGranted& b) const {
        return "guards of " + t.organisation(b.grantee) + " may post for " +
               t.organisation(b.grantor);
    }
    std::string operator()(const DelegationWithdrawn& b) const {
        return "guards of " + t.organisation(b.grantee) + " may no longer post for " +
               t.organisation(b.grantor);
    }
    std::string operator()(const PolicySet& b) const {
        const auto fields = loosened(state.policy(), b.policy);
        std::string out;
        for (const auto& field : fields) out += (out.empty() ? " (looser: " : ", ") + field;
        return "the policy is set" + out + (out.empty() ? "" : ")");
    }
    std::string operator()(const RejoinRequested& b) const {
        return "asks to rejoin " + counted(b.channels.size(), "channel");
    }
    std::string operator()(const MayNotCommit& b) const {
        return t.device(b.device) + (b.barred ? " may not" : " may again") +
               " change the group of " + t.channel(b.channel);
    }
    std::string operator()(const CommitComplained& b) const {
        return "could not use a commit of " + t.device(b.committer) + " in " + t.channel(b.channel);
    }
    std::string operator()(const ChannelAnchored& b) const {
        return counted(b.anchors.size(), "channel") + " anchored";
    }
    std::string operator()(const RelayMoved& b) const {
        return "the relay is now at " + b.host + ":" + std::to_string(b.port) + ", key " +
               b.relay_key.short_hex();
    }
    std::string operator()(const ProtocolVersionSet& b) const {
        return "protocol version " + std::to_string(b.version);
    }
    std::string operator()(const RootRotated& b) const {
        return "the root key is now " + b.root_key.short_hex();
    }
    std::string operator()(const QuorumSet& b) const {
        return "grave acts need " + counted(b.quorum, "coordinator");
    }
    std::string operator()(const Endorsed& b) const {
        const auto* proposal = state.proposal(b.statement);
        const auto inner =
            proposal ? Statement::decode(proposal->statement) : Result<Statement>(Errc::not_found);
        return "endorses " + b.statement.short_hex() + (inner ? ": " + t.sentence(*inner) : "");
    }
    std::string operator()(const StoreRestored& b) const {
        return "the relay's store was restored, generation " + std::to_string(b.generation);
    }
    std::string operator()(const DeviceReturned&) const { return "is back"; }
    std::string operator()(const RejoinApproved& b) const {
        return t.device(b.device) + " may rejoin";
    }
    std::string operator()(const InviteAlarmed& b) const {
        const auto outer = SignedStatement::decode(b.evidence);
        const auto inner =
            outer ? Statement::decode(outer->statement) : Result<Statement>(outer.error());
        const auto* tried = inner ? std::get_if<DeviceAdmitted>(&inner->body) : nullptr;
        return "ALARM: somebody else tried to join with " +
               (tried ? invite(tried->invite) : std::string("a used invite"));
    }
};

std::string Teller::sentence(const Statement& statement) const {
    return std::visit(Sentence{*this, state_}, statement.body);
}

void Teller::signers(const SignedStatement& outer, const Statement& statement,
                     HistoryEntry& out) const {
    for (const auto& block : outer.signatures) {
        const auto& signer = block.signer;
        std::string who, right;
        switch (signer.kind) {
            case SignerKind::root:
                who = right = "root key";
                break;
            case SignerKind::next_root:
                who = right = "next root key";
                break;
            case SignerKind::relay:
                who = right = "relay";
                break;
            case SignerKind::invite: {
                const auto* invite = state_.invite(InviteId(signer.id));
                if (invite == nullptr) continue;
                right = "invite of " + (invite->issuer.is_zero() ? std::string("the root key")
                                                                 : device(invite->issuer));
                who = member(invite->terms.member);
                break;
            }
            case SignerKind::device: {
                const auto* known = state_.device(DeviceId(signer.id));
                who = known ? member(known->member) : "device " + DeviceId(signer.id).short_hex();
                const auto as = class_of(state_, signer);
                if (!as) break;
                const auto cell = directory::right(statement.action(), *as);
                right = std::string(name(*as)) + (cell == Right::own ? ", own affairs" : "");
                break;
            }
            case SignerKind::new_device:
                if (statement.action() != Action::genesis) continue;
                who = member(std::get<Genesis>(statement.body).member);
                right = "founder";
                break;
        }
        if (!who.empty() && out.who.find(who) == std::string::npos)
            out.who += (out.who.empty() ? "" : ", ") + who;
        if (!right.empty()) out.right += (out.right.empty() ? "" : ", ") + right;
    }
}

}  // namespace huecry::api
