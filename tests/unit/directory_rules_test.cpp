#include "directory_town.hpp"
#include "protocol_document.hpp"

// PROTOCOL.md says who may sign what; the function must agree, cell by cell, on a real state.
namespace huecry::directory::test {
namespace {

constexpr std::array by_column{
    SignerClass::root,        SignerClass::invite,   SignerClass::new_device,
    SignerClass::coordinator, SignerClass::retailer, SignerClass::security,
    SignerClass::warden,      SignerClass::cctv,     SignerClass::police,
    SignerClass::integration, SignerClass::pending};

struct Attempt {
    Body body;
    bool own = false;  // on what belongs to the signer
};

/// A partnership with a device of every class and something for every action to act upon.
class Stage {
public:
    Stage() {
        town.paranoid(false);
        auto& s = town.state();
        channel = town.channel_for(every_role, every_role);
        REQUIRE(town.by_founder(ChannelDefined{channel}).ok());
        for (const auto role : all_roles) devices.push_back(town.join_active(role));
        devices.push_back(town.join(Role::retailer, false));
        victim = town.join(Role::warden).id();
        waiting = town.join(Role::retailer, false).id();
        lazy = town.join(Role::retailer);
        auto lasting = town.terms(Role::cctv, true, open.key);
        lasting.lifetime_ms = 60 * Town::day_ms;  // beyond the agreement's deadline
        REQUIRE(town.by_founder(lasting).ok());
        for (std::size_t i = 0; i < devices.size(); ++i) {
            const auto one_time = town.key();
            auto terms = own_terms(i, one_time.key);
            if (town.by(devices[i], terms).ok())
                own_invites.push_back(invite_id_of(one_time.key.public_key));
            else
                own_invites.push_back(InviteId{});
        }
        REQUIRE(town.by_founder(town.agreement()).ok());
        now = s.agreement()->deadline_ms;
        newcomer = town.device();
    }

    InviteIssued own_terms(std::size_t i, const SigningKey& one_time) {
        const auto& m = *town.state().member_of(devices[i].id());
        auto terms = town.terms(m.role, true, one_time);
        terms.kind = LinkKind::device;
        terms.member = m.id;
        terms.member_name_hash = m.name_hash;
        terms.organisation = m.organisation;
        terms.organisation_name_hash = town.state().organisations().at(m.organisation);
        return terms;
    }

    /// What the device number `i` could try; others (root, invite …) try the same as number 0.
    std::vector<Attempt> attempts(Action action, std::optional<std::size_t> i) {
        const auto n = i.value_or(0);
        auto& s = town.state();
        switch (action) {
            case Action::genesis:
                return {{town.genesis_statement().body}};
            case Action::invite_issued:
                return {{town.terms(Role::warden, true, town.key().key)},
                        {own_terms(n, town.key().key), true}};
            case Action::invite_withdrawn: {
                std::vector<Attempt> out{{InviteWithdrawn{invite_id_of(open.key.public_key)}}};
                if (!own_invites[n].is_zero())
                    out.push_back({InviteWithdrawn{own_invites[n]}, true});
                return out;
            }
            case Action::device_admitted:
                return {{DeviceAdmitted{invite_id_of(open.key.public_key), newcomer.key.public_key,
                                        newcomer.sealing}}};
            case Action::device_approved:
                return {{DeviceApproved{waiting}}};
            case Action::device_revoked:
                return {{DeviceRevoked{victim}}, {DeviceRevoked{devices[n].id()}, true}};
            case Action::channel_defined: {
                auto c = channel;
                c.id = town.id<ChannelId>();
                return {{ChannelDefined{c}}};
            }
            case Action::channel_changed:
                return {{ChannelChanged{channel}}};
            case Action::agreement_published:
                return {{town.agreement()}};
            case Action::agreement_accepted:
                return {{AgreementAccepted{s.agreement()->version}, true}};
            case Action::agreement_lapsed:
                return {{AgreementLapsed{s.agreement()->version, {town.member(lazy)}}}};
            default:
                return {};
        }
    }

    std::vector<Signer> signers(SignerClass c) {
        switch (c) {
            case SignerClass::root:
                return {Signer::root()};
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
        const auto r = permitted(town.state(), town.statement(body), by, now);
        return r.ok() ? Errc{} : r.error().code;
    }

    Town town;
    std::vector<Keys> devices;  // by role's number, then the pending one
    Channel channel;
    Keys open = town.key();
    DeviceId victim, waiting;
    Keys lazy;
    std::vector<InviteId> own_invites;
    Keys newcomer;
    std::uint64_t now = 0;
};

Action action_of(const std::string& text) {
    for (std::uint16_t n = 1; n <= 31; ++n)
        if (name(static_cast<Action>(n)) == text) return static_cast<Action>(n);
    FAIL("unknown action in the document: " << text);
    return Action::genesis;
}

TEST_CASE("the table of PROTOCOL.md: every action by every signer") {
    const auto rows = protocol_table("### 12.3 Who may sign what");
    REQUIRE(rows.size() == std::variant_size_v<Body> + 1);
    REQUIRE(rows[0].size() == by_column.size() + 1);
    for (std::size_t c = 0; c < by_column.size(); ++c) CHECK(rows[0][c + 1] == name(by_column[c]));
    Stage stage;
    std::size_t allowed = 0;
    for (std::size_t r = 1; r < rows.size(); ++r) {
        const auto action = action_of(rows[r][0]);
        for (std::size_t c = 0; c < by_column.size(); ++c) {
            const auto cell = rows[r][c + 1];
            const auto column = by_column[c];
            CAPTURE(rows[r][0]);
            CAPTURE(rows[0][c + 1]);
            CAPTURE(cell);
            for (const auto& attempt : stage.attempts(action, Stage::number(column))) {
                CAPTURE(attempt.own);
                const auto verdict = stage.verdict(attempt.body, stage.signers(column));
                const bool ok = cell == "yes" || (cell == "own" && attempt.own);
                CHECK(verdict == (ok ? Errc{} : Errc::statement_forbidden));
                allowed += ok ? 1 : 0;
            }
        }
    }
    CHECK(allowed > 30);
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
}

TEST_CASE("a revoked device of any role may sign nothing") {
    Stage stage;
    for (std::size_t i = 0; i < stage.devices.size(); ++i) {
        REQUIRE(stage.town.by_founder(DeviceRevoked{stage.devices[i].id()}).ok());
        const auto by = std::vector{Signer::device(stage.devices[i].id())};
        for (std::uint16_t n = 2; n <= std::variant_size_v<Body>; ++n)
            for (const auto& attempt : stage.attempts(static_cast<Action>(n), i))
                CHECK(stage.verdict(attempt.body, by) == Errc::statement_forbidden);
    }
}

}  // namespace
}  // namespace huecry::directory::test
