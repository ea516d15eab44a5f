#include "huecry/directory/build.hpp"
#include "sim/ghost_town.hpp"

// A relay that drops, blanks, replaces, renames, permutes, repeats and withholds.
using namespace huecry;
using namespace huecry::sim;

namespace {

bool of_channel(const v1::Frame& frame, const ChannelId& channel) {
    return frame.has_deliver() && frame.deliver().stream().id() == to_string(channel.view());
}

/// What is done to one message on its way to bob, and what he says of it (at the next message at
/// the latest).
struct Trick {
    std::string name;
    std::string said;
    std::function<std::vector<v1::Frame>(GhostTown&, v1::Frame)> play;
};

std::vector<Trick> all_tricks() {
    std::vector<Trick> out;
    out.push_back({"dropped", "entries are left out",
                   [](auto&, v1::Frame) { return std::vector<v1::Frame>{}; }});
    out.push_back({"blanked before its time", "withholds a message", [](auto&, v1::Frame frame) {
                       auto& entry = *frame.mutable_deliver()->mutable_entries(0);
                       entry.clear_body();
                       entry.set_body_gone(true);
                       return std::vector{std::move(frame)};
                   }});
    out.push_back({"replaced", "is not that of its header", [](auto&, v1::Frame frame) {
                       auto& entry = *frame.mutable_deliver()->mutable_entries(0);
                       (*entry.mutable_body())[entry.body().size() / 2] ^= 1;
                       return std::vector{std::move(frame)};
                   }});
    out.push_back({"of another time", "disagree on what was sent", [](auto&, v1::Frame frame) {
                       auto& entry = *frame.mutable_deliver()->mutable_entries(0);
                       auto header = Header::decode(view(entry.header())).value();
                       header.accepted_ms += 60'000;
                       entry.set_header(to_string(header.encode()));
                       return std::vector{std::move(frame)};
                   }});
    out.push_back({"given out as another channel's",
                   "The relay's records contradict each other; tell your coordinator.",
                   [](GhostTown& town, v1::Frame frame) {
                       auto& stream = *frame.mutable_deliver()->mutable_stream();
                       stream.set_id(to_string(town.world.all_members().view()));
                       return std::vector{std::move(frame)};
                   }});
    return out;
}

}  // namespace

TEST_CASE(
    "what the relay does to one message is noticed by the next, and it comes with a new "
    "connection") {
    GhostTown town(481);
    for (const auto& trick : all_tricks()) {
        CAPTURE(trick.name);
        bool played = false;
        town.forget_notes();
        town.bob->line.to_client = [&](v1::Frame frame) -> std::vector<v1::Frame> {
            if (played || !of_channel(frame, town.channel)) return {std::move(frame)};
            played = true;
            return trick.play(town, std::move(frame));
        };
        const auto first = town.world.founder().send(town.channel, "the one");
        REQUIRE(first.ok());
        town.world.run(5 * second);
        REQUIRE(played);
        CHECK(town.world.witness().times_shown(1, *first) <= 1);
        const auto next = town.world.founder().send(town.channel, "the next");
        REQUIRE(next.ok());
        town.world.run(5 * second);
        CHECK(town.noted(trick.said));
        town.bob->line.to_client = {};
        town.bob->cut(0, 0);
        town.world.run(30 * second);
        CHECK(town.world.witness().times_shown(2, *first) == 1);
        CHECK(town.world.witness().times_shown(2, *next) == 1);
        const bool lost_for_good =
            trick.name.starts_with("blanked") || trick.name.starts_with("of another time");
        if (!lost_for_good) {
            CHECK(town.world.witness().times_shown(1, *first) == 1);
            CHECK(town.world.witness().times_shown(1, *next) == 1);
        }
    }
}

TEST_CASE("permuted and repeated, over new connections and restarts: each alert once, in order") {
    World world({.seed = 482});
    for (const auto* text : {"left out", "does not fit", "not what was delivered"})
        world.witness().expect(text);
    auto* bob = world.join();
    REQUIRE(bob != nullptr);
    REQUIRE(world.quiet());
    SeededRandom random(482, 9);
    std::vector<v1::Frame> held;
    bob->line.to_client = [&](v1::Frame frame) -> std::vector<v1::Frame> {
        if (!frame.has_deliver()) return {std::move(frame)};
        std::vector<v1::Frame> out;
        for (auto copies = random.between(1, 5); copies > 0; --copies) held.push_back(frame);
        while (!held.empty() && (held.size() > 64 || random.chance(60))) {
            const auto at = static_cast<std::ptrdiff_t>(random.below(held.size()));
            out.push_back(std::move(*(held.begin() + at)));
            held.erase(held.begin() + at);
        }
        return out;
    };
    std::vector<MessageId> all;
    for (int i = 0; i < 64; ++i) {
        const auto sent = world.founder().send(world.all_members(), "no " + std::to_string(i));
        REQUIRE(sent.ok());
        all.push_back(*sent);
        world.run(random.below(2 * second));
        if (i % 8 == 7) {
            held.clear();  // what was under way goes with its connection
            if (i % 16 == 7) {
                bob->cut(0, 0);
            } else {
                bob->crash();
                REQUIRE(bob->start());
            }
        }
    }
    bob->line.to_client = {};
    held.clear();
    bob->cut(0, 0);
    REQUIRE(world.quiet());  // the witness compares what was shown, and its order
    for (const auto& id : all) CHECK(world.witness().times_shown(1, id) == 1);
    CHECK(world.failures() == std::vector<std::string>{});
}

TEST_CASE(
    "a removal that the relay withholds: nothing is sent to who is out, and then it goes on") {
    for (const bool directory_too : {false, true}) {
        CAPTURE(directory_too);
        GhostTown town(483);
        auto hers = town.carol->group(town.channel);
        REQUIRE(hers.ok());
        town.bob->line.to_client = [&](v1::Frame frame) -> std::vector<v1::Frame> {
            if (of_channel(frame, town.channel)) return {};
            if (directory_too && frame.has_deliver() && frame.deliver().stream().kind() == 1)
                return {};
            return {std::move(frame)};
        };
        town.signed_by_founder(directory::DeviceRevoked{town.carol->id()});
        town.world.run(10 * second);
        const auto from = town.last_seq();
        const auto sent = town.bob->send(town.channel, "not for carol");
        REQUIRE(sent.ok());
        town.world.run(2 * minute);
        // Not a single message of his has gone out in the epoch that she still knows.
        CHECK(town.world.witness().times_shown(0, *sent) == 0);
        CHECK(town.last_seq() == from);
        CHECK_FALSE(town.bob->engine().settled());
        town.bob->line.to_client = {};
        town.bob->cut(0, 0);
        town.world.run(minute);
        CHECK(town.world.witness().times_shown(0, *sent) == 1);
        CHECK_FALSE(town.reads(*hers, from));
    }
}
