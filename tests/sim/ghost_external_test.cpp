#include "domain/verdict.hpp"
#include "huecry/wire/join_info.hpp"
#include "sim/ghost_town.hpp"

// The ghost-member matrix, way (v): with a GroupInfo that a member gives away, a ghost lets itself
// in by an external commit, which the relay puts into the stream.
using namespace huecry;
using namespace huecry::sim;

namespace {

struct Outsider {
    mls::Environment env;
    std::optional<mls::ExternalJoin> joined;
};

Outsider let_in(GhostTown& town, const Ghost& ghost, const MessageId& id) {
    Outsider out{{.suite = &mls::chacha20_suite(),
                  .random = &town.world.story,
                  .signer = &ghost.leaf.signer},
                 {}};
    const auto info = town.eve->group().group_info(true, true);
    REQUIRE(info.ok());
    auto joined = mls::Group::join_externally(
        out.env, {.group_info = *info,
                  .leaf = {.identity = town.identity(ghost.device)},
                  .framing = {.authenticated_data = town.eve->data(id).encode()}});
    if (joined) out.joined.emplace(std::move(*joined));
    return out;
}

/// Bob's group with a judge that is not ours.
mls::Verdict taken(GhostTown& town, BytesView message, const mls::Judge& judge) {
    auto copy = town.bob->group(town.channel);
    REQUIRE(copy.ok());
    const auto got = copy->process(message, judge);
    REQUIRE(got.ok());
    return got->verdict;
}

}  // namespace

TEST_CASE("nobody lets himself in, with whatever key and name") {
    GhostTown town(431);
    std::size_t tried = 0;
    for (const auto& ghost : town.ghosts()) {
        CAPTURE(ghost.name);
        const auto before = town.marks();
        town.forget_notes();
        const auto id = town.world.story.id<MessageId>();
        auto outsider = let_in(town, ghost, id);
        if (!outsider.joined) {
            // What is there already fits into no tree: not even into the ghost's own.
            CHECK(ghost.name.starts_with("a signature key"));
            continue;
        }
        ++tried;
        const auto& message = outsider.joined->message;
        // It is as good as such a commit can be: whoever does not look takes it.
        CHECK(taken(town, message, {}) == mls::Verdict::applied);
        std::string why;
        const auto judged = taken(town, message, [&](const mls::IncomingCommit& commit) {
            const auto verdict = domain::judge_commit(
                town.bob->self(), town.bob->engine().directory().state(),
                {.channel = town.channel, .submitter = ghost.device, .message_id = id}, commit);
            why = verdict.why;
            return verdict.judgement;
        });
        CHECK(judged == mls::Verdict::void_commit);
        CHECK(why == "an external commit");
        plant_entry(town.world, StreamRef::channel(town.channel, 1), EntryKind::handshake,
                    town.eve->node().id(), id, message);
        town.world.run(minute);
        town.eve->catch_up();
        CHECK(town.marks() == before);
        CHECK(town.noted("no commit was given out as one"));
        const auto said = town.say("still only us");
        CHECK(said.shown == 2);
        CHECK_FALSE(town.reads(outsider.joined->group, said.seq));
    }
    CHECK(tried == 11);
}
