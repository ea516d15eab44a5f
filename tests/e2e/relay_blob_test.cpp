#include <doctest/doctest.h>

#include "e2e/relay_process.hpp"
#include "huecry/limits.hpp"
#include "huecry/result.hpp"

// Blobs over HTTPS on the public port: upload in parts, resumed; ranges; refusals.
using namespace huecry;
using namespace huecry::test;

namespace {

constexpr const char* target = "/v1/blobs/00112233445566778899aabbccddeeff";

std::string pattern(std::size_t size) {
    std::string out(size, '\0');
    for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<char>(i * 31 % 251);
    return out;
}

struct Upload {
    std::string bytes = pattern(1'500'000);
    std::string digest = sha256(view(bytes)).hex();
    std::uint64_t lifetime_ms = 3'600'000;

    [[nodiscard]] HttpReply put(WireClient& client, std::size_t first, std::size_t size) const {
        const auto range = "Content-Range: bytes " + std::to_string(first) + "-" +
                           std::to_string(first + size - 1) + "/" + std::to_string(bytes.size());
        return client.request("PUT", target,
                              range + "\r\nHuecry-Channel: directory\r\nHuecry-Lifetime: " +
                                  std::to_string(lifetime_ms) + "\r\nHuecry-Digest: " + digest +
                                  "\r\n",
                              bytes.substr(first, size));
    }
};

struct Entered {
    TemporaryDirectory folder;
    RelayProcess relay{folder.path() / "relay"};
    Founded founded = found_partnership(relay);
    WireClient client{relay.port()};
    Entered() { REQUIRE(founded.device.enter_https(client) == 200); }
};

}  // namespace

TEST_CASE("an upload in parts, resumed over another connection, then fetched whole and in part") {
    Entered one;
    const Upload upload;
    const auto first = upload.put(one.client, 0, 600'000);
    CHECK(first.status == 202);
    CHECK(first.fields.at("huecry-offset") == "600000");

    WireClient again(one.relay.port());
    REQUIRE(one.founded.device.enter_https(again) == 200);
    const auto state = again.request("HEAD", target);
    CHECK(state.status == 200);
    CHECK(state.fields.at("huecry-offset") == "600000");
    CHECK(again.request("GET", target).status == 404);
    const auto gap = upload.put(again, 700'000, 100);
    CHECK(gap.status == 409);
    CHECK(gap.failure() == static_cast<unsigned>(Errc::offset_mismatch));
    CHECK(gap.fields.at("huecry-offset") == "600000");
    const auto last = upload.put(again, 600'000, 900'000);
    CHECK(last.status == 201);
    CHECK(upload.put(again, 1'499'999, 1).status == 201);

    const auto whole = again.request("GET", target);
    CHECK(whole.status == 200);
    CHECK(whole.body == upload.bytes);
    const auto part = again.request("GET", target, "Range: bytes=1000-200999\r\n");
    CHECK(part.status == 206);
    CHECK(part.fields.at("content-range") == "bytes 1000-200999/1500000");
    CHECK(part.body == upload.bytes.substr(1000, 200'000));
    const auto beyond = again.request("GET", target, "Range: bytes=1500000-\r\n");
    CHECK(beyond.status == 416);
    CHECK(again.request("HEAD", target).fields.at("content-length") == "1500000");
}

TEST_CASE("an upload whose bytes are not those of its digest is refused") {
    Entered one;
    Upload upload;
    upload.bytes.resize(5000);
    upload.digest = std::string(64, 'a');
    const auto reply = upload.put(one.client, 0, 5000);
    CHECK(reply.status == 422);
    CHECK(reply.failure() == static_cast<unsigned>(Errc::digest_mismatch));
    CHECK(one.client.request("GET", target).status == 404);
}

TEST_CASE("uploads that make no sense, or by others, are refused") {
    Entered one;
    const Upload upload;
    const auto missing = one.client.request("PUT", target, {}, "x");
    CHECK(missing.status == 400);
    CHECK(missing.fields.at("connection") == "close");
    CHECK(one.client.ended());

    // Not cut short in silence.
    for (const auto life : {std::uint64_t{limits::max_life_s} * 1000 + 60'000, UINT64_MAX}) {
        Upload eternal;
        eternal.lifetime_ms = life;
        WireClient client(one.relay.port());
        REQUIRE(one.founded.device.enter_https(client) == 200);
        const auto refused = eternal.put(client, 0, 1'000);
        CHECK(refused.status == 400);
        v1::Failure failure;
        REQUIRE(failure.ParseFromString(refused.body));
        CHECK(failure.code() == static_cast<std::uint32_t>(Errc::expiry_too_long));
    }

    const auto other = found_partnership(one.relay);
    WireClient mine(one.relay.port());
    REQUIRE(one.founded.device.enter_https(mine) == 200);
    REQUIRE(upload.put(mine, 0, 1'000'000).status == 202);
    REQUIRE(upload.put(mine, 1'000'000, 500'000).status == 201);
    WireClient foreign(one.relay.port());
    REQUIRE(other.device.enter_https(foreign) == 200);
    CHECK(foreign.request("GET", target).status == 404);
    CHECK(foreign.request("HEAD", target).fields.at("huecry-error") ==
          std::to_string(static_cast<unsigned>(Errc::not_found)));

    WireClient nobody(one.relay.port());
    CHECK(nobody.request("GET", target).status == 401);
    WireClient large(one.relay.port());
    REQUIRE(one.founded.device.enter_https(large) == 200);
    large.send(std::string("PUT ") + target +
               " HTTP/1.1\r\nHost: relay\r\nContent-Length: 2000000\r\n\r\n");
    CHECK(large.read_reply().status == 413);
}

TEST_CASE("a blob outlives a kill of the relay") {
    TemporaryDirectory folder;
    Upload upload;
    upload.bytes.resize(100'000);
    upload.digest = sha256(view(upload.bytes)).hex();
    std::optional<Founded> founded;
    {
        RelayProcess relay(folder.path() / "relay");
        founded = found_partnership(relay);
        WireClient client(relay.port());
        REQUIRE(founded->device.enter_https(client) == 200);
        REQUIRE(upload.put(client, 0, upload.bytes.size()).status == 201);
        relay.process().kill();
    }
    RelayProcess relay(folder.path() / "relay");
    WireClient client(relay.port());
    REQUIRE(founded->device.enter_https(client) == 200);
    CHECK(client.request("GET", target).body == upload.bytes);
}
