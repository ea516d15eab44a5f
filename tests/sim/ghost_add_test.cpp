#include "sim/ghost_town.hpp"

// The ghost-member matrix, way (i): a member who is let in brings somebody along who must not be.
using namespace huecry;
using namespace huecry::sim;

TEST_CASE("a colluding member's Add of a ghost is void for everybody") {
    GhostTown town(401);
    const auto ghosts = town.ghosts();
    REQUIRE(ghosts.size() == 12);
    for (const auto& ghost : ghosts) {
        CAPTURE(ghost.name);
        const bool honest = ghost.said.empty();
        // With a path and without one: additions alone need none.
        for (const bool path : {true, false}) {
            if (honest && path) continue;
            CAPTURE(path);
            const auto before = town.marks();
            town.forget_notes();
            const auto package = mls::parse_key_package(ghost.leaf.package.message);
            REQUIRE(package.ok());
            auto made =
                town.eve->commit({.proposals = {mls::Proposal{mls::Add{*package}}}, .path = path});
            REQUIRE(made.welcome.has_value());
            REQUIRE(town.eve->submit(made).ok());
            town.world.run(5 * second);
            town.eve->catch_up();
            CHECK((town.marks() == before) == !honest);
            if (!honest) CHECK(town.noted(ghost.said));
            // The Welcome is good: only that nobody else is there.
            auto inside = town.joins(ghost.leaf, *made.welcome);
            if (inside) {
                const auto id = town.world.story.id<MessageId>();
                CHECK(inside->process(town.eve->message(made.after, id, "only us"), {}).ok());
            } else {
                CHECK(ghost.name.find("already") != std::string::npos);
            }
            if (honest) town.eve->follow(made);
            const auto said = town.say("who is there");
            CHECK(said.shown == 2);
            if (inside) CHECK(town.reads(*inside, said.seq) == honest);
        }
    }
}
