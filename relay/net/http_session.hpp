#pragma once

#include <memory>
#include <optional>

#include "auth/handshake.hpp"
#include "net/blob_http.hpp"
#include "net/deadline.hpp"
#include "net/http_request.hpp"
#include "net/http_response.hpp"
#include "net/network.hpp"

namespace huecry::relay {

/// One connection of the public port from its acceptance on: TLS, then HTTPS requests one after
/// the other, until it ends or becomes a WebSocket, whose session takes over. It owns what all
/// requests of a connection share: the reader, the handshake and who has proved to be there.
class HttpSession {
public:
    HttpSession(Network& network, TcpSocket socket, Admission::Ticket ticket);

    /// Runs until the connection is closed.
    asio::awaitable<void> run();

private:
    asio::awaitable<bool> serve_one();
    void upgrade();
    asio::awaitable<HttpResponse> answer(const HttpHead& head);
    asio::awaitable<HttpResponse> hello();
    asio::awaitable<HttpResponse> prove();
    [[nodiscard]] HttpResponse enter(const Principal& who);
    asio::awaitable<bool> respond(HttpResponse response, bool keep_alive);
    [[nodiscard]] std::optional<HttpResponse> refusal(const HttpHead& head) const;

    Network& network_;
    std::shared_ptr<TlsStream> stream_;
    Admission::Ticket ticket_;
    HttpReader reader_;
    Deadline deadline_;
    BlobHttp blobs_;
    std::optional<Handshake::Exporter> exporter_;
    std::optional<Handshake> handshake_;
    std::optional<Principal> principal_;
    std::optional<HttpsDevices::Place> place_;
    std::chrono::steady_clock::time_point accepted_ = std::chrono::steady_clock::now();
    std::optional<HttpHead> upgrade_;  // the request that makes it a WebSocket
};

/// Owns the session of one accepted socket until it has ended.
asio::awaitable<void> serve_connection(Network& network, TcpSocket socket,
                                       Admission::Ticket ticket);

}  // namespace huecry::relay
