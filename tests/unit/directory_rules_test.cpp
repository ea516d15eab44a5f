#include "directory_town.hpp"
#include "protocol_document.hpp"

// PROTOCOL.md says who may sign what; the function must agree, cell by cell, on a real state.
namespace huecry::directory::test {
namespace {

struct Attempt {
    Body body;
    bool own = false;  // on what belongs to the signer
};

/// A partnership with a device of every class and something for every action to act upon.
class Stage {
public:
    explicit Stage(std::uint32_t quorum = 1) {
        town.paranoid(false);
        channel = town.channel_for(every_role, every_role);
        need(town.by_founder(ChannelDefined{channel}));
        victim = town.join(Role::warden).id();
        lazy = town.join(Role::retailer);
        const auto sleeper = town.join(Role::cctv);
        need(town.by_founder(town.agreement()));
        town.pass(46 * Town::day_ms);
        need(town.by_founder(DeviceDormant{{sleeper.id()}}));
        need(town.by_relay(StoreRestored{2}));
        for (const auto role : all_roles) devices.push_back(town.join_active(role));
        town.join_active(Role::coordinator);  // a third one
        devices.push_back(town.join(Role::retailer, false));
        devices.push_back(town.join(Role::retailer));
        need(town.by_founder(MemberSuspended{town.member(devices.back())}));
        devices.push_back(sleeper.clone());
        waiting = town.join(Role::retailer, false).id();
        make_own();
        make_others();
        make_proposal(quorum);
        newcomer = town.device();
    }

    /// What the device number `i` could try; others (root, invite ...) try the same as number 0.
    std::vector<Attempt> attempts(Action action, std::optional<std::size_t> i) {
        auto out = on_others(action);
        if (!out.empty() && i) {
            for (auto& body : on_own(action, *i)) out.push_back({std::move(body), true});
        } else if (out.empty()) {
            for (auto& body : on_own(action, i.value_or(0))) out.push_back({std::move(body), true});
        }
        return out;
    }

    std::vector<Signer> signers(SignerClass c) {
        switch (c) {
            case SignerClass::root:
                return {Signer::root()};
            case SignerClass::next_root:
                return {Signer::next_root()};
            case SignerClass::relay:
                return {Signer::relay()};
            case SignerClass::invite:
                return {Signer::invite(invite_id_of(open.key.public_key))};
            case SignerClass::new_device:
                return {Signer::new_device(newcomer.id())};
            default:
                return {Signer::device(devices[*number(c)].id())};
        }
    }
    static std::optional<std::size_t> number(SignerClass c) {
        if (c < SignerClass::coordinator) return std::nullopt;
        return static_cast<std::size_t>(c) - static_cast<std::size_t>(SignerClass::coordinator);
    }

    Errc verdict(const Body& body, const std::vector<Signer>& by) {
        const auto r = permitted(town.state(), town.statement(body), by, town.now_ms());
        return r.ok() ? Errc{} : r.error().code;
    }

    Town town;
    std::vector<Keys> devices;  // by role's number, then pending, suspended, dormant
    Channel channel;
    Keys open = town.key();
    DeviceId victim, waiting, again;
    Keys lazy;
    Keys newcomer;

private:
    static void need(const Result<Applied>& r) { REQUIRE(r.ok()); }
    OrganisationId organisation(const DeviceId& device) {
        return town.state().member_of(device)->organisation;
    }
    MemberId member(const DeviceId& device) { return town.state().device(device)->member; }

    /// For every device that can link: an open link, and a device that waits.
    void make_own() {
        own_invites.resize(devices.size());
        own_waiting.resize(devices.size());
        for (std::size_t i = 0; i < devices.size(); ++i) {
            const auto first = town.key();
            if (!town.by(devices[i], town.link_terms(devices[i], false, first.key)).ok()) continue;
            own_invites[i] = invite_id_of(first.key.public_key);
            const auto second = town.key();
            need(town.by(devices[i], town.link_terms(devices[i], false, second.key)));
            const auto linked = town.device();
            need(town.submit(town.admission(second.key, linked)));
            own_waiting[i] = linked.id();
        }
    }
    void make_others() {
        need(town.by_founder(town.terms(Role::cctv, true, open.key)));
        const auto used = town.key();
        need(town.by_founder(town.terms(Role::cctv, true, used.key)));
        need(town.submit(town.admission(used.key, town.device())));
        evidence = town.admission(used.key, town.device()).encode();
        again = town.join(Role::warden).id();
        const RejoinRequested rejoin{RejoinReason::state_lost,
                                     {{town.state().all_members(), town.bytes(50)}}};
        const auto forgetful = town.join(Role::warden);
        need(town.by(forgetful, rejoin));
        need(town.by(forgetful, rejoin));
        again = forgetful.id();
        guards = organisation(devices[2].id());
        const auto until = town.now_ms() + 100 * Town::day_ms;
        need(town.by(devices[1], DelegationGranted{organisation(devices[1].id()), guards, until}));
        other_guards = organisation(town.join(Role::security).id());
        need(town.by(lazy, DelegationGranted{organisation(lazy.id()), other_guards, until}));
    }
    void make_proposal(std::uint32_t quorum) {
        need(town.by_founder(QuorumSet{2}));
        const auto made = town.by_founder(town.terms(Role::police, true, town.key().key));
        need(made);
        CHECK(made->outcome == Outcome::proposed);
        proposal = made->statement;
        if (quorum == 1) need(town.by_root(QuorumSet{1}));
    }

