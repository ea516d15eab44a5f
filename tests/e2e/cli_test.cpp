#include <doctest/doctest.h>
#include <sys/stat.h>

#include <boost/json.hpp>
#include <fstream>

#include "e2e/cli_world.hpp"

// Every command of the real program: its help, its JSON, its exit codes, without a terminal.
using namespace huecry;
using namespace huecry::test;

namespace {

using Words = std::vector<std::string>;

/// The names are fixed: scripts depend on them.
const std::vector<Words> commands{{"partnership", "create"},
                                  {"invite"},
                                  {"invite", "list"},
                                  {"invite", "withdraw"},
                                  {"join"},
                                  {"approve"},
                                  {"agreement", "publish"},
                                  {"agreement", "show"},
                                  {"agreement", "accept"},
                                  {"agreement", "status"},
                                  {"channel", "create"},
                                  {"channel", "list"},
                                  {"channel", "set"},
                                  {"send"},
                                  {"listen"},
                                  {"inbox"},
                                  {"photo"},
                                  {"respond"},
                                  {"status"},
                                  {"members"},
                                  {"devices"},
                                  {"revoke"},
                                  {"doctor"},
                                  {"passphrase", "change"},
                                  {"authority", "backup"},
                                  {"authority", "restore"},
                                  {"authority", "rotate"},
                                  {"authority", "show"},
                                  {"member", "suspend"},
                                  {"member", "reinstate"},
                                  {"member", "role"},
                                  {"policy", "show"},
                                  {"policy", "set"},
                                  {"quorum", "show"},
                                  {"quorum", "set"},
                                  {"endorse"},
                                  {"endorse", "list"},
                                  {"device", "link"},
                                  {"device", "list"},
                                  {"device", "revoke"},
                                  {"device", "rotate-key"},
                                  {"device", "words"},
                                  {"evidence", "list"},
                                  {"evidence", "save"},
                                  {"verify-evidence"},
                                  {"link-device"},
                                  {"delegate", "grant"},
                                  {"delegate", "withdraw"},
                                  {"delegate", "list"},
                                  {"directory", "log"},
                                  {"directory", "verify"},
                                  {"directory", "words"},
                                  {"relay", "move"},
                                  {"relay", "follow"},
                                  {"relay", "show"},
                                  {"channel", "close"},
                                  {"channel", "restart"},
                                  {"version"},
                                  {"nickname"}};

Words plus(Words words, const Words& more) {
    words.insert(words.end(), more.begin(), more.end());
    return words;
}

/// The name of the error on standard error, as --json prints it.
std::string error_name(const Finished& finished) {
    const auto error = json_of(finished.errors).at("error");
    CHECK_FALSE(text_at(error, "sentence").empty());
    CHECK(error.at("code").is_int64());
    return text_at(error, "name");
}

std::string joined(const Words& words) {
    std::string out;
    for (const auto& word : words) out += word + " ";
    return out;
}

}  // namespace

TEST_CASE("every command explains itself, with an example") {
    TemporaryDirectory folder;
    const Member nobody(folder.path(), "nobody");
    for (const auto& command : commands) {
        CAPTURE(joined(command));
        const auto help = nobody.run(plus(command, {"--help"}));
        CHECK(help.exit.code == 0);
        CHECK(help.output.find("Example: ") != std::string::npos);
        CHECK(help.errors.empty());
    }
    CHECK(nobody.run({"--help"}).exit.code == 0);
    CHECK(nobody.run({}).exit.code == 2);
    CHECK(text_at(nobody.ask({"version"}), "version") == "0.1.0");
    CHECK_FALSE(std::filesystem::exists(nobody.profile));
}

