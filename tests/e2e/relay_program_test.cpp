#include <doctest/doctest.h>
#include <sys/stat.h>

#include <csignal>
#include <fstream>
#include <sstream>

#include "e2e/relay_process.hpp"
#include "huecry/result.hpp"
#include "huecry/wire/address.hpp"

// The program: its start, its end, its folder, its configuration, its admin port.
using namespace huecry;
using namespace huecry::test;

namespace {

std::string text_of(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

void write(const std::filesystem::path& file, const std::string& text) {
    std::ofstream(file, std::ios::binary) << text;
}

}  // namespace

TEST_CASE("a restart keeps the relay's address key, also after a kill") {
    TemporaryDirectory folder;
    PublicKey first;
    {
        RelayProcess relay(folder.path() / "relay");
        first = relay.key();
        const auto address = RelayAddress::parse(relay.address());
        REQUIRE(address.ok());
        CHECK(address->port == relay.port());
        CHECK(address->key == first);
        relay.process().kill();
    }
    RelayProcess relay(folder.path() / "relay");
    CHECK(relay.key() == first);
    for (const auto& entry : std::filesystem::directory_iterator(folder.path() / "relay")) {
        struct stat info{};
        REQUIRE(stat(entry.path().c_str(), &info) == 0);
        CAPTURE(entry.path());
        CHECK((info.st_mode & (S_IRWXG | S_IRWXO)) == 0);
    }
}

TEST_CASE("the heap asks for huge pages, and the program keeps its name and its number") {
    TemporaryDirectory folder;
    RelayProcess relay(folder.path() / "relay");
    const std::filesystem::path proc = "/proc/" + std::to_string(relay.process().id());
    CHECK(text_of(proc / "comm") == "huecry-relay\n");
    // Its environment is root's to read: nobody may look into a relay's memory.
    const auto environment = text_of(proc / "environ");
    if (environment.empty()) {
        MESSAGE("not root: the relay's environment cannot be read");
        return;
    }
    CHECK(environment.find("GLIBC_TUNABLES=") != environment.npos);
}

TEST_CASE("SIGTERM drains: clients are told when to come back, and the exit code is 0") {
    TemporaryDirectory folder;
    RelayProcess relay(folder.path() / "relay");
    const auto founded = found_partnership(relay);
    WireClient client(relay.port());
    REQUIRE(founded.device.enter(client));
    WireClient resting(relay.port());
    REQUIRE(founded.device.enter_https(resting) == 200);
    relay.process().send_signal(SIGTERM);
    const auto goodbye = client.receive_message(v1::Frame::kGoodbye);
    REQUIRE(goodbye);
    CHECK(goodbye->goodbye().code() == static_cast<unsigned>(Errc::draining));
    CHECK(goodbye->goodbye().reconnect_after_ms() > 0);
    CHECK_FALSE(client.receive_message());
    CHECK(client.close_code() == 4000 + static_cast<unsigned>(Errc::draining));
    CHECK(resting.ended());
    CHECK(relay.process().wait() == Exit{0, 0});

    // What was acknowledged is there.
    RelayProcess again(folder.path() / "relay");
    WireClient back(again.port());
    CHECK(founded.device.enter(back));
}

TEST_CASE("a client that does not go holds up no drain") {
    TemporaryDirectory folder;
    const auto file = folder.path() / "relay.toml";
    write(file, "[drain]\nlongest_s = 1\n");
    RelayProcess relay(folder.path() / "relay", {"--config", file.string()});
    const auto founded = found_partnership(relay);
    WireClient stays(relay.port());
    REQUIRE(founded.device.enter(stays));
    WireClient half_way(relay.port());
    REQUIRE(half_way.upgrade());
    relay.process().send_signal(SIGTERM);
    CHECK(relay.process().wait() == Exit{0, 0});
    CHECK(relay.process().errors().find("drained left_open=2") != std::string::npos);
}

TEST_CASE("health and metrics are on the admin port only") {
    TemporaryDirectory folder;
    RelayProcess relay(folder.path() / "relay");
    const auto founded = found_partnership(relay);
    REQUIRE(founded.failure == 0);
    CHECK(relay.admin("/healthz").status == 200);
    CHECK(relay.admin("/readyz").status == 200);
    CHECK(relay.admin("/").status == 404);
    const auto metrics = relay.admin("/metrics");
    CHECK(metrics.status == 200);
    CHECK(metrics.body.find("\nhuecry_relay_partnerships 1\n") != std::string::npos);
    CHECK(metrics.body.find("# TYPE huecry_relay_commit_seconds histogram") != std::string::npos);
    CHECK(metrics.body.find("\nhuecry_relay_net_websockets_total 1\n") != std::string::npos);
    CHECK(metrics.body.find("\nprocess_resident_memory_bytes ") != std::string::npos);
}

TEST_CASE("--admin none opens no second port") {
    TemporaryDirectory folder;
    RelayProcess relay(folder.path() / "relay", {"--admin", "none"});
    CHECK(relay.admin_port() == 0);
}

TEST_CASE("where a code is wanted, one from `allow` lets exactly one partnership be created") {
    TemporaryDirectory folder;
    const auto file = folder.path() / "relay.toml";
    write(file, "[creation]\nopen_on_loopback = false\n");
    const auto data = (folder.path() / "relay").string();
    RelayProcess relay(data, {"--config", file.string()});
    CHECK(found_partnership(relay).failure == static_cast<unsigned>(Errc::creation_not_allowed));
    const auto allowed = run_relay({"allow", "--data", data});
    REQUIRE(allowed.exit == Exit{0, 0});
    const auto code = allowed.output.substr(0, allowed.output.find('\n'));
    CHECK(found_partnership(relay, code).failure == 0);
    CHECK(found_partnership(relay, code).failure ==
          static_cast<unsigned>(Errc::creation_not_allowed));
}

TEST_CASE("`allow` works while no relay runs, too") {
    TemporaryDirectory folder;
    const auto file = folder.path() / "relay.toml";
    write(file, "[creation]\nopen_on_loopback = false\n");
    const auto data = (folder.path() / "relay").string();
    {
        RelayProcess relay(data);
        relay.process().send_signal(SIGTERM);
        REQUIRE(relay.process().wait() == Exit{0, 0});
    }
    const auto allowed = run_relay({"allow", "--data", data});
    REQUIRE(allowed.exit == Exit{0, 0});
    RelayProcess relay(data, {"--config", file.string()});
    const auto code = allowed.output.substr(0, allowed.output.find('\n'));
    CHECK(found_partnership(relay, code).failure == 0);
}

TEST_CASE("a configuration that is not understood stops the start, naming line and key") {
    TemporaryDirectory folder;
    const auto file = folder.path() / "relay.toml";
    struct Case {
        std::string text;
        std::string said;
    };
    const std::vector<Case> cases = {
        {"[limits]\n\nmax_conections = 5\n", "line 3: limits.max_conections"},
        {"listen = \"x\"\n", "line 1: listen"},
        {"[limits]\nmax_connections = 0\n", "line 2: limits.max_connections"},
        {"[limits]\nmax_connections = \"many\"\n", "line 2: limits.max_connections"},
        {"[tls]\ncertificate = \"relative.pem\"\n", "line 2: tls.certificate"},
        {"[log]\nlevel = \"loud\"\n", "line 2: log.level"},
        {"[log]\nlevel = \"info\"\nlevel = \"debug\"\n", "line 3"},
        {"[log\n", "line 1"},
        {"[# the parser did not expect that\n", "not TOML"},
    };
    for (const auto& one : cases) {
        CAPTURE(one.text);
        write(file, one.text);
        const auto ended = run_relay({"serve", "--data", (folder.path() / "relay").string(),
                                      "--config", file.string(), "--listen", "127.0.0.1:0"});
        CHECK(ended.exit == Exit{2, 0});
        CHECK(ended.errors.find(one.said) != std::string::npos);
        CHECK_FALSE(std::filesystem::exists(folder.path() / "relay"));
    }
    write(file, "");
    std::filesystem::permissions(file, std::filesystem::perms::all);
    const auto ended = run_relay({"serve", "--data", (folder.path() / "relay").string(), "--config",
                                  file.string(), "--listen", "127.0.0.1:0"});
    CHECK(ended.exit == Exit{6, 0});
}

TEST_CASE("the configuration in deploy holds the defaults and is accepted") {
    TemporaryDirectory folder;
    const auto file = folder.path() / "relay.toml";
    auto text = text_of(HUECRY_DEPLOY_FOLDER "/relay.toml");
    REQUIRE_FALSE(text.empty());
    // Every key, also those that are shown as comments: "#key = value" without a space.
    for (std::size_t at = 0; (at = text.find("\n#", at)) != std::string::npos; ++at)
        if (text[at + 2] >= 'a' && text[at + 2] <= 'z') text.erase(at + 1, 1);
    text.replace(text.find("8443"), 4, "0");
    for (const auto* key : {"certificate = ", "key = ", "file = ", "data = "}) {
        const auto at = text.find(std::string("\n") + key);
        REQUIRE(at != std::string::npos);
        text.insert(at + 1, "# ");
    }
    write(file, text);
    RelayProcess relay(folder.path() / "relay", {"--config", file.string()});
    CHECK(relay.port() != 0);
}

TEST_CASE("two relays neither share a folder nor a port") {
    TemporaryDirectory folder;
    RelayProcess relay(folder.path() / "relay");
    const auto same_folder = run_relay(
        {"serve", "--data", (folder.path() / "relay").string(), "--listen", "127.0.0.1:0"});
    CHECK(same_folder.exit == Exit{15, 0});
    CHECK(same_folder.errors.find("a relay is running") != std::string::npos);
    const auto same_port = run_relay({"serve", "--data", (folder.path() / "other").string(),
                                      "--listen", "127.0.0.1:" + std::to_string(relay.port())});
    CHECK(same_port.exit == Exit{15, 0});
    CHECK(same_port.errors.find("cannot listen") != std::string::npos);
}

TEST_CASE("damage is said plainly and nothing is replaced") {
    TemporaryDirectory folder;
    const auto data = folder.path() / "relay";
    {
        RelayProcess relay(data);
        relay.process().send_signal(SIGTERM);
        REQUIRE(relay.process().wait() == Exit{0, 0});
    }
    CHECK(run_relay({"check", "--data", data.string()}).exit == Exit{0, 0});
    const std::vector<std::string> start = {"serve", "--data", data.string(), "--listen",
                                            "127.0.0.1:0"};
    SUBCASE("a page of the store") {
        std::fstream store(data / "relay.db", std::ios::in | std::ios::out | std::ios::binary);
        store.seekp(100);
        store << "scribbled over";
        store.close();
        const auto ended = run_relay(start);
        CHECK(ended.exit == Exit{9, 0});
        CHECK(ended.errors.find("relay.db") != std::string::npos);
        CHECK(run_relay({"check", "--data", data.string()}).exit == Exit{9, 0});
    }
    SUBCASE("the store is gone") {
        std::filesystem::remove(data / "relay.db");
        const auto ended = run_relay(start);
        CHECK(ended.exit == Exit{9, 0});
        CHECK(ended.errors.find("relay.db is missing") != std::string::npos);
        CHECK_FALSE(std::filesystem::exists(data / "relay.db"));
        CHECK(run_relay({"check", "--data", data.string()}).exit == Exit{9, 0});
    }
    SUBCASE("the store's key is gone") {
        std::filesystem::remove(data / "store.key");
        const auto ended = run_relay(start);
        CHECK(ended.exit == Exit{9, 0});
        CHECK(ended.errors.find("store.key is missing") != std::string::npos);
        CHECK_FALSE(std::filesystem::exists(data / "store.key"));
    }
    SUBCASE("the identity is gone") {
        std::filesystem::remove(data / "identity.key");
        CHECK(run_relay(start).exit == Exit{9, 0});
        CHECK_FALSE(std::filesystem::exists(data / "identity.key"));
    }
    SUBCASE("the key is open to others") {
        std::filesystem::permissions(data / "identity.key", std::filesystem::perms::others_read,
                                     std::filesystem::perm_options::add);
        CHECK(run_relay(start).exit == Exit{6, 0});
    }
}

TEST_CASE("the process leaves no core image unless it is asked to") {
    TemporaryDirectory folder;
    RelayProcess relay(folder.path() / "relay");
    const auto limits = text_of("/proc/" + std::to_string(relay.process().id()) + "/limits");
    const auto at = limits.find("Max core file size");
    REQUIRE(at != limits.npos);
    const auto line = limits.substr(at, limits.find('\n', at) - at);
    CHECK(line.find(" 0 ") != std::string::npos);
    CHECK(line.find("unlimited") == std::string::npos);
}

TEST_CASE("--help is everywhere, and what is not understood has its exit code") {
    for (const std::vector<std::string>& words : {std::vector<std::string>{"--help"},
                                                  {"serve", "--help"},
                                                  {"allow", "--help"},
                                                  {"check", "--help"},
                                                  {"version", "--help"},
                                                  {"confirm-clock", "--help"}}) {
        const auto ended = run_relay(words);
        CHECK(ended.exit == Exit{0, 0});
        CHECK(ended.output.find("huecry-relay") != std::string::npos);
    }
    CHECK(run_relay({"version"}).output.find("huecry-relay ") == 0);
    CHECK(run_relay({}).exit == Exit{2, 0});
    CHECK(run_relay({"serve", "--nonsense"}).exit == Exit{2, 0});
    CHECK(run_relay({"serve"}).exit == Exit{2, 0});
    CHECK(run_relay({"check", "--data", "/nonexistent/relay"}).exit == Exit{7, 0});
}
