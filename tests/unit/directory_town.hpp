#pragma once

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

#include "huecry/directory/build.hpp"
#include "huecry/directory/invite_keys.hpp"
#include "huecry/directory/rules.hpp"

// A partnership for tests: makes keys from a counter, plays the relay (index, time, header) and
// keeps every entry, so that a second replica can be fed the same log.
namespace huecry::directory::test {

struct Keys {
    SigningKey key;
    PublicKey sealing;
    [[nodiscard]] DeviceId id() const { return device_id_of(key.public_key); }
    [[nodiscard]] Keys clone() const { return {key.clone(), sealing}; }
};

struct Entry {
    Bytes header;
    Bytes body;
};

class Town {
public:
    static constexpr std::uint64_t start_ms = 1'700'000'000'000;
    static constexpr std::uint64_t day_ms = 86'400'000;

    explicit Town(std::uint64_t seed = 1) : random_(seed) {
        REQUIRE(initialise_crypto());
        root_ = key();
        next_root_ = key();
        relay_ = key();
        founder_ = device();
        const auto genesis = sign_genesis(genesis_statement(), root_.key, founder_.key);
        const auto body = genesis.encode();
        const auto bytes = header(1, body, start_ms);
        auto made = State::from_genesis(bytes, body);
        REQUIRE(made.ok());
        state_.emplace_back(std::move(*made));
        log_.push_back({bytes, body});
        now_ = start_ms;
    }

    [[nodiscard]] State& state() { return state_.front(); }
    [[nodiscard]] const State& state() const { return state_.front(); }
    [[nodiscard]] const std::vector<Entry>& log() const { return log_; }
    [[nodiscard]] const Keys& founder() const { return founder_; }
    [[nodiscard]] const Keys& root() const { return root_; }
    [[nodiscard]] const Keys& next_root() const { return next_root_; }
    [[nodiscard]] const Keys& relay() const { return relay_; }
    std::uint64_t now_ms() const { return now_; }
    void pass(std::uint64_t ms) { now_ += ms; }
    std::mt19937_64& random() { return random_; }

    Bytes bytes(std::size_t n) {
        Bytes out(n);
        for (auto& b : out) b = static_cast<std::uint8_t>(random_());
        return out;
    }
    template <class IdType>
    IdType id() {
        return *IdType::from(bytes(IdType::size));
    }
    Keys key() { return {signing_key_from_seed(bytes(32)), id<PublicKey>()}; }
    Keys device() { return key(); }

    Statement genesis_statement() {
        Genesis g;
        g.root_key = root_.key.public_key;
        g.next_root_hash = root_hash(next_root_.key.public_key);
        g.relay_key = relay_.key.public_key;
        g.relay_port = 8443;
        g.relay_host = "relay.example";
        g.member = id<MemberId>();
        g.signing_key = founder_.key.public_key;
        g.sealing_key = founder_.sealing;
        g.member_name_hash = id<Digest>();
        g.organisation = id<OrganisationId>();
        g.organisation_name_hash = id<Digest>();
        g.partnership_name_hash = id<Digest>();
        g.all_members = all_members_channel(id<ChannelId>(), id<Digest>(), founder_.id());
        return make_genesis(id<Nonce>(), g);
    }

    static Bytes header(std::uint64_t seq, BytesView body, std::uint64_t accepted_ms) {
        Header h;
        h.seq = seq;
        h.accepted_ms = accepted_ms;
        h.expiry_ms = ~std::uint64_t{0};
        h.length = static_cast<std::uint32_t>(body.size());
        h.digest = sha256(body);
        return h.encode();
    }

    Statement statement(Body body) { return make_statement(state(), id<Nonce>(), std::move(body)); }