TEST_CASE("the manual page in the tree is the one that the program prints") {
    TemporaryDirectory folder;
    const Member nobody(folder.path(), "nobody");
    std::ifstream in(HUECRY_MANUAL, std::ios::binary);
    const std::string kept{std::istreambuf_iterator<char>(in), {}};
    CHECK(kept == nobody.run({"manual"}).output);
    for (const auto& command : commands) {
        auto name = joined(command);
        name.pop_back();
        CAPTURE(name);
        // A plain hyphen in a manual page is not one that can be typed.
        std::string typed;
        for (const char c : name) typed += c == '-' ? std::string("\\-") : std::string(1, c);
        CHECK(kept.find(".B huecry " + typed) != std::string::npos);
    }
    // The completion is a script that bash takes.
    Process::Options bash{.program = "/bin/bash", .arguments = {"-n"}};
    CHECK(run(bash, nobody.run({"completion", "bash"}).output).exit.code == 0);
}

TEST_CASE("without a profile: exit code 3, and the command that makes one") {
    TemporaryDirectory folder;
    const Member nobody(folder.path(), "nobody");
    for (const auto& command : std::vector<Words>{{"inbox"},
                                                  {"members"},
                                                  {"send", "town", "x"},
                                                  {"listen"},
                                                  {"doctor"},
                                                  {"passphrase", "change"},
                                                  {"status", "last"}}) {
        CAPTURE(joined(command));
        const auto plain = nobody.run(command);
        CHECK(plain.exit.code == 3);
        CHECK(plain.errors.find("huecry partnership create") != std::string::npos);
        CHECK(plain.output.empty());
        const auto json = nobody.run(plus(command, {"--json"}));
        CHECK(json.exit.code == 3);
        CHECK(error_name(json) == "no_profile");
    }
    CHECK_FALSE(std::filesystem::exists(nobody.profile));
}

TEST_CASE("passphrases: none, wrong, short, changed; never a question without a terminal") {
    using Opens = Member::Opens;
    CliWorld world(Opens::by_passphrase);
    auto call = world.anna.call({"inbox", "--offline"});
    call.environment["HUECRY_PASSPHRASE_FILE"] = "";
    CHECK(run(call).exit.code == 4);
    call.environment["HUECRY_PASSPHRASE_FILE"] = "/nonexistent";
    CHECK(run(call).exit.code == 4);
    const auto wrong = world.folder.path() / "wrong";
    std::ofstream(wrong) << "not the passphrase\n";
    call.environment["HUECRY_PASSPHRASE_FILE"] = wrong.string();
    CHECK(run(call).exit.code == 4);

    Member shorty(world.folder.path(), "shorty", Opens::by_passphrase);
    std::ofstream(shorty.secret_file) << "short\n";
    const auto create = shorty.run({"partnership", "create", "--relay", world.relay->address(),
                                    "--name", "N", "--member", "M", "--json"});
    CHECK(create.exit.code == 2);
    CHECK(error_name(create) == "invalid_argument");
    CHECK_FALSE(std::filesystem::exists(shorty.profile));

    // A shell opens the file of the new passphrase.
    const auto next = world.folder.path() / "next";
    std::ofstream(next) << "another passphrase\n";
    auto change = world.anna.call({});
    change.arguments = {"-c", "exec \"$0\" passphrase change --new-passphrase-fd 7 7<\"$1\"",
                        huecry_program().string(), next.string()};
    change.program = "/bin/sh";
    CHECK(run(change).exit.code == 0);
    CHECK(world.anna.run({"inbox", "--offline"}).exit.code == 4);
    std::filesystem::copy_file(next, world.anna.secret_file,
                               std::filesystem::copy_options::overwrite_existing);
    CHECK(world.anna.run({"inbox", "--offline"}).exit.code == 0);
}

