#include "directory_town.hpp"
#include "huecry/limits.hpp"

// Random authors make random statements, most of them wrong: what must hold whatever comes.
namespace huecry::directory::test {
namespace {

/// The rule of access written down a second time, from the records alone.
Rights expected(const State& s, const Device& d, const ChannelRecord& c) {
    if (d.state != DeviceState::active || c.closed_index != 0) return {};
    const auto& m = s.members().at(d.member);
    if (m.suspended_index != 0) return {};
    const auto role_bit = 1U << static_cast<unsigned>(m.role);
    if ((c.settings.read_roles & role_bit) == 0) return {};
    if ((!m.channels.empty() || m.role == Role::integration) && c.settings.id != s.all_members() &&
        std::find(m.channels.begin(), m.channels.end(), c.settings.id) == m.channels.end())
        return {};
    const bool standing =
        !s.agreement() || m.in_grace || m.accepted_version == s.agreement()->version;
    if (c.settings.requires_agreement && !standing) return {};
    return {.read = true,
            .post = (c.settings.post_roles & role_bit) != 0,
            .commit = !c.bars.contains(d.id),
            .post_for = m.role == Role::security && (c.settings.post_roles & 2) != 0};
}

void check_rights(const State& s) {
    for (const auto& [channel_id, channel] : s.channels()) {
        std::vector<DeviceId> readers;
        for (const auto& [id, device] : s.devices()) {
            const auto want = expected(s, device, channel);
            CHECK(s.reads(id, channel_id) == want.read);
            CHECK(s.posts(id, channel_id) == want.post);
            CHECK(s.rights_at(id, channel_id, s.index()) == want);
            if (want.read) readers.push_back(id);
        }
        CHECK(s.readers(channel_id) == readers);
        CHECK(s.reader_count(channel_id) == readers.size());
    }
}

class Crowd {
public:
    explicit Crowd(std::uint64_t seed) : town(seed) { actors.push_back(town.founder().clone()); }

    std::size_t below(std::size_t n) { return n == 0 ? 0 : town.random()() % n; }
    const Keys& anyone() { return actors[below(actors.size())]; }
    template <class Map>
    auto any_key(const Map& map) {
        using Key = typename Map::key_type;
        if (map.empty() || below(20) == 0) return town.id<Key>();
        return std::next(map.begin(), static_cast<std::ptrdiff_t>(below(map.size())))->first;
    }
    RoleMask mask() { return static_cast<RoleMask>(1 + below(every_role)); }

