#include <doctest/doctest.h>

#include "e2e/relay_process.hpp"
#include "huecry/limits.hpp"
#include "huecry/result.hpp"
#include "huecry/wire/header.hpp"

// The relay's public port, byte by byte: who gets in, what is refused and how.
using namespace huecry;
using namespace huecry::test;

namespace {

/// One relay for all cases that leave it as it was.
RelayProcess& shared_relay() {
    static TemporaryDirectory folder;
    static RelayProcess relay(folder.path() / "relay");
    return relay;
}

unsigned number(Errc code) { return static_cast<unsigned>(code); }
unsigned close_code(Errc code) { return 4000 + number(code); }

std::string configuration(const TemporaryDirectory& folder, const std::string& text) {
    const auto file = folder.path() / "relay.toml";
    FILE* out = std::fopen(file.c_str(), "w");
    REQUIRE(out != nullptr);
    std::fputs(text.c_str(), out);
    std::fclose(out);
    return file.string();
}

}  // namespace

TEST_CASE("a founder makes a partnership and comes back as its device") {
    auto& relay = shared_relay();
    const auto founded = found_partnership(relay);
    REQUIRE(founded.failure == 0);
    WireClient client(relay.port());
    const auto ready = founded.device.enter(client);
    REQUIRE(ready);
    CHECK(ready->device_state() == 1);
    huecry::SignedHead head{to_bytes(view(ready->directory_head().head())), {}};
    head.signature = Signature::from(view(ready->directory_head().signature())).value();
    const auto verified = head.verify(relay.key());
    REQUIRE(verified.ok());
    CHECK(verified->seq == 1);

    v1::Frame subscribe;
    subscribe.set_request(7);
    subscribe.mutable_subscribe()->mutable_stream()->set_kind(1);
    subscribe.mutable_subscribe()->mutable_stream()->set_id(std::string(16, '\0'));
    client.send_message(subscribe);
    const auto delivered = client.receive_message(v1::Frame::kDeliver);
    REQUIRE(delivered);
    CHECK(delivered->deliver().entries_size() == 1);

    v1::Frame ping;
    ping.set_request(8);
    ping.mutable_ping()->set_number(99);
    client.send_message(ping);
    const auto pong = client.receive_message(v1::Frame::kPong);
    REQUIRE(pong);
    CHECK(pong->pong().number() == 99);
    CHECK(pong->request() == 8);
}

TEST_CASE("many requests in one record are all answered, in order") {
    auto& relay = shared_relay();
    const auto founded = found_partnership(relay);
    WireClient client(relay.port());
    REQUIRE(founded.device.enter(client));
    for (std::uint64_t i = 1; i <= 300; ++i) {
        v1::Frame ping;
        ping.set_request(i);
        ping.mutable_ping()->set_number(i);
        client.send_message(ping);
    }
    for (std::uint64_t i = 1; i <= 300; ++i) {
        const auto pong = client.receive_message(v1::Frame::kPong);
        REQUIRE(pong);
        REQUIRE(pong->pong().number() == i);
    }
}

TEST_CASE("the newest connection of a device wins, and the older one is told why") {
    auto& relay = shared_relay();
    const auto founded = found_partnership(relay);
    WireClient older(relay.port());
    REQUIRE(founded.device.enter(older));
    WireClient newer(relay.port());
    REQUIRE(founded.device.enter(newer));
    const auto goodbye = older.receive_message(v1::Frame::kGoodbye);
    REQUIRE(goodbye);
    CHECK(goodbye->goodbye().code() == number(Errc::used_elsewhere));
    CHECK(goodbye->goodbye().reconnect_after_ms() == 0);
    CHECK_FALSE(older.receive_message());
    CHECK(older.close_code() == close_code(Errc::used_elsewhere));
}