TEST_CASE("a key file in place of a passphrase: made, wrong, cut short, too long, changed to") {
    CliWorld world(Member::Opens::by_passphrase);
    const auto key = world.folder.path() / "machine.key";
    const auto write = [&](std::size_t size, char c) {
        std::ofstream(key) << std::string(size, c);
    };
    const auto change = [&](std::vector<std::string> more) {
        more.insert(more.begin(), {"passphrase", "change"});
        return world.anna.run(more).exit.code;
    };
    CHECK(change({"--new-key-file", key.string()}) == 4);
    write(31, 'k');
    CHECK(change({"--new-key-file", key.string()}) == 4);
    write(33, 'k');
    const auto long_one = world.anna.run({"passphrase", "change", "--new-key-file", key.string()});
    CHECK(long_one.exit.code == 4);
    CHECK(long_one.errors.find("exactly 32 bytes") != std::string::npos);
    write(32, 'k');
    CHECK(change({"--new-key-file", key.string(), "--new-passphrase-fd", "7"}) == 2);
    CHECK(world.anna.run({"inbox", "--offline"}).exit.code == 0);
    CHECK(change({"--new-key-file", key.string()}) == 0);
    CHECK(world.anna.run({"inbox", "--offline"}).exit.code == 4);
    auto keyed = world.anna.call({"inbox", "--offline"});
    keyed.environment["HUECRY_KEY_FILE"] = key.string();
    CHECK(run(keyed).exit.code == 0);
    write(32, 'x');
    CHECK(run(keyed).exit.code == 4);
    keyed.environment["HUECRY_KEY_FILE"] = "/nonexistent";
    CHECK(run(keyed).exit.code == 4);
}

TEST_CASE("the relay's address: without key refused, wrong key refused, nothing left behind") {
    TemporaryDirectory folder;
    RelayProcess relay(folder.path() / "relay");
    const Member nobody(folder.path(), "nobody");
    const auto hash = relay.address().find('#');
    const auto create = [&](const std::string& address) {
        return nobody.run({"partnership", "create", "--json", "--relay", address, "--name", "N",
                           "--member", "M"});
    };
    const auto keyless = create(relay.address().substr(0, hash));
    CHECK(keyless.exit.code == 13);
    CHECK(error_name(keyless) == "relay_key_unknown");
    auto other = relay.address();
    other[hash + 3] = other[hash + 3] == 'A' ? 'B' : 'A';
    const auto wrong = create(other);
    CHECK(wrong.exit.code == 13);
    CHECK(error_name(wrong) == "wrong_relay");
    CHECK(create("nonsense").exit.code == 2);
    CHECK(create("https://127.0.0.1:1/" + relay.address().substr(hash)).exit.code == 5);
    CHECK_FALSE(std::filesystem::exists(nobody.profile));
}

TEST_CASE("the main job: invite, join, send, answer, status; the root key's reminder ends") {
    CliWorld world;
    const auto reminded = world.anna.run({"invite", "--role", "security", "--member", "Gus"});
    CHECK(reminded.exit.code == 0);
    CHECK(reminded.errors.find("authority backup") != std::string::npos);
    CHECK(reminded.output.starts_with("huecry://join/"));

    const auto ben = world.join("ben");
    // Nobody else is online: what is sent waits, and says so.
    // Nor has anybody told ben the channels' names yet: they go by their ids.
    const auto channels = ben.ask({"channel", "list"});
    std::string town;
    for (const auto& channel : channels.at("channels").as_array())
        if (!channel.at("all_members").as_bool()) town = text_at(channel, "id").substr(0, 8);
    const auto queued = ben.run({"send", town, "red jacket", "--category", "theft-in-progress",
                                 "--offender", "Grey Heron", "--json"});
    const auto receipt = json_of(queued.output);
    CAPTURE(queued.errors);
    CHECK((queued.exit.code == 0 || queued.exit.code == 8));
    CHECK(receipt.at("readers").as_int64() == 1);
    CHECK(text_at(receipt, "state") == (queued.exit.code == 0 ? "accepted" : "queued"));
    (void)world.anna.ask({"inbox"});
    (void)ben.ask({"inbox"});
    const auto answer = world.anna.ask({"inbox"});
    REQUIRE(answer.at("alerts").as_array().size() == 1);
    const auto& alert = answer.at("alerts").as_array()[0];
    CHECK(text_at(alert, "text") == "red jacket");
    CHECK(text_at(alert, "offender") == "Grey Heron");
    CHECK(text_at(alert.at("from"), "name") == "ben");
    const auto id = text_at(alert, "id");
    CHECK(id == text_at(receipt, "alert"));
    (void)world.anna.ask({"respond", id.substr(0, 8), "coming"});
    const auto status = ben.ask({"status", "last"});
    CHECK(status.at("delivered").as_int64() == 1);
    CHECK(text_at(status.at("alert").at("responses").as_array().at(0), "answer") == "coming");
    CHECK(ben.ask({"members"}).at("members").as_array().size() == 2);
    CHECK(world.anna.run({"doctor"}).exit.code == 0);
    CHECK_FALSE(text_at(ben.ask({"nickname"}), "nickname").empty());

    auto backup = world.anna.call({});
    backup.arguments = {"-c",
                        "exec \"$0\" authority backup root.key --backup-passphrase-fd 7 7<\"$1\"",
                        huecry_program().string(), world.anna.secret_file.string()};
    backup.program = "/bin/sh";
    CHECK(run(backup).exit.code == 0);
    CHECK(std::filesystem::file_size(world.folder.path() / "root.key") > 32);
    CHECK(run(backup).exit.code == 2);  // the file is kept
    CHECK(world.anna.run({"invite", "list"}).errors.find("authority backup") == std::string::npos);
}

