#include "directory_town.hpp"
#include "huecry/limits.hpp"

// Who decides: the quorum, the policy, the root and its successor, the relay.
namespace huecry::directory::test {
namespace {

/// A partnership with three coordinators and a quorum.
struct Board {
    explicit Board(std::uint32_t quorum = 2) {
        ann = town.founder().clone();
        bob = town.join_active(Role::coordinator);
        cat = town.join_active(Role::coordinator);
        for (std::uint32_t q = 2; q <= quorum; ++q) {
            const auto raised = town.by(ann, QuorumSet{q});
            REQUIRE(raised.ok());
            // Raising it further is itself a matter for the quorum.
            if (raised->outcome == Outcome::proposed)
                REQUIRE(town.by(bob, Endorsed{raised->statement}).ok());
            REQUIRE(town.state().quorum() == q);
        }
    }
    StatementId propose(const Keys& by, Body body) {
        const auto before = without_chain();
        const auto made = town.by(by, std::move(body));
        REQUIRE(made.ok());
        CHECK(made->outcome == Outcome::proposed);
        CHECK(made->access.empty());
        CHECK(made->events.size() == 1);
        CHECK(made->events[0].kind == EventKind::proposed);
        CHECK(without_chain() == before);
        return made->statement;
    }
    /// Members, roles and devices: what a proposal alone must not touch.
    std::vector<std::pair<Member, std::vector<DeviceId>>> without_chain() {
        std::vector<std::pair<Member, std::vector<DeviceId>>> out;
        for (const auto& [id, m] : town.state().members())
            out.emplace_back(m, town.state().devices_of(id));
        return out;
    }
    Outcome endorse(const Keys& by, const StatementId& id) {
        const auto made = town.by(by, Endorsed{id});
        REQUIRE(made.ok());
        return made->outcome;
    }
    Town town;
    Keys ann, bob, cat;
};

TEST_CASE("a quorum of two: a coordinator is made by two members, and by no one alone") {
    Board b;
    auto& s = b.town.state();
    const auto key = b.town.key();
    const auto id = b.propose(b.ann, b.town.terms(Role::coordinator, true, key.key));
    CHECK(s.invite(invite_id_of(key.key.public_key)) == nullptr);
    CHECK(error_of(b.town.submit(b.town.admission(key.key, b.town.device()))) ==
          Errc::invite_unknown);
    // Not its author again, not with another device of its author, not a retailer.
    CHECK(error_of(b.town.by(b.ann, Endorsed{id})) == Errc::statement_conflict);
    const auto link = b.town.key();
    REQUIRE(b.town.by(b.ann, b.town.link_terms(b.ann, false, link.key)).ok());
    const auto second = b.town.device();
    REQUIRE(b.town.submit(b.town.admission(link.key, second)).ok());
    REQUIRE(b.town.by(b.ann, DeviceApproved{second.id()}).ok());
    CHECK(error_of(b.town.by(second, Endorsed{id})) == Errc::statement_conflict);
    const auto shop = b.town.join(Role::retailer);
    CHECK(error_of(b.town.by(shop, Endorsed{id})) == Errc::statement_forbidden);
    CHECK(error_of(b.town.by_founder(Endorsed{b.town.id<StatementId>()})) ==
          Errc::statement_conflict);
    b.town.pass(20 * Town::day_ms);
    const auto done = b.town.by(b.bob, Endorsed{id});
    REQUIRE(done.ok());
    CHECK(done->outcome == Outcome::completed);
    REQUIRE(done->events.size() == 2);
    CHECK(done->events[0].kind == EventKind::endorsed);
    CHECK(done->events[1].kind == EventKind::invite_issued);
    CHECK(done->events[1].device == b.ann.id());
    const auto* invite = s.invite(invite_id_of(key.key.public_key));
    REQUIRE(invite != nullptr);
    CHECK(invite->issuer == b.ann.id());
    CHECK(invite->expires_ms == b.town.now_ms() + invite->terms.lifetime_ms);
    CHECK(s.proposals().empty());
    CHECK(error_of(b.town.by(b.cat, Endorsed{id})) == Errc::statement_conflict);

    // Whoever comes by it is approved by two as well.
    const auto dan = b.town.device();
    REQUIRE(b.town.submit(b.town.admission(key.key, dan)).ok());
    const auto approval = b.propose(b.ann, DeviceApproved{dan.id()});
    CHECK(s.device(dan.id())->state == DeviceState::pending);
    CHECK(b.endorse(b.cat, approval) == Outcome::completed);
    CHECK(s.device(dan.id())->state == DeviceState::active);
    CHECK(s.coordinator_members() == 4);
}

TEST_CASE("a quorum of three is gathered by entries, while some are away") {
    Board b(3);
    auto& s = b.town.state();
    const auto shop = b.town.join(Role::retailer);
    const auto member = b.town.member(shop);
    const auto id = b.propose(b.cat, MemberRoleChanged{member, Role::police, {}});
    CHECK(b.endorse(b.ann, id) == Outcome::supported);
    CHECK(s.proposal(id)->support.size() == 2);
    b.town.pass(limits::proposal_s * 1000 - 1);
    CHECK(b.town.state()
              .check(sign_statement(b.town.statement(Endorsed{id}), b.bob.key).encode(),
                     b.town.now_ms())
              .ok());
    b.town.pass(1);
    CHECK(error_of(b.town.by(b.bob, Endorsed{id})) == Errc::statement_conflict);
    CHECK(s.member(member)->role == Role::retailer);
}

TEST_CASE("support of one who has ceased to vote does not count") {
    Board b(3);
    auto& s = b.town.state();
    const auto shop = b.town.join(Role::retailer);
    const auto member = b.town.member(shop);
    const auto id = b.propose(b.ann, MemberRoleChanged{member, Role::coordinator, {}});
    CHECK(b.endorse(b.bob, id) == Outcome::supported);
    REQUIRE(b.town.by(b.cat, DeviceRevoked{b.bob.id()}).ok());
    CHECK(b.endorse(b.cat, id) == Outcome::supported);
    CHECK(s.member(member)->role == Role::retailer);
    // And a proposal whose author is out is void.
    const auto other = b.propose(b.cat, MemberRoleChanged{member, Role::police, {}});
    REQUIRE(b.town.by(b.ann, DeviceRevoked{b.cat.id()}).ok());
    CHECK(s.proposal(other) == nullptr);
    CHECK(s.proposal(id) != nullptr);
    CHECK(error_of(b.town.by(b.ann, Endorsed{other})) == Errc::statement_conflict);
    // Two of three are gone: only the root helps, by lowering the quorum.
    CHECK(error_of(b.town.by(b.ann, QuorumSet{1})) == Errc::statement_forbidden);
    REQUIRE(b.town.by_root(QuorumSet{1}).ok());
    REQUIRE(b.town.by(b.ann, MemberRoleChanged{member, Role::coordinator, {}}).ok());
    CHECK(s.coordinator_members() == 2);
}

TEST_CASE("a proposal is carried out only upon what its supporters saw") {
    Board b;
    auto& s = b.town.state();
    const auto shop = b.town.join(Role::retailer);
    const auto member = b.town.member(shop);
    const auto id = b.propose(b.ann, MemberRoleChanged{member, Role::coordinator, {}});
    // Ann slips in a device of her own before the other one agrees.
    const auto key = b.town.key();
    auto terms = b.town.link_terms(shop, true, key.key);
    terms.kind = LinkKind::member;
    REQUIRE(b.town.by(b.ann, terms).ok());
    REQUIRE(b.town.submit(b.town.admission(key.key, b.town.device())).ok());
    CHECK(error_of(b.town.by(b.bob, Endorsed{id})) == Errc::statement_conflict);
    CHECK(s.member(member)->role == Role::retailer);
    // The same for a device that waited meanwhile: approving it is now a matter for two.
    const auto late = b.town.key();
    terms = b.town.link_terms(shop, false, late.key);
    terms.kind = LinkKind::member;
    REQUIRE(b.town.by(b.ann, terms).ok());
    const auto waiting = b.town.device();
    REQUIRE(b.town.submit(b.town.admission(late.key, waiting)).ok());
    const auto again = b.propose(b.ann, MemberRoleChanged{member, Role::coordinator, {}});
    CHECK(b.endorse(b.bob, again) == Outcome::completed);
    b.propose(b.ann, DeviceApproved{waiting.id()});
    CHECK(s.device(waiting.id())->state == DeviceState::pending);
}

TEST_CASE("nobody makes a device that votes as another coordinator") {
    Board b;
    const auto link = b.town.key();
    REQUIRE(b.town.by(b.bob, b.town.link_terms(b.bob, true, link.key)).ok());
    // The link was stolen by Ann.
    const auto stolen = b.town.device();
    REQUIRE(b.town.submit(b.town.admission(link.key, stolen)).ok());
    CHECK(b.town.state().device(stolen.id())->state == DeviceState::pending);
    CHECK(error_of(b.town.by(b.ann, DeviceApproved{stolen.id()})) == Errc::statement_forbidden);
    CHECK(error_of(b.town.by(b.ann, b.town.link_terms(b.bob, true, b.town.key().key))) ==
          Errc::statement_forbidden);
    CHECK(b.town.by(b.bob, DeviceApproved{stolen.id()}).ok());
}

TEST_CASE("what is grave and what is not, with a quorum of two") {
    Board b;
    auto& town = b.town;
    const auto shop = town.join(Role::retailer);
    const auto guard = town.join(Role::security);
    const auto grave = [&](Body body) {
        const auto statement = sign_statement(town.statement(std::move(body)), b.ann.key);
        const auto made = town.submit(statement);
        REQUIRE(made.ok());
        return made->outcome == Outcome::proposed;
    };
    CHECK(grave(town.terms(Role::police, false, town.key().key)));
    CHECK_FALSE(grave(town.terms(Role::security, true, town.key().key)));
    CHECK(grave(MemberSuspended{town.member(b.bob)}));
    CHECK(grave(MemberRoleChanged{town.member(b.bob), Role::retailer, {}}));
    CHECK(grave(MemberRoleChanged{town.member(shop), Role::police, {}}));
    CHECK_FALSE(grave(MemberRoleChanged{town.member(shop), Role::warden, {}}));
    CHECK_FALSE(grave(
        MemberRoleChanged{town.member(b.bob), Role::coordinator, {town.state().all_members()}}));
    CHECK_FALSE(grave(MemberSuspended{town.member(guard)}));
    CHECK_FALSE(grave(MemberReinstated{town.member(guard)}));
    CHECK(grave(QuorumSet{3}));
    // One coordinator revokes at once, a coordinator's device too, and so does the root all this.
    CHECK_FALSE(grave(DeviceRevoked{b.cat.id()}));
    CHECK(town.by_root(MemberSuspended{town.member(b.bob)})->outcome == Outcome::effective);
    CHECK(grave(MemberReinstated{town.member(b.bob)}));
    CHECK(town.by_root(town.terms(Role::coordinator, true, town.key().key))->outcome ==
          Outcome::effective);
}

TEST_CASE("at most so many proposals of one member wait") {
    Board b;
    for (std::size_t i = 0; i < limits::max_proposals; ++i)
        b.propose(b.ann, b.town.terms(Role::police, true, b.town.key().key));
    CHECK(error_of(b.town.by(b.ann, b.town.terms(Role::police, true, b.town.key().key))) ==
          Errc::quota_exceeded);
    b.propose(b.bob, b.town.terms(Role::police, true, b.town.key().key));
    b.town.pass(limits::proposal_s * 1000);
    b.propose(b.ann, b.town.terms(Role::police, true, b.town.key().key));
    CHECK(b.town.state().proposals().size() == 1);
}

TEST_CASE("the quorum: raised up to the number of coordinators, lowered by the root only") {
    Town town;
    CHECK(error_of(town.by_founder(QuorumSet{1})) == Errc::statement_conflict);
    CHECK(error_of(town.by_founder(QuorumSet{2})) == Errc::statement_conflict);
    town.join_active(Role::coordinator);
    CHECK(error_of(town.by_founder(QuorumSet{3})) == Errc::statement_conflict);
    CHECK(error_of(town.by_root(QuorumSet{3})) == Errc::statement_conflict);
    auto old = town.statement(QuorumSet{2});
    old.object_version = 4;
    CHECK(error_of(town.submit(sign_statement(old, town.founder().key))) ==
          Errc::statement_conflict);
    REQUIRE(town.by_founder(QuorumSet{2}).ok());
    CHECK(town.state().quorum() == 2);
    CHECK(error_of(town.by_founder(QuorumSet{1})) == Errc::statement_forbidden);
    REQUIRE(town.by_root(QuorumSet{1}).ok());
}

TEST_CASE("each field of the policy: stricter by one, looser by the quorum") {
    Policy strict;
    strict.in_person_admits = strict.members_link_devices = false;
    strict.dormant_days = 40;
    strict.max_alert_s = 1000;
    strict.max_photo_s = 500;
    strict.lease_offline_s = 60;
    strict.access_log_roles = 0;
    strict.access_log_days = 5;
    CHECK_FALSE(loosens(Policy{}, strict));
    CHECK_FALSE(loosens(strict, strict));
    const auto looser = [&](auto change) {
        auto p = strict;
        change(p);
        CHECK(loosens(strict, p));
        CHECK_FALSE(loosens(p, strict));
    };
    looser([](Policy& p) { p.in_person_admits = true; });
    looser([](Policy& p) { p.members_link_devices = true; });
    looser([](Policy& p) { p.dormant_days = 41; });
    looser([](Policy& p) { p.max_alert_s = 1001; });
    looser([](Policy& p) { p.max_photo_s = 501; });
    looser([](Policy& p) { p.lease_offline_s = 61; });
    looser([](Policy& p) { p.access_log_roles = bit(Role::warden); });
    looser([](Policy& p) { p.access_log_days = 6; });

    Board b;
    const auto set = b.town.by(b.ann, PolicySet{strict});
    REQUIRE(set.ok());
    CHECK(set->outcome == Outcome::effective);
    CHECK(b.town.state().policy() == strict);
    CHECK(b.town.state().policy_version() == 2);
    CHECK(error_of(b.town.by(b.ann, PolicySet{strict})) == Errc::statement_conflict);
    auto c = b.town.channel_for(every_role, every_role);
    CHECK(b.town.state().max_alert_s(c) == 1000);
    CHECK(b.town.state().max_photo_s(c) == 500);
    // In person no longer admits at once.
    const auto shop = b.town.join(Role::retailer, true);
    CHECK(b.town.state().device(shop.id())->state == DeviceState::pending);
    auto wide = strict;
    wide.access_log_days = 6;
    const auto id = b.propose(b.ann, PolicySet{wide});
    CHECK(b.town.state().policy() == strict);
    CHECK(b.endorse(b.bob, id) == Outcome::completed);
    CHECK(b.town.state().policy() == wide);
}

TEST_CASE("the root: rotated by the key that was committed to, after loss and after theft") {
    Town town;
    const auto after = town.key();
    const RootRotated body{town.next_root().key.public_key, root_hash(after.key.public_key)};
    // The thief of the present root key has not got the next one.
    CHECK(error_of(town.by_root(body)) == Errc::statement_forbidden);
    CHECK(error_of(town.submit(sign_as_next_root(town.statement(body), town.root().key))) ==
          Errc::statement_signature);
    const auto mine = town.key();
    const RootRotated other{mine.key.public_key, town.id<Digest>()};
    CHECK(error_of(town.submit(sign_as_next_root(town.statement(other), mine.key))) ==
          Errc::statement_forbidden);
    CHECK(error_of(town.by_founder(body)) == Errc::statement_forbidden);
    REQUIRE(town.submit(sign_as_next_root(town.statement(body), town.next_root().key)).ok());
    CHECK(town.state().root_key() == town.next_root().key.public_key);
    // From here the old key is nothing, and the next rotation needs the next key.
    CHECK(error_of(town.by_root(RelayMoved{town.id<PublicKey>(), 443, "there.example"})) ==
          Errc::statement_signature);
    CHECK(error_of(town.submit(sign_as_next_root(town.statement(body), town.next_root().key))) ==
          Errc::statement_forbidden);
    const RootRotated again{after.key.public_key, town.id<Digest>()};
    CHECK(town.submit(sign_as_next_root(town.statement(again), after.key)).ok());
}

TEST_CASE("the root replaces coordinators without their help") {
    Board b;
    auto& town = b.town;
    const auto key = town.key();
    REQUIRE(town.by_root(town.terms(Role::coordinator, true, key.key)).ok());
    const auto eve = town.device();
    REQUIRE(town.submit(town.admission(key.key, eve)).ok());
    CHECK(town.state().device(eve.id())->state == DeviceState::pending);
    REQUIRE(town.by_root(DeviceApproved{eve.id()}).ok());
    for (const auto* old : {&b.ann, &b.bob, &b.cat})
        REQUIRE(town.by_root(DeviceRevoked{old->id()}).ok());
    CHECK(town.state().coordinator_members() == 1);
    CHECK(error_of(town.by_root(town.link_terms(eve, true, town.key().key))) ==
          Errc::statement_forbidden);
    const auto spare = town.key();
    REQUIRE(town.by_root(town.terms(Role::retailer, true, spare.key)).ok());
    CHECK(town.by_root(InviteWithdrawn{invite_id_of(spare.key.public_key)}).ok());
}

TEST_CASE("the relay moves by the root's word, and each index has its relay's key") {
    Town town;
    const auto fresh = town.key();
    const auto old = town.state().relay_key();
    REQUIRE(town.by_relay(StoreRestored{2}).ok());
    CHECK(error_of(town.by_relay(StoreRestored{2})) == Errc::statement_conflict);
    CHECK(town.state().generation() == 2);
    const RelayMoved body{fresh.key.public_key, 8444, "new.example"};
    CHECK(error_of(town.by_founder(body)) == Errc::statement_forbidden);
    CHECK(error_of(town.by_relay(body)) == Errc::statement_forbidden);
    const auto moved = town.by_root(body);
    REQUIRE(moved.ok());
    auto& s = town.state();
    CHECK(s.relay().host == "new.example");
    CHECK(s.relay().port == 8444);
    CHECK(s.relay_key() == fresh.key.public_key);
    CHECK(s.relay_key_at(moved->index) == fresh.key.public_key);
    CHECK(s.relay_key_at(moved->index - 1) == old);
    CHECK(s.relay_key_at(1) == old);
    CHECK(s.relay_key_at(moved->index + 9) == fresh.key.public_key);
    CHECK(s.relays().size() == 2);
    CHECK(s.generation() == 1);
    CHECK(s.genesis().relay_host == "relay.example");
    CHECK(error_of(town.by_root(body)) == Errc::statement_conflict);
    CHECK(error_of(town.by_relay(StoreRestored{2})) == Errc::statement_signature);
    CHECK(town.submit(sign_as_relay(town.statement(StoreRestored{2}), fresh.key)).ok());
}

TEST_CASE("the protocol's version only grows, and a later one asks for an update") {
    Town town;
    CHECK(error_of(town.by_founder(ProtocolVersionSet{1})) == Errc::statement_conflict);
    CHECK(error_of(town.by_founder(ProtocolVersionSet{2})) == Errc::statement_unknown);
    CHECK(town.state().protocol() == 1);
}

}  // namespace
}  // namespace huecry::directory::test