    Channel channel() {
        auto c = town.channel_for(mask(), 0);
        c.post_roles = static_cast<RoleMask>(c.read_roles & mask());
        c.requires_agreement = below(2) == 0;
        c.creator = anyone().id();
        return c;
    }
    Body invite() {
        keys.push_back(town.key());
        auto terms = town.terms(all_roles[below(all_roles.size())], below(2) == 0, keys.back().key);
        terms.lifetime_ms = 1 + below(3 * Town::day_ms);
        if (below(3) == 0) terms.channels = {any_key(town.state().channels())};
        if (below(3) == 0) {
            const auto& m = *town.state().member_of(anyone().id());
            terms.kind = LinkKind::device;
            terms.member = m.id;
            terms.member_name_hash = m.name_hash;
            terms.organisation = m.organisation;
            terms.organisation_name_hash = town.state().organisations().at(m.organisation);
            terms.role = m.role;
            terms.channels = m.channels;
        }
        return terms;
    }
    Body body() {
        auto& s = town.state();
        // Newcomers most of all: the rest needs somebody to be about.
        const auto kind = below(38);
        switch (kind > 25 ? 0 : kind) {
            case 0:
            case 1:
            case 2:
                return invite();
            case 3:
                return InviteWithdrawn{any_key(s.invites())};
            case 4:
            case 5:
                return DeviceApproved{any_key(s.devices())};
            case 6:
                return DeviceRevoked{any_key(s.devices())};
            case 7:
                return ChannelDefined{channel()};
            case 8: {
                auto c = channel();
                c.id = any_key(s.channels());
                if (const auto* old = s.channel(c.id)) c.creator = old->settings.creator;
                return ChannelChanged{c};
            }
            case 9: {
                auto a = town.agreement();
                a.deadline_ms = 1 + below(2 * Town::day_ms);
                return a;
            }
            case 10:
                return AgreementAccepted{s.agreement() ? s.agreement()->version : 1};
            case 11:
            case 12: {
                auto due = s.may_be_dormant(town.now_ms());
                std::erase(due, town.founder().id());
                if (due.empty() || below(4) == 0) due = {any_key(s.devices())};
                return DeviceDormant{due};
            }
            case 13:
                return DeviceReturned{};
            case 14:
                return MemberSuspended{any_key(s.members())};
            case 15:
                return MemberReinstated{any_key(s.members())};
            case 16:
                return MemberRoleChanged{
                    any_key(s.members()), all_roles[below(all_roles.size())], {}};
            case 17:
                return ChannelRestarted{any_key(s.channels()), anyone().id()};
            case 18:
                if (below(4) == 0) return ChannelClosed{any_key(s.channels())};
                return QuorumSet{static_cast<std::uint32_t>(1 + below(3))};
            case 19:
                return DelegationGranted{any_key(s.organisations()), any_key(s.organisations()),
                                         town.now_ms() + below(Town::day_ms)};
            case 20:
                return DelegationWithdrawn{any_key(s.organisations()), any_key(s.organisations())};
            case 21:
                return RejoinRequested{static_cast<RejoinReason>(1 + below(3)),
                                       {{any_key(s.channels()), town.bytes(20)}}};
            case 22:
                return MayNotCommit{any_key(s.channels()), any_key(s.devices()), below(2) == 0};
            case 23:
                return CommitComplained{any_key(s.channels()), 1, town.id<MessageId>(),
                                        any_key(s.devices())};
            case 24:
                if (below(2) == 0 && !s.proposals().empty())
                    return Endorsed{any_key(s.proposals())};
                return policy();
            default:
                break;
        }
        auto due = s.due_to_lapse(town.now_ms());
        if (due.empty()) due.push_back(any_key(s.members()));
        return AgreementLapsed{s.agreement() ? s.agreement()->version : 1, due};
    }
    Body policy() {
        Policy p;
        p.dormant_days = static_cast<std::uint16_t>(35 + below(20));
        p.in_person_admits = below(4) != 0;
        p.members_link_devices = below(4) != 0;
        return PolicySet{p};
    }
    SignedStatement signed_statement() {
        fresh.reset();
        if (below(20) == 0)
            return sign_as_relay(town.statement(StoreRestored{1 + below(9)}), town.relay().key);
        if (below(15) == 0) return sign_as_root(town.statement(body()), town.root().key);
        if (below(15) == 0) {
            fresh = town.device();
            return sign_rotation(
                town.statement(DeviceKeyRotated{fresh->key.public_key, fresh->sealing}),
                anyone().key, fresh->key);
        }
        if (!keys.empty() && below(3) == 0) {
            fresh = town.device();
            return town.admission(keys[below(keys.size())].key, *fresh);
        }
        fresh.reset();
        const auto& author = below(2) == 0 ? town.founder() : anyone();
        auto statement = town.statement(body());
        if (below(20) == 0) statement.object_version += 1;
        if (below(20) == 0) statement.seen.hash = town.id<Digest>();
        auto out = sign_statement(statement, author.key);
        if (below(20) == 0) out.signatures[0].signer = Signer::device(anyone().id());
        if (below(30) == 0) out.signatures[0].signature = town.id<Signature>();
        if (below(30) == 0) out.statement[below(out.statement.size())] ^= 1;
        return out;
    }

