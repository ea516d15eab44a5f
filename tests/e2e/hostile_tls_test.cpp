#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <functional>

#include "e2e/hostile_world.hpp"

// What comes before HTTP: handshakes that the relay refuses, and with which alert (RFC 8446 section
// 6), and what is no TLS at all.
using namespace huecry;
using namespace huecry::test;

namespace {

/// A handshake of our own making on a socket of our own.
struct Shake {
    bool done = false;
    int alert = -1;  // that the relay sent
    std::string protocol;
    bool ended = false;  // afterwards, the relay closes by itself
};

/// To loopback; a receive ends after ten seconds.
int connected(std::uint16_t port) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const timeval longest{10, 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &longest, sizeof longest);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    return fd;
}

Shake shake(std::uint16_t port, const std::function<void(SSL_CTX*, SSL*)>& prepare) {
    Shake out;
    const int fd = connected(port);
    SSL_CTX* context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nullptr);
    SSL* ssl = SSL_new(context);
    SSL_set_app_data(ssl, &out);
    SSL_set_info_callback(ssl, [](const SSL* of, int where, int value) {
        if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT)
            static_cast<Shake*>(SSL_get_app_data(of))->alert = value & 0xff;
    });
    prepare(context, ssl);
    SSL_set_fd(ssl, fd);
    // With TLS 1.3 a client may be done before the relay has looked: one byte of data tells.
    char byte = 0;
    if (SSL_connect(ssl) == 1) {
        const std::string request = "GET / HTTP/1.1\r\nHost: relay\r\n\r\n";
        SSL_write(ssl, request.data(), static_cast<int>(request.size()));
        out.done = SSL_read(ssl, &byte, 1) == 1;
    }
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl, &name, &size);
    out.protocol.assign(reinterpret_cast<const char*>(name), size);
    std::array<char, 4096> rest{};
    while (SSL_read(ssl, rest.data(), static_cast<int>(rest.size())) > 0) {
    }
    out.ended = recv(fd, &byte, 1, 0) <= 0;
    SSL_free(ssl);
    SSL_CTX_free(context);
    close(fd);
    return out;
}

void offer(SSL* ssl, std::string_view protocols) {
    SSL_set_alpn_protos(ssl, reinterpret_cast<const unsigned char*>(protocols.data()),
                        static_cast<unsigned>(protocols.size()));
}

std::string record(int type, int version, std::string_view content) {
    std::string out;
    for (const int byte : {type, version >> 8, version & 0xff}) out += static_cast<char>(byte);
    out += static_cast<char>(content.size() >> 8);
    out += static_cast<char>(content.size() & 0xff);
    return out.append(content);
}

}  // namespace

TEST_CASE("hostile TLS: what is not offered is refused with its alert") {
    auto& world = hostile_world();
    struct Case {
        std::string what;
        std::function<void(SSL_CTX*, SSL*)> prepare;
        int alert;
    };
    const std::vector<Case> cases = {
        {"TLS 1.2", [](SSL_CTX*, SSL* s) { SSL_set_max_proto_version(s, TLS1_2_VERSION); },
         SSL_AD_PROTOCOL_VERSION},
        {"HTTP/2 only", [](SSL_CTX*, SSL* s) { offer(s, {"\x02h2", 3}); },
         SSL_AD_NO_APPLICATION_PROTOCOL},
        {"a protocol of 255 bytes",
         [](SSL_CTX*, SSL* s) { offer(s, "\xff" + std::string(255, 'x')); },
         SSL_AD_NO_APPLICATION_PROTOCOL},
        {"a cipher that is not ours",
         [](SSL_CTX*, SSL* s) { SSL_set_ciphersuites(s, "TLS_AES_128_CCM_SHA256"); },
         SSL_AD_HANDSHAKE_FAILURE},
        {"a curve that is not ours", [](SSL_CTX*, SSL* s) { SSL_set1_groups_list(s, "P-521"); },
         SSL_AD_HANDSHAKE_FAILURE},
        {"signatures that the relay's key does not make",
         [](SSL_CTX*, SSL* s) { SSL_set1_sigalgs_list(s, "RSA-PSS+SHA256"); },
         SSL_AD_HANDSHAKE_FAILURE},
    };
    for (const auto& one : cases) {
        CAPTURE(one.what);
        const auto got = shake(world.relay().port(), one.prepare);
        CHECK_FALSE(got.done);
        CHECK(got.alert == one.alert);
        CHECK(got.ended);
    }
    world.unharmed();
}

TEST_CASE("hostile TLS: names mean nothing, the relay proves its own key") {
    auto& world = hostile_world();
    for (const std::string name : {"", "relay", "another.example"}) {
        CAPTURE(name);
        const auto got = shake(world.relay().port(), [&](SSL_CTX*, SSL* s) {
            if (!name.empty()) SSL_set_tlsext_host_name(s, name.c_str());
        });
        CHECK(got.done);
    }
    const auto both =
        shake(world.relay().port(), [](SSL_CTX*, SSL* s) { offer(s, {"\x02h2\x08http/1.1", 12}); });
    CHECK(both.done);
    CHECK(both.protocol == "http/1.1");
    world.unharmed();
}

TEST_CASE("hostile TLS: no session is ever resumed") {
    auto& world = hostile_world();
    int tickets = 0;
    const auto got = shake(world.relay().port(), [&](SSL_CTX* context, SSL*) {
        SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT);
        SSL_CTX_set_app_data(context, &tickets);
        SSL_CTX_sess_set_new_cb(context, [](SSL* of, SSL_SESSION*) {
            ++*static_cast<int*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(of)));
            return 0;
        });
    });
    CHECK(got.done);
    CHECK(tickets == 0);
}