TEST_CASE("approval and agreement without a terminal ask for their options") {
    CliWorld world;
    std::ofstream(world.folder.path() / "agreement.txt") << "We share only what is needed.\n";
    CHECK(world.anna.ask({"agreement", "publish", "agreement.txt"}).at("version").as_int64() == 1);
    const auto link =
        text_at(world.anna.ask({"invite", "--role", "police", "--member", "Pia"}), "link");
    const Member pia(world.folder.path(), "pia");
    const auto refused = pia.run({"join", "-", "--json"}, link + "\n");
    CHECK(refused.exit.code == 2);
    CHECK(error_name(refused) == "cancelled");
    CHECK_FALSE(std::filesystem::exists(pia.profile));
    const auto joined = pia.ask({"join", link, "--accept-agreement"});
    CHECK(text_at(joined, "standing") == "pending");
    const auto phrase = text_at(joined, "safety_phrase");
    const auto device = text_at(joined.at("self"), "device");

    const auto unasked = world.anna.run({"approve", "last"});
    CHECK(unasked.exit.code == 2);
    CHECK(unasked.output.find(phrase) != std::string::npos);
    CHECK(text_at(world.anna.ask({"approve", device.substr(0, 6), "--yes"}), "safety_phrase") ==
          phrase);
    CHECK(world.anna.run({"approve", "last", "--yes"}).exit.code == 0);  // twice does no harm
    (void)pia.ask({"inbox"});
    const auto status = world.anna.ask({"agreement", "status"});
    for (const auto& member : status.at("members").as_array())
        CHECK(member.at("accepted").as_bool());
    CHECK(pia.run({"agreement", "show"}).output == "We share only what is needed.\n");
}

