#include "e2e/hostile_world.hpp"

// The metrics page as Prometheus itself reads it, and the admin port's manners.
using namespace huecry;
using namespace huecry::test;

namespace {

/// Where Debian's package puts it; empty when it is not installed.
std::filesystem::path promtool() {
    for (const auto* path : {"/usr/bin/promtool", "/usr/local/bin/promtool"})
        if (std::filesystem::exists(path)) return path;
    return {};
}

std::string after_some_of_everything() {
    auto& world = hostile_world();
    const auto client = world.inside();
    v1::Frame nonsense;
    client->send_message(nonsense);
    REQUIRE(client->receive_message(v1::Frame::kFailure));
    WireClient lost(world.relay().port());
    lost.send("GET /nowhere HTTP/1.1\r\nHost: relay\r\n\r\n");
    REQUIRE(lost.read_reply().status == 404);
    WireClient early(world.relay().port());
    REQUIRE(early.upgrade());
    early.send_message(nonsense);
    REQUIRE(end_of(early) == closed_with(Errc::not_authenticated));
    return world.relay().admin("/metrics").body;
}

}  // namespace

TEST_CASE("metrics: promtool finds nothing wrong with the page") {
    const auto page = after_some_of_everything();
    if (promtool().empty()) {
        MESSAGE("promtool is not installed: nothing is checked");
        return;
    }
    const auto checked = run({promtool(), {"check", "metrics"}}, page);
    CHECK(checked.exit == Exit{0, 0});
    CHECK(checked.output + checked.errors == "");
    const auto wrong = run({promtool(), {"check", "metrics"}}, page + "unfinished{");
    CHECK(wrong.exit.code != 0);
}

TEST_CASE("metrics: every stage has its times, every refusal its reason") {
    const auto page = after_some_of_everything();
    for (const std::string family :
         {"commit", "store", "fsync", "push", "answer", "net_tls", "net_proof"}) {
        CAPTURE(family);
        CHECK(page.find("\n# TYPE huecry_relay_" + family + "_seconds histogram\n") != page.npos);
    }
    for (const std::string line :
         {"refused_by_reason_total{reason=\"bad_frame\"} ",
          "goodbyes_total{reason=\"not_authenticated\"} ",
          "net_http_refused_by_status_total{status=\"404\"} ", "gathered ", "message_bytes ",
          "erasures_overdue ", "net_queued_bytes ", "net_unproved ", "net_strangers_waiting "}) {
        CAPTURE(line);
        CHECK(page.find("\nhuecry_relay_" + line) != page.npos);
    }
}

TEST_CASE("metrics: the admin port speaks HTTP/1.0 too, and nothing else") {
    auto& world = hostile_world();
    const auto ask = [&](const std::string& text) {
        WireClient client(world.relay().admin_port(), WireClient::Tls::none);
        client.send(text);
        return client.read_reply().status;
    };
    CHECK(ask("GET /metrics HTTP/1.0\r\n\r\n") == 200);
    CHECK(ask("GET /healthz HTTP/1.1\r\nHost: relay\r\n\r\n") == 200);
    CHECK(ask("GET /readyz HTTP/1.0\r\n\r\n") == 200);
    CHECK(ask("GET /metrics HTTP/2.0\r\n\r\n") == 400);
    CHECK(ask("GET /metrics\r\n\r\n") == 400);
    CHECK(ask("GET  HTTP/1.0\r\n\r\n") == 400);
    CHECK(ask("GET HTTP/1.1\r\n\r\n") == 400);
    CHECK(ask("POST /metrics HTTP/1.1\r\n\r\n") == 400);
    CHECK(ask("GET /metrics/../healthz HTTP/1.1\r\n\r\n") == 404);
    CHECK(ask("\r\n\r\n") == 400);
}

TEST_CASE("the admin port serves so many at a time") {
    auto& world = hostile_world();
    std::vector<std::unique_ptr<WireClient>> held;
    const auto port = world.relay().admin_port();
    for (std::uint64_t i = 0; i < limits::admin_connections; ++i)
        held.push_back(std::make_unique<WireClient>(port, WireClient::Tls::none));
    WireClient more(port, WireClient::Tls::none);
    CHECK(more.ended());
    // Two seconds each: then there is room again.
    for (auto& one : held) CHECK(one->ended());
    CHECK(world.relay().admin("/healthz").status == 200);
}

TEST_CASE("connections in all are bounded") {
    TemporaryDirectory folder;
    const auto file = folder.path() / "relay.toml";
    std::ofstream(file) << "[limits]\nmax_connections = 3\n";
    RelayProcess relay(folder.path() / "relay", {"--config", file.string()});
    std::vector<std::unique_ptr<WireClient>> held;
    for (int i = 0; i < 3; ++i) held.push_back(std::make_unique<WireClient>(relay.port()));
    for (const auto& one : held) CHECK(one->secured());
    WireClient refused(relay.port());
    CHECK_FALSE(refused.secured());
    CHECK(relay.admin("/metrics").body.find("\nhuecry_relay_net_refused_full_total 1\n") !=
          std::string::npos);
}

TEST_CASE("a code of `allow` is never taken for an option") {
    TemporaryDirectory folder;
    const auto data = (folder.path() / "relay").string();
    const RelayProcess relay(data);
    // One in 64 would begin with "-": 200 without one are chance once in 23.
    for (int i = 0; i < 40; ++i) {
        const auto allowed = run_relay({"allow", "--data", data});
        REQUIRE(allowed.exit == Exit{0, 0});
        CHECK(allowed.output[0] != '-');
    }
}
