#include "commands/serve.hpp"

#include <fmt/format.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/json.hpp>
#include <csignal>
#include <cstdio>

#include "commands/installation.hpp"
#include "huecry/limits.hpp"
#include "huecry/wire/address.hpp"
#include "net/admin_listener.hpp"
#include "net/control_socket.hpp"
#include "net/server.hpp"
#include "ops/certificate.hpp"
#include "ops/metrics_page.hpp"
#include "ops/service_manager.hpp"

namespace huecry::relay {
namespace {

constexpr std::string_view allow_request = "allow ";

NetOptions net_options(const Settings& settings) {
    const auto or_limit = [](auto value, std::uint64_t limit) {
        return value.count() != 0 ? value : decltype(value)(static_cast<std::int64_t>(limit));
    };
    NetOptions out;
    out.proof_deadline = or_limit(settings.proof_deadline, limits::proof_deadline_s);
    out.idle_ping = or_limit(settings.idle_ping, limits::idle_ping_s);
    out.idle_close = or_limit(settings.idle_close, limits::idle_close_s);
    out.max_connections =
        settings.max_connections != 0 ? settings.max_connections : limits::max_connections;
    out.connections_per_address = settings.connections_per_address != 0
                                      ? settings.connections_per_address
                                      : limits::connections_per_address;
    out.max_unproved = limits::max_unproved;
    return out;
}

std::string metrics_text(const Core& core, const Server& server) {
    MetricsPage page;
    const auto& counters = core.counters();
    counters.each([&](auto name, auto value, bool gauge, auto help) {
        page.add(name, static_cast<double>(value), gauge, help);
    });
    server.counters().each([&](auto name, auto value, bool gauge, auto help) {
        page.add("net_" + std::string(name), static_cast<double>(value), gauge, help);
    });
    std::vector<std::pair<std::string, double>> values;
    const auto by_code = [&](const std::map<Errc, std::uint64_t>& counts) {
        values.clear();
        for (const auto& [code, count] : counts)
            values.emplace_back(name(code), static_cast<double>(count));
    };
    by_code(counters.refused);
    page.add_by("refused_by_reason", "reason", values, "requests refused, by the error's name");
    by_code(counters.goodbyes);
    page.add_by("goodbyes", "reason", values, "connections closed, by the error's name");
    values.clear();
    for (const auto& [status, count] : server.counters().http_answers)
        values.emplace_back(std::to_string(status), static_cast<double>(count));
    page.add_by("net_http_refused_by_status", "status", values,
                "HTTPS requests answered with 400 or above");
    page.add("draining", server.draining() ? 1 : 0, true, "1 after SIGTERM");
    page.add_seconds("commit_seconds", counters.commit_us, "one group commit, fsync included");
    page.add_seconds("store_seconds", counters.store_us,
                     "one transaction of the store, fsync included");
    page.add_seconds("fsync_seconds", counters.sync_us,
                     "one sync of the store's file or of its write-ahead log");
    page.add_seconds("push_seconds", counters.push_us, "handing a durable batch to its readers");
    page.add_seconds("net_tls_seconds", server.counters().tls_us,
                     "from acceptance to the end of the TLS handshake");
    page.add_seconds("net_proof_seconds", server.counters().proof_us,
                     "from acceptance to the client's proof");
    page.add_seconds("answer_seconds", counters.answer_us,
                     "from a submission's arrival to its answer");
    page.add_sizes("batch_submissions", counters.batch_size, "submissions of one group commit");
    page.add_process();
    return page.text();
}

Result<TlsContext> tls_context(const Settings& settings, const DataFolder& folder) {
    if (!settings.certificate.empty())
        return TlsContext::from_files(settings.certificate, settings.key);
    const auto certificate = folder.file("certificate.pem");
    const auto key = folder.file("certificate.key");
    HUECRY_TRY(make_certificate(certificate, key, settings.public_name()));
    return TlsContext::from_files(certificate, key);
}

/// The loop, with its own end made callable: what still waits must go before what it refers to.
class Loop final : public asio::io_context {
public:
    Loop() : asio::io_context(1) {}
    using asio::execution_context::shutdown;
};

/// A running relay and what the operator reaches it by.
class Service {
public:
    Service(const Settings& settings, Installation& installation, TlsContext tls, Logger& log)
        : settings_(settings),
          installation_(installation),
          tls_(std::move(tls)),
          server_({io_, installation.core(), installation.blobs(), tls_, installation.clock(),
                   installation.random(), log.callback(), net_options(settings)}),
          admin_(io_, {[this] { return !server_.draining(); },
                       [this] { return metrics_text(installation_.core(), server_); }}),
          control_(io_, [this](std::string_view request,
                               const ControlSocket::Reply& reply) { operate(request, reply); }),
          signals_(io_, SIGTERM, SIGINT, SIGHUP) {}

