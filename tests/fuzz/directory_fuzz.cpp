#include <cstdlib>
#include <memory>

#include "huecry/directory/build.hpp"
#include "huecry/directory/rules.hpp"
#include "huecry/limits.hpp"
#include "huecry/wire/codec.hpp"

// Entries of a directory. The input is a list of parts: each says who signs, which action, and
// gives the body's bytes, or is a whole entry's body as it comes from outside. Whatever is refused
// leaves the state identical; whatever is accepted is the same on a second replica and after
// saving; the codec is canonical; the counts of coordinators follow from the members.
using namespace huecry;
using namespace huecry::directory;

namespace {

void require(bool condition) {
    if (!condition) std::abort();
}

constexpr std::uint64_t start_ms = 1'700'000'000'000;

template <class IdType>
IdType filled(std::uint8_t byte) {
    return *IdType::from(Bytes(IdType::size, byte));
}

/// A partnership with two coordinators, a shop and a guard, made once.
class Town {
public:
    Town() {
        require(initialise_crypto());
        for (std::uint8_t i = 0; i < 9; ++i) keys_.push_back(signing_key_from_seed(Bytes(32, i)));
        Genesis g;
        g.root_key = root().public_key;
        g.next_root_hash = root_hash(next_root().public_key);
        g.relay_key = relay().public_key;
        g.relay_host = "relay.example";
        g.member = filled<MemberId>(1);
        g.signing_key = founder().public_key;
        g.organisation = filled<OrganisationId>(1);
        g.all_members = all_members_channel(filled<ChannelId>(1), filled<Digest>(1),
                                            device_id_of(founder().public_key));
        const auto body =
            sign_genesis(make_genesis(filled<Nonce>(1), g), root(), founder()).encode();
        state_ = std::make_unique<State>(*State::from_genesis(header(1, body, start_ms), body));
        join(4, 2, Role::coordinator);
        join(5, 3, Role::retailer);
        join(6, 4, Role::security);
    }
    [[nodiscard]] const State& state() const { return *state_; }
    [[nodiscard]] const SigningKey& key(std::size_t i) const { return keys_[i % keys_.size()]; }
    [[nodiscard]] const SigningKey& root() const { return keys_[0]; }
    [[nodiscard]] const SigningKey& next_root() const { return keys_[1]; }
    [[nodiscard]] const SigningKey& relay() const { return keys_[2]; }
    [[nodiscard]] const SigningKey& founder() const { return keys_[3]; }

    static Bytes header(std::uint64_t seq, const Bytes& body, std::uint64_t accepted_ms) {
        Header h;
        h.seq = seq;
        h.accepted_ms = accepted_ms;
        h.length = static_cast<std::uint32_t>(body.size());
        h.digest = sha256(body);
        return h.encode();
    }

private:
    void take(const SignedStatement& statement) {
        const auto body = statement.encode();
        require(state_->apply(header(state_->index() + 1, body, start_ms), body).ok());
    }
    void join(std::size_t device, std::uint8_t who, Role role) {
        const auto one_time =
            signing_key_from_seed(Bytes(32, static_cast<std::uint8_t>(100 + who)));
        InviteIssued b;
        b.one_time_key = one_time.public_key;
        b.member = filled<MemberId>(who);
        b.organisation = filled<OrganisationId>(who);
        b.role = role;
        b.in_person = true;
        b.lifetime_ms = 1000;
        take(sign_statement(make_statement(*state_, filled<Nonce>(who), b), founder()));
        const DeviceAdmitted admitted{
            invite_id_of(one_time.public_key), key(device).public_key, {}};
        take(sign_admission(make_statement(*state_, filled<Nonce>(who), admitted), one_time,
                            key(device)));
        const auto id = device_id_of(key(device).public_key);
        if (!state_->is_active(id))
            take(sign_statement(make_statement(*state_, filled<Nonce>(who), DeviceApproved{id}),
                                founder()));
    }

    std::vector<SigningKey> keys_;
    std::unique_ptr<State> state_;
};

/// The statement of an action with these bytes as its body, upon what the state shows.
std::optional<Statement> statement_of(const State& state, std::uint16_t action, BytesView bytes,
                                      std::uint8_t nonce, std::uint64_t version) {
    Writer w;
    w.u16(1).raw(state.partnership().view()).u16(action).raw(filled<Nonce>(nonce).view());
    w.u64(version).u64(state.index()).raw(state.running_hash().view()).opaque(bytes);
    const auto statement = Statement::decode(w.bytes());
    if (!statement) return std::nullopt;
    require(statement->encode() == w.bytes());
    return *statement;
}

SignedStatement signed_by(const Town& town, const Statement& statement, std::uint8_t who) {
    switch (who % 12) {
        case 0:
            return sign_as_root(statement, town.root());
        case 1:
            return sign_as_next_root(statement, town.next_root());
        case 2:
            return sign_as_relay(statement, town.relay());
        case 9:
            return sign_rotation(statement, town.key(5), town.key(8));
        case 10:
            return sign_rotation(statement, town.founder(), town.key(7));
        case 11:
            return sign_admission(statement, signing_key_from_seed(Bytes(32, 102)), town.key(7));
        default:
            return sign_statement(statement, town.key(who % 12));
    }
}

void check_counts(const State& state) {
    std::size_t devices = 0;
    std::size_t members = 0;
    for (const auto& [id, member] : state.members()) {
        std::size_t active = 0;
        for (const auto& device : state.devices_of(id))
            if (state.is_active(device)) ++active;
        if (member.role != Role::coordinator || active == 0) continue;
        ++members;
        devices += active;
    }
    require(devices == state.active_coordinators() && members == state.coordinator_members());
    require(members >= 1);
}

void feed(State& state, State& replica, const Bytes& body, std::uint64_t now_ms) {
    const auto before = state.hash();
    const auto verdict = state.check(body, now_ms);
    const auto header = Town::header(state.index() + 1, body, now_ms);
    const auto applied = state.apply(header, body);
    require(verdict.ok() == applied.ok());
    if (!applied) return require(state.hash() == before);
    require(replica.apply(header, body).ok());
    require(replica.hash() == state.hash());
    const auto loaded = State::load(state.save());
    require(loaded.ok() && loaded->hash() == state.hash());
    check_counts(state);
    check_counts(*loaded);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const Town town;
    auto state = town.state();
    auto replica = town.state();
    auto now_ms = start_ms;
    Reader r(BytesView(data, size));
    // struct { uint8 who; uint8 action; uint8 version; uint8 days; opaque body<V>; }
    for (std::uint8_t part = 0; part < 12 && !r.empty(); ++part) {
        const auto who = r.u8();
        const auto action = r.u8();
        const auto version = r.u8();
        now_ms += r.u8() * std::uint64_t{86'400'000};
        const auto bytes = r.opaque(limits::max_statement);
        if (!r.ok()) break;
        if (action == 0) {
            feed(state, replica, to_bytes(bytes), now_ms);
            continue;
        }
        const auto statement = statement_of(state, action, bytes, part, version);
        if (statement) feed(state, replica, signed_by(town, *statement, who).encode(), now_ms);
    }
    return 0;
}
