#include <doctest/doctest.h>

#include <fstream>

#include "e2e/relay_process.hpp"
#include "huecry/v1/session.pb.h"
#include "support/relay_tape.hpp"

// The recorded sessions of version 1, and hellos of later ones, over a real socket to the real
// relay: as far as they go without a proof, which is of one TLS connection.
using namespace huecry;
using namespace huecry::test;

namespace {

Tape recorded() {
    std::ifstream in(HUECRY_SESSIONS, std::ios::binary);
    return Tape::from_text({std::istreambuf_iterator<char>(in), {}});
}

v1::Frame frame_of(const Bytes& bytes) {
    v1::Frame out;
    REQUIRE(out.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
    return out;
}

/// What must be the same on every relay and at every time.
void same(const v1::Frame& wanted, const v1::Frame& got) {
    REQUIRE(wanted.body_case() == got.body_case());
    CHECK(wanted.goodbye().code() == got.goodbye().code());
    CHECK(wanted.goodbye().reconnect_after_ms() == got.goodbye().reconnect_after_ms());
    const auto& a = wanted.hello_reply();
    const auto& b = got.hello_reply();
    CHECK(a.version() == b.version());
    CHECK(a.nonce().size() == b.nonce().size());
    CHECK(a.signature().size() == b.signature().size());
    CHECK(a.relay_key().size() == b.relay_key().size());
}

}  // namespace

TEST_CASE(
    "the first frames of every recorded connection get the recorded answers from the program") {
    const TemporaryDirectory folder;
    RelayProcess relay(folder.path() / "relay");
    const auto tape = recorded();
    std::size_t connections = 0;
    for (std::size_t i = 0; i + 1 < tape.steps.size(); ++i) {
        if (tape.steps[i].kind != TapeStep::Kind::open) continue;
        const auto& first = tape.steps[i + 1];
        if (first.kind != TapeStep::Kind::in || tape.answers[i + 1].size() != 1) continue;
        CAPTURE(i);
        WireClient client(relay.port());
        REQUIRE(client.upgrade());
        client.send_websocket(0x82, to_string(first.bytes));
        const auto answer = client.receive_message();
        REQUIRE(answer.has_value());
        same(frame_of(tape.answers[i + 1][0].second), *answer);
        if (answer->has_hello_reply()) {
            // The recorded proof is of another connection: it must not be good here.
            client.send_websocket(0x82, to_string(tape.steps[i + 2].bytes));
            const auto refused = client.receive_message(v1::Frame::kGoodbye);
            REQUIRE(refused.has_value());
            CHECK(refused->goodbye().code() == static_cast<unsigned>(Errc::not_authenticated));
        }
        ++connections;
    }
    CHECK(connections > 10);
}

TEST_CASE("a hello of a later version is refused by name, over WebSocket and HTTPS") {
    const TemporaryDirectory folder;
    RelayProcess relay(folder.path() / "relay");
    v1::Hello hello;
    hello.set_version(2);
    const auto later = hello.SerializeAsString() + "\xa2\x06\x05later";
    {
        WireClient client(relay.port());
        REQUIRE(client.upgrade());
        client.send_websocket(0x82,
                              "\x12" + std::string(1, static_cast<char>(later.size())) + later);
        const auto answer = client.receive_message();
        REQUIRE(answer.has_value());
        CHECK(answer->goodbye().code() == static_cast<unsigned>(Errc::version_refused));
        CHECK_FALSE(client.receive_message().has_value());
        CHECK(client.close_code() == 4000 + static_cast<unsigned>(Errc::version_refused));
    }
    WireClient client(relay.port());
    const auto reply = client.request("POST", "/v1/hello", {}, later);
    CHECK(reply.status == 400);
    CHECK(reply.failure() == static_cast<unsigned>(Errc::version_refused));
    CHECK(client.ended());
}