    /// On what belongs to nobody in particular, or to somebody else.
    std::vector<Attempt> on_others(Action action) {
        auto& s = town.state();
        switch (action) {
            case Action::genesis:
                return {{town.genesis_statement().body}};
            case Action::invite_issued:
                return {{town.terms(Role::warden, true, town.key().key)}};
            case Action::invite_withdrawn:
                return {{InviteWithdrawn{invite_id_of(open.key.public_key)}}};
            case Action::device_admitted:
                return {{DeviceAdmitted{invite_id_of(open.key.public_key), newcomer.key.public_key,
                                        newcomer.sealing}}};
            case Action::device_approved:
                return {{DeviceApproved{waiting}}};
            case Action::device_revoked:
                return {{DeviceRevoked{victim}}};
            case Action::channel_defined: {
                auto c = channel;
                c.id = town.id<ChannelId>();
                return {{ChannelDefined{c}}};
            }
            case Action::channel_changed:
                return {{ChannelChanged{channel}}};
            case Action::agreement_published:
                return {{town.agreement()}};
            case Action::agreement_lapsed:
                return {{AgreementLapsed{s.agreement()->version, {town.member(lazy)}}}};
            case Action::device_dormant:
                return {{DeviceDormant{{victim}}}};
            case Action::device_key_rotated:
                return {{DeviceKeyRotated{newcomer.key.public_key, newcomer.sealing}}};
            case Action::member_suspended:
                return {{MemberSuspended{member(victim)}}};
            case Action::member_reinstated:
                return {{MemberReinstated{member(devices[8].id())}}};
            case Action::member_role_changed:
                return {{MemberRoleChanged{member(victim), Role::cctv, {}}}};
            default:
                return on_affairs(action);
        }
    }
    std::vector<Attempt> on_affairs(Action action) {
        auto& s = town.state();
        const auto all = s.all_members();
        switch (action) {
            case Action::channel_restarted:
                return {{ChannelRestarted{all, victim}}};
            case Action::channel_closed:
                return {{ChannelClosed{channel.id}}};
            case Action::delegation_granted:
                return {{DelegationGranted{organisation(lazy.id()), guards, town.now_ms() + 1}}};
            case Action::delegation_withdrawn:
                return {{DelegationWithdrawn{organisation(lazy.id()), other_guards}}};
            case Action::policy_set:
                return {{PolicySet{{.dormant_days = 40}}}};
            case Action::may_not_commit:
                return {{MayNotCommit{all, victim, true}}};
            case Action::channel_anchored:
                return {{ChannelAnchored{{{all, 1, 5, town.id<Digest>(), 9, town.id<Digest>()}}}}};
            case Action::relay_moved:
                return {{RelayMoved{town.id<PublicKey>(), 443, "elsewhere.example"}}};
            case Action::protocol_version_set:
                return {{ProtocolVersionSet{2}}};
            case Action::root_rotated:
                return {{RootRotated{town.next_root().key.public_key, town.id<Digest>()}}};
            case Action::quorum_set:
                return {{QuorumSet{s.quorum() == 1 ? 2U : 3U}}};
            case Action::endorsed:
                return {{Endorsed{proposal}}};
            case Action::store_restored:
                return {{StoreRestored{3}}};
            case Action::rejoin_approved:
                return {{RejoinApproved{again}}};
            case Action::invite_alarmed:
                return {{InviteAlarmed{evidence}}};
            default:
                return {};
        }
    }
    std::vector<Body> on_own(Action action, std::size_t i) {
        auto& s = town.state();
        const auto& self = devices[i];
        switch (action) {
            case Action::invite_issued:
                return {town.link_terms(self, true, town.key().key)};
            case Action::invite_withdrawn:
                if (own_invites[i].is_zero()) return {};
                return {InviteWithdrawn{own_invites[i]}};
            case Action::device_approved:
                if (own_waiting[i].is_zero()) return {};
                return {DeviceApproved{own_waiting[i]}};
            case Action::device_revoked:
                return {DeviceRevoked{self.id()}};
            case Action::agreement_accepted:
                return {AgreementAccepted{s.agreement()->version}};
            case Action::channel_restarted:
                return {ChannelRestarted{s.all_members(), self.id()}};
            case Action::delegation_granted:
                return {DelegationGranted{organisation(self.id()), guards, town.now_ms() + 1}};
            case Action::delegation_withdrawn: {
                // The guards' own and the shop's own are the same one.
                return {DelegationWithdrawn{organisation(devices[1].id()), guards}};
            }
            case Action::rejoin_requested:
                return {
                    RejoinRequested{RejoinReason::state_lost, {{s.all_members(), town.bytes(50)}}}};
            case Action::commit_complained:
                return {CommitComplained{s.all_members(), 1, town.id<MessageId>(), victim}};
            case Action::device_returned:
                return {DeviceReturned{}};
            default:
                return {};
        }
    }

