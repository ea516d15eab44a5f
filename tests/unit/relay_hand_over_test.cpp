#include <doctest/doctest.h>

#include "relay_world.hpp"

// A partnership that moves to another relay, without the first one's help.
using namespace huecry;
using namespace huecry::relay::test;
using huecry::relay::test::Client;

namespace {

std::vector<v1::Entry> log_of(World& world) {
    std::vector<v1::Entry> out;
    const auto log = world.store->entries(world.partnership, {}, 0, 4000, 1 << 24);
    REQUIRE(log.ok());
    for (const auto& e : *log) {
        auto& entry = out.emplace_back();
        entry.set_header(to_string(e.header));
        entry.set_body(to_string(e.body));
    }
    return out;
}

Bytes moved_to(World& from, const World& to, const SigningKey& root) {
    return directory::sign_as_root(
               directory::make_statement(
                   from.state(), from.random.id<directory::Nonce>(),
                   directory::RelayMoved{to.relay.public_key, 8443, "new.example"}),
               root)
        .encode();
}

/// A device of `from`, as it comes to `to`.
std::unique_ptr<Client> arrive(World& to, const Client& device) {
    auto out = to.client();
    out->key = device.key.clone();
    REQUIRE(out->connect(ClientKind::founder).has_value());
    return out;
}

v1::Frame hand_over(const std::vector<v1::Entry>& entries, std::size_t from, std::size_t to,
                    BytesView moved = {}) {
    v1::Frame frame;
    auto& body = *frame.mutable_hand_over();
    for (auto i = from; i < to && i < entries.size(); ++i) *body.add_entries() = entries[i];
    body.set_moved(to_string(moved));
    return frame;
}

struct Move {
    World old, next;
    std::unique_ptr<Client> ben;
    Move() {
        next.random.engine.seed(99);
        next.relay = signing_key_from_seed(next.random.bytes(32));
        next.restart();
        old.found();
        ben = old.join();
        next.partnership = old.partnership;
    }
};

}  // namespace

TEST_CASE("a log is handed over, verified whole, and goes on under the new relay") {
    Move m;
    const auto log = log_of(m.old);
    const auto moved = moved_to(m.old, m.next, m.old.root);
    auto ben = arrive(m.next, *m.ben);
    const auto first = ben->ask(hand_over(log, 0, 1));
    REQUIRE(first.has_submit_result());
    CHECK(first.submit_result().accepted_size() == 0);
    REQUIRE(ben->ask(hand_over(log, 1, log.size())).has_submit_result());
    const auto last = ben->ask(hand_over(log, 0, 0, moved));
    REQUIRE(last.has_submit_result());
    CHECK(last.submit_result().accepted(0).seq() == log.size() + 1);
    const SignedHead head{to_bytes(view(last.submit_result().head().head())),
                          Signature::from(view(last.submit_result().head().signature())).value()};
    REQUIRE(head.verify(m.next.relay.public_key).ok());

    for (int restarted = 0; restarted < 2; ++restarted) {
        const auto state = m.next.state();
        CHECK(state.index() == log.size() + 1);
        CHECK(state.relay_key() == m.next.relay.public_key);
        CHECK(state.relay_key_at(log.size()) == m.old.relay.public_key);
        CHECK(state.is_active(m.ben->id()));
        m.next.restart();
    }
    // Its devices are known there now, and work goes on.
    auto back = m.next.client();
    back->key = m.old.founder->key.clone();
    REQUIRE(back->connect().has_value());
    CHECK(m.next.by(*back, directory::DeviceRevoked{m.ben->id()}).has_submit_result());
    // Nobody brings it again.
    auto again = arrive(m.next, *m.old.founder);
    CHECK(code_of(again->ask(hand_over(log, 0, 1))) == number(Errc::statement_repeated));
}

