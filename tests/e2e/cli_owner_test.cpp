#include <doctest/doctest.h>
#include <pty.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/json.hpp>
#include <csignal>
#include <fstream>
#include <random>
#include <thread>

#include "e2e/cli_world.hpp"

// One process owns a profile; the others hand it their work, and take over when it is gone.
using namespace huecry;
using namespace huecry::test;

namespace {

/// The next alert that a listener with --json shows.
std::string next_alert(Process& listener) {
    while (const auto line = listener.read_line()) {
        const auto event = json_of(*line);
        if (text_at(event, "event").find("received") == std::string::npos &&
            text_at(event, "event").find("accepted") == std::string::npos)
            continue;
        return text_at(event.at("alert"), "text");
    }
    return "(no more)";
}

mode_t mode_of(const std::filesystem::path& path) {
    struct stat about{};
    REQUIRE(::stat(path.c_str(), &about) == 0);
    return about.st_mode & 07777;
}

/// Runs huecry on a terminal of its own, types `typed`, and returns all that it showed.
std::pair<std::string, int> on_terminal(const Process::Options& call, const std::string& typed) {
    int terminal = -1;
    const auto child = ::forkpty(&terminal, nullptr, nullptr, nullptr);
    REQUIRE(child >= 0);
    if (child == 0) {
        for (const auto& [name, value] : call.environment) ::setenv(name.c_str(), value.c_str(), 1);
        std::vector<char*> words;
        auto program = call.program.string();
        words.push_back(program.data());
        auto arguments = call.arguments;
        for (auto& argument : arguments) words.push_back(argument.data());
        words.push_back(nullptr);
        ::execv(program.c_str(), words.data());
        ::_exit(127);
    }
    std::string shown;
    bool answered = false;
    std::array<char, 4096> chunk{};
    while (true) {
        const auto got = ::read(terminal, chunk.data(), chunk.size());
        if (got <= 0) break;
        shown.append(chunk.data(), static_cast<std::size_t>(got));
        if (!answered && shown.find(": ") != std::string::npos) {
            answered = true;
            (void)::write(terminal, typed.data(), typed.size());
        }
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    ::close(terminal);
    return {shown, WIFEXITED(status) ? WEXITSTATUS(status) : -1};
}

}  // namespace

TEST_CASE("listening in one place, sending in another; the profile stays private") {
    CliWorld world;
    const auto ben = world.join("ben");
    (void)world.anna.ask({"inbox"});
    auto listener = ben.start({"listen", "--json"});
    auto other = world.anna.start({"listen", "--json"});
    REQUIRE(listener.read_line().has_value());  // it owns the profile now
    CHECK(ben.run({"send", "town", "first"}).exit.code == 0);
    CHECK(next_alert(other) == "first");
    CHECK(std::filesystem::exists(ben.profile / "owner.sock"));
    CHECK(mode_of(ben.profile / "owner.sock") == 0600);
    CHECK(mode_of(ben.profile) == 0700);

    // A wrong key or passphrase opens nothing, although the owner is there.
    auto wrong = ben.call({"inbox"});
    wrong.environment[ben.secret_variable] = world.anna.secret_file.string();
    CHECK(run(wrong).exit.code == 4);
    wrong.environment.erase(ben.secret_variable);
    wrong.environment["HUECRY_PASSPHRASE_FILE"] = world.anna.secret_file.string();
    CHECK(run(wrong).exit.code == 4);
    // Standard input, files and time zone are those of the asking side.
    CHECK(ben.run({"send", "town", "-"}, "from the input\n").exit.code == 0);
    CHECK(next_alert(other) == "from the input");
    CHECK(ben.run({"send", "town", "x", "--photo", "missing.jpg"}).exit.code == 7);

    listener.send_signal(SIGTERM);
    const auto exit = listener.wait();
    REQUIRE(exit.has_value());
    CHECK(exit->signal == SIGTERM);
    CHECK(ben.run({"send", "town", "second"}).exit.code == 0);
    CHECK(next_alert(other) == "second");
}

TEST_CASE("a second listener takes over when the owner is killed, and repeats nothing") {
    CliWorld world;
    const auto ben = world.join("ben");
    (void)world.anna.ask({"inbox"});
    auto owner = world.anna.start({"listen", "--json"});
    CHECK(ben.run({"send", "town", "first"}).exit.code == 0);
    CHECK(next_alert(owner) == "first");
    auto second = world.anna.start({"listen", "--json", "--from-start"});
    CHECK(next_alert(second) == "first");
    owner.kill();
    CHECK(ben.run({"send", "town", "second"}).exit.code == 0);
    CHECK(next_alert(second) == "second");
    // An event is marked as shown before the next one is printed: only the last one may be shown
    // again, when its listener is killed between printing and marking.
    CHECK(ben.run({"send", "town", "third"}).exit.code == 0);
    CHECK(next_alert(second) == "third");
    second.kill();
    auto third = world.anna.start({"listen", "--json"});
    CHECK(ben.run({"send", "town", "fourth"}).exit.code == 0);
    const auto shown = next_alert(third);
    CHECK((shown == "third" || shown == "fourth"));
    if (shown == "third") CHECK(next_alert(third) == "fourth");
}

TEST_CASE("two senders while the owner is killed again and again: everything once") {
    constexpr int each = 4;
    CliWorld world;
    const auto ben = world.join("ben");
    (void)world.anna.ask({"inbox"});
    std::atomic<int> running{2};
    std::atomic<int> wrong_codes{0};
    const auto send_all = [&](const std::string& who) {
        for (int i = 0; i < each; ++i) {
            const auto code = ben.run({"send", "town", who + std::to_string(i)}).exit.code;
            if (code != 0 && code != 8) ++wrong_codes;
        }
        --running;
    };
    std::thread one(send_all, "one ");
    std::thread two(send_all, "two ");
    std::mt19937 random(std::random_device{}());
    int kills = 0;
    while (running > 0) {
        auto listener = ben.start({"listen", "--json"});
        (void)listener.read_line(std::chrono::milliseconds(100 + random() % 900));
        listener.kill();
        ++kills;
    }
    one.join();
    two.join();
    CHECK(kills > 0);
    CHECK(wrong_codes == 0);
    CHECK(ben.run({"inbox"}).exit.code == 0);
    auto texts = world.anna.inbox();
    std::sort(texts.begin(), texts.end());
    std::vector<std::string> expected;
    for (const auto* who : {"one ", "two "})
        for (int i = 0; i < each; ++i) expected.push_back(who + std::to_string(i));
    CHECK(texts == expected);
}

TEST_CASE("a passphrase is asked for on a terminal, and not shown") {
    CliWorld world(Member::Opens::by_passphrase);
    auto call = world.anna.call({"channel", "list"});
    call.environment["HUECRY_PASSPHRASE_FILE"] = "";
    const auto [shown, code] = on_terminal(call, "passphrase of anna\n");
    CAPTURE(shown);
    CHECK(code == 0);
    CHECK(shown.find("Passphrase: ") != std::string::npos);
    CHECK(shown.find("passphrase of anna") == std::string::npos);
    CHECK(shown.find("town") != std::string::npos);
    const auto [again, wrong] = on_terminal(call, "nonsense\n");
    CHECK(wrong == 4);
    CHECK(again.find("nonsense") == std::string::npos);
}

TEST_CASE("a backup's passphrase is chosen once and, to restore, asked for once") {
    CliWorld world;
    const auto backup = (world.folder.path() / "root.key").string();
    const auto words = (world.folder.path() / "words").string();
    std::ofstream(words) << "words of the root\n";
    auto shell = world.anna.call({});
    shell.arguments = {"-c",
                       "exec \"$0\" authority backup \"$1\" --backup-passphrase-fd 7 7<\"$2\"",
                       shell.program.string(), backup, words};
    shell.program = "/bin/sh";
    REQUIRE(run(shell).exit.code == 0);
    const auto restore = world.anna.call({"authority", "restore", backup});
    const auto [shown, code] = on_terminal(restore, "words of the root\n");
    CAPTURE(shown);
    CHECK(code == 0);
    CHECK(shown.find("words of the root") == std::string::npos);
    CHECK(on_terminal(restore, "wrong\n").second == 4);
}
