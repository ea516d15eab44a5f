#include <sys/stat.h>
#include <unistd.h>

#include <csignal>

#include "e2e/hostile_world.hpp"

// Configurations that an accident or an attacker may leave: understood whole, or the relay does not
// start. Nothing is ever weaker than its default for a mistake.
using namespace huecry;
using namespace huecry::test;

namespace {

struct Case {
    std::string what;
    std::string text;
    std::string said;  // what the message must name; empty: it starts
};

std::vector<Case> cases() {
    return {
        {"nothing", "", ""},
        {"a comment", "# nothing\n", ""},
        {"lines that end with CRLF", "[limits]\r\nmax_connections = 50\r\n", ""},
        {"a byte order mark", "\xef\xbb\xbf[limits]\nmax_connections = 50\n", ""},
        {"a half line", "[limits]\nmax_conn", "line 2"},
        {"a table that does not end", "[limits", "line 1"},
        {"a text that does not end", "[listen]\nname = \"shop\n", "line 2"},
        {"a key twice", "[limits]\nidle_ping_s = 5\nidle_ping_s = 6\n", "line 3"},
        {"a table twice", "[limits]\nidle_ping_s = 5\n[limits]\nidle_close_s = 9\n", "line 3"},
        {"a NUL", std::string("[limits]\nidle_ping_s = 5\0\n", 26), "line 2"},
        {"UTF-16", std::string("\xff\xfe[\0l\0", 6), "line 1"},
        {"bytes that are no UTF-8", "[listen]\nname = \"\xff\xfe\"\n", "line 2"},
        {"10 MB", std::string(10 << 20, '#'), "relay.toml"},
        {"64 KiB and a byte", std::string(limits::max_settings_file, '#') + "\n", "relay.toml"},
        {"a key that is not known", "[limits]\nunlimited = true\n", "limits.unlimited"},
        {"a table that is not known", "[security]\nlevel = 0\n", "security"},
        {"a table within a table", "[limits.more]\nmax_connections = 5\n", "limits.more"},
        {"a table in place of a value", "[limits.max_connections]\nvalue = 5\n",
         "limits.max_connections"},
        {"a list of values", "[limits]\nmax_connections = [5]\n", "limits.max_connections"},
        {"nought", "[limits]\nsubmissions_per_minute = 0\n", "limits.submissions_per_minute"},
        {"below nought", "[limits]\nmax_connections = -1\n", "limits.max_connections"},
        {"2^63", "[limits]\npartnership_bytes = 9223372036854775808\n", "line 2"},
        {"2^63 − 1", "[limits]\npartnership_bytes = 9223372036854775807\n",
         "limits.partnership_bytes"},
        {"a fraction", "[limits]\nproof_deadline_s = 1.5\n", "limits.proof_deadline_s"},
        {"for ever", "[limits]\nproof_deadline_s = inf\n", "limits.proof_deadline_s"},
        {"a number in quotes", "[limits]\nproof_deadline_s = \"10\"\n", "limits.proof_deadline_s"},
        {"yes for true", "[creation]\nopen_on_loopback = yes\n", "line 2"},
        {"1 for true", "[creation]\nopen_on_loopback = 1\n", "creation.open_on_loopback"},
        {"a relative path", "[tls]\ncertificate = \"../c.pem\"\n", "tls.certificate"},
        {"a certificate without its key", "[tls]\ncertificate = \"/nowhere/c.pem\"\n", "--key"},
        {"an address without a port", "[listen]\naddress = \"127.0.0.1\"\n", "listen.address"},
        {"a port of 65536", "[listen]\naddress = \"127.0.0.1:65536\"\n", "listen.address"},
        {"an empty address", "[listen]\naddress = \"\"\n", "listen.address"},
    };
}

}  // namespace

TEST_CASE("hostile settings: understood whole, or no start") {
    TemporaryDirectory folder;
    const auto file = folder.path() / "relay.toml";
    const auto data = folder.path() / "relay";
    for (const auto& one : cases()) {
        CAPTURE(one.what);
        std::ofstream(file, std::ios::binary) << one.text;
        if (one.said.empty()) {
            CHECK_NOTHROW(RelayProcess(data, {"--config", file.string()}));
            std::filesystem::remove_all(data);
            continue;
        }
        const auto ended = run_relay({"serve", "--data", data.string(), "--config", file.string(),
                                      "--listen", "127.0.0.1:0"});
        CHECK(ended.exit == Exit{2, 0});
        CHECK(ended.errors.find(one.said) != std::string::npos);
        CHECK(ended.errors.size() < 1000);
        CHECK_FALSE(std::filesystem::exists(data / "identity.key"));
    }
}

TEST_CASE("hostile settings: files that are none") {
    TemporaryDirectory folder;
    const auto data = (folder.path() / "relay").string();
    const auto start = [&](const std::filesystem::path& file) {
        return run_relay(
                   {"serve", "--data", data, "--config", file.string(), "--listen", "127.0.0.1:0"})
            .exit;
    };
    CHECK(start(folder.path() / "absent") == Exit{7, 0});
    CHECK(start(folder.path()) == Exit{7, 0});
    const auto pipe = folder.path() / "pipe";
    REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
    CHECK(start(pipe) == Exit{7, 0});
    CHECK(start("/dev/zero") == Exit{7, 0});
    const auto open = folder.path() / "open";
    std::ofstream(open) << "";
    std::filesystem::permissions(open, std::filesystem::perms(0666));
    CHECK(start(open) == Exit{6, 0});
    if (geteuid() == 0) return;  // who may read everything
    std::filesystem::permissions(open, std::filesystem::perms::none);
    CHECK(start(open).code != 0);
}

TEST_CASE("hostile settings: a hang-up ends the relay as SIGTERM does, twice as well as once") {
    TemporaryDirectory folder;
    for (const int signal : {SIGHUP, SIGINT, SIGTERM}) {
        CAPTURE(signal);
        RelayProcess relay(folder.path() / "relay");
        for (int i = 0; i < 20; ++i) relay.process().send_signal(signal);
        CHECK(relay.process().wait() == Exit{0, 0});
    }
}