TEST_CASE("a wrong proof is refused, and a proof of another connection too") {
    auto& relay = shared_relay();
    const auto founded = found_partnership(relay);
    WireClient client(relay.port());
    REQUIRE(client.upgrade());
    v1::Frame hello;
    *hello.mutable_hello() = founded.device.hello();
    client.send_message(hello);
    const auto reply = client.receive_message(v1::Frame::kHelloReply);
    REQUIRE(reply);
    auto proof = founded.device.prove(hello.hello(), reply->hello_reply(), client.exporter());
    SUBCASE("one bit of the signature") { (*proof.mutable_signature())[5] ^= 1; }
    SUBCASE("another's key") {
        const auto other = found_partnership(relay);
        proof.set_key(to_string(other.device.key.public_key.view()));
    }
    v1::Frame frame;
    *frame.mutable_prove() = proof;
    client.send_message(frame);
    CHECK_FALSE(client.receive_message(v1::Frame::kReady));
    CHECK(client.close_code() == close_code(Errc::not_authenticated));
}

TEST_CASE("TLS 1.2 and plain text are refused") {
    auto& relay = shared_relay();
    WireClient old(relay.port(), WireClient::Tls::v1_2);
    CHECK_FALSE(old.secured());
    WireClient plain(relay.port(), WireClient::Tls::none);
    plain.send("GET /v1/connect HTTP/1.1\r\nHost: relay\r\n\r\n");
    while (!plain.ended()) {  // an alert may come first
    }
    WireClient noise(relay.port(), WireClient::Tls::none);
    noise.send(std::string(4000, '\xa5'));
    while (!noise.ended()) {
    }
    WireClient good(relay.port());
    CHECK(good.secured());
}

TEST_CASE("before its proof a client may send little, and only what belongs there") {
    auto& relay = shared_relay();
    WireClient client(relay.port());
    REQUIRE(client.upgrade());
    unsigned expected = 0;
    SUBCASE("an oversized first frame") {
        client.send_websocket(0x82, std::string(limits::max_frame_before_proof + 1, 'x'));
        expected = 1009;
    }
    SUBCASE("a length of 2^62, and nothing after it") {
        client.send(std::string("\x82\xff\x40\x00\x00\x00\x00\x00\x00\x00\x01\x02\x03\x04", 14));
        expected = 1009;
    }
    SUBCASE("garbage in a frame") {
        client.send_websocket(0x82, std::string(64, '\xff'));
        expected = close_code(Errc::bad_frame);
    }
    SUBCASE("a request before the proof") {
        v1::Frame frame;
        frame.mutable_head_query();
        client.send_message(frame);
        expected = close_code(Errc::not_authenticated);
    }
    SUBCASE("text") {
        client.send_websocket(0x81, "hello");
        expected = 1003;
    }
    SUBCASE("an unmasked frame") {
        client.send_websocket(0x82, "hello", false);
        expected = 1002;
    }
    SUBCASE("a compressed frame that was not negotiated") {
        client.send_websocket(0xc2, "hello");
        expected = 1002;
    }
    SUBCASE("a message in crumbs") {
        client.send_websocket(0x02, "x");
        for (int i = 0; i < 400; ++i) client.send_websocket(0x00, "x");
        expected = 1008;
    }
    SUBCASE("pings without end") {
        for (int i = 0; i < 400; ++i) client.send_websocket(0x89, "x");
        client.send_websocket(0x82, "x");
        expected = 1008;
    }
    while (client.receive_message()) {
    }
    CHECK(client.close_code() == expected);
}

