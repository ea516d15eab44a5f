#include "directory_town.hpp"
#include "huecry/limits.hpp"
#include "huecry/wire/codec.hpp"

// One value, one encoding: everything else is refused.
namespace huecry::directory::test {
namespace {

template <class IdType>
std::vector<IdType> two(Town& town) {
    std::vector<IdType> out{town.id<IdType>(), town.id<IdType>()};
    std::sort(out.begin(), out.end());
    return out;
}

/// Actions 12 to 34.
std::vector<Statement> later_ones(Town& town) {
    const auto channels = two<ChannelId>(town);
    const Policy policy{.dormant_days = 60, .max_photo_s = 9, .access_log_roles = 0x21};
    const Anchor anchor{channels[1], 2, 7, town.id<Digest>(), 9, town.id<Digest>()};
    const std::vector<Body> bodies{
        DeviceDormant{two<DeviceId>(town)},
        DeviceKeyRotated{town.id<PublicKey>(), town.id<PublicKey>()},
        MemberSuspended{town.id<MemberId>()},
        MemberReinstated{town.id<MemberId>()},
        MemberRoleChanged{town.id<MemberId>(), Role::police, channels},
        ChannelRestarted{channels[0], town.id<DeviceId>()},
        ChannelClosed{channels[0]},
        DelegationGranted{town.id<OrganisationId>(), town.id<OrganisationId>(), 5},
        DelegationWithdrawn{town.id<OrganisationId>(), town.id<OrganisationId>()},
        PolicySet{policy},
        RejoinRequested{RejoinReason::state_lost,
                        {{channels[0], town.bytes(300)}, {channels[1], town.bytes(10)}}},
        MayNotCommit{channels[0], town.id<DeviceId>(), true},
        CommitComplained{channels[0], 2, town.id<MessageId>(), town.id<DeviceId>()},
        ChannelAnchored{{anchor}},
        RelayMoved{town.id<PublicKey>(), 443, "relay.example"},
        ProtocolVersionSet{1},
        RootRotated{town.id<PublicKey>(), town.id<Digest>()},
        QuorumSet{2},
        Endorsed{town.id<StatementId>()},
        StoreRestored{2},
        DeviceReturned{},
        RejoinApproved{town.id<DeviceId>()},
        InviteAlarmed{town.bytes(300)},
    };
    std::vector<Statement> out;
    for (const auto& body : bodies) {
        auto statement = town.statement(body);
        const bool changes = std::holds_alternative<MemberRoleChanged>(body) ||
                             std::holds_alternative<ChannelRestarted>(body);
        if (changes) statement.object_version = 3;
        out.push_back(std::move(statement));
    }
    return out;
}

std::vector<Statement> one_of_each(Town& town) {
    std::vector<Statement> out;
    out.push_back(town.genesis_statement());
    auto invite = town.terms(Role::warden, true, town.key().key);
    invite.channels = {town.id<ChannelId>(), town.id<ChannelId>()};
    std::sort(invite.channels.begin(), invite.channels.end());
    invite.sealed_document_key = town.bytes(80);
    out.push_back(town.statement(invite));
    out.push_back(town.statement(InviteWithdrawn{town.id<InviteId>()}));
    out.push_back(town.statement(
        DeviceAdmitted{town.id<InviteId>(), town.id<PublicKey>(), town.id<PublicKey>()}));
    out.push_back(town.statement(DeviceApproved{town.id<DeviceId>()}));
    out.push_back(town.statement(DeviceRevoked{town.id<DeviceId>()}));
    out.push_back(town.statement(ChannelDefined{town.channel_for(every_role, 3)}));
    auto changed = town.statement(ChannelChanged{town.channel_for(7, 3)});
    changed.object_version = 4;
    out.push_back(changed);
    auto agreement = town.agreement();
    agreement.sealed = {{town.id<InviteId>(), town.bytes(80)},
                        {town.id<InviteId>(), town.bytes(80)}};
    std::sort(agreement.sealed.begin(), agreement.sealed.end(),
              [](const auto& a, const auto& b) { return a.invite < b.invite; });
    out.push_back(town.statement(agreement));
    out.push_back(town.statement(AgreementAccepted{1}));
    std::vector<MemberId> members{town.id<MemberId>(), town.id<MemberId>()};
    std::sort(members.begin(), members.end());
    out.push_back(town.statement(AgreementLapsed{1, members}));
    for (auto& statement : later_ones(town)) out.push_back(std::move(statement));
    return out;
}

TEST_CASE("every statement survives encoding, whole and only whole") {
    Town town;
    const auto all = one_of_each(town);
    REQUIRE(all.size() == std::variant_size_v<Body>);
    for (const auto& statement : all) {
        CAPTURE(name(statement.action()));
        const auto bytes = statement.encode();
        const auto back = Statement::decode(bytes);
        REQUIRE(back.ok());
        CHECK(*back == statement);
        for (std::size_t cut = 0; cut < bytes.size(); ++cut)
            CHECK_FALSE(Statement::decode(BytesView(bytes).first(cut)).ok());
        auto longer = bytes;
        longer.push_back(0);
        CHECK_FALSE(Statement::decode(longer).ok());
    }
}

TEST_CASE("a changed bit is refused or is another statement: never the same one twice") {
    Town town;
    for (const auto& statement : one_of_each(town)) {
        CAPTURE(name(statement.action()));
        const auto bytes = statement.encode();
        for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
            auto other = bytes;
            other[bit / 8] = static_cast<std::uint8_t>(other[bit / 8] ^ (1U << (bit % 8)));
            const auto back = Statement::decode(other);
            if (!back.ok()) continue;
            CHECK_FALSE(*back == statement);
            CHECK(back->encode() == other);
        }
    }
}

Errc decode_error(const Bytes& bytes) {
    const auto r = Statement::decode(bytes);
    return r.ok() ? Errc::internal : r.error().code;
}

TEST_CASE("unknown actions ask for an update") {
    Town town;
    auto bytes = town.statement(DeviceRevoked{town.id<DeviceId>()}).encode();
    for (std::uint16_t action = 35; action < 600; ++action) {
        bytes[34] = static_cast<std::uint8_t>(action >> 8);
        bytes[35] = static_cast<std::uint8_t>(action);
        CHECK(decode_error(bytes) == Errc::statement_unknown);
    }
    bytes[34] = bytes[35] = 0;
    CHECK(decode_error(bytes) == Errc::statement_unknown);
    bytes[35] = 6;
    CHECK(Statement::decode(bytes).ok());
    bytes[1] = 2;
    CHECK(decode_error(bytes) == Errc::statement_unknown);
}

TEST_CASE("unknown roles and flags ask for an update") {
    Town town;
    auto channel = town.channel_for(every_role, 3);
    channel.read_roles = 0x80 | every_role;
    CHECK(decode_error(town.statement(ChannelDefined{channel}).encode()) ==
          Errc::statement_unknown);
    auto invite = town.terms(static_cast<Role>(7), true, town.key().key);
    CHECK(decode_error(town.statement(invite).encode()) == Errc::statement_unknown);
    CHECK(decode_error(town.statement(ProtocolVersionSet{2}).encode()) == Errc::statement_unknown);
    CHECK(decode_error(town.statement(PolicySet{{.access_log_roles = 0x80}}).encode()) ==
          Errc::statement_unknown);
    const RejoinRequested rejoin{static_cast<RejoinReason>(4), {{town.id<ChannelId>(), {1}}}};
    CHECK(decode_error(town.statement(rejoin).encode()) == Errc::statement_unknown);
}

TEST_CASE("values outside the one allowed form are malformed") {
    Town town;
    const auto bad = [&](Body body) {
        CHECK(decode_error(town.statement(std::move(body)).encode()) == Errc::statement_malformed);
    };
    auto channel = town.channel_for(3, 3);
    const auto with = [&](auto change) {
        auto c = channel;
        change(c);
        bad(ChannelDefined{c});
    };
    with([](Channel& c) { c.post_roles = 7; });
    with([](Channel& c) { c.read_roles = c.post_roles = 0; });
    with([](Channel& c) { c.max_photo_s = 0; });
    with([](Channel& c) { c.max_photo_s = c.max_alert_s + 1; });
    with([](Channel& c) { c.max_alert_s = limits::max_life_s + 1; });
    with([](Channel& c) { c.all_members = true; });
    with([](Channel& c) { c.id = ChannelId{}; });

    auto invite = town.terms(Role::retailer, true, town.key().key);
    invite.lifetime_ms = 0;
    bad(invite);
    invite.lifetime_ms = limits::max_invite_s * 1000 + 1;
    bad(invite);
    invite.lifetime_ms = 1;
    invite.channels = {town.id<ChannelId>(), town.id<ChannelId>()};
    std::sort(invite.channels.rbegin(), invite.channels.rend());
    bad(invite);
    invite.channels[1] = invite.channels[0];
    bad(invite);
    invite.channels.clear();
    invite.sealed_document_key = Bytes(limits::max_sealed_key + 1);
    bad(invite);

    bad(DeviceDormant{});
    bad(RejoinRequested{RejoinReason::state_lost, {}});
    bad(RejoinRequested{RejoinReason::state_lost, {{town.id<ChannelId>(), {}}}});
    bad(ChannelAnchored{});
    bad(RelayMoved{town.id<PublicKey>(), 0, "relay.example"});
    bad(RelayMoved{town.id<PublicKey>(), 443, "Relay"});
    bad(RelayMoved{town.id<PublicKey>(), 443, ""});
    const auto root = town.id<PublicKey>();
    bad(RootRotated{root, root_hash(root)});
    bad(QuorumSet{0});
    bad(InviteAlarmed{});
    bad(InviteAlarmed{Bytes(limits::max_evidence + 1)});
    const auto organisation = town.id<OrganisationId>();
    bad(DelegationGranted{organisation, organisation, 5});
    bad(DelegationGranted{organisation, town.id<OrganisationId>(), 0});
    bad(PolicySet{{.dormant_days = 34}});
    bad(PolicySet{{.dormant_days = 3651}});
    bad(PolicySet{{.max_alert_s = 5, .max_photo_s = 6}});
    bad(PolicySet{{.max_photo_s = 0}});
    bad(PolicySet{{.lease_offline_s = limits::lease_offline_s + 1}});
    bad(PolicySet{{.access_log_days = 0}});

    bad(AgreementAccepted{0});
    bad(AgreementLapsed{1, {}});
    auto agreement = town.agreement();
    agreement.version = 3;  // object_version will be 0
    bad(agreement);
}

TEST_CASE("fields that mean nothing in an action are zero") {
    Town town;
    auto statement = town.statement(DeviceRevoked{town.id<DeviceId>()});
    statement.object_version = 1;
    CHECK(decode_error(statement.encode()) == Errc::statement_malformed);
    statement.object_version = 0;
    statement.seen = {};
    CHECK(decode_error(statement.encode()) == Errc::statement_malformed);
    auto genesis = town.genesis_statement();
    genesis.partnership = town.id<PartnershipId>();
    CHECK(decode_error(genesis.encode()) == Errc::statement_malformed);
}

TEST_CASE("too large is refused before it is read") {
    CHECK(decode_error(Bytes(limits::max_statement + 1)) == Errc::too_large);
    const auto r = SignedStatement::decode(Bytes(1 << 20));
    REQUIRE_FALSE(r.ok());
    CHECK(r.error().code == Errc::too_large);
}

TEST_CASE("signature blocks: in order, no duplicates, known kinds") {
    Town town;
    const auto statement = town.statement(DeviceRevoked{town.id<DeviceId>()});
    auto good = sign_statement(statement, town.founder().key);
    REQUIRE(SignedStatement::decode(good.encode()).ok());
    CHECK(*SignedStatement::decode(good.encode()) == good);

    auto twice = good;
    twice.signatures.push_back(twice.signatures[0]);
    CHECK_FALSE(SignedStatement::decode(twice.encode()).ok());
    auto none = good;
    none.signatures.clear();
    CHECK_FALSE(SignedStatement::decode(none.encode()).ok());
    auto unsorted = good;
    unsorted.signatures.push_back({Signer::root(), {}});
    CHECK_FALSE(SignedStatement::decode(unsorted.encode()).ok());
    auto root = good;
    root.signatures[0].signer = {SignerKind::root, {1}};
    CHECK_FALSE(SignedStatement::decode(root.encode()).ok());
    auto kind = good;
    kind.signatures[0].signer.kind = static_cast<SignerKind>(7);
    const auto verdict = SignedStatement::decode(kind.encode());
    REQUIRE_FALSE(verdict.ok());
    CHECK(verdict.error().code == Errc::statement_unknown);
}

TEST_CASE("names and roles") {
    for (const auto role : all_roles) {
        CHECK(role_from_name(name(role)) == role);
        CHECK(role_from_number(static_cast<std::uint8_t>(role)) == role);
        CHECK(contains(every_role, role));
    }
    CHECK_FALSE(role_from_name("mayor"));
    CHECK_FALSE(role_from_number(7));
    Town town;
    const auto salt = town.bytes(16);
    CHECK(name_hash(salt, "Anna") == name_hash(salt, "Anna"));
    CHECK_FALSE(name_hash(salt, "Anna") == name_hash(salt, "Anne"));
    CHECK_FALSE(name_hash(salt, "Anna") == name_hash(town.bytes(16), "Anna"));
}

}  // namespace
}  // namespace huecry::directory::test
