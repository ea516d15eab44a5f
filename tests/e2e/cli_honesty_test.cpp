#include <doctest/doctest.h>

#include <boost/json.hpp>
#include <csignal>
#include <fstream>

#include "e2e/cli_world.hpp"

// A relay whose operator puts its store back to a copy in secret, by the real programs: what it
// signed before and after convicts it, before anybody who has the file.
using namespace huecry::test;
namespace fs = std::filesystem;

namespace {

/// Stops the relay, exchanges its data, and starts it where it was.
void restart(CliWorld& world, const std::function<void(const fs::path& data)>& meanwhile) {
    const auto data = world.folder.path() / "relay";
    const auto listen = "127.0.0.1:" + std::to_string(world.relay->port());
    world.relay->process().send_signal(SIGTERM);
    REQUIRE(world.relay->process().wait());
    meanwhile(data);
    world.relay =
        std::make_unique<RelayProcess>(data, std::vector<std::string>{"--listen", listen});
}

}  // namespace

TEST_CASE("a relay that is put back in secret is convicted by its own signatures") {
    CliWorld world;
    const auto ben = world.join("Ben");
    const auto cleo = world.join("Cleo");
    (void)world.anna.ask({"inbox"});  // lets both into the channels
    (void)world.anna.ask({"send", "town", "seen by all"});
    CHECK(ben.inbox() == std::vector<std::string>{"seen by all"});
    CHECK(cleo.inbox() == std::vector<std::string>{"seen by all"});
    CHECK(ben.ask({"evidence", "list"}).at("evidence").as_array().empty());
    // Two devices compare each other's keys.
    const auto own = ben.ask({"device", "words"});
    const auto seen = cleo.ask({"device", "words", text_at(own, "device")});
    CHECK(text_at(own, "words") == text_at(seen, "words"));
    CHECK(text_at(own, "words") != text_at(cleo.ask({"device", "words"}), "words"));

    const auto copy = world.folder.path() / "copy";
    restart(world,
            [&](const fs::path& data) { fs::copy(data, copy, fs::copy_options::recursive); });
    (void)ben.ask({"send", "town", "what the relay forgets"});
    restart(world, [&](const fs::path& data) {
        fs::remove_all(data);
        fs::copy(copy, data, fs::copy_options::recursive);
    });
    (void)cleo.ask({"send", "town", "in its place"});

    (void)ben.run({"inbox"});
    const auto found = ben.ask({"evidence", "list"}).at("evidence").as_array();
    REQUIRE(found.size() == 1);
    CHECK(found[0].at("proven").as_bool());
    CHECK_FALSE(text_at(found[0], "channel").empty());
    const auto plain = ben.run({"evidence", "list"});
    CHECK(plain.output.find("PROOF") != std::string::npos);
    const auto looked = ben.run({"doctor"});
    CHECK(looked.output.find("PROBLEM  honesty") != std::string::npos);

    const auto file = (world.folder.path() / "relay.evidence").string();
    (void)ben.ask({"evidence", "save", "1", file});
    // Who checks it has no profile, and no relay.
    const Member judge(world.folder.path(), "judge");
    const auto verdict = judge.ask({"verify-evidence", file});
    CHECK(text_at(verdict, "verdict") == "proven");
    CHECK(verdict.at("bound").as_bool());
    CHECK(text_at(verdict, "relay_key") == huecry::to_hex(world.relay->key().view()));
    CHECK(text_at(verdict, "first") != text_at(verdict, "second"));
    const auto told = judge.run({"verify-evidence", file});
    CHECK(told.exit.code == 0);
    CHECK(told.output.find("signed two different pasts") != std::string::npos);
    // Nothing that was said is in it.
    std::ifstream in(file, std::ios::binary);
    std::string bytes{std::istreambuf_iterator<char>(in), {}};
    for (const auto* word : {"forgets", "Ben", "Oldtown", "town"})
        CHECK(bytes.find(word) == std::string::npos);
    // A file that was touched convicts nobody.
    bytes[bytes.size() / 2] ^= 1;
    std::ofstream(file, std::ios::binary) << bytes;
    CHECK(judge.run({"verify-evidence", file}).exit.code != 0);
    CHECK(judge.run({"verify-evidence", ben.secret_file.string()}).exit.code == 2);
    // An existing file is kept.
    CHECK(ben.run({"evidence", "save", "1", file}).exit.code == 2);
    CHECK(ben.run({"evidence", "save", "7", file + "7"}).exit.code == 7);
}

TEST_CASE("a relay whose operator says that it was put back: nobody accuses it, and all go on") {
    CliWorld world;
    const auto ben = world.join("Ben");
    const auto cleo = world.join("Cleo");
    (void)world.anna.ask({"inbox"});
    (void)ben.ask({"inbox"});
    (void)cleo.ask({"inbox"});
    const auto copy = world.folder.path() / "copy";
    restart(world,
            [&](const fs::path& data) { fs::copy(data, copy, fs::copy_options::recursive); });
    const auto device = text_at(cleo.ask({"devices", "--own"}).at("devices").at(0), "id");
    (void)world.anna.ask({"revoke", device});
    (void)ben.ask({"inbox"});
    CHECK(run_relay({"restored", "--data", (world.folder.path() / "relay").string()}).exit.code ==
          15);  // one relay runs on it
    restart(world, [&](const fs::path& data) {
        fs::remove_all(data);
        fs::copy(copy, data, fs::copy_options::recursive);
        const auto told = run_relay({"restored", "--data", data.string()});
        CHECK(told.exit.code == 0);
        CHECK(told.output.find("next start") != std::string::npos);
    });
    for (int i = 0; i < 3; ++i) {  // what is due is done by whoever comes
        (void)ben.run({"inbox"});
        (void)world.anna.run({"inbox"});
    }
    (void)world.anna.ask({"send", "town", "after the restore"});
    CHECK(ben.inbox() == std::vector<std::string>{"after the restore"});
    CHECK(ben.ask({"evidence", "list"}).at("evidence").as_array().empty());
    // Who was removed since the backup is out again.
    CHECK(cleo.run({"send", "town", "still here?"}).exit.code != 0);
    const auto log = ben.run({"directory", "log"});
    CHECK(log.output.find("restored") != std::string::npos);
    CHECK(log.output.find("revoke") != std::string::npos);
}