    ~Service() { io_.shutdown(); }
    Service(const Service&) = delete;
    Service& operator=(const Service&) = delete;

    Result<void> start() {
        HUECRY_TRY_ASSIGN(port_, server_.listen(settings_.listen.host, settings_.listen.port));
        if (settings_.admin) {
            HUECRY_TRY_ASSIGN(admin_port_,
                              admin_.listen(settings_.admin->host, settings_.admin->port));
        }
        HUECRY_TRY(control_.listen(installation_.folder().file("")));
        server_.on_broken([this](Errc code) {
            broken_ = code;
            io_.stop();
        });
        wait_for_signal();
        return {};
    }

    void print_address() const {
        RelayAddress address;
        address.host = settings_.public_name();
        address.port = port_;
        address.key = installation_.folder().identity().public_key;
        const auto admin =
            settings_.admin ? Endpoint{settings_.admin->host, admin_port_}.text() : std::string();
        if (settings_.json) {
            boost::json::object line;
            line["address"] = address.text();
            line["port"] = port_;
            line["key"] = to_base64url(address.key->view());
            line["admin"] = admin.empty() ? boost::json::value() : boost::json::value(admin);
            fmt::print("{}\n", boost::json::serialize(line));
        } else {
            fmt::print(
                "The relay is ready. Its address, which holds its key:\n\n    {}\n\n"
                "Begin with: huecry partnership create --relay '{}' --name NAME --member YOU\n",
                address.text(), address.text());
            if (!settings_.creation_open_on_loopback() || settings_.listen.host == "0.0.0.0" ||
                settings_.listen.host == "::")
                fmt::print(
                    "From elsewhere that needs a one-time code: huecry-relay allow --data '{}'\n",
                    settings_.data.string());
            if (!admin.empty()) fmt::print("Health and metrics: http://{}/metrics\n", admin);
        }
        (void)std::fflush(stdout);
    }

    /// Until drained; or store_failed and the like, once the disk has failed.
    Result<void> run() {
        io_.run();
        if (broken_) return Error{*broken_, "the disk has failed; the relay has stopped"};
        return {};
    }

private:
    void wait_for_signal() {
        signals_.async_wait([this](boost::system::error_code error, int) {
            if (error) return;
            wait_for_signal();
            drain();
        });
    }

    void drain() {
        if (server_.draining()) return;
        notify_service_manager("STOPPING=1");
        control_.stop();
        const auto spread = static_cast<std::uint32_t>(settings_.reconnect_spread.count());
        server_.drain(spread, settings_.drain_time, [this] {
            admin_.stop();
            io_.stop();
        });
    }

    void operate(std::string_view request, const ControlSocket::Reply& reply) {
        if (request.starts_with(allow_request)) {
            std::uint64_t hours = 0;
            for (const char c : request.substr(allow_request.size()))
                if (c >= '0' && c <= '9' && hours < 100'000)
                    hours = hours * 10 + static_cast<std::uint64_t>(c - '0');
            const auto code = installation_.core().allow_partnership(hours * 3'600'000);
            return server_.after_commit([reply, code] { reply(code); });
        }
        if (request == "confirm-clock") {
            installation_.core().confirm_clock();
            return server_.after_commit([reply] { reply("ok"); });
        }
        reply("");
    }

    const Settings& settings_;
    Installation& installation_;
    Loop io_;
    TlsContext tls_;
    Server server_;
    AdminListener admin_;
    ControlSocket control_;
    asio::signal_set signals_;
    std::optional<Errc> broken_;
    std::uint16_t port_ = 0;
    std::uint16_t admin_port_ = 0;
};

}  // namespace

Result<void> serve(const Settings& settings) {
    HUECRY_TRY_ASSIGN(auto log, Logger::open(settings.log_level, settings.log_file));
    if (settings.certificate.empty() != settings.key.empty())
        return Error{Errc::invalid_argument, "--certificate and --key go together"};
    SystemRandom random;
    HUECRY_TRY_ASSIGN(auto folder, DataFolder::prepare(settings.data, random));
    HUECRY_TRY_ASSIGN(auto tls, tls_context(settings, folder));
    HUECRY_TRY_ASSIGN(const auto installation,
                      Installation::open(settings, std::move(folder), log));
    {
        Service service(settings, *installation, std::move(tls), log);
        HUECRY_TRY(service.start());
        log(LogLevel::info, "ready");
        if (installation->core().clock_held())
            log(LogLevel::error,
                "the clock is far from where it was: nothing expires until huecry-relay "
                "confirm-clock");
        service.print_address();
        notify_service_manager("READY=1");
        HUECRY_TRY(service.run());
    }
    installation->core().flush();
    log(LogLevel::info, "stopped");
    return {};
}

}  // namespace huecry::relay