TEST_CASE("requests that are none of ours get a short answer and a Failure") {
    auto& relay = shared_relay();
    struct Case {
        std::string request;
        unsigned status;
    };
    const std::string end = "Host: relay\r\n\r\n";
    const std::string upgrade =
        "Host: relay\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    const std::vector<Case> cases = {
        {"GET / HTTP/1.1\r\n" + end, 404},
        {"GET /metrics HTTP/1.1\r\n" + end, 404},
        {"GET /../../etc/passwd HTTP/1.1\r\n" + end, 404},
        {"DELETE /v1/blobs/00 HTTP/1.1\r\n" + end, 401},
        {"GET /v1/blobs/00112233445566778899aabbccddeeff HTTP/1.1\r\n" + end, 401},
        {"GET / HTTP/1.1\r\nOrigin: https://evil.example\r\n" + end, 403},
        {"GET /v1/connect HTTP/1.1\r\n" + end, 400},
        {"GET /v1/connect HTTP/1.1\r\nSec-WebSocket-Version: 7\r\n" + upgrade + "\r\n", 426},
        {"GET /else HTTP/1.1\r\nSec-WebSocket-Version: 13\r\n" + upgrade + "\r\n", 404},
        {"GET / HTTP/1.0\r\n" + end, 400},
        {"nonsense\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nX: " + std::string(9000, 'x') + "\r\n" + end, 431},
        {"POST /v1/hello HTTP/1.1\r\nContent-Length: 5000\r\n" + end, 413},
        {"POST /v1/hello HTTP/1.1\r\nContent-Length: 99999999999\r\n" + end, 413},
        {"POST /v1/hello HTTP/1.1\r\nContent-Length: -1\r\n" + end, 400},
        {"POST /v1/hello HTTP/1.1\r\nContent-Length: 4\r\nContent-Length: 5\r\n" + end, 400},
        {"POST /v1/hello HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + end, 400},
        {"POST /v1/hello HTTP/1.1\r\nContent-Length: 4\r\n" + end + "\xff\xff\xff\xff", 400},
        {"POST /v1/prove HTTP/1.1\r\nContent-Length: 2\r\n" + end + std::string(2, '\0'), 401},
    };
    for (const auto& one : cases) {
        CAPTURE(one.request.substr(0, 60));
        WireClient client(relay.port());
        REQUIRE(client.send(one.request));
        const auto reply = client.read_reply();
        CHECK(reply.status == one.status);
        CHECK(reply.failure() != 0);
        CHECK(reply.body.size() < 100);
    }
}

TEST_CASE("a client that dribbles, or says nothing, is cut off at its deadline") {
    TemporaryDirectory folder;
    const auto file = configuration(folder, "[limits]\nproof_deadline_s = 1\n");
    RelayProcess relay(folder.path() / "relay", {"--config", file});
    WireClient silent(relay.port(), WireClient::Tls::none);
    WireClient slow(relay.port());
    slow.send("GET /v1/connect HTTP/1.1\r\nHost");
    WireClient idle(relay.port());
    REQUIRE(idle.upgrade());
    CHECK(silent.ended());
    CHECK(slow.ended());
    const auto goodbye = idle.receive_message(v1::Frame::kGoodbye);
    REQUIRE(goodbye);
    CHECK(goodbye->goodbye().code() == number(Errc::timed_out));
}

TEST_CASE("an idle client is pinged, and one that does not answer is closed") {
    TemporaryDirectory folder;
    const auto file = configuration(folder, "[limits]\nidle_ping_s = 1\nidle_close_s = 2\n");
    RelayProcess relay(folder.path() / "relay", {"--config", file});
    const auto founded = found_partnership(relay);
    WireClient client(relay.port());
    REQUIRE(founded.device.enter(client));
    const auto ping = client.receive();
    CHECK(ping == std::string("\x89\x00", 2));
    while (!client.ended()) {
    }
}

TEST_CASE("connections of one address that have not proved themselves are bounded") {
    TemporaryDirectory folder;
    const auto file = configuration(folder, "[limits]\nconnections_per_address = 3\n");
    RelayProcess relay(folder.path() / "relay", {"--config", file});
    const auto founded = found_partnership(relay);
    std::vector<std::unique_ptr<WireClient>> held;
    for (int i = 0; i < 3; ++i) held.push_back(std::make_unique<WireClient>(relay.port()));
    for (const auto& one : held) CHECK(one->secured());
    WireClient refused(relay.port());
    CHECK_FALSE(refused.secured());
    // One that proves itself makes room.
    CHECK(founded.device.enter(*held[0]));
    WireClient next(relay.port());
    CHECK(next.secured());
}
