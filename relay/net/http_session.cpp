#include "net/http_session.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "huecry/limits.hpp"
#include "huecry/v1/session.pb.h"
#include "net/ws_session.hpp"

namespace huecry::relay {
namespace {

constexpr std::string_view connect_target = "/v1/connect";
// What a stranger may send is the smaller part; the rest is OpenSSL's, within a handshake.
static_assert(limits::max_http_header + limits::max_frame_before_proof <
              limits::unproved_bytes / 4);
constexpr std::string_view blob_prefix = "/v1/blobs/";

std::uint64_t since(std::chrono::steady_clock::time_point begin) {
    using std::chrono::duration_cast, std::chrono::microseconds, std::chrono::steady_clock;
    return static_cast<std::uint64_t>(
        duration_cast<microseconds>(steady_clock::now() - begin).count());
}

/// What the peer hears of a request that could not be read. Its rest must not pass for another.
HttpResponse unreadable(const Error& error) {
    auto out = failure_response(error.code == Errc::too_large ? error.code : Errc::bad_frame);
    if (error.code == Errc::too_large && error.detail == "header") out.status = 431;
    out.close = true;
    return out;
}

}  // namespace

HttpSession::HttpSession(Network& network, TcpSocket socket, Admission::Ticket ticket)
    : network_(network),
      stream_(std::make_shared<TlsStream>(std::move(socket), network.tls, network.turnstile,
                                          ticket.address())),
      ticket_(std::move(ticket)),
      reader_(*stream_),
      deadline_(stream_, network.counters),
      blobs_(network, *stream_, reader_) {
    ticket_.ends_by([stream = std::weak_ptr(stream_)] {
        if (const auto open = stream.lock()) open->close();
    });
}

asio::awaitable<void> HttpSession::run() {
    const auto proved_by = accepted_ + network_.options.proof_deadline;
    const std::chrono::seconds for_tls(limits::tls_deadline_s);
    deadline_.at(std::min(accepted_ + for_tls, proved_by), &NetCounters::deadline_tls);
    const auto failed = co_await stream_->handshake();
    if (failed) {
        ++network_.counters.tls_failed;
        deadline_.cancel();
        stream_->close();
        co_return;
    }
    network_.counters.tls_us.add(since(accepted_));
    deadline_.at(proved_by, &NetCounters::deadline_proof);
    exporter_ = stream_->exporter();
    bool more = exporter_.has_value();
    while (more) more = co_await serve_one();
    deadline_.cancel();
    if (upgrade_) {
        upgrade();
        co_return;
    }
    co_await stream_->finish();
}

asio::awaitable<bool> HttpSession::serve_one() {
    network_.resting.insert(stream_.get());
    const auto head = co_await reader_.head();
    network_.resting.erase(stream_.get());
    if (!head && head.error().code == Errc::unreachable) co_return false;
    ++network_.counters.http_requests;
    if (!head) {
        auto response = unreadable(head.error());
        const bool more = co_await respond(std::move(response), false);
        co_return more;
    }
    if (auto refused = refusal(*head)) {
        const bool more = co_await respond(std::move(*refused), false);
        co_return more;
    }
    if (head->wants_upgrade) {
        upgrade_ = *head;
        co_return false;
    }
    const std::chrono::seconds for_request(limits::body_deadline_s);
    if (principal_) deadline_.within(for_request, &NetCounters::deadline_idle);
    auto response = co_await answer(*head);
    const bool known = principal_.has_value();
    const bool keep = head->keep_alive && !network_.draining;
    const bool more = co_await respond(std::move(response), keep);
    if (more && known) deadline_.within(network_.options.idle_close, &NetCounters::deadline_idle);
    co_return more;
}

std::optional<HttpResponse> HttpSession::refusal(const HttpHead& head) const {
    if (network_.draining) return failure_response(Errc::draining);
    // Browsers name an origin; no client of ours is one.
    if (head.fields.contains("origin")) {
        return failure_response(Errc::not_permitted, "Origin");
    }
    const bool connect = head.target == connect_target;
    if (!head.wants_upgrade && !connect) return std::nullopt;
    if (!connect) return failure_response(Errc::not_found);
    if (head.method != "GET" || !head.wants_upgrade || handshake_ || reader_.has_leftover() ||
        head.content_length.value_or(0) != 0 || head.field("sec-websocket-key").size() != 24)
        return failure_response(Errc::bad_frame, "a WebSocket upgrade is wanted");
    if (head.field("sec-websocket-version") != "13") {
        auto out = failure_response(Errc::bad_frame, "Sec-WebSocket-Version");
        out.status = 426;
        out.fields = {{"Sec-WebSocket-Version", "13"}, {"Upgrade", "websocket"}};
        return out;
    }
    return std::nullopt;
}

/// Nothing of this session stays in memory with the WebSocket.
void HttpSession::upgrade() {
    auto session =
        std::make_shared<WsSession>(network_, stream_, std::move(ticket_), *exporter_, accepted_);
    auto life = WsSession::serve(std::move(session), std::move(*upgrade_));
    asio::co_spawn(network_.io, std::move(life), asio::detached);
}

asio::awaitable<HttpResponse> HttpSession::answer(const HttpHead& head) {
    HttpResponse out = failure_response(Errc::not_found);
    out.close = true;
    if (head.method == "POST" && head.target == "/v1/hello") {
        out = co_await hello();
    } else if (head.method == "POST" && head.target == "/v1/prove") {
        out = co_await prove();
    } else if (head.target.starts_with(blob_prefix) && !principal_) {
        out = failure_response(Errc::not_authenticated);
        out.close = true;
    } else if (head.target.starts_with(blob_prefix)) {
        const auto id = std::string_view(head.target).substr(blob_prefix.size());
        if (place_->request(network_.clock.steady_ms())) {
            out = co_await blobs_.answer(*principal_, head, id);
        } else {
            ++network_.counters.blob_rate_refused;
            out = failure_response(Errc::rate_limited);
            out.close = true;
        }
    }
    co_return out;
}

asio::awaitable<HttpResponse> HttpSession::hello() {
    const auto body = co_await reader_.body(limits::max_frame_before_proof);
    if (!body) co_return unreadable(body.error());
    v1::Hello hello;
    if (handshake_ || !hello.ParseFromString(*body)) co_return failure_response(Errc::bad_frame);
    handshake_.emplace(network_.core.identity(), network_.core, network_.random, *exporter_);
    const auto reply = handshake_->hello(hello, network_.clock.wall_ms());
    HttpResponse out;
    if (reply) {
        out.body = reply->SerializeAsString();
    } else {
        out = failure_response(reply.error().code);
        out.close = true;
    }
    co_return out;
}

asio::awaitable<HttpResponse> HttpSession::prove() {
    const auto body = co_await reader_.body(limits::max_frame_before_proof);
    if (!body) co_return unreadable(body.error());
    v1::Prove prove;
    if (!handshake_ || principal_ || !prove.ParseFromString(*body)) {
        auto out = failure_response(handshake_ ? Errc::bad_frame : Errc::not_authenticated);
        out.close = true;
        co_return out;
    }
    auto proved = handshake_->prove(prove);
    if (proved && proved->kind == ClientKind::founder) proved = Error{Errc::not_permitted};
    if (!proved) {
        ++network_.core.counters().proofs_failed;
        auto out = failure_response(proved.error().code);
        out.close = true;
        co_return out;
    }
    co_return enter(*proved);
}

HttpResponse HttpSession::enter(const Principal& who) {
    place_ = network_.https_devices.enter(who);
    if (!place_) {
        ++network_.counters.https_refused;
        auto out = failure_response(Errc::rate_limited, "connections of this device");
        out.close = true;
        return out;
    }
    principal_ = who;
    ticket_.proved();
    stream_->proved();
    network_.counters.proof_us.add(since(accepted_));
    v1::Ready ready;
    ready.set_device_state(static_cast<std::uint32_t>(principal_->standing));
    HttpResponse out;
    out.body = ready.SerializeAsString();
    return out;
}

asio::awaitable<bool> HttpSession::respond(HttpResponse response, bool keep_alive) {
    if (response.status >= 400) {
        ++network_.counters.http_refused;
        ++network_.counters.http_answers[response.status];
    }
    // Status 0: the answer went out already.
    const bool more = keep_alive && !response.close;
    if (response.status != 0) {
        response.close = !more;
        stream_->queue(response.text());
        stream_->flush();
    }
    const auto failed = co_await stream_->drained();
    co_return more && !failed;
}

asio::awaitable<void> serve_connection(Network& network, TcpSocket socket,
                                       Admission::Ticket ticket) {
    const auto session =
        std::make_unique<HttpSession>(network, std::move(socket), std::move(ticket));
    co_await session->run();
}

}  // namespace huecry::relay