TEST_CASE("bad input: one sentence, a stable exit code, and everything as it was") {
    CliWorld world;
    const auto& anna = world.anna;
    const auto& folder = world.folder.path();
    std::ofstream(folder / "bad.jpg") << "this is no photograph";
    std::ofstream(folder / "empty.jpg");
    struct Case {
        Words words;
        int code;
        std::string name;
    };
    const std::vector<Case> cases{
        {{"send", "nowhere", "x"}, 7, "channel_unknown"},
        {{"send", "town", ""}, 2, "text_empty"},
        {{"send", "town"}, 2, "text_empty"},
        {{"send", "town", std::string(8001, 'x')}, 2, "text_too_long"},
        {{"send", "town", "\x1b[2J"}, 2, "text_unprintable"},
        {{"send", "town", "\xff\xfe"}, 2, "text_unprintable"},
        {{"send", "town", "x", "--place", "a\x07"}, 2, "text_unprintable"},
        {{"send", "town", "x", "--category", "nonsense"}, 2, "invalid_argument"},
        {{"send", "town", "x", "--expires", "0s"}, 2, "invalid_argument"},
        {{"send", "town", "x", "--expires", "366d"}, 2, "expiry_too_long"},
        {{"send", "town", "x", "--photo", "missing.jpg"}, 7, "not_found"},
        {{"send", "town", "x", "--photo", "bad.jpg"}, 14, ""},
        {{"send", "town", "x", "--photo", "empty.jpg"}, 14, ""},
        {{"send", "town", "x", "--photo", "."}, 2, "invalid_argument"},
        {{"send", "town", "x", "--pixelate", "1,2,3,4"}, 2, "invalid_argument"},
        {{"send", "town", "x", "y"}, 2, "invalid_argument"},
        {{"status", "ffffffff"}, 7, "not_found"},
        {{"respond", "last", "coming"}, 7, "not_found"},
        {{"respond", "last", "dancing"}, 2, "invalid_argument"},
        {{"photo", "last", "--out", "x.jpg"}, 7, "not_found"},
        {{"photo", "last", "9", "--out", "x.jpg"}, 2, "invalid_argument"},
        {{"revoke", "ffffffff"}, 7, "not_found"},
        {{"approve", "ffffffff"}, 7, "not_found"},
        {{"invite", "withdraw", "ffffffff"}, 7, "not_found"},
        {{"invite", "--role", "king", "--member", "M"}, 2, "invalid_argument"},
        {{"invite", "--role", "retailer"}, 2, "invalid_argument"},
        {{"channel", "create", "c", "--read", "king"}, 2, "invalid_argument"},
        {{"channel", "create", "town"}, 2, "invalid_argument"},
        {{"channel", "create", "\x1b[31m"}, 2, ""},
        {{"channel", "create", std::string(200, 'n')}, 2, ""},
        {{"agreement", "publish", "missing.txt"}, 7, "not_found"},
        {{"agreement", "show"}, 7, "not_found"},
        {{"join", "huecry://join/AAAA"}, 2, ""},
    };
    for (const auto& one : cases) {
        CAPTURE(joined(one.words).substr(0, 60));
        const auto plain = anna.run(one.words);
        CHECK(plain.exit.code == one.code);
        CHECK(plain.errors.starts_with("huecry: "));
        CHECK(plain.errors.find('\x1b') == std::string::npos);
        const auto name = error_name(anna.run(plus(one.words, {"--json"})));
        if (!one.name.empty()) CHECK(name == one.name);
    }
    CHECK(anna.inbox().empty());
    CHECK(anna.ask({"channel", "list"}).at("channels").as_array().size() == 2);
    CHECK_FALSE(std::filesystem::exists(folder / "x.jpg"));
}

TEST_CASE("relay gone: what is here is shown, what is sent waits, each with its exit code") {
    CliWorld world;
    const auto ben = world.join("ben");
    (void)world.anna.ask({"inbox"});
    CHECK(ben.run({"send", "town", "before"}).exit.code == 0);
    const auto relay_data = world.folder.path() / "relay";
    const auto port = std::to_string(world.relay->port());
    world.relay->process().kill();
    const auto sent = ben.run({"send", "town", "meanwhile", "--json"});
    CHECK(sent.exit.code == 8);
    CHECK(error_name(sent) == "queued");
    const auto inbox = ben.run({"inbox", "--json"});
    CHECK(inbox.exit.code == 5);
    CHECK(json_of(inbox.output).at("alerts").as_array().size() == 2);
    CHECK(ben.run({"inbox", "--offline"}).exit.code == 0);
    CHECK(ben.run({"doctor"}).exit.code == 5);
    CHECK(world.anna.run({"invite", "--role", "cctv", "--member", "C"}).exit.code == 5);

    Process again({.program = relay_program(),
                   .arguments = {"serve", "--data", relay_data.string(), "--listen",
                                 "127.0.0.1:" + port, "--json"}});
    REQUIRE(again.read_line().has_value());
    CHECK(ben.run({"inbox"}).exit.code == 0);
    CHECK(text_at(ben.ask({"status", "last"}), "state") == "accepted");
    CHECK(world.anna.inbox() == Words{"before", "meanwhile"});
}