    /// As a relay takes it in; checks that `check` and `apply` agree and that errors change
    /// nothing.
    Result<Applied> submit(const SignedStatement& statement) {
        const auto body = statement.encode();
        const auto verdict = state().check(body, now_);
        const auto bytes = header(state().index() + 1, body, now_);
        const auto before = paranoid_ ? state().hash() : Digest{};
        auto out = state().apply(bytes, body);
        CHECK(verdict.ok() == out.ok());
        if (out.ok()) {
            log_.push_back({bytes, body});
        } else {
            CHECK(verdict.error().code == out.error().code);
            if (paranoid_) CHECK(state().hash() == before);
        }
        return out;
    }
    Result<Applied> by(const Keys& device, Body body) {
        return submit(sign_statement(statement(std::move(body)), device.key));
    }
    Result<Applied> by_founder(Body body) { return by(founder_, std::move(body)); }

    Result<Applied> by_root(Body body) {
        return submit(sign_as_root(statement(std::move(body)), root_.key));
    }
    Result<Applied> by_relay(Body body) {
        return submit(sign_as_relay(statement(std::move(body)), relay_.key));
    }

    InviteIssued terms(Role role, bool in_person, const SigningKey& one_time) {
        InviteIssued b;
        b.one_time_key = one_time.public_key;
        b.seal_key = id<PublicKey>();
        b.member = id<MemberId>();
        b.member_name_hash = id<Digest>();
        b.organisation = id<OrganisationId>();
        b.organisation_name_hash = id<Digest>();
        b.role = role;
        b.in_person = in_person;
        b.lifetime_ms = 7 * day_ms;
        return b;
    }
    /// A link for a further device of this device's member.
    InviteIssued link_terms(const Keys& device, bool in_person, const SigningKey& one_time) {
        const auto& m = *state().member_of(device.id());
        auto out = terms(m.role, in_person, one_time);
        out.kind = LinkKind::device;
        out.member = m.id;
        out.member_name_hash = m.name_hash;
        out.organisation = m.organisation;
        out.organisation_name_hash = state().organisations().at(m.organisation);
        out.channels = m.channels;
        return out;
    }
    SignedStatement admission(const SigningKey& one_time, const Keys& device) {
        const auto body = DeviceAdmitted{invite_id_of(one_time.public_key), device.key.public_key,
                                         device.sealing};
        return sign_admission(statement(body), one_time, device.key);
    }
    /// A new member's device, as far as its role and invite let it come by itself.
    Keys join(Role role, bool in_person = true, std::vector<ChannelId> channels = {}) {
        auto one_time = key();
        auto invite = terms(role, in_person, one_time.key);
        invite.channels = std::move(channels);
        std::sort(invite.channels.begin(), invite.channels.end());
        REQUIRE(by_founder(invite).ok());
        auto out = device();
        REQUIRE(submit(admission(one_time.key, out)).ok());
        return out;
    }
    /// The same, approved where needed.
    Keys join_active(Role role, std::vector<ChannelId> channels = {}) {
        auto out = join(role, true, std::move(channels));
        if (state().device(out.id())->state == DeviceState::pending)
            REQUIRE(by_founder(DeviceApproved{out.id()}).ok());
        return out;
    }
    Channel channel_for(RoleMask read, RoleMask post) {
        Channel c;
        c.id = id<ChannelId>();
        c.name_hash = id<Digest>();
        c.read_roles = read;
        c.post_roles = post;
        c.max_alert_s = 86400;
        c.max_photo_s = 3600;
        c.creator = founder_.id();
        return c;
    }
    AgreementPublished agreement() {
        AgreementPublished b;
        b.version = state().agreement() ? state().agreement()->version + 1 : 1;
        b.text_digest = id<Digest>();
        b.blob = id<BlobId>();
        b.text_size = 1000;
        b.deadline_ms = 14 * day_ms;
        return b;
    }
    MemberId member(const Keys& device) { return state().device(device.id())->member; }
    void paranoid(bool on) { paranoid_ = on; }

private:
    std::mt19937_64 random_;
    Keys root_;
    Keys next_root_;
    Keys relay_;
    Keys founder_;
    std::vector<State> state_;  // one: State has no empty form
    std::vector<Entry> log_;
    std::uint64_t now_ = 0;
    bool paranoid_ = true;
};

inline Errc error_of(const Result<Applied>& result) {
    return result.ok() ? Errc::internal : result.error().code;
}

}  // namespace huecry::directory::test
