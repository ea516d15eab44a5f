#include <doctest/doctest.h>

#include "relay_world.hpp"

// One link, many who have it: one comes in, one alarm is raised, whatever the order.
using namespace huecry;
using namespace huecry::relay::test;
using huecry::relay::test::Client;

namespace {

struct Link {
    std::unique_ptr<Client> holder;
    InviteId id;
};

Link invite(World& world) {
    Link out{world.client(), {}};
    out.id = invite_id_of(out.holder->key.public_key);
    directory::InviteIssued issued;
    issued.one_time_key = out.holder->key.public_key;
    issued.seal_key = world.random.id<PublicKey>();
    issued.member = world.random.id<MemberId>();
    issued.member_name_hash = world.random.id<Digest>();
    issued.organisation = world.random.id<OrganisationId>();
    issued.organisation_name_hash = world.random.id<Digest>();
    issued.in_person = true;
    issued.lifetime_ms = 7 * day_ms;
    REQUIRE(world.by(*world.founder, issued).has_submit_result());
    return out;
}

v1::Frame admission(World& world, const directory::State& state, const Link& link,
                    const Client& newcomer) {
    const directory::DeviceAdmitted body{link.id, newcomer.key.public_key, newcomer.sealing};
    return world.statement_frame(directory::sign_admission(
        directory::make_statement(state, world.random.id<directory::Nonce>(), body),
        link.holder->key, newcomer.key));
}

std::size_t alarms(World& world) {
    std::size_t out = 0;
    const auto log = world.store->entries(world.partnership, {}, 0, 4000, 1 << 24);
    REQUIRE(log.ok());
    for (const auto& entry : *log) {
        const auto outer = directory::SignedStatement::decode(entry.body);
        REQUIRE(outer.ok());
        const auto statement = directory::Statement::decode(outer->statement);
        REQUIRE(statement.ok());
        if (statement->action() == directory::Action::invite_alarmed) ++out;
    }
    return out;
}

}  // namespace

TEST_CASE("a thousand redeem one link at once: one is admitted, one alarm is raised") {
    World world;
    world.found();
    const auto link = invite(world);
    const auto before = world.state();
    struct Attempt {
        std::unique_ptr<Client> connection, newcomer;
        v1::Frame frame;
        std::uint64_t request = 0;
    };
    std::vector<Attempt> attempts;
    for (int i = 0; i < 1000; ++i) {
        Attempt one{world.client(), world.client(), {}, 0};
        one.connection->key = link.holder->key.clone();
        REQUIRE(one.connection->connect(ClientKind::invite).has_value());
        one.frame = admission(world, before, link, *one.newcomer);
        attempts.push_back(std::move(one));
    }
    // All of them before anything is on disk; those that the relay's rate holds back come again.
    std::size_t admitted = 0, used = 0, left = attempts.size();
    std::vector<bool> done(attempts.size());
    for (int round = 0; left > 0 && round < 200; ++round) {
        for (std::size_t i = 0; i < attempts.size(); ++i)
            if (!done[i]) attempts[i].request = attempts[i].connection->send(attempts[i].frame);
        world.core->flush();
        for (std::size_t i = 0; i < attempts.size(); ++i) {
            if (done[i]) continue;
            const auto answer = attempts[i].connection->answer_to(attempts[i].request);
            REQUIRE(answer.has_value());
            if (code_of(*answer) == number(Errc::rate_limited)) continue;
            done[i] = true;
            --left;
            if (answer->has_submit_result())
                ++admitted;
            else if (code_of(*answer) == number(Errc::invite_used))
                ++used;
        }
        world.clock.pass(60'000);
    }
    CHECK(admitted == 1);
    CHECK(used == 999);
    const auto after = world.state();
    CHECK(after.devices().size() == before.devices().size() + 1);
    CHECK(after.index() == before.index() + 2);
    CHECK(alarms(world) == 1);
    const auto* state = after.invite(link.id);
    CHECK(state->alarm_index == after.index());
    CHECK(state->alarm_device != state->used_by);
    // What is on disk is what the relay goes on with.
    world.restart();
    CHECK(alarms(world) == 1);
}

TEST_CASE("a used link opens nothing but the proof of its second use, and that once") {
    World world;
    world.found();
    const auto link = invite(world);
    REQUIRE(link.holder->connect(ClientKind::invite).has_value());
    const auto first = world.client();
    const auto frame = admission(world, world.state(), link, *first);
    REQUIRE(link.holder->ask(frame).has_submit_result());
    // Whoever lost the answer asks again, with the same bytes or with a new frame of them.
    REQUIRE(link.holder->connect(ClientKind::invite).has_value());
    CHECK(link.holder->ask(frame).submit_result().repeat());
    auto renewed = frame;
    renewed.mutable_submit()->mutable_items(0)->set_message_id(to_string(world.random.bytes(16)));
    CHECK(code_of(link.holder->ask(renewed)) == number(Errc::statement_repeated));
    CHECK(alarms(world) == 0);

    // Forged: the new device's signature is missing its key. No alarm can be made of it.
    const auto second = world.client();
    const auto other = world.client();
    const directory::DeviceAdmitted body{link.id, second->key.public_key, second->sealing};
    const auto forged = world.statement_frame(directory::sign_admission(
        directory::make_statement(world.state(), world.random.id<directory::Nonce>(), body),
        link.holder->key, other->key));
    CHECK(code_of(link.holder->ask(forged)) != 0);
    CHECK(alarms(world) == 0);

    CHECK(code_of(link.holder->ask(admission(world, world.state(), link, *second))) ==
          number(Errc::invite_used));
    CHECK(alarms(world) == 1);
    // From then on the link does not even open a connection.
    CHECK_FALSE(link.holder->connect(ClientKind::invite).has_value());
    CHECK(link.holder->outlet->goodbye == Errc::invite_used);
    CHECK(alarms(world) == 1);
    CHECK(world.state().device(second->id()) == nullptr);
}