TEST_CASE("what is not whole, not for this relay, or not the root's is not taken") {
    Move m;
    const auto log = log_of(m.old);
    const auto moved = moved_to(m.old, m.next, m.old.root);
    const auto refused = [&](const Client& who, const std::vector<v1::Entry>& entries,
                             BytesView statement) {
        auto client = arrive(m.next, who);
        auto answer = client->ask(hand_over(entries, 0, 1));
        if (!answer.has_failure()) answer = client->ask(hand_over(entries, 1, 1000, statement));
        REQUIRE(answer.has_failure());
        CHECK(client->connect(ClientKind::device) == std::nullopt);  // still not known here
        return static_cast<Errc>(answer.failure().code());
    };
    // An entry left out, in between or at the end, changed, or put in twice.
    auto shorter = log;
    shorter.erase(shorter.begin() + 1);
    CHECK(refused(*m.ben, shorter, moved) == Errc::relay_rejected_chain);
    shorter = log;
    shorter.pop_back();
    CHECK(refused(*m.old.founder, shorter, moved) == Errc::statement_conflict);
    auto changed = log;
    changed[1].mutable_body()->back() = static_cast<char>(changed[1].body().back() ^ 1);
    CHECK(refused(*m.ben, changed, moved) == Errc::relay_rejected_chain);
    auto twice = log;
    twice.insert(twice.begin() + 1, log[1]);
    CHECK(refused(*m.ben, twice, moved) == Errc::relay_rejected_chain);
    // For another relay, by another key, of another kind.
    CHECK(refused(*m.ben, log, moved_to(m.old, m.old, m.old.root)) == Errc::wrong_relay);
    CHECK(refused(*m.ben, log, moved_to(m.old, m.next, m.ben->key)) == Errc::statement_signature);
    const auto policy =
        directory::sign_as_root(
            directory::make_statement(m.old.state(), m.old.random.id<directory::Nonce>(),
                                      directory::DeviceRevoked{m.ben->id()}),
            m.old.root)
            .encode();
    CHECK(refused(*m.ben, log, policy) == Errc::not_permitted);
    // By somebody who is no device of it, or was.
    const auto stranger = m.old.client();
    CHECK(refused(*stranger, log, moved) == Errc::not_authenticated);
    // What was signed before something else happened does not leave that out.
    REQUIRE(m.old.by(*m.old.founder, directory::DeviceRevoked{m.ben->id()}).has_submit_result());
    const auto longer = log_of(m.old);
    CHECK(refused(*m.old.founder, longer, moved) == Errc::statement_conflict);
    CHECK(refused(*m.ben, longer, moved_to(m.old, m.next, m.old.root)) == Errc::not_authenticated);
    // Out of nowhere.
    auto client = arrive(m.next, *m.old.founder);
    CHECK(code_of(client->ask(hand_over({}, 0, 0, moved))) == number(Errc::invalid_argument));
}

TEST_CASE("a log that is handed over has a bound, and one comes at a time") {
    Move m;
    const auto log = log_of(m.old);
    const auto moved = moved_to(m.old, m.next, m.old.root);
    std::uint64_t size = 0;
    for (const auto& entry : log) size += entry.header().size() + entry.body().size();
    const auto refused = [&](Errc why) { return m.next.core->counters().refused[why]; };

    m.next.max_hand_over = size - 1;
    m.next.restart();
    auto ben = arrive(m.next, *m.ben);
    REQUIRE(ben->ask(hand_over(log, 0, log.size() - 1)).has_submit_result());
    CHECK(code_of(ben->ask(hand_over(log, log.size() - 1, log.size()))) ==
          number(Errc::quota_exceeded));
    CHECK(refused(Errc::quota_exceeded) == 1);
    // What came before is forgotten: this is no beginning.
    CHECK(code_of(ben->ask(hand_over(log, 1, 2))) == number(Errc::relay_rejected_chain));

    World other;
    other.random.engine.seed(55);
    other.found();
    const auto others = log_of(other);
    // Nor is another partnership's log, whole as it may be.
    CHECK(code_of(ben->ask(hand_over(others, 0, 1))) == number(Errc::not_authenticated));

    m.next.max_hand_over = size;
    m.next.restart();
    ben = arrive(m.next, *m.ben);
    REQUIRE(ben->ask(hand_over(log, 0, log.size())).has_submit_result());
    // Somebody else brings one meanwhile.
    auto zoe = m.next.client();
    zoe->key = other.founder->key.clone();
    std::swap(m.next.partnership, other.partnership);
    REQUIRE(zoe->connect(ClientKind::founder).has_value());
    const auto busy = zoe->ask(hand_over(others, 0, 1));
    CHECK(code_of(busy) == number(Errc::overloaded));
    CHECK(busy.failure().retry_after_ms() > 0);
    CHECK(refused(Errc::overloaded) == 1);
    std::swap(m.next.partnership, other.partnership);
    // The bound is for what comes, not for the word that ends it.
    REQUIRE(ben->ask(hand_over(log, 0, 0, moved)).has_submit_result());
    CHECK(zoe->ask(hand_over(others, 0, 1)).has_submit_result());
}

TEST_CASE("a genesis for another relay, by another key or for another partnership founds nothing") {
    World w;
    const auto create = [&](Client& by, const directory::SignedStatement& genesis) {
        REQUIRE(by.connect(ClientKind::founder).has_value());
        v1::Frame frame;
        frame.mutable_create_partnership()->set_genesis(to_string(genesis.encode()));
        return code_of(by.ask(frame));
    };
    const auto named = [&](const directory::SignedStatement& genesis) {
        w.partnership = directory::partnership_id(genesis.statement);
        return genesis;
    };
    auto ada = w.client();
    auto eve = w.client();
    auto own = w.relay.clone();
    w.relay = signing_key_from_seed(w.random.bytes(32));
    const auto elsewhere = named(w.genesis(*ada));
    w.relay = std::move(own);
    CHECK(create(*ada, elsewhere) == number(Errc::wrong_relay));
    const auto good = named(w.genesis(*ada));
    CHECK(create(*eve, good) == number(Errc::not_authenticated));
    w.partnership = w.random.id<PartnershipId>();
    CHECK(create(*ada, good) == number(Errc::not_authenticated));
    CHECK(w.core->counters().partnerships == 0);
    (void)named(good);
    CHECK(create(*ada, good) == 0);
    CHECK(w.core->counters().partnerships == 1);
}
