#include "directory_town.hpp"
#include "huecry/limits.hpp"

namespace huecry::directory::test {
namespace {

TEST_CASE("genesis makes the founder, its device and the all-members channel") {
    Town town;
    const auto& s = town.state();
    CHECK(s.index() == 1);
    CHECK(s.devices().size() == 1);
    CHECK(s.active_coordinators() == 1);
    CHECK(s.quorum() == 1);
    const auto* device = s.device(town.founder().id());
    REQUIRE(device != nullptr);
    CHECK(device->state == DeviceState::active);
    CHECK(s.member_of(device->id)->role == Role::coordinator);
    CHECK(s.reads(device->id, s.all_members()));
    CHECK(s.posts(device->id, s.all_members()));
    CHECK(s.relay().text().starts_with("https://relay.example:8443/#"));
    CHECK_FALSE(s.running_hash(2));
    CHECK(*s.running_hash(1) == s.running_hash());
    CHECK(*s.running_hash(0) == chain_start(s.partnership(), StreamRef::directory()));
}

TEST_CASE("genesis needs root's and the device's signature, and no other") {
    Town town;
    const auto statement = town.genesis_statement();
    const auto device = Signer::new_device(town.founder().id());
    const auto refused = [&](const SignedStatement& s) {
        const auto body = s.encode();
        CHECK_FALSE(State::check_genesis(body).ok());
        CHECK_FALSE(State::from_genesis(Town::header(1, body, 1), body).ok());
    };
    const std::array only_root{SigningAs{Signer::root(), &town.root().key}};
    refused(sign_statement(statement, only_root));
    const std::array only_device{SigningAs{device, &town.founder().key}};
    refused(sign_statement(statement, only_device));
    const std::array swapped{SigningAs{Signer::root(), &town.founder().key},
                             SigningAs{device, &town.founder().key}};
    refused(sign_statement(statement, swapped));
    refused(sign_genesis(statement, town.root().key, town.device().key));
    const auto good = sign_genesis(statement, town.root().key, town.founder().key).encode();
    CHECK(State::check_genesis(good).ok());
    CHECK_FALSE(State::from_genesis(Town::header(2, good, 1), good).ok());
    // A second genesis is no statement of this partnership.
    CHECK_FALSE(town.submit(*SignedStatement::decode(good)).ok());
}

TEST_CASE("in person: admitted at once; otherwise, and when privileged, pending") {
    Town town;
    CHECK(town.state().device(town.join(Role::retailer, true).id())->state == DeviceState::active);
    for (const auto role : {Role::coordinator, Role::police}) {
        const auto d = town.join(role, true);
        CHECK(town.state().device(d.id())->state == DeviceState::pending);
        CHECK_FALSE(town.state().reads(d.id(), town.state().all_members()));
    }
    const auto pending = town.join(Role::security, false);
    CHECK(town.state().device(pending.id())->state == DeviceState::pending);
    CHECK(town.state().active_coordinators() == 1);
    const auto applied = town.by_founder(DeviceApproved{pending.id()});
    REQUIRE(applied.ok());
    REQUIRE(applied->events.size() == 1);
    CHECK(applied->events[0].kind == EventKind::device_approved);
    REQUIRE(applied->access.size() == 1);
    CHECK(applied->access[0].read_after);
    CHECK(town.state().reads(pending.id(), town.state().all_members()));
    CHECK(error_of(town.by_founder(DeviceApproved{pending.id()})) == Errc::statement_conflict);
}

TEST_CASE("an invite works once, until it expires, unless withdrawn") {
    Town town;
    const auto one_time = town.key();
    REQUIRE(town.by_founder(town.terms(Role::retailer, true, one_time.key)).ok());
    const auto id = invite_id_of(one_time.key.public_key);
    const auto first = town.device();
    const auto statement = town.admission(one_time.key, first);
    REQUIRE(town.submit(statement).ok());
    CHECK(town.state().invite(id)->state == InviteState::used);
    CHECK(town.state().invite(id)->used_by == first.id());

    // Again: the same bytes, the same device anew, and another device, which is the alarm.
    CHECK(error_of(town.submit(statement)) == Errc::statement_repeated);
    CHECK(error_of(town.submit(town.admission(one_time.key, first))) == Errc::statement_repeated);
    CHECK(error_of(town.submit(town.admission(one_time.key, town.device()))) == Errc::invite_used);
    // Without the one-time key nobody can raise it.
    auto forged = town.admission(one_time.key, town.device());
    forged.signatures[0].signature = town.id<Signature>();
    CHECK(error_of(town.submit(forged)) == Errc::statement_signature);

    const auto late = town.key();
    REQUIRE(town.by_founder(town.terms(Role::retailer, true, late.key)).ok());
    town.pass(7 * Town::day_ms - 1);
    CHECK(town.state().check(town.admission(late.key, town.device()).encode(), town.now_ms()).ok());
    town.pass(1);
    CHECK(error_of(town.submit(town.admission(late.key, town.device()))) == Errc::invite_expired);

    const auto withdrawn = town.key();
    REQUIRE(town.by_founder(town.terms(Role::retailer, true, withdrawn.key)).ok());
    const InviteWithdrawn body{invite_id_of(withdrawn.key.public_key)};
    REQUIRE(town.by_founder(body).ok());
    CHECK(error_of(town.by_founder(body)) == Errc::statement_conflict);
    CHECK(error_of(town.submit(town.admission(withdrawn.key, town.device()))) ==
          Errc::invite_withdrawn);
    CHECK(error_of(town.submit(town.admission(town.key().key, town.device()))) ==
          Errc::invite_unknown);
}

TEST_CASE("an admission binds invite and device to each other") {
    Town town;
    const auto a = town.key();
    const auto b = town.key();
    REQUIRE(town.by_founder(town.terms(Role::retailer, true, a.key)).ok());
    REQUIRE(town.by_founder(town.terms(Role::retailer, true, b.key)).ok());
    const auto device = town.device();
    const auto body =
        DeviceAdmitted{invite_id_of(a.key.public_key), device.key.public_key, device.sealing};
    CHECK(error_of(town.submit(sign_admission(town.statement(body), b.key, device.key))) ==
          Errc::statement_forbidden);
    CHECK(error_of(town.submit(sign_admission(town.statement(body), a.key, town.device().key))) ==
          Errc::statement_signature);
    const std::array alone{SigningAs{Signer::invite(body.invite), &a.key}};
    CHECK(error_of(town.submit(sign_statement(town.statement(body), alone))) ==
          Errc::statement_forbidden);
    // A device that is in the directory cannot come in again under another invite.
    REQUIRE(town.submit(town.admission(a.key, device)).ok());
    CHECK(error_of(town.submit(town.admission(b.key, device))) == Errc::statement_conflict);
}

TEST_CASE("revocation is at once, voids the issuer's open invites and closes every channel") {
    Town town;
    const auto second = town.join_active(Role::coordinator);
    CHECK(town.state().active_coordinators() == 2);
    const auto used = town.key();
    const auto open = town.key();
    REQUIRE(town.by(second, town.terms(Role::retailer, true, used.key)).ok());
    REQUIRE(town.by(second, town.terms(Role::retailer, true, open.key)).ok());
    const auto shop = town.device();
    REQUIRE(town.submit(town.admission(used.key, shop)).ok());
    const auto revoked = town.by_founder(DeviceRevoked{second.id()});
    REQUIRE(revoked.ok());
    CHECK(revoked->events.size() == 2);
    CHECK(revoked->events[0].kind == EventKind::device_revoked);
    CHECK(revoked->events[1].kind == EventKind::invite_voided);
    REQUIRE(revoked->access.size() == 1);
    CHECK(revoked->access[0].read_before);
    CHECK_FALSE(revoked->access[0].read_after);
    CHECK(town.state().loss_index(town.state().all_members()) == revoked->index);
    CHECK(town.state().loss_index(second.id(), town.state().all_members()) == revoked->index);
    CHECK(town.state().loss_index(shop.id(), town.state().all_members()) == 0);
    CHECK(error_of(town.submit(town.admission(open.key, town.device()))) == Errc::invite_withdrawn);
    CHECK(town.state().device(shop.id())->state == DeviceState::active);
    CHECK(error_of(town.by(second, DeviceRevoked{shop.id()})) == Errc::statement_forbidden);
    CHECK(error_of(town.by_founder(DeviceRevoked{second.id()})) == Errc::statement_conflict);
    CHECK(town.state().active_coordinators() == 1);
    CHECK(error_of(town.by_founder(DeviceRevoked{town.founder().id()})) == Errc::last_coordinator);
}

TEST_CASE("a revocation signed before the log grew still counts, and only once") {
    Town town;
    const auto shop = town.join(Role::retailer);
    const auto early = sign_statement(town.statement(DeviceRevoked{shop.id()}), town.founder().key);
    for (int i = 0; i < 5; ++i) town.join(Role::warden);
    REQUIRE(town.submit(early).ok());
    CHECK(error_of(town.submit(early)) == Errc::statement_repeated);
}

TEST_CASE("a statement counts only on the chain that its author saw") {
    Town town;
    const auto shop = town.join(Role::retailer);
    auto statement = town.statement(DeviceRevoked{shop.id()});
    statement.seen.hash = town.id<Digest>();
    CHECK(error_of(town.submit(sign_statement(statement, town.founder().key))) ==
          Errc::statement_conflict);
    statement.seen = {town.state().index() + 1, town.state().running_hash()};
    CHECK(error_of(town.submit(sign_statement(statement, town.founder().key))) ==
          Errc::statement_conflict);
    statement.seen = {1, *town.state().running_hash(1)};
    statement.partnership = town.id<PartnershipId>();
    CHECK(error_of(town.submit(sign_statement(statement, town.founder().key))) ==
          Errc::statement_forbidden);
    Town other(2);
    CHECK_FALSE(
        other.submit(sign_statement(town.statement(DeviceRevoked{shop.id()}), town.founder().key))
            .ok());
}

TEST_CASE("the header must be the next, of this body, not back in time") {
    Town town;
    const auto shop = town.join(Role::retailer);
    const auto body =
        sign_statement(town.statement(DeviceRevoked{shop.id()}), town.founder().key).encode();
    const auto next = town.state().index() + 1;
    const auto before = town.state().hash();
    const auto refused = [&](const Bytes& header, const Bytes& b) {
        const auto r = town.state().apply(header, b);
        CHECK(error_of(r) == Errc::relay_rejected_chain);
        CHECK(town.state().hash() == before);
    };
    refused(Town::header(next + 1, body, town.now_ms()), body);
    refused(Town::header(next - 1, body, town.now_ms()), body);
    refused(Town::header(next, body, town.now_ms() - 1), body);
    auto other = body;
    other.back() ^= 1;
    refused(Town::header(next, body, town.now_ms()), other);
    Header h = *Header::decode(Town::header(next, body, town.now_ms()));
    h.stream = StreamRef::channel(town.id<ChannelId>(), 1);
    refused(h.encode(), body);
    h.stream = StreamRef::directory();
    h.kind = EntryKind::application;
    refused(h.encode(), body);
    CHECK(town.state().apply(Town::header(next, body, town.now_ms()), body).ok());
}

TEST_CASE("channels: read and post masks, member's list, creator, versions") {
    Town town;
    const auto shop = town.join(Role::retailer);
    const auto guard = town.join(Role::security);
    auto c = town.channel_for(bit(Role::coordinator) | bit(Role::retailer) | bit(Role::security),
                              bit(Role::coordinator) | bit(Role::security));
    const auto defined = town.by_founder(ChannelDefined{c});
    REQUIRE(defined.ok());
    auto& s = town.state();
    CHECK(s.reads(shop.id(), c.id));
    CHECK_FALSE(s.posts(shop.id(), c.id));
    CHECK(s.posts(guard.id(), c.id));
    CHECK(s.readers(c.id).size() == 3);
    CHECK(s.channels_of(shop.id()).size() == 2);
    CHECK(s.channel(c.id)->incarnation == 1);
    CHECK(s.channel(c.id)->defined_index == defined->index);

    // A member with a list of its own reads that and the all-members channel.
    auto d = town.channel_for(every_role, every_role);
    REQUIRE(town.by_founder(ChannelDefined{d}).ok());
    const auto listed = town.join(Role::retailer, true, {d.id});
    CHECK_FALSE(s.reads(listed.id(), c.id));
    CHECK(s.reads(listed.id(), d.id));
    CHECK(s.reads(listed.id(), s.all_members()));

    CHECK(error_of(town.by_founder(ChannelDefined{c})) == Errc::statement_conflict);
    auto foreign = town.channel_for(bit(Role::retailer), bit(Role::retailer));
    CHECK(error_of(town.by_founder(ChannelDefined{foreign})) == Errc::statement_conflict);
    foreign.creator = shop.id();
    CHECK(town.by_founder(ChannelDefined{foreign}).ok());

    auto changed = c;
    changed.read_roles = bit(Role::coordinator) | bit(Role::security);
    auto statement = town.statement(ChannelChanged{changed});
    CHECK(statement.object_version == 1);
    const auto applied = town.submit(sign_statement(statement, town.founder().key));
    REQUIRE(applied.ok());
    CHECK(applied->access.size() == 1);
    CHECK_FALSE(s.reads(shop.id(), c.id));
    CHECK(s.loss_index(c.id) == applied->index);
    CHECK(s.channel(c.id)->version == 2);
    statement.nonce = town.id<Nonce>();
    CHECK(error_of(town.submit(sign_statement(statement, town.founder().key))) ==
          Errc::statement_conflict);
    changed.creator = shop.id();
    CHECK(error_of(town.by_founder(ChannelChanged{changed})) == Errc::statement_forbidden);
    auto all = s.channel(s.all_members())->settings;
    all.all_members = false;
    CHECK(error_of(town.by_founder(ChannelChanged{all})) == Errc::statement_forbidden);
}

TEST_CASE("rights at past indices: every change is remembered") {
    Town town;
    auto& s = town.state();
    auto c = town.channel_for(every_role, bit(Role::coordinator));
    REQUIRE(town.by_founder(ChannelDefined{c}).ok());
    const auto shop = town.join(Role::retailer);
    const auto in = s.index();
    c.post_roles = every_role;
    REQUIRE(town.by_founder(ChannelChanged{c}).ok());
    const auto posting = s.index();
    c.post_roles = bit(Role::coordinator);
    REQUIRE(town.by_founder(ChannelChanged{c}).ok());
    const auto silent = s.index();
    REQUIRE(town.by(shop, DeviceRevoked{shop.id()}).ok());
    const auto out = s.index();
    CHECK_FALSE(s.authorised_at(shop.id(), c.id, in - 1));
    CHECK(s.authorised_at(shop.id(), c.id, in));
    CHECK_FALSE(s.rights_at(shop.id(), c.id, in).post);
    CHECK(s.rights_at(shop.id(), c.id, posting).post);
    CHECK_FALSE(s.rights_at(shop.id(), c.id, silent).post);
    CHECK(s.authorised_at(shop.id(), c.id, silent));
    CHECK_FALSE(s.authorised_at(shop.id(), c.id, out));
    CHECK_FALSE(s.authorised_at(town.founder().id(), c.id, out + 1));
    // Silenced at one entry; at the later one it lost the right to commit as well.
    CHECK(s.loss_index(shop.id(), c.id) == out);
    CHECK(s.loss_index(c.id) == out);
}

TEST_CASE("the agreement: grace, acceptance, lapse, and back by accepting") {
    Town town;
    auto& s = town.state();
    auto c = town.channel_for(every_role, every_role);
    c.requires_agreement = true;
    REQUIRE(town.by_founder(ChannelDefined{c}).ok());
    const auto early = town.join(Role::retailer);
    const auto lazy = town.join(Role::retailer);
    const auto waiting = town.join(Role::retailer, false);
    REQUIRE(town.by_founder(town.agreement()).ok());
    CHECK(s.member_of(town.founder().id())->accepted_version == 1);
    CHECK(s.reads(early.id(), c.id));
    CHECK(s.reads(lazy.id(), c.id));
    // A newcomer accepts before being authorised; so does one that was only waiting.
    const auto newcomer = town.join(Role::retailer);
    CHECK_FALSE(s.reads(newcomer.id(), c.id));
    CHECK(s.reads(newcomer.id(), s.all_members()));
    REQUIRE(town.by_founder(DeviceApproved{waiting.id()}).ok());
    CHECK_FALSE(s.reads(waiting.id(), c.id));
    REQUIRE(town.by(newcomer, AgreementAccepted{1}).ok());
    CHECK(s.reads(newcomer.id(), c.id));
    CHECK(error_of(town.by(newcomer, AgreementAccepted{1})) == Errc::statement_conflict);
    CHECK(error_of(town.by(early, AgreementAccepted{2})) == Errc::statement_conflict);
    REQUIRE(town.by(early, AgreementAccepted{1}).ok());

    const std::vector late{town.member(lazy)};
    CHECK(s.due_to_lapse(town.now_ms()).empty());
    town.pass(14 * Town::day_ms - 1);
    CHECK(error_of(town.by_founder(AgreementLapsed{1, late})) == Errc::statement_conflict);
    town.pass(1);
    CHECK(s.due_to_lapse(town.now_ms()) == late);
    CHECK(error_of(town.by_founder(AgreementLapsed{1, {town.member(early)}})) ==
          Errc::statement_conflict);
    CHECK(error_of(town.by(early, AgreementLapsed{1, late})) == Errc::statement_forbidden);
    const auto lapsed = town.by_founder(AgreementLapsed{1, late});
    REQUIRE(lapsed.ok());
    CHECK_FALSE(s.reads(lazy.id(), c.id));
    CHECK(s.reads(lazy.id(), s.all_members()));
    CHECK(s.loss_index(c.id) == lapsed->index);
    CHECK(s.due_to_lapse(town.now_ms()).empty());

    // The next version gives no grace to those who were out.
    REQUIRE(town.by_founder(town.agreement()).ok());
    CHECK_FALSE(s.reads(lazy.id(), c.id));
    CHECK(s.reads(early.id(), c.id));
    CHECK(s.loss_index(c.id) == lapsed->index);
    REQUIRE(town.by(lazy, AgreementAccepted{2}).ok());
    CHECK(s.reads(lazy.id(), c.id));
}

TEST_CASE("publishing seals the document key for open invites") {
    Town town;
    const auto a = town.key();
    REQUIRE(town.by_founder(town.terms(Role::retailer, true, a.key)).ok());
    const auto id = invite_id_of(a.key.public_key);
    auto agreement = town.agreement();
    agreement.sealed = {{town.id<InviteId>(), town.bytes(80)}};
    CHECK(error_of(town.by_founder(agreement)) == Errc::invite_unknown);
    agreement.sealed = {{id, town.bytes(80)}};
    REQUIRE(town.by_founder(agreement).ok());
    CHECK(town.state().invite(id)->terms.sealed_document_key == agreement.sealed[0].sealed);
    auto stale = agreement;
    CHECK_FALSE(town.by_founder(stale).ok());
}

TEST_CASE("a further device: by its member alone, described as the member is") {
    Town town;
    const auto shop = town.join(Role::retailer);
    const auto* member = town.state().member_of(shop.id());
    const auto one_time = town.key();
    auto terms = town.terms(Role::retailer, true, one_time.key);
    CHECK(error_of(town.by(shop, terms)) == Errc::statement_forbidden);
    terms.kind = LinkKind::device;
    CHECK(error_of(town.by(shop, terms)) == Errc::statement_forbidden);
    CHECK(error_of(town.by_founder(terms)) == Errc::statement_forbidden);
    terms.member = member->id;
    CHECK(error_of(town.by(shop, terms)) == Errc::statement_conflict);
    terms.member_name_hash = member->name_hash;
    terms.organisation = member->organisation;
    CHECK(error_of(town.by(shop, terms)) == Errc::statement_conflict);
    terms.organisation_name_hash = town.state().organisations().at(member->organisation);
    auto widened = terms;
    widened.role = Role::coordinator;
    CHECK(error_of(town.by(shop, widened)) == Errc::statement_conflict);
    const auto other = town.join(Role::retailer);
    CHECK(error_of(town.by(other, terms)) == Errc::statement_forbidden);
    CHECK(error_of(town.by_founder(terms)) == Errc::statement_forbidden);
    REQUIRE(town.by(shop, terms).ok());
    const auto second = town.device();
    REQUIRE(town.submit(town.admission(one_time.key, second)).ok());
    CHECK(town.state().devices_of(terms.member).size() == 2);
    CHECK(town.state().members().size() == 3);
}

TEST_CASE("two open invites for one new member: the first to be used counts") {
    Town town;
    const auto a = town.key();
    const auto b = town.key();
    auto terms = town.terms(Role::warden, true, a.key);
    REQUIRE(town.by_founder(terms).ok());
    terms.one_time_key = b.key.public_key;
    REQUIRE(town.by_founder(terms).ok());
    REQUIRE(town.submit(town.admission(b.key, town.device())).ok());
    CHECK(error_of(town.submit(town.admission(a.key, town.device()))) == Errc::statement_conflict);
}

TEST_CASE("a saved state is the same state; a damaged one is refused") {
    Town town;
    town.join(Role::retailer, true, {town.state().all_members()});
    town.join(Role::police);
    REQUIRE(town.by_founder(ChannelDefined{town.channel_for(every_role, 3)}).ok());
    REQUIRE(town.by_founder(town.agreement()).ok());
    const auto shop = town.join_active(Role::warden);
    REQUIRE(town.by(shop, DeviceRevoked{shop.id()}).ok());
    const auto saved = town.state().save();
    auto loaded = State::load(saved);
    REQUIRE(loaded.ok());
    CHECK(loaded->save() == saved);
    CHECK(loaded->hash() == town.state().hash());
    CHECK(loaded->active_coordinators() == town.state().active_coordinators());
    // It goes on as the original does.
    const auto next = town.join(Role::retailer);
    for (std::size_t i = loaded->index(); i < town.log().size(); ++i)
        REQUIRE(loaded->apply(town.log()[i].header, town.log()[i].body).ok());
    CHECK(loaded->hash() == town.state().hash());
    CHECK(loaded->reads(next.id(), loaded->all_members()));
    for (std::size_t at = 0; at < saved.size(); at += 37) {
        auto damaged = saved;
        damaged[at] ^= 0x10;
        CHECK_FALSE(State::load(damaged).ok());
        CHECK_FALSE(State::load(BytesView(saved).first(at)).ok());
    }
}

}  // namespace
}  // namespace huecry::directory::test