    Town town;
    std::vector<Keys> actors;
    std::vector<Keys> keys;  // one-time keys of invites, issued or refused
    std::optional<Keys> fresh;
};

/// Nobody but coordinators opens anything for anyone but oneself.
void check_author(const Applied& applied, const State& before, const State& after) {
    const auto* author = before.member_of(applied.author);
    if (author != nullptr && author->role == Role::coordinator) return;
    if (applied.author.is_zero()) return;  // root and relay
    CHECK(after.quorum() == before.quorum());
    CHECK(after.policy() == before.policy());
    CHECK(after.relay_key() == before.relay_key());
    for (const auto& [id, member] : after.members()) {
        const auto* old = before.member(id);
        if (old == nullptr) continue;
        CHECK(old->role == member.role);
        CHECK(old->channels == member.channels);
        CHECK(old->suspended_index == member.suspended_index);
    }
    for (const auto& [id, channel] : after.channels()) {
        CHECK(before.channel(id)->settings.read_roles == channel.settings.read_roles);
        for (const auto& [device, bar] : before.channel(id)->bars)
            CHECK(channel.bars.contains(device));
    }
    for (const auto& change : applied.access) {
        const bool gained = (!change.read_before && change.read_after) ||
                            (!change.post_before && change.post_after) ||
                            (!change.commit_before && change.commit_after);
        if (!gained) continue;
        const bool own = author != nullptr && after.member_of(change.device)->id == author->id;
        const bool itself = change.device == applied.author;
        CHECK((own || itself));
    }
}

void check_losses(const Applied& applied, const State& after) {
    for (const auto& change : applied.access) {
        CHECK(after.rights_at(change.device, change.channel, applied.index) !=
              after.rights_at(change.device, change.channel, applied.index - 1));
        const auto before = after.rights_at(change.device, change.channel, applied.index - 1);
        CHECK(before.read == change.read_before);
        CHECK(before.post == change.post_before);
        CHECK(before.commit == change.commit_before);
        if (change.read_before && !change.read_after)
            CHECK(after.loss_index(change.channel) == applied.index);
        if (change.post_before && !change.post_after)
            CHECK(after.loss_index(change.device, change.channel) == applied.index);
    }
}

TEST_CASE("random statements: replicas agree, errors change nothing, rights follow the rule") {
    std::size_t accepted = 0;
    std::size_t refused = 0;
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
        CAPTURE(seed);
        Crowd crowd(seed);
        auto& town = crowd.town;
        for (int step = 0; step < 260; ++step) {
            town.pass(crowd.below(step % 40 == 0 ? 60 * Town::day_ms : Town::day_ms / 4));
            const auto before = town.state();
            const auto result = town.submit(crowd.signed_statement());
            if (!result.ok()) {
                ++refused;
                continue;
            }
            ++accepted;
            if (crowd.fresh) crowd.actors.push_back(crowd.fresh->clone());
            check_author(*result, before, town.state());
            check_losses(*result, town.state());
            if (step % 8 == 0) check_rights(town.state());
            CHECK(town.state().active_coordinators() >= 1);
        }
        auto replica = State::from_genesis(town.log()[0].header, town.log()[0].body);
        REQUIRE(replica.ok());
        for (std::size_t i = 1; i < town.log().size(); ++i)
            REQUIRE(replica->apply(town.log()[i].header, town.log()[i].body).ok());
        CHECK(replica->hash() == town.state().hash());
        check_rights(*replica);
    }
    // Neither half may be an empty exercise.
    CHECK(accepted > 300);
    CHECK(refused > 300);
}

/// Whom a rogue coordinator can sign as: itself, its retailers, every newcomer that it admits.
class Rogue {
public:
    Rogue(Crowd& crowd, const Keys& self) : crowd_(crowd), town_(crowd.town) {
        hands_.push_back(self.clone());
        self_ = town_.member(self);
    }
    void act() {
        if (!links_.empty() && crowd_.below(3) == 0) {
            auto device = town_.device();
            if (town_.submit(town_.admission(links_[crowd_.below(links_.size())].key, device)).ok())
                hands_.push_back(std::move(device));
            return;
        }
        const auto& hand = hands_[crowd_.below(hands_.size())];
        (void)town_.by(hand, body());
    }
    [[nodiscard]] bool is_mine(const DeviceId& id) const {
        return std::any_of(hands_.begin(), hands_.end(),
                           [&](const auto& k) { return k.id() == id; });
    }
    [[nodiscard]] const MemberId& self() const { return self_; }

private:
    Body body() {
        auto& s = town_.state();
        switch (crowd_.below(9)) {
            case 0:
            case 1:
                links_.push_back(town_.key());
                return town_.terms(all_roles[crowd_.below(all_roles.size())], crowd_.below(2) == 0,
                                   links_.back().key);
            case 2: {
                // A device for a member that is there already, linked or invited.
                const auto& [id, device] =
                    *std::next(s.devices().begin(),
                               static_cast<std::ptrdiff_t>(crowd_.below(s.devices().size())));
                Keys described;
                described.key.public_key = device.signing_key;
                links_.push_back(town_.key());
                auto terms = town_.link_terms(described, crowd_.below(2) == 0, links_.back().key);
                if (crowd_.below(2) == 0) terms.kind = LinkKind::member;
                return terms;
            }
            case 3:
            case 4:
                return DeviceApproved{crowd_.any_key(s.devices())};
            case 5:
                return MemberRoleChanged{crowd_.any_key(s.members()), Role::coordinator, {}};
            case 6:
                return MemberReinstated{crowd_.any_key(s.members())};
            case 7:
                return QuorumSet{1};
            default:
                return Endorsed{crowd_.any_key(s.proposals())};
        }
    }
    Crowd& crowd_;
    Town& town_;
    MemberId self_;
    std::vector<Keys> hands_;
    std::vector<Keys> links_;
};

TEST_CASE("a coordinator alone, with every device that it can make, never has a second vote") {
    std::size_t hands = 0;
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
        CAPTURE(seed);
        Crowd crowd(seed);
        auto& town = crowd.town;
        town.paranoid(false);
        const auto ann = town.join_active(Role::coordinator);
        const auto gone = town.join_active(Role::coordinator);
        REQUIRE(town.by_founder(MemberSuspended{town.member(gone)}).ok());
        REQUIRE(town.by_founder(QuorumSet{2}).ok());
        // Others propose now and then; the rogue may support them, and that is its one vote.
        Rogue rogue(crowd, ann);
        for (int step = 0; step < 200; ++step) {
            if (step % 20 == 0) town.pass(Town::day_ms);
            rogue.act();
            const auto& s = town.state();
            CHECK(s.quorum() == 2);
            for (const auto& [id, device] : s.devices()) {
                if (!s.is_active(id) || !rogue.is_mine(id)) continue;
                ++hands;
                const auto votes = s.votes(device.member);
                CHECK((!votes || device.member == rogue.self()));
            }
            for (const auto& [id, proposal] : s.proposals()) CHECK(proposal.support.size() == 1);
            CHECK(s.coordinator_members() <= 2);
        }
    }
    CHECK(hands > 1000);
}

}  // namespace
}  // namespace huecry::directory::test
