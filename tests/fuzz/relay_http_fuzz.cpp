#include <signal.h>

#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "e2e/wire_client.hpp"
#include "huecry/limits.hpp"
#include "net/server.hpp"
#include "ops/certificate.hpp"
#include "ops/clock.hpp"
#include "sim/memory_store.hpp"
#include "support/recorded_town.hpp"
#include "support/temporary_directory.hpp"

// Bytes of a client to the relay's real server, over TLS: what Beast's HTTP parser, the upgrade,
// Beast's WebSocket and the blob requests take. The first byte says how far the client has come:
// nothing said, upgraded, proved over WebSocket, proved over HTTPS. The rest is sent as it is, and
// the end of it. Whatever it is: the server ends the connection (no hang), answers HTTP with HTTP,
// and serves the next client.
using namespace huecry;
using namespace huecry::test;

namespace {

void require(bool condition, const char* what) {
    if (condition) return;
    std::fprintf(stderr, "%s\n", what);
    std::abort();
}

/// The loop, with its own end made callable: what still waits must go before what it refers to.
class Loop final : public boost::asio::io_context {
public:
    Loop() : io_context(1) {}
    using execution_context::shutdown;
};

/// A relay with the recorded town, served on a thread of its own as long as this lives.
class Serving {
public:
    explicit Serving(const RecordedTown& town, const relay::TlsContext& tls,
                     const std::string& folder)
        : store_(town.store()), player_(store_, folder, town.relay_seed(), town.time_ms()) {
        relay::NetOptions options;
        options.proof_deadline = std::chrono::seconds(60);
        options.idle_ping = std::chrono::seconds(60);
        options.idle_close = std::chrono::seconds(120);
        options.max_connections = 100;
        options.connections_per_address = 100;
        options.max_unproved = 100;
        server_.emplace(relay::Server::Parts{io_, player_.core(), player_.blobs(), tls,
                                             player_.clock(), random_, [](auto, auto, auto) {},
                                             options});
        const auto port = server_->listen("127.0.0.1", 0);
        require(port.ok(), "the server does not listen");
        port_ = *port;
        thread_ = std::thread([this] { io_.run(); });
    }
    ~Serving() {
        io_.stop();
        thread_.join();
        io_.shutdown();
        server_.reset();
    }
    Serving(const Serving&) = delete;
    Serving& operator=(const Serving&) = delete;
    [[nodiscard]] std::uint16_t port() const { return port_; }

private:
    sim::MemoryStore store_;
    TapePlayer player_;
    relay::SystemRandom random_;
    Loop io_;
    std::optional<relay::Server> server_;
    std::thread thread_;
    std::uint16_t port_ = 0;
};

/// libFuzzer's clock must not interrupt the client's system calls; they have deadlines of their
/// own.
class NoAlarms {
public:
    NoAlarms() {
        sigset_t alarms;
        sigemptyset(&alarms);
        sigaddset(&alarms, SIGALRM);
        pthread_sigmask(SIG_BLOCK, &alarms, &before_);
    }
    ~NoAlarms() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    NoAlarms(const NoAlarms&) = delete;
    NoAlarms& operator=(const NoAlarms&) = delete;

private:
    sigset_t before_{};
};

relay::TlsContext tls_in(const std::filesystem::path& folder) {
    const auto certificate = folder / "certificate.pem";
    const auto key = folder / "certificate.key";
    require(relay::make_certificate(certificate, key, "127.0.0.1").ok(), "certificate");
    auto made = relay::TlsContext::from_files(certificate, key);
    require(made.ok(), "TLS");
    return std::move(made).value();
}

void enter(WireClient& client, const RecordedTown& town, unsigned stage) {
    Caller caller;
    caller.key = town.member();
    caller.partnership = town.partnership();
    caller.relay_key = signing_key_from_seed(town.relay_seed()).public_key;
    if (stage == 1) require(client.upgrade(), "no upgrade");
    if (stage == 2 && !caller.enter(client)) {
        std::fprintf(stderr, "closed with %u\n", client.close_code());
        require(false, "no proof over WebSocket");
    }
    if (stage == 3) require(caller.enter_https(client) == 200, "no proof over HTTPS");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const TemporaryDirectory folder;
    static const RecordedTown town(HUECRY_SESSIONS, folder.path().string());
    static const auto tls = tls_in(folder.path());
    if (size < 1) return 0;
    const Serving serving(town, tls, folder.path().string());
    const unsigned stage = data[0] % 4;
    const NoAlarms quiet;
    {
        WireClient client(serving.port());
        require(client.secured(), "no TLS");
        enter(client, town, stage);
        client.send({reinterpret_cast<const char*>(data + 1), size - 1});
        client.finish();
        std::string answer;
        for (;;) {  // throws after ten seconds without an end
            auto more = client.receive();
            if (more.empty()) break;
            answer += more;
        }
        if ((stage == 0 || stage == 3) && !answer.empty())
            require(answer.starts_with("HTTP/1.1 "), "an answer that is no HTTP");
    }
    WireClient next(serving.port());
    enter(next, town, 3);
    return 0;
}
