#include <doctest/doctest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <set>

#include "e2e/cli_world.hpp"
#include "fault/shim.hpp"

// The real command line, killed (-9) at its steps: each write and sync of its store, each time that
// bytes leave or arrive. Whatever it was doing, an alert is shown once, and no key serves twice: a
// key that did would leave the reader with something that it cannot open.
//
//   HUECRY_FAULT_STEPS=0 client_kill_test   at every single step, not at a choice of them
using namespace huecry;
using namespace huecry::fault;
using namespace huecry::test;

namespace {

constexpr std::int64_t no_end = 1'000'000'000;

std::int64_t number_from(const char* name, std::int64_t otherwise) {
    const char* text = std::getenv(name);
    return text == nullptr ? otherwise : std::strtoll(text, nullptr, 10);
}

/// A town whose commands can be made to die.
struct Scene {
    CliWorld world;
    Member bob;
    Shim shim{world.folder.path()};

    Scene() : bob(join()) {}

    Member join() {
        // Somebody must be there to add the newcomer to the channel.
        auto listening = world.anna.start({"listen", "--json", "--for", "60s"});
        auto out = world.join("bob");
        for (int i = 0; i < 20 && !reads(out); ++i) {
        }
        REQUIRE(reads(out));
        return out;
    }
    static bool reads(const Member& member) {
        return member.run({"send", "town", "bob is here", "--json"}).exit.code == 0;
    }

    Finished run(const Member& who, std::vector<std::string> words, std::int64_t die_at) {
        auto options = who.call(std::move(words));
        for (const auto& [name, value] : shim.environment()) options.environment[name] = value;
        shim.die_at(die_at);
        auto out = test::run(options, {}, std::chrono::seconds(60));
        last_steps = no_end - shim.steps_to_live();
        shim.die_at(0);
        return out;
    }
    std::int64_t last_steps = 0;

    /// Steps 1 … count, all of them or a choice that reaches from end to end.
    static std::vector<std::int64_t> choose(std::int64_t count, std::int64_t wanted) {
        std::vector<std::int64_t> out;
        const auto n = wanted <= 0 || wanted > count ? count : wanted;
        for (std::int64_t i = 0; i < n; ++i) out.push_back(1 + i * count / n);
        return out;
    }
};

std::size_t times(const std::vector<std::string>& texts, const std::string& text) {
    return static_cast<std::size_t>(std::count(texts.begin(), texts.end(), text));
}

}  // namespace

TEST_CASE("kill -9 of a sender: each alert arrives once or, if nobody was told so, not at all") {
    Scene scene;
    auto& anna = scene.world.anna;
    REQUIRE(scene.run(anna, {"send", "town", "first", "--json"}, no_end).exit.code == 0);
    const auto all = scene.last_steps;
    const auto steps = Scene::choose(all, number_from("HUECRY_FAULT_STEPS", 8));
    std::set<std::string> promised;
    std::set<std::string> maybe;
    std::size_t killed = 0;
    for (const auto step : steps) {
        const auto text = "alert at step " + std::to_string(step);
        const auto done = scene.run(anna, {"send", "town", text, "--json"}, step);
        if (done.exit.signal == SIGKILL) ++killed;
        (done.exit.code == 0 ? promised : maybe).insert(text);
    }
    // What is still in the outbox goes with the next command; and sending still works.
    REQUIRE(anna.run({"send", "town", "last", "--json"}).exit.code == 0);
    promised.insert("last");
    const auto shown = scene.bob.inbox();
    std::size_t arrived = 0;
    for (const auto& text : promised) CHECK_MESSAGE(times(shown, text) == 1, text);
    for (const auto& text : maybe) {
        CHECK_MESSAGE(times(shown, text) <= 1, text);
        arrived += times(shown, text);
    }
    CHECK(killed > steps.size() / 2);
    std::printf(
        "killed senders: at %zu of %zu choices among %lld steps, %zu of their alerts arrived, each "
        "once\n",
        killed, steps.size(), static_cast<long long>(all), arrived);
}

TEST_CASE("kill -9 of a reader: each alert is shown once") {
    Scene scene;
    auto& anna = scene.world.anna;
    const auto say = [&](const std::string& text) {
        REQUIRE(anna.run({"send", "town", text, "--json"}).exit.code == 0);
    };
    say("counted");
    REQUIRE(scene.run(scene.bob, {"inbox", "--json"}, no_end).exit.code == 0);
    const auto all = scene.last_steps;
    const auto steps = Scene::choose(all, number_from("HUECRY_FAULT_STEPS", 8));
    std::vector<std::string> said{"counted"};
    std::size_t killed = 0;
    for (const auto step : steps) {
        said.push_back("alert for step " + std::to_string(step));
        say(said.back());
        if (scene.run(scene.bob, {"inbox", "--json"}, step).exit.signal == SIGKILL) ++killed;
    }
    const auto shown = scene.bob.inbox();
    for (const auto& text : said) CHECK_MESSAGE(times(shown, text) == 1, text);
    CHECK(killed > steps.size() / 2);
    // And the other way still works.
    REQUIRE(scene.bob.run({"send", "town", "answer", "--json"}).exit.code == 0);
    CHECK(times(anna.inbox(), "answer") == 1);
    std::printf("killed readers: at %zu of %zu choices among %lld steps\n", killed, steps.size(),
                static_cast<long long>(all));
}
