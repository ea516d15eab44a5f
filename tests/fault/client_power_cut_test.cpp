#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "fault/power_cut.hpp"
#include "sim/world.hpp"

// The client's store on a disk whose power goes at any write, while members talk, join and come
// back: it opens and is sound, what a person was told is sent or has seen is there, nothing is
// shown twice, no key serves twice, and in the end everybody has everything.
//
//   HUECRY_FAULT_CLIENT_CUTS=2000 client_power_cut_test   more cuts
//   HUECRY_FAULT_SEED=17 client_power_cut_test            one partnership's life again
using namespace huecry;
using namespace huecry::fault;
using namespace huecry::sim;

namespace {

constexpr std::uint64_t cuts_a_life = 20;
constexpr std::size_t members = 3;  // from the beginning
constexpr std::size_t most = 6;

std::uint64_t number_from(const char* name, std::uint64_t otherwise) {
    const char* text = std::getenv(name);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

struct Totals {
    std::map<std::string, std::uint64_t> cuts;  // by kind, and by what was going on
    std::uint64_t promised = 0, shown = 0;
};

/// One partnership whose members' power goes again and again.
class Town {
public:
    /// With `lying` disks a sync saves nothing.
    Town(std::uint64_t seed, Totals& totals, bool lying = false)
        : world_({.seed = seed, .client_journals = true}),
          dice_(seed, 7),
          totals_(totals),
          lying_(lying) {}

    /// The first thing that is wrong; empty when all is well.
    std::string live() {
        for (std::size_t i = 1; i < members; ++i)
            if (world_.join() == nullptr) return "somebody cannot join";
        if (!world_.quiet()) return all_failures();
        for (std::uint64_t cut = 0; cut < cuts_a_life; ++cut) {
            auto wrong = one_cut();
            if (wrong.empty()) wrong = all_failures();
            if (!wrong.empty()) return "cut " + std::to_string(cut) + " (" + last_ + "): " + wrong;
        }
        if (!world_.quiet()) return all_failures();
        return in_the_end();
    }

private:
    struct Promise {
        std::size_t by = 0;
        MessageId id;
    };

    std::string all_failures() const {
        std::string out;
        for (const auto& one : world_.failures()) out += one + "; ";
        return out;
    }

    std::string one_cut() {
        auto& victim = world_.node(dice_.below(world_.size()));
        constexpr std::array<std::uint64_t, 5> reach{3, 8, 20, 60, 150};
        constexpr std::array kinds{Cut::dropped, Cut::ordered, Cut::shuffled, Cut::shuffled};
        const auto kind = kinds[dice_.below(kinds.size())];
        const auto at = 1 + dice_.below(reach[dice_.below(reach.size())]);
        const bool opening = dice_.chance(25);
        if (opening) victim.stop();
        victim.crash_at_write(at, [this, kind, number = victim.number()](DiskImage image) {
            auto& saved = saved_[number];
            if (lying_ && saved.empty()) saved = after_cut(image, Cut::kill, dice_);
            return after_cut(lying_ ? saved : std::move(image), kind, dice_);
        });
        last_ = std::string(opening ? "opening" : "at work") + ", " + name_of(kind) + ", n" +
                std::to_string(victim.number()) + " at write " + std::to_string(at);
        if (opening && !world_.restart(victim)) return {};
        // A moment of the loop: who has died meanwhile is closed.
        for (int i = 0; i < 60 && victim.running(); ++i) {
            act(opening || i % 2 == 0 ? &victim : nullptr);
            victim.after_event();
            world_.run(dice_.chance(80) ? dice_.below(second) : dice_.below(20 * second));
        }
        if (victim.running()) {
            victim.crash();
        } else {
            ++totals_.cuts[name_of(kind)];
            ++totals_.cuts[opening ? "after opening" : "at work"];
        }
        for (int i = 0; i < 3; ++i) {
            act(nullptr);
            world_.run(dice_.below(2 * second));
        }
        if (!world_.restart(victim)) return {};
        return kept_by(victim);
    }

    /// `who` does something, or anybody.
    void act(Node* who) {
        auto& node = who != nullptr ? *who : world_.node(dice_.below(world_.size()));
        if (!node.running() || node.died() || !node.engine().directory().known()) return;
        const auto what = dice_.below(100);
        if (what < 55) return say(node);
        if (what < 70) {
            const auto alerts = node.projection().alerts();
            if (!alerts.empty())
                (void)node.respond(alerts[dice_.below(alerts.size())].id, Answer::coming);
            return;
        }
        auto& founder = world_.founder();
        const bool led = founder.running() && !founder.died() && founder.engine().settled();
        if (what < 75 && led && world_.size() < most)
            return world_.begin_join(founder, World::Invitation{});
        if (what < 80 && led && founder.engine().directory().state().channels().size() < 3)
            return founder.engine().submit_statement(
                directory::ChannelDefined{world_.channel(founder, directory::every_role)},
                [](const Result<std::uint64_t>&) {});
        if (what < 90) node.cut(dice_.below(2 * second), dice_.below(30 * second));
    }

    void say(Node& node) {
        std::optional<std::chrono::seconds> expiry;
        if (dice_.chance(20)) expiry = std::chrono::seconds(dice_.between(5, 90));
        const auto sent = node.send(world_.all_members(), "alert " + std::to_string(++said_),
                                    expiry, dice_.chance(10));
        // Dead before it could say so: nobody was told anything.
        if (!sent || node.died()) return;
        world_.witness().sent_alert(node, world_.all_members(), *sent);
        if (!expiry) promises_.push_back({node.number(), *sent});
    }

    /// After the power is back: its store is sound, and has what its person knows of.
    std::string kept_by(Node& node) {
        if (!node.running()) return {};
        if (const auto sound = node.db().check_integrity(); !sound)
            return "the store is not sound: " + sound.error().text();
        for (const auto& promise : promises_) {
            const bool mine = promise.by == node.number();
            if (!mine && world_.witness().times_shown(node.number(), promise.id) == 0) continue;
            if (!node.projection().alert(promise.id))
                return std::string(mine ? "sent" : "seen") + " and lost: " + promise.id.short_hex();
        }
        return {};
    }

    std::string in_the_end() {
        totals_.promised += promises_.size();
        for (const auto& promise : promises_) {
            const auto mine = world_.node(promise.by).projection().alert(promise.id);
            if (!mine || mine->state != SendState::accepted)
                return "never sent by n" + std::to_string(promise.by) + ": " +
                       promise.id.short_hex() +
                       (mine ? ", state " + std::to_string(static_cast<int>(mine->state))
                             : std::string(", lost"));
            for (std::size_t i = 0; i < members; ++i) {
                if (i == promise.by) continue;
                const auto times = world_.witness().times_shown(i, promise.id);
                totals_.shown += times;
                if (times != 1)
                    return "shown " + std::to_string(times) + " times to n" + std::to_string(i) +
                           ": " + promise.id.short_hex();
            }
        }
        return {};
    }

    World world_;
    SeededRandom dice_;
    Totals& totals_;
    bool lying_;
    std::map<std::size_t, DiskImage> saved_;  // all that a lying disk has ever saved
    std::vector<Promise> promises_;
    std::uint64_t said_ = 0;
    std::string last_ = "nothing yet";
};

}  // namespace

TEST_CASE("power cuts of a client: what a person was told is there, nothing is shown twice") {
    const auto begun = std::chrono::steady_clock::now();
    const auto wanted = number_from("HUECRY_FAULT_CLIENT_CUTS", 200);
    const auto one = number_from("HUECRY_FAULT_SEED", 0);
    Totals totals;
    const auto first = one != 0 ? one : 1;
    const auto last = one != 0 ? one : (wanted + cuts_a_life - 1) / cuts_a_life;
    for (auto seed = first; seed <= last; ++seed) {
        Town town(seed, totals);
        const auto wrong = town.live();
        CHECK_MESSAGE(wrong.empty(), wrong << " again with HUECRY_FAULT_SEED=" << seed);
    }
    const auto took = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun);
    std::printf(
        "power cuts of clients: seeds %llu to %llu, %.1f s, %llu alerts promised, shown %llu "
        "times\n",
        static_cast<unsigned long long>(first), static_cast<unsigned long long>(last), took.count(),
        static_cast<unsigned long long>(totals.promised),
        static_cast<unsigned long long>(totals.shown));
    for (const auto& [what, n] : totals.cuts)
        std::printf("  %6llu %s\n", static_cast<unsigned long long>(n), what.c_str());
    if (one == 0) CHECK(totals.cuts["at work"] + totals.cuts["after opening"] > wanted / 2);
}

TEST_CASE("a client's disk that says it has synced and has not is found out") {
    Totals totals;
    Town town(1, totals, true);
    CHECK_FALSE(town.live().empty());
}
