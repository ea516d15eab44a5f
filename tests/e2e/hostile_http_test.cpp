#include "e2e/hostile_world.hpp"

// Requests that no client of ours makes: the status of each, and that nothing after a request that
// cannot be read is taken for another.
using namespace huecry;
using namespace huecry::test;

namespace {

const std::string host = "Host: relay\r\n";
const std::string end = host + "\r\n";
const std::string upgrade_fields =
    "Host: relay\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

struct Case {
    std::string what;
    std::string request;
    std::vector<unsigned> statuses;  // of all answers until the relay closes
};

std::string many_fields(int count) {
    std::string out;
    for (int i = 0; i < count; ++i) out += "X-" + std::to_string(i) + ": 1\r\n";
    return out;
}

std::string get(const std::string& target) { return "GET " + target + " HTTP/1.1\r\n" + end; }
std::string hello(const std::string& fields, const std::string& body = {}) {
    return "POST /v1/hello HTTP/1.1\r\n" + host + fields + "\r\n" + body;
}
std::string upgrade(const std::string& fields) {
    return "GET /v1/connect HTTP/1.1\r\n" + fields + "\r\n";
}

std::vector<Case> sizes() {
    return {
        {"a header block of 8,193 bytes",
         "GET / HTTP/1.1\r\nX: " + std::string(limits::max_http_header - 22, 'x') + "\r\n\r\n",
         {431}},
        {"a header block of 8,192 bytes",
         "GET / HTTP/1.1\r\nX: " + std::string(limits::max_http_header - 23, 'x') + "\r\n\r\n",
         {404}},
        {"ten thousand fields", "GET / HTTP/1.1\r\n" + many_fields(10'000) + end, {431}},
        {"65 fields", "GET / HTTP/1.1\r\n" + many_fields(64) + end, {400}},
        {"64 fields", "GET / HTTP/1.1\r\n" + many_fields(63) + end, {404}},
        {"a folded field of 1 KiB",
         "GET / HTTP/1.1\r\nX: a\r\n " + std::string(1024, 'y') + "\r\n" + end,
         {404}},
        {"a folded field of 9 KiB",
         "GET / HTTP/1.1\r\nX: a\r\n " + std::string(9216, 'y') + "\r\n" + end,
         {431}},
        {"a path of 64 KiB", get("/" + std::string(65536, 'a')), {431}},
        {"a method of 9 KiB", std::string(9216, 'M') + " / HTTP/1.1\r\n" + end, {431}},
        {"a name of a field of 9 KiB",
         "GET / HTTP/1.1\r\n" + std::string(9216, 'N') + ": 1\r\n" + end,
         {431}},
        {"a body of 4,097 bytes before the proof", hello("Content-Length: 4097\r\n"), {413}},
        {"a body of 2^64 bytes", hello("Content-Length: 18446744073709551616\r\n"), {400}},
        {"a body of 2^63 bytes", hello("Content-Length: 9223372036854775808\r\n"), {413}},
    };
}

std::vector<Case> lengths() {
    const std::string smuggled = "GET /healthz HTTP/1.1\r\n" + end;
    return {
        {"two lengths", hello("Content-Length: 4\r\nContent-Length: 5\r\n", "xxxxx"), {400}},
        {"the same length twice",
         hello("Content-Length: 4\r\nContent-Length: 4\r\n", "xxxx"),
         {400}},
        {"a list of lengths", hello("Content-Length: 4, 4\r\n", "xxxx"), {400}},
        {"a negative length", hello("Content-Length: -1\r\n"), {400}},
        {"a length with a sign", hello("Content-Length: +4\r\n", "xxxx"), {400}},
        {"a hexadecimal length", hello("Content-Length: 0x4\r\n", "xxxx"), {400}},
        {"an empty length", hello("Content-Length: \r\n"), {400}},
        {"length and chunks",
         hello("Content-Length: 6\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n" + smuggled),
         {400}},
        {"chunks and length",
         hello("Transfer-Encoding: chunked\r\nContent-Length: 6\r\n", "0\r\n\r\n" + smuggled),
         {400}},
        {"chunks", hello("Transfer-Encoding: chunked\r\n", "4\r\nabcd\r\n0\r\n\r\n"), {400}},
        {"a chunk of 2^64 − 1 bytes",
         hello("Transfer-Encoding: chunked\r\n", "FFFFFFFFFFFFFFFF\r\n"),
         {400}},
        {"chunks with trailers",
         hello("Transfer-Encoding: chunked\r\nTrailer: X\r\n", "0\r\nX: 1\r\n\r\n"),
         {400}},
        {"a coding of another name", hello("Transfer-Encoding: xchunked\r\n", smuggled), {400}},
        {"a coding after a space", hello("Transfer-Encoding : chunked\r\n", smuggled), {400}},
        {"identity and chunked",
         hello("Transfer-Encoding: identity, chunked\r\n", "0\r\n\r\n" + smuggled),
         {400}},
        {"a second request within a refused body",
         hello("Content-Length: 99999\r\n", smuggled),
         {413}},
        {"a field name with a space", "GET / HTTP/1.1\r\nX Y: 1\r\n" + end, {400}},
        {"a field without a colon", "GET / HTTP/1.1\r\nnonsense\r\n" + end, {400}},
        {"a field twice", "GET / HTTP/1.1\r\nX: 1\r\nx: 2\r\n" + end, {400}},
        {"Host twice", "GET / HTTP/1.1\r\n" + host + end, {400}},
        {"a bare carriage return in a value", "GET / HTTP/1.1\r\nX: a\rb\r\n" + end, {400}},
        {"a NUL in a value",
         "GET / HTTP/1.1\r\nX: a" + std::string(1, '\0') + "b\r\n" + end,
         {400}},
        {"lines that end with LF only", "GET / HTTP/1.1\nHost: relay\n\n", {400}},
    };
}

std::vector<Case> targets() {
    return {
        {"up and out", get("/../../etc/passwd"), {404}},
        {"up and out, escaped", get("/%2e%2e/%2e%2e/etc/passwd"), {404}},
        {"an escaped NUL", get("/%00"), {404}},
        {"a NUL", get("/" + std::string(1, '\0')), {400}},
        {"an absolute target", get("https://relay/v1/connect"), {404}},
        {"an asterisk", "OPTIONS * HTTP/1.1\r\n" + end, {404}},
        {"a tunnel", "CONNECT relay:22 HTTP/1.1\r\n" + end, {404}},
        {"TRACE", "TRACE / HTTP/1.1\r\n" + end, {404}},
        {"bytes that are no UTF-8", get("/\xff\xfe"), {404}},
        {"a blob above the folder", get("/v1/blobs/../../identity.key"), {401}},
        {"the admin's pages", get("/healthz"), {404}},
        {"the admin's figures", get("/metrics"), {404}},
        {"a space in the target", "GET /a b HTTP/1.1\r\n" + end, {400}},
        {"no target", "GET HTTP/1.1\r\n" + end, {400}},
        {"HTTP/0.9", "GET /\r\n\r\n", {400}},
        {"HTTP/1.0", "GET / HTTP/1.0\r\n" + end, {400}},
        {"HTTP/1.2", "GET / HTTP/1.2\r\n" + end, {400}},
        {"HTTP/2's preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {400}},
        {"another protocol", "SSH-2.0-OpenSSH_9.2\r\n\r\n", {400}},
        {"noise", std::string(2000, '\xa5') + "\r\n\r\n", {400}},
        {"a foreign Origin", "GET / HTTP/1.1\r\nOrigin: https://evil.example\r\n" + end, {403}},
        {"an Origin of null",
         upgrade(upgrade_fields + "Sec-WebSocket-Version: 13\r\nOrigin: null\r\n"),
         {403}},
        {"no Host", "GET / HTTP/1.1\r\n\r\n", {404}},
    };
}

std::vector<Case> upgrades() {
    const std::string bare = "Host: relay\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";
    const std::string version = "Sec-WebSocket-Version: 13\r\n";
    const std::string key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    return {
        {"without a key", upgrade(bare + version), {400}},
        {"with a short key", upgrade(bare + version + "Sec-WebSocket-Key: c2hvcnQ=\r\n"), {400}},
        {"with two keys", upgrade(bare + version + key + key), {400}},
        {"of version 7", upgrade(bare + key + "Sec-WebSocket-Version: 7\r\n"), {426}},
        {"of version 99", upgrade(bare + key + "Sec-WebSocket-Version: 99\r\n"), {426}},
        {"without a version", upgrade(bare + key), {426}},
        {"of a POST", "POST /v1/connect HTTP/1.1\r\n" + bare + version + key + "\r\n", {400}},
        {"with a body", upgrade(bare + version + key + "Content-Length: 4\r\n") + "abcd", {400}},
        {"with a request right behind it",
         upgrade(bare + version + key) + "GET /healthz HTTP/1.1\r\n" + end,
         {400}},
        {"with frames right behind it",
         upgrade(bare + version + key) + "\x82\x80\x01\x02\x03\x04",
         {400}},
        {"to something else",
         upgrade("Host: relay\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n" + version + key),
         {400}},
        {"without Connection",
         upgrade("Host: relay\r\nUpgrade: websocket\r\n" + version + key),
         {400}},
        {"elsewhere", "GET /v1/blobs HTTP/1.1\r\n" + bare + version + key + "\r\n", {404}},
    };
}

std::vector<unsigned> statuses(WireClient& client) {
    std::vector<unsigned> out;
    for (;;) try {
            const auto reply = client.read_reply();
            out.push_back(reply.status);
            CHECK(reply.body.size() < 100);
            CHECK((reply.status < 400 || reply.failure() != 0));
        } catch (const std::runtime_error&) {
            return out;
        }
}

std::string joined(const std::vector<unsigned>& numbers) {
    std::string out;
    for (const auto number : numbers) out += std::to_string(number) + " ";
    return out;
}

void go_through(const std::vector<Case>& cases) {
    auto& world = hostile_world();
    for (const auto& one : cases) {
        CAPTURE(one.what);
        WireClient client(world.relay().port());
        REQUIRE(client.secured());
        client.send(one.request);
        CHECK(joined(statuses(client)) == joined(one.statuses));
    }
    world.unharmed();
}

}  // namespace

TEST_CASE("hostile HTTP: what is too large is refused unread") { go_through(sizes()); }
TEST_CASE("hostile HTTP: lengths that could mean two things") { go_through(lengths()); }
TEST_CASE("hostile HTTP: targets, methods and versions") { go_through(targets()); }
TEST_CASE("hostile HTTP: upgrades that are none") { go_through(upgrades()); }

TEST_CASE("hostile HTTP: a device has so many connections, and no more") {
    auto& world = hostile_world();
    std::vector<std::unique_ptr<WireClient>> held;
    for (std::uint64_t i = 0; i < limits::https_per_device; ++i) {
        held.push_back(std::make_unique<WireClient>(world.relay().port()));
        REQUIRE(world.member().enter_https(*held.back()) == 200);
    }
    WireClient more(world.relay().port());
    CHECK(world.member().enter_https(more) == 429);
    CHECK(more.ended());
    held.pop_back();
    WireClient again(world.relay().port());
    unsigned status = 429;
    // The relay hears of the end a moment later.
    for (int i = 0; i < 50 && status == 429; ++i) {
        WireClient next(world.relay().port());
        status = world.member().enter_https(next);
    }
    CHECK(status == 200);
    world.unharmed();
}

TEST_CASE("hostile HTTP: bodies that are being read have a bound together") {
    auto& world = hostile_world();
    // 64 MiB in pieces of a megabyte that never come: eight for each of several devices would do; a
    // lone device cannot have that many connections, so the bound is beyond what one can reach.
    static_assert(limits::https_per_device * limits::max_blob_request <= limits::body_bytes);
    std::vector<std::unique_ptr<WireClient>> held;
    const auto before = world.metric("net_body_bytes");
    for (int i = 0; i < 4; ++i) {
        held.push_back(std::make_unique<WireClient>(world.relay().port()));
        REQUIRE(world.member().enter_https(*held.back()) == 200);
        held.back()->send("PUT /v1/blobs/" + std::string(31, '7') + std::to_string(i) +
                          " HTTP/1.1\r\nHost: relay\r\nContent-Length: 1048576\r\n"
                          "Content-Range: bytes 0-1048575/1048576\r\nHuecry-Channel: directory\r\n"
                          "Huecry-Lifetime: 60000\r\nHuecry-Digest: " +
                          std::string(64, '0') + "\r\n\r\n");
    }
    double reading = 0;
    for (int i = 0; i < 100 && reading < 4 * 1048576.0; ++i)
        reading = world.metric("net_body_bytes") - before;
    CHECK(reading == 4 * 1048576.0);
    held.clear();
    for (int i = 0; i < 100 && reading > 0; ++i) reading = world.metric("net_body_bytes") - before;
    CHECK(reading == 0);
    world.unharmed();
}

// Last: the device has used up its minute.
TEST_CASE("hostile HTTP: requests for blobs have a rate") {
    auto& world = hostile_world();
    WireClient client(world.relay().port());
    REQUIRE(world.member().enter_https(client) == 200);
    const std::string target = "/v1/blobs/" + std::string(32, '7');
    std::uint64_t asked = 0;
    unsigned status = 404;
    while (status == 404 && ++asked < 2 * limits::blob_requests_per_minute)
        status = client.request("GET", target).status;
    CHECK(status == 429);
    CHECK(asked > limits::blob_requests_per_minute - 20);  // other cases have asked as well
    CHECK(client.ended());
    CHECK(world.metric("net_blob_rate_refused_total") >= 1);
}