TEST_CASE("hostile TLS: what is no TLS is closed, with an alert at most") {
    auto& world = hostile_world();
    const auto late = world.metric("net_deadline_tls_total");
    const std::string hello_of_64k = std::string("\x01\x00\xff\xff", 4) + std::string(16380, 'x');
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"plain HTTP", "GET / HTTP/1.1\r\nHost: relay\r\n\r\n"},
        {"SSH", "SSH-2.0-OpenSSH_9.2\r\n"},
        {"a PROXY line", "PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n"},
        {"noise", std::string(4000, '\xa5')},
        {"zeros", std::string(4000, '\0')},
        {"SSL 2",
         std::string("\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10", 11) + std::string(64, 'x')},
        {"a record of 2^14 + 257 bytes",
         std::string("\x16\x03\x01\x41\x01", 5) + std::string(16641, 'x')},
        {"an empty handshake record", record(22, 0x0301, "") + std::string(64, '\0')},
        {"application data first", record(23, 0x0303, "hello")},
        {"a change of cipher first", record(20, 0x0303, std::string(1, '\2'))},
        {"a heartbeat", record(24, 0x0303, std::string("\x01\x40\x00", 3))},
        {"a Finished first",
         record(22, 0x0303, std::string("\x14\x00\x00\x20", 4) + std::string(32, 'x'))},
        {"a ClientHello that claims 64 KiB and has no sense", record(22, 0x0301, hello_of_64k)},
        {"a ClientHello of version 2.5",
         record(22, 0x0301, std::string("\x01\x00\x00\x26\x02\x05", 6) + std::string(36, 'x'))},
        {"an alert", record(21, 0x0303, std::string("\x02\x28", 2))},
    };
    for (const auto& [what, bytes] : cases) {
        CAPTURE(what);
        WireClient client(world.relay().port(), WireClient::Tls::none);
        client.send(bytes);
        std::string heard;
        for (auto more = client.receive(); !more.empty(); more = client.receive()) heard += more;
        CHECK((heard.empty() || (heard.size() == 7 && heard[0] == 21)));
    }
    // At once, but for the one that could still become a ClientHello.
    CHECK(world.metric("net_deadline_tls_total") - late <= 1);
    world.unharmed();
}

TEST_CASE("hostile TLS: half a record after the handshake, and records that are changed") {
    auto& world = hostile_world();
    // Not by OpenSSL's means, which would encrypt: behind its back, on the same socket.
    const auto broken = [&](const std::string& bytes) {
        const int fd = connected(world.relay().port());
        SSL_CTX* context = SSL_CTX_new(TLS_client_method());
        SSL* ssl = SSL_new(context);
        SSL_set_fd(ssl, fd);
        REQUIRE(SSL_connect(ssl) == 1);
        send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        char byte = 0;
        ssize_t got = 1;
        while (got > 0) got = recv(fd, &byte, 1, 0);
        // Not by our patience.
        const bool ended = got == 0 || errno == ECONNRESET;
        SSL_free(ssl);
        SSL_CTX_free(context);
        close(fd);
        return ended;
    };
    CHECK(broken(record(23, 0x0303, std::string(64, 'x'))));
    CHECK(broken(record(22, 0x0303, std::string(64, 'x'))));
    CHECK(broken(std::string("\x17\x03\x03\xff\xff", 5)));
    CHECK(broken("plain text"));
    world.unharmed();
}

TEST_CASE("hostile TLS: each stage has its time") {
    TemporaryDirectory folder;
    const auto file = folder.path() / "relay.toml";
    std::ofstream(file) << "[limits]\nproof_deadline_s = 1\n";
    RelayProcess relay(folder.path() / "relay", {"--config", file.string()});
    WireClient silent(relay.port(), WireClient::Tls::none);
    WireClient half(relay.port(), WireClient::Tls::none);
    half.send(std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11));
    WireClient secured(relay.port());
    WireClient head(relay.port());
    head.send("POST /v1/hello HTTP/1.1\r\nHost: relay\r\nContent-Length: 100\r\n\r\nhalf");
    CHECK(silent.ended());
    CHECK(half.ended());
    CHECK(secured.ended());
    CHECK(head.ended());
    const auto page = relay.admin("/metrics").body;
    CHECK(page.find("\nhuecry_relay_net_deadline_tls_total 2\n") != page.npos);
    CHECK(page.find("\nhuecry_relay_net_deadline_proof_total 2\n") != page.npos);
}

TEST_CASE("hostile TLS: a founder is nobody until a partnership is made") {
    TemporaryDirectory folder;
    const auto file = folder.path() / "relay.toml";
    std::ofstream(file) << "[limits]\nproof_deadline_s = 1\nconnections_per_address = 2\n";
    RelayProcess relay(folder.path() / "relay", {"--config", file.string()});
    const auto founded = found_partnership(relay);
    auto founder = Caller{founded.device.key.clone(), founded.device.partnership,
                          ClientKind::founder, founded.device.relay_key};
    WireClient client(relay.port());
    REQUIRE(founder.enter(client));
    const auto page = relay.admin("/metrics").body;
    CHECK(page.find("\nhuecry_relay_net_unproved 1\n") != page.npos);
    CHECK(end_of(client) == closed_with(Errc::timed_out));
}