    std::vector<InviteId> own_invites;
    std::vector<DeviceId> own_waiting;
    OrganisationId guards, other_guards;
    StatementId proposal;
    Bytes evidence;
};

Action action_of(const std::string& text) {
    for (std::uint16_t n = 1; n <= last_action; ++n)
        if (name(static_cast<Action>(n)) == text) return static_cast<Action>(n);
    FAIL("unknown action in the document: " << text);
    return Action::genesis;
}

void walk(Stage& stage, const std::vector<std::vector<std::string>>& rows, std::size_t& allowed) {
    for (std::size_t r = 1; r < rows.size(); ++r) {
        const auto action = action_of(rows[r][0]);
        CHECK(static_cast<std::size_t>(action) == r);
        for (std::size_t c = 0; c < signer_classes; ++c) {
            const auto cell = rows[r][c + 1];
            const auto column = static_cast<SignerClass>(c);
            CAPTURE(rows[r][0]);
            CAPTURE(rows[0][c + 1]);
            CAPTURE(cell);
            const auto attempts = stage.attempts(action, Stage::number(column));
            CHECK_FALSE(attempts.empty());
            for (const auto& attempt : attempts) {
                CAPTURE(attempt.own);
                const bool ok = cell == "yes" || (cell == "own" && attempt.own);
                const auto verdict = stage.verdict(attempt.body, stage.signers(column));
                CHECK(verdict == (ok ? Errc{} : Errc::statement_forbidden));
                allowed += ok ? 1 : 0;
            }
        }
    }
}

TEST_CASE("the table of PROTOCOL.md: every action by every signer, with and without a quorum") {
    const auto rows = protocol_table("### 12.3 Who may sign what");
    REQUIRE(rows.size() == last_action + 1U);
    REQUIRE(rows[0].size() == signer_classes + 1);
    for (std::size_t c = 0; c < signer_classes; ++c)
        CHECK(rows[0][c + 1] == name(static_cast<SignerClass>(c)));
    for (const std::uint32_t quorum : {1U, 2U}) {
        CAPTURE(quorum);
        Stage stage(quorum);
        std::size_t allowed = 0;
        walk(stage, rows, allowed);
        CHECK(allowed > 90);
    }
}

TEST_CASE("joint signatures: all of them and nobody else") {
    Stage stage;
    const auto body = stage.attempts(Action::device_admitted, std::nullopt)[0].body;
    const auto invite = stage.signers(SignerClass::invite)[0];
    const auto device = stage.signers(SignerClass::new_device)[0];
    const auto coordinator = stage.signers(SignerClass::coordinator)[0];
    CHECK(stage.verdict(body, {invite, device}) == Errc{});
    CHECK(stage.verdict(body, {}) == Errc::statement_forbidden);
    CHECK(stage.verdict(body, {invite, invite}) == Errc::statement_forbidden);
    CHECK(stage.verdict(body, {coordinator, invite, device}) == Errc::statement_forbidden);
    CHECK(stage.verdict(body, {Signer::root(), invite, device}) == Errc::statement_forbidden);
    // Two coordinators under what takes one.
    const auto founder = Signer::device(stage.town.founder().id());
    CHECK(stage.verdict(DeviceApproved{stage.waiting}, {founder}) == Errc{});
    CHECK(stage.verdict(DeviceApproved{stage.waiting}, {founder, coordinator}) ==
          Errc::statement_forbidden);
    // The old key and the new one, of every role that is active, and of no other.
    const auto rotation = stage.attempts(Action::device_key_rotated, 0)[0].body;
    for (auto c = SignerClass::coordinator; c <= SignerClass::dormant;
         c = static_cast<SignerClass>(static_cast<int>(c) + 1)) {
        const auto old = stage.signers(c)[0];
        CHECK(stage.verdict(rotation, {old, device}) ==
              (c <= SignerClass::integration ? Errc{} : Errc::statement_forbidden));
    }
    CHECK(stage.verdict(rotation, {founder, coordinator, device}) == Errc::statement_forbidden);
    CHECK(stage.verdict(rotation, {coordinator, invite}) == Errc::statement_forbidden);
}

TEST_CASE("a revoked device of any role may sign nothing") {
    Stage stage;
    for (std::size_t i = 0; i < stage.devices.size(); ++i) {
        // Everything is still there to be acted upon, but for what the device's end has closed.
        REQUIRE(stage.town.by_founder(DeviceRevoked{stage.devices[i].id()}).ok());
        const auto by = std::vector{Signer::device(stage.devices[i].id())};
        for (std::uint16_t n = 2; n <= last_action; ++n)
            for (const auto& attempt : stage.attempts(static_cast<Action>(n), i))
                CHECK(stage.verdict(attempt.body, by) == Errc::statement_forbidden);
    }
}

}  // namespace
}  // namespace huecry::directory::test
