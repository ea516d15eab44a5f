#include "directory_town.hpp"
#include "huecry/limits.hpp"

// Members and their devices: suspended, given another role, asleep, under new keys; and links.
namespace huecry::directory::test {
namespace {

std::vector<EventKind> kinds(const Applied& applied) {
    std::vector<EventKind> out;
    for (const auto& e : applied.events) out.push_back(e.kind);
    return out;
}

TEST_CASE("a suspended member: every device out, its invites void, back by reinstatement") {
    Town town;
    auto& s = town.state();
    const auto shop = town.join(Role::retailer);
    const auto key = town.key();
    REQUIRE(town.by(shop, town.link_terms(shop, true, key.key)).ok());
    const auto second = town.device();
    REQUIRE(town.submit(town.admission(key.key, second)).ok());
    const auto open = town.key();
    REQUIRE(town.by(shop, town.link_terms(shop, true, open.key)).ok());
    const auto member = town.member(shop);

    const auto out = town.by_founder(MemberSuspended{member});
    REQUIRE(out.ok());
    CHECK(kinds(*out) == std::vector{EventKind::member_suspended, EventKind::invite_voided});
    CHECK(out->access.size() == 2);
    for (const auto& d : {shop.id(), second.id()}) {
        CHECK_FALSE(s.reads(d, s.all_members()));
        CHECK_FALSE(s.is_active(d));
        CHECK(s.device(d)->state == DeviceState::active);
        CHECK(s.authorised_at(d, s.all_members(), out->index - 1));
    }
    CHECK(s.loss_index(s.all_members()) == out->index);
    CHECK(error_of(town.submit(town.admission(open.key, town.device()))) == Errc::invite_withdrawn);
    CHECK(error_of(town.by_founder(MemberSuspended{member})) == Errc::statement_conflict);
    // It may leave and accept, and nothing else.
    CHECK(error_of(town.by(shop, town.link_terms(shop, true, town.key().key))) ==
          Errc::statement_forbidden);
    CHECK(town.by(second, DeviceRevoked{second.id()}).ok());
    // Nobody comes in for it meanwhile, by an invite from before or after.
    auto terms = town.link_terms(shop, true, town.key().key);
    terms.kind = LinkKind::member;
    CHECK(error_of(town.by_founder(terms)) == Errc::statement_conflict);

    REQUIRE(town.by_founder(MemberReinstated{member}).ok());
    CHECK(s.reads(shop.id(), s.all_members()));
    CHECK_FALSE(s.reads(second.id(), s.all_members()));
    CHECK(error_of(town.by_founder(MemberReinstated{member})) == Errc::statement_conflict);
}

TEST_CASE("an invite from before a suspension does not work during it") {
    Town town;
    const auto shop = town.join(Role::retailer);
    const auto spare = town.key();
    auto terms = town.link_terms(shop, true, spare.key);
    terms.kind = LinkKind::member;
    REQUIRE(town.by_founder(terms).ok());
    REQUIRE(town.by_founder(MemberSuspended{town.member(shop)}).ok());
    CHECK(error_of(town.submit(town.admission(spare.key, town.device()))) ==
          Errc::statement_conflict);
    REQUIRE(town.by_founder(MemberReinstated{town.member(shop)}).ok());
    CHECK(town.submit(town.admission(spare.key, town.device())).ok());
}

TEST_CASE("the last coordinator can be neither revoked nor suspended, demoted or put to sleep") {
    Town town;
    const auto self = town.member(town.founder());
    CHECK(error_of(town.by_founder(MemberSuspended{self})) == Errc::last_coordinator);
    CHECK(error_of(town.by_founder(MemberRoleChanged{self, Role::retailer, {}})) ==
          Errc::last_coordinator);
    CHECK(error_of(town.by_root(DeviceRevoked{town.founder().id()})) == Errc::last_coordinator);
    CHECK(error_of(town.by_root(MemberSuspended{self})) == Errc::last_coordinator);
    const auto other = town.join_active(Role::coordinator);
    CHECK(town.state().coordinator_members() == 2);
    REQUIRE(town.by(other, MemberSuspended{self}).ok());
    CHECK(town.state().coordinator_members() == 1);
    CHECK(town.state().active_coordinators() == 1);
    CHECK(error_of(town.by(other, MemberSuspended{town.member(other)})) == Errc::last_coordinator);
    CHECK(error_of(town.by(other, DeviceRevoked{other.id()})) == Errc::last_coordinator);
    CHECK(error_of(town.by(other, MemberRoleChanged{town.member(other), Role::cctv, {}})) ==
          Errc::last_coordinator);
    // A suspended coordinator's device may go.
    CHECK(town.by(other, DeviceRevoked{town.founder().id()}).ok());
}

TEST_CASE("a role changed: rights follow at once, what was issued in the old role is void") {
    Town town;
    auto& s = town.state();
    auto coordinators = town.channel_for(bit(Role::coordinator), bit(Role::coordinator));
    REQUIRE(town.by_founder(ChannelDefined{coordinators}).ok());
    const auto second = town.join_active(Role::coordinator);
    const auto open = town.key();
    REQUIRE(town.by(second, town.terms(Role::retailer, true, open.key)).ok());
    CHECK(s.reads(second.id(), coordinators.id));
    const auto member = town.member(second);
    auto statement = town.statement(MemberRoleChanged{member, Role::warden, {}});
    const auto version = s.member(member)->version;
    CHECK(statement.object_version == version);
    statement.object_version = version + 1;
    CHECK(error_of(town.submit(sign_statement(statement, town.founder().key))) ==
          Errc::statement_conflict);
    const auto changed = town.by_founder(MemberRoleChanged{member, Role::warden, {}});
    REQUIRE(changed.ok());
    CHECK(kinds(*changed) == std::vector{EventKind::member_role_changed, EventKind::invite_voided});
    CHECK_FALSE(s.reads(second.id(), coordinators.id));
    CHECK(s.coordinator_members() == 1);
    CHECK(error_of(town.by(second, town.terms(Role::retailer, true, town.key().key))) ==
          Errc::statement_forbidden);
    CHECK(error_of(town.by_founder(MemberRoleChanged{member, Role::warden, {}})) ==
          Errc::statement_conflict);
    // The list of channels alone.
    auto c = town.channel_for(every_role, every_role);
    REQUIRE(town.by_founder(ChannelDefined{c}).ok());
    CHECK(s.reads(second.id(), c.id));
    REQUIRE(town.by_founder(MemberRoleChanged{member, Role::warden, {s.all_members()}}).ok());
    CHECK_FALSE(s.reads(second.id(), c.id));
    CHECK(error_of(town.by_founder(MemberRoleChanged{
              member, Role::warden, {town.id<ChannelId>()}})) == Errc::statement_conflict);
}

TEST_CASE("an invite for a member in one role does not serve it in another") {
    Town town;
    const auto shop = town.join(Role::retailer);
    const auto spare = town.key();
    auto terms = town.link_terms(shop, true, spare.key);
    terms.kind = LinkKind::member;
    REQUIRE(town.by_founder(terms).ok());
    const auto member = town.member(shop);
    REQUIRE(town.by_founder(MemberRoleChanged{member, Role::coordinator, {}}).ok());
    CHECK(error_of(town.submit(town.admission(spare.key, town.device()))) ==
          Errc::statement_conflict);
}

TEST_CASE("who lost every device comes back as the same member by a coordinator's invite") {
    Town town;
    const auto shop = town.join(Role::retailer);
    const auto member = town.member(shop);
    REQUIRE(town.by_founder(DeviceRevoked{shop.id()}).ok());
    const auto key = town.key();
    auto terms = town.link_terms(shop, true, key.key);
    terms.kind = LinkKind::member;
    auto other = terms;
    other.member_name_hash = town.id<Digest>();
    CHECK(error_of(town.by_founder(other)) == Errc::statement_conflict);
    REQUIRE(town.by_founder(terms).ok());
    const auto fresh = town.device();
    REQUIRE(town.submit(town.admission(key.key, fresh)).ok());
    CHECK(town.member(fresh) == member);
    CHECK(town.state().devices_of(member).size() == 2);
}

TEST_CASE("a device link: pending until its own member or a coordinator approves") {
    Town town;
    const auto shop = town.join(Role::retailer);
    const auto key = town.key();
    REQUIRE(town.by(shop, town.link_terms(shop, false, key.key)).ok());
    const auto second = town.device();
    REQUIRE(town.submit(town.admission(key.key, second)).ok());
    CHECK(town.state().device(second.id())->state == DeviceState::pending);
    const auto other = town.join(Role::retailer);
    CHECK(error_of(town.by(other, DeviceApproved{second.id()})) == Errc::statement_forbidden);
    CHECK(error_of(town.by(second, DeviceApproved{second.id()})) == Errc::statement_forbidden);
    CHECK(town.by(shop, DeviceApproved{second.id()}).ok());
    // But not a newcomer who came by an invite for the same member.
    const auto spare = town.key();
    auto terms = town.link_terms(shop, false, spare.key);
    terms.kind = LinkKind::member;
    REQUIRE(town.by_founder(terms).ok());
    const auto third = town.device();
    REQUIRE(town.submit(town.admission(spare.key, third)).ok());
    CHECK(error_of(town.by(shop, DeviceApproved{third.id()})) == Errc::statement_forbidden);
    REQUIRE(town.by_founder(PolicySet{{.members_link_devices = false}}).ok());
    CHECK(error_of(town.by(shop, town.link_terms(shop, true, town.key().key))) ==
          Errc::statement_forbidden);
    CHECK(town.by_founder(town.link_terms(town.founder(), false, town.key().key)).ok());
}

TEST_CASE("dormancy: only when due, by a coordinator's entry; back by the device's own") {
    Town town;
    auto& s = town.state();
    const auto quiet = town.join(Role::retailer);
    const auto busy = town.join(Role::retailer);
    town.pass(45 * Town::day_ms - 1);
    CHECK(error_of(town.by_founder(DeviceDormant{{quiet.id()}})) == Errc::statement_conflict);
    REQUIRE(town.by(busy, town.link_terms(busy, false, town.key().key)).ok());
    town.pass(1);
    const auto due = s.may_be_dormant(town.now_ms());
    CHECK(std::count(due.begin(), due.end(), quiet.id()) == 1);
    CHECK(std::count(due.begin(), due.end(), busy.id()) == 0);
    std::vector both{quiet.id(), busy.id()};
    std::sort(both.begin(), both.end());
    CHECK(error_of(town.by_founder(DeviceDormant{both})) == Errc::statement_conflict);
    CHECK(error_of(town.by(busy, DeviceDormant{{quiet.id()}})) == Errc::statement_forbidden);
    const auto out = town.by_founder(DeviceDormant{{quiet.id()}});
    REQUIRE(out.ok());
    CHECK_FALSE(s.reads(quiet.id(), s.all_members()));
    CHECK(s.loss_index(s.all_members()) == out->index);
    CHECK(error_of(town.by(busy, DeviceReturned{})) == Errc::statement_forbidden);
    const auto back = town.by(quiet, DeviceReturned{});
    REQUIRE(back.ok());
    CHECK(s.reads(quiet.id(), s.all_members()));
    CHECK(s.device(quiet.id())->seen_ms == town.now_ms());
    CHECK(s.may_be_dormant(town.now_ms()).empty());  // everybody has said something just now
    // The signing device is there, or it would not sign.
    const auto other = town.join_active(Role::coordinator);
    town.pass(50 * Town::day_ms);
    CHECK(error_of(town.by(other, DeviceDormant{{other.id()}})) == Errc::statement_conflict);
    CHECK(town.by(other, DeviceDormant{{town.founder().id()}}).ok());
    CHECK(s.active_coordinators() == 1);
}

TEST_CASE("a rotated key: the new device stands where the old one stood, which is out for good") {
    Town town;
    auto& s = town.state();
    const auto other = town.join_active(Role::coordinator);
    const auto open = town.key();
    REQUIRE(town.by(other, town.terms(Role::retailer, true, open.key)).ok());
    REQUIRE(town.by_founder(MayNotCommit{s.all_members(), other.id(), true}).ok());
    const auto fresh = town.device();
    const auto rotate = [&](const Keys& from, const Keys& to) {
        return sign_rotation(town.statement(DeviceKeyRotated{to.key.public_key, to.sealing}),
                             from.key, to.key);
    };
    auto alone = rotate(other, fresh);
    alone.signatures.pop_back();
    CHECK(error_of(town.submit(alone)) == Errc::statement_forbidden);
    CHECK(error_of(town.submit(rotate(other, town.founder()))) == Errc::statement_conflict);
    const auto stranger = town.device();
    CHECK(error_of(town.submit(
              sign_rotation(town.statement(DeviceKeyRotated{fresh.key.public_key, fresh.sealing}),
                            other.key, stranger.key))) == Errc::statement_signature);
    const auto done = town.submit(rotate(other, fresh));
    REQUIRE(done.ok());
    CHECK(kinds(*done) == std::vector{EventKind::device_rotated, EventKind::device_revoked,
                                      EventKind::invite_voided});
    CHECK(s.reads(fresh.id(), s.all_members()));
    CHECK_FALSE(s.may_commit(fresh.id(), s.all_members()));
    CHECK_FALSE(s.reads(other.id(), s.all_members()));
    CHECK(s.device(other.id())->successor == fresh.id());
    CHECK(s.device(fresh.id())->predecessor == other.id());
    CHECK(s.member_of(fresh.id())->id == town.member(other));
    CHECK(s.active_coordinators() == 2);
    CHECK(s.coordinator_members() == 2);
    CHECK(error_of(town.by(other, DeviceRevoked{town.founder().id()})) ==
          Errc::statement_forbidden);
    CHECK(town.by(fresh, town.terms(Role::retailer, true, town.key().key)).ok());
}

TEST_CASE("a second use of an invite is proven by its own bytes, once, whoever shows them") {
    Town town;
    auto& s = town.state();
    const auto key = town.key();
    REQUIRE(town.by_founder(town.terms(Role::retailer, true, key.key)).ok());
    const auto id = invite_id_of(key.key.public_key);
    const auto first = town.device();
    const auto first_use = town.admission(key.key, first);
    const auto second = town.device();
    const auto second_use = town.admission(key.key, second).encode();
    // Not yet: it has not been used at all.
    CHECK(error_of(town.by_relay(InviteAlarmed{second_use})) == Errc::statement_conflict);
    REQUIRE(town.submit(first_use).ok());
    CHECK(error_of(town.by_relay(InviteAlarmed{first_use.encode()})) == Errc::statement_conflict);
    // Nobody can make it up without the one-time key, the relay neither.
    auto forged = *SignedStatement::decode(second_use);
    forged.signatures[0].signature = town.id<Signature>();
    CHECK(error_of(town.by_relay(InviteAlarmed{forged.encode()})) == Errc::statement_signature);
    auto single = *SignedStatement::decode(second_use);
    single.signatures.pop_back();
    CHECK(error_of(town.by_relay(InviteAlarmed{single.encode()})) == Errc::statement_forbidden);
    CHECK(error_of(town.by_relay(InviteAlarmed{town.bytes(300)})) != Errc::internal);
    const auto revocation =
        sign_statement(town.statement(DeviceRevoked{first.id()}), first.key).encode();
    CHECK(error_of(town.by_relay(InviteAlarmed{revocation})) == Errc::statement_forbidden);

    const auto alarm = town.by_relay(InviteAlarmed{second_use});
    REQUIRE(alarm.ok());
    REQUIRE(alarm->events.size() == 1);
    CHECK(alarm->events[0].kind == EventKind::invite_alarm);
    CHECK(alarm->events[0].device == first.id());
    CHECK(alarm->events[0].other == second.id());
    CHECK(s.invite(id)->alarm_index == alarm->index);
    CHECK(s.device(second.id()) == nullptr);
    CHECK(s.reads(first.id(), s.all_members()));
    CHECK(error_of(town.by_founder(InviteAlarmed{second_use})) == Errc::statement_conflict);
    const auto wrong = town.key();
    CHECK(error_of(town.submit(sign_as_relay(town.statement(InviteAlarmed{second_use}),
                                             wrong.key))) == Errc::statement_signature);
}

TEST_CASE("a machine reads what it was given by name, and nothing else") {
    Town town;
    auto& s = town.state();
    auto given = town.channel_for(every_role, every_role);
    auto other = town.channel_for(every_role, every_role);
    REQUIRE(town.by_founder(ChannelDefined{given}).ok());
    REQUIRE(town.by_founder(ChannelDefined{other}).ok());
    const auto any = town.join(Role::integration);
    const auto one = town.join(Role::integration, true, {given.id});
    CHECK_FALSE(s.reads(any.id(), given.id));
    CHECK(s.reads(any.id(), s.all_members()));
    CHECK(s.reads(one.id(), given.id));
    CHECK(s.posts(one.id(), given.id));
    CHECK_FALSE(s.reads(one.id(), other.id));
    CHECK_FALSE(may_exclude(Role::integration));
    CHECK_FALSE(may_exclude(Role::police));
    CHECK(may_exclude(Role::coordinator));
}

}  // namespace
}  // namespace huecry::directory::test
