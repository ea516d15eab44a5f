#include "directory_town.hpp"
#include "huecry/limits.hpp"

// What the directory says about groups: restarts, complaints, rejoins, anchors; and delegations.
namespace huecry::directory::test {
namespace {

/// A channel that everybody reads, with some readers.
struct Club {
    explicit Club(std::size_t readers) {
        channel = town.channel_for(every_role, every_role);
        REQUIRE(town.by_founder(ChannelDefined{channel}).ok());
        for (std::size_t i = 0; i < readers; ++i) people.push_back(town.join(Role::retailer));
    }
    Result<Applied> complain(const Keys& by, const Keys& about, const MessageId& commit) {
        return town.by(by, CommitComplained{channel.id, incarnation(), commit, about.id()});
    }
    std::uint32_t incarnation() { return record().incarnation; }
    const ChannelRecord& record() { return *town.state().channel(channel.id); }
    Result<Applied> restart(const Keys& by, const Keys& creator) {
        return town.by(by, ChannelRestarted{channel.id, creator.id()});
    }
    Town town;
    Channel channel;
    std::vector<Keys> people;
};

TEST_CASE("a closed channel is nobody's, and nothing is done in it any more") {
    Club c(2);
    auto& s = c.town.state();
    const auto closed = c.town.by_founder(ChannelClosed{c.channel.id});
    REQUIRE(closed.ok());
    CHECK(closed->access.size() == 3);
    CHECK(s.readers(c.channel.id).empty());
    CHECK(s.loss_index(c.channel.id) == closed->index);
    CHECK(error_of(c.town.by_founder(ChannelClosed{c.channel.id})) == Errc::statement_conflict);
    CHECK(error_of(c.town.by_founder(ChannelChanged{c.channel})) == Errc::statement_conflict);
    CHECK(error_of(c.restart(c.town.founder(), c.town.founder())) == Errc::statement_conflict);
    CHECK(error_of(c.town.by_founder(ChannelDefined{c.channel})) == Errc::statement_conflict);
    CHECK(error_of(c.town.by_founder(ChannelClosed{s.all_members()})) == Errc::statement_forbidden);
    const auto late = c.town.join(Role::retailer);
    CHECK_FALSE(s.reads(late.id(), c.channel.id));
}

TEST_CASE("a coordinator restarts a channel at any time, a reader only when it must be") {
    Club c(7);
    const auto& founder = c.town.founder();
    CHECK(error_of(c.restart(c.people[0], c.people[0])) == Errc::statement_forbidden);
    const auto restarted = c.restart(founder, c.people[1]);
    REQUIRE(restarted.ok());
    CHECK(c.incarnation() == 2);
    CHECK(c.record().settings.creator == c.people[1].id());
    CHECK(restarted->access.empty());
    // Signed upon the incarnation that was: somebody else came first.
    auto late = c.town.statement(ChannelRestarted{c.channel.id, founder.id()});
    late.object_version = 1;
    CHECK(error_of(c.town.submit(sign_statement(late, founder.key))) == Errc::statement_conflict);
    // The relay came back with an older store: the first reader who says so, and only it.
    REQUIRE(c.town.by_relay(StoreRestored{2}).ok());
    CHECK(error_of(c.restart(c.people[0], c.people[1])) == Errc::statement_forbidden);
    REQUIRE(c.restart(c.people[0], c.people[0]).ok());
    CHECK(error_of(c.restart(c.people[1], c.people[1])) == Errc::statement_forbidden);
    CHECK(c.record().reader_restart_ms == 0);
    // It is on another relay now: the same.
    REQUIRE(c.town.by_root(RelayMoved{c.town.id<PublicKey>(), 443, "new.example"}).ok());
    REQUIRE(c.restart(c.people[1], c.people[1]).ok());
    CHECK(error_of(c.restart(c.people[2], c.people[2])) == Errc::statement_forbidden);
}

TEST_CASE("complaints of three members let any reader restart, once a day") {
    Club c(8);
    const auto commit = c.town.id<MessageId>();
    const auto& rogue = c.people[7];
    for (std::size_t i = 0; i < 2; ++i) REQUIRE(c.complain(c.people[i], rogue, commit).ok());
    CHECK(error_of(c.complain(c.people[0], rogue, commit)) == Errc::statement_conflict);
    CHECK(error_of(c.complain(rogue, rogue, commit)) == Errc::statement_forbidden);
    CHECK(error_of(c.restart(c.people[4], c.people[4])) == Errc::statement_forbidden);
    // A third device of the same member is no third member.
    const auto link = c.town.key();
    REQUIRE(c.town.by(c.people[0], c.town.link_terms(c.people[0], true, link.key)).ok());
    const auto second = c.town.device();
    REQUIRE(c.town.submit(c.town.admission(link.key, second)).ok());
    REQUIRE(c.complain(second, rogue, commit).ok());
    CHECK(error_of(c.restart(c.people[4], c.people[4])) == Errc::statement_forbidden);
    REQUIRE(c.complain(c.people[2], rogue, commit).ok());
    // Whoever is complained of neither begins it anew nor commits in it any more.
    CHECK(error_of(c.restart(rogue, rogue)) == Errc::statement_conflict);
    CHECK(c.town.state().may_commit(rogue.id(), c.channel.id));
    REQUIRE(c.restart(c.people[4], c.people[4]).ok());
    CHECK(c.record().complaints.empty());
    CHECK_FALSE(c.town.state().may_commit(rogue.id(), c.channel.id));
    CHECK(c.record().bars.size() == 1);
    CHECK(error_of(c.complain(c.people[3], rogue, commit)) == Errc::internal);  // accepted
    for (std::size_t i = 0; i < 3; ++i) REQUIRE(c.complain(c.people[i], rogue, commit).ok());
    c.town.pass(limits::reader_restart_s * 1000 - 1);
    CHECK(error_of(c.restart(c.people[5], c.people[5])) == Errc::statement_forbidden);
    c.town.pass(1);
    CHECK(c.restart(c.people[5], c.people[5]).ok());
}

TEST_CASE("in a small channel half of the readers are enough") {
    Club c(3);  // and the founder
    const auto commit = c.town.id<MessageId>();
    REQUIRE(c.complain(c.people[0], c.people[2], commit).ok());
    CHECK(error_of(c.restart(c.people[0], c.people[0])) == Errc::statement_forbidden);
    REQUIRE(c.complain(c.people[1], c.people[2], commit).ok());
    CHECK(c.restart(c.people[0], c.people[0]).ok());
    // Of an incarnation that is over nobody complains.
    CHECK(error_of(c.town.by(c.people[0], CommitComplained{c.channel.id, 1, c.town.id<MessageId>(),
                                                           c.people[2].id()})) ==
          Errc::statement_conflict);
}

TEST_CASE("a second complaint bars a committer until a coordinator decides; one bars two at most") {
    Club c(6);
    auto& s = c.town.state();
    const auto& accuser = c.people[0];
    const auto twice = [&](const Keys& about) {
        REQUIRE(c.complain(accuser, about, c.town.id<MessageId>()).ok());
        CHECK(s.may_commit(about.id(), c.channel.id));
        return c.complain(accuser, about, c.town.id<MessageId>());
    };
    const auto barred = twice(c.people[1]);
    REQUIRE(barred.ok());
    CHECK_FALSE(s.may_commit(c.people[1].id(), c.channel.id));
    CHECK(s.reads(c.people[1].id(), c.channel.id));
    CHECK(s.posts(c.people[1].id(), c.channel.id));
    CHECK(s.may_commit(c.people[1].id(), s.all_members()));
    CHECK(s.rights_at(c.people[1].id(), c.channel.id, barred->index - 1).commit);
    CHECK_FALSE(s.rights_at(c.people[1].id(), c.channel.id, barred->index).commit);
    CHECK(s.loss_index(c.people[1].id(), c.channel.id) == barred->index);
    CHECK(s.loss_index(c.channel.id) == 0);
    REQUIRE(barred->access.size() == 1);
    CHECK((barred->access[0].commit_before && !barred->access[0].commit_after));
    REQUIRE(twice(c.people[2]).ok());
    CHECK_FALSE(s.may_commit(c.people[2].id(), c.channel.id));
    REQUIRE(twice(c.people[3]).ok());
    CHECK(s.may_commit(c.people[3].id(), c.channel.id));

    // A barred device begins nothing, and a restart does not free it.
    CHECK(error_of(c.restart(c.town.founder(), c.people[1])) == Errc::statement_conflict);
    REQUIRE(c.restart(c.town.founder(), c.town.founder()).ok());
    CHECK_FALSE(s.may_commit(c.people[1].id(), c.channel.id));
    CHECK(error_of(c.town.by(accuser, MayNotCommit{c.channel.id, c.people[1].id(), false})) ==
          Errc::statement_forbidden);
    const auto freed = c.town.by_founder(MayNotCommit{c.channel.id, c.people[1].id(), false});
    REQUIRE(freed.ok());
    CHECK(s.may_commit(c.people[1].id(), c.channel.id));
    CHECK(error_of(c.town.by_founder(MayNotCommit{c.channel.id, c.people[1].id(), false})) ==
          Errc::statement_conflict);
    REQUIRE(c.town.by_founder(MayNotCommit{c.channel.id, c.people[1].id(), true}).ok());
    CHECK_FALSE(s.may_commit(c.people[1].id(), c.channel.id));
    // A coordinator's bar is not one of the accuser's; it may confirm one that is.
    CHECK(error_of(c.town.by_founder(MayNotCommit{c.channel.id, c.people[1].id(), true})) ==
          Errc::statement_conflict);
    CHECK(c.town.by_founder(MayNotCommit{c.channel.id, c.people[2].id(), true}).ok());
}

TEST_CASE("complaints of one device are bounded") {
    Club c(3);
    for (std::size_t i = 0; i < limits::max_complaints; ++i)
        REQUIRE(c.complain(c.people[0], c.people[1], c.town.id<MessageId>()).ok());
    CHECK(error_of(c.complain(c.people[0], c.people[1], c.town.id<MessageId>())) ==
          Errc::quota_exceeded);
}

TEST_CASE("rejoin: once by itself, then with approval; after a complaint always") {
    Club c(4);
    auto& s = c.town.state();
    const auto& self = c.people[0];
    const auto ask = [&](RejoinReason reason, Bytes package) {
        return c.town.by(self, RejoinRequested{reason, {{c.channel.id, std::move(package)}}});
    };
    const auto first = ask(RejoinReason::state_lost, {1, 2, 3});
    REQUIRE(first.ok());
    const auto* rejoin = s.rejoin(self.id(), c.channel.id);
    REQUIRE(rejoin != nullptr);
    CHECK(rejoin->key_package == Bytes{1, 2, 3});
    CHECK(rejoin->allowed_index == first->index);
    CHECK(error_of(c.town.by_founder(RejoinApproved{self.id()})) == Errc::statement_conflict);
    c.town.pass(29 * Town::day_ms);
    const auto second = ask(RejoinReason::state_lost, {4});
    REQUIRE(second.ok());
    CHECK(s.rejoin(self.id(), c.channel.id)->allowed_index == 0);
    CHECK(error_of(c.town.by(c.people[1], RejoinApproved{self.id()})) == Errc::statement_forbidden);
    const auto approved = c.town.by_founder(RejoinApproved{self.id()});
    REQUIRE(approved.ok());
    CHECK(s.rejoin(self.id(), c.channel.id)->allowed_index == approved->index);
    CHECK(s.rejoin(self.id(), c.channel.id)->index == second->index);

    for (std::size_t i = 0; i < limits::free_rejoins; ++i) {
        REQUIRE(ask(RejoinReason::welcome_unusable, {5}).ok());
        CHECK(s.rejoin(self.id(), c.channel.id)->allowed_index == s.index());
    }
    REQUIRE(ask(RejoinReason::welcome_unusable, {6}).ok());
    CHECK(s.rejoin(self.id(), c.channel.id)->allowed_index == 0);

    CHECK(error_of(ask(RejoinReason::after_complaint, {7})) == Errc::statement_conflict);
    REQUIRE(c.complain(self, c.people[1], c.town.id<MessageId>()).ok());
    REQUIRE(ask(RejoinReason::after_complaint, {7}).ok());
    CHECK(s.rejoin(self.id(), c.channel.id)->allowed_index == s.index());
    CHECK(error_of(ask(RejoinReason::after_complaint, {8})) == Errc::statement_conflict);

    c.town.pass(31 * Town::day_ms);
    REQUIRE(ask(RejoinReason::state_lost, {9}).ok());
    CHECK(s.rejoin(self.id(), c.channel.id)->allowed_index == s.index());

    auto mine = c.town.channel_for(bit(Role::coordinator), bit(Role::coordinator));
    REQUIRE(c.town.by_founder(ChannelDefined{mine}).ok());
    CHECK(error_of(c.town.by(self, RejoinRequested{RejoinReason::state_lost, {{mine.id, {1}}}})) ==
          Errc::statement_forbidden);
}

TEST_CASE("anchors: one a day for each channel, whoever is first, never backwards") {
    Club c(2);
    auto& s = c.town.state();
    const auto anchor = [&](std::uint64_t epoch, std::uint64_t seq) {
        return ChannelAnchored{{{c.channel.id, c.incarnation(), epoch, c.town.id<Digest>(), seq,
                                 c.town.id<Digest>()}}};
    };
    const auto other = c.town.join_active(Role::coordinator);
    CHECK(s.due_to_anchor(other.id(), c.town.now_ms()).size() == 2);
    CHECK(error_of(c.town.by(c.people[0], anchor(4, 9))) == Errc::statement_forbidden);
    REQUIRE(c.town.by_founder(anchor(4, 9)).ok());
    REQUIRE(s.channel(c.channel.id)->anchor);
    CHECK(s.channel(c.channel.id)->anchor->anchor.epoch == 4);
    CHECK(s.channel(c.channel.id)->anchor->by == c.town.founder().id());
    CHECK(s.due_to_anchor(other.id(), c.town.now_ms()) == std::vector{s.all_members()});
    CHECK(error_of(c.town.by(other, anchor(5, 10))) == Errc::statement_conflict);
    c.town.pass(limits::anchor_interval_s * 1000);
    CHECK(error_of(c.town.by(other, anchor(3, 10))) == Errc::statement_conflict);
    CHECK(error_of(c.town.by(other, anchor(5, 8))) == Errc::statement_conflict);
    auto old = anchor(6, 10);
    old.anchors[0].incarnation = 2;
    CHECK(error_of(c.town.by(other, old)) == Errc::statement_conflict);
    REQUIRE(c.town.by(other, anchor(5, 10)).ok());
    // A coordinator without access to a channel cannot speak of it.
    auto shops = c.town.channel_for(bit(Role::retailer), bit(Role::retailer));
    shops.creator = c.people[0].id();
    REQUIRE(c.town.by_founder(ChannelDefined{shops}).ok());
    auto foreign = anchor(1, 1);
    foreign.anchors[0].channel = shops.id;
    foreign.anchors[0].incarnation = 1;
    CHECK(error_of(c.town.by(other, foreign)) == Errc::statement_forbidden);
    REQUIRE(c.restart(c.town.founder(), c.town.founder()).ok());
    CHECK_FALSE(s.channel(c.channel.id)->anchor);
}

TEST_CASE("a guard posts for a shop only while the shop's signed delegation runs") {
    Town town;
    auto& s = town.state();
    const auto shops = bit(Role::coordinator) | bit(Role::retailer) | bit(Role::security);
    auto c = town.channel_for(static_cast<RoleMask>(shops),
                              bit(Role::coordinator) | bit(Role::retailer));
    REQUIRE(town.by_founder(ChannelDefined{c}).ok());
    const auto shop = town.join(Role::retailer);
    const auto guard = town.join(Role::security);
    const auto other = town.join(Role::security);
    const auto from = s.member_of(shop.id())->organisation;
    const auto to = s.member_of(guard.id())->organisation;
    CHECK(s.reads(guard.id(), c.id));
    CHECK_FALSE(s.may_post(guard.id(), c.id, town.now_ms()));

    const auto until = town.now_ms() + Town::day_ms;
    CHECK(error_of(town.by(guard, DelegationGranted{from, to, until})) ==
          Errc::statement_forbidden);
    CHECK(error_of(town.by_founder(DelegationGranted{from, to, until})) ==
          Errc::statement_forbidden);
    CHECK(error_of(town.by(shop, DelegationGranted{to, from, until})) == Errc::statement_forbidden);
    CHECK(error_of(town.by(shop, DelegationGranted{from, to, town.now_ms()})) ==
          Errc::statement_conflict);
    CHECK(error_of(town.by(shop, DelegationGranted{from, to,
                                                   town.now_ms() + limits::max_delegation_s * 1000 +
                                                       1})) == Errc::statement_conflict);
    const auto another_shop = town.join(Role::retailer);
    CHECK(
        error_of(town.by(shop, DelegationGranted{from, s.member_of(another_shop.id())->organisation,
                                                 until})) == Errc::statement_conflict);

    const auto granted = town.by(shop, DelegationGranted{from, to, until});
    REQUIRE(granted.ok());
    CHECK(granted->access.empty());
    CHECK(s.may_post(guard.id(), c.id, until - 1));
    CHECK_FALSE(s.may_post(guard.id(), c.id, until));
    CHECK(s.posts_for_at(guard.id(), from, c.id, granted->index, until - 1));
    CHECK_FALSE(s.posts_for_at(guard.id(), from, c.id, granted->index - 1, until - 1));
    CHECK_FALSE(s.posts_for_at(guard.id(), to, c.id, granted->index, until - 1));
    CHECK_FALSE(s.may_post(other.id(), c.id, until - 1));
    CHECK_FALSE(s.posts(guard.id(), c.id));

    // Granted anew, longer; then withdrawn: what was said before stays said.
    const auto longer = town.by(shop, DelegationGranted{from, to, until + Town::day_ms});
    REQUIRE(longer.ok());
    CHECK(s.may_post(guard.id(), c.id, until));
    const auto ended = town.by_founder(DelegationWithdrawn{from, to});
    REQUIRE(ended.ok());
    CHECK_FALSE(s.may_post(guard.id(), c.id, town.now_ms()));
    CHECK(s.may_post_at(guard.id(), c.id, ended->index - 1, town.now_ms()));
    CHECK(s.loss_index(guard.id(), c.id) == ended->index);
    CHECK(error_of(town.by(shop, DelegationWithdrawn{from, to})) == Errc::statement_conflict);

    REQUIRE(town.by(shop, DelegationGranted{from, to, until}).ok());
    CHECK(town.by(guard, DelegationWithdrawn{from, to}).ok());
    REQUIRE(town.by(shop, DelegationGranted{from, to, until}).ok());
    REQUIRE(town.by_founder(MemberSuspended{town.member(shop)}).ok());
    CHECK_FALSE(s.may_post(guard.id(), c.id, town.now_ms()));
}

TEST_CASE("a saved state holds everything there is, and goes on from it") {
    Club c(4);
    auto& town = c.town;
    REQUIRE(c.complain(c.people[0], c.people[1], town.id<MessageId>()).ok());
    REQUIRE(c.complain(c.people[0], c.people[1], town.id<MessageId>()).ok());
    REQUIRE(town.by_founder(ChannelAnchored{
                                {{c.channel.id, 1, 3, town.id<Digest>(), 4, town.id<Digest>()}}})
                .ok());
    REQUIRE(town.by(c.people[2],
                    RejoinRequested{RejoinReason::state_lost, {{c.channel.id, town.bytes(200)}}})
                .ok());
    const auto guard = town.join(Role::security);
    REQUIRE(town.by(c.people[2],
                    DelegationGranted{town.state().member_of(c.people[2].id())->organisation,
                                      town.state().member_of(guard.id())->organisation,
                                      town.now_ms() + 5})
                .ok());
    const auto bob = town.join_active(Role::coordinator);
    REQUIRE(town.by_founder(QuorumSet{2}).ok());
    const auto proposed = town.by_founder(MemberSuspended{town.member(bob)});
    REQUIRE(proposed.ok());
    REQUIRE(town.by_founder(PolicySet{{.dormant_days = 40}}).ok());
    REQUIRE(town.by_founder(MemberSuspended{town.member(c.people[3])}).ok());
    REQUIRE(town.by_relay(StoreRestored{5}).ok());
    REQUIRE(town.by_root(RelayMoved{town.id<PublicKey>(), 1, "a.example"}).ok());
    town.pass(46 * Town::day_ms);
    REQUIRE(town.by_founder(DeviceDormant{{c.people[1].id()}}).ok());
    const auto saved = town.state().save();
    auto loaded = State::load(saved);
    REQUIRE(loaded.ok());
    CHECK(loaded->save() == saved);
    CHECK(loaded->coordinator_members() == town.state().coordinator_members());
    CHECK(loaded->active_coordinators() == town.state().active_coordinators());
    for (const auto& [id, record] : town.state().channels()) CHECK(*loaded->channel(id) == record);
    CHECK(loaded->proposals() == town.state().proposals());
    CHECK(loaded->delegations() == town.state().delegations());
    CHECK(loaded->relays() == town.state().relays());
    for (const auto& [id, record] : town.state().channels())
        for (const auto& [device, d] : town.state().devices())
            CHECK(loaded->loss_index(device, id) == town.state().loss_index(device, id));
    const auto at = town.log().size();
    REQUIRE(town.by(c.people[1], DeviceReturned{}).ok());
    REQUIRE(town.by(bob, DeviceRevoked{c.people[2].id()}).ok());
    for (std::size_t i = at; i < town.log().size(); ++i)
        REQUIRE(loaded->apply(town.log()[i].header, town.log()[i].body).ok());
    CHECK(loaded->hash() == town.state().hash());
}

}  // namespace
}  // namespace huecry::directory::test
