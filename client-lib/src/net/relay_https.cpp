#include "net/relay_https.hpp"

#include "huecry/limits.hpp"
#include "net/proof.hpp"

namespace huecry::net {

namespace asio = boost::asio;

namespace {

asio::awaitable<Result<std::string>> post(std::shared_ptr<HttpsConnection> connection,
                                          std::string target, std::string body) {
    HttpRequest request;
    request.method = "POST";
    request.target = std::move(target);
    request.headers["Content-Type"] = "application/octet-stream";
    request.body = std::move(body);
    auto asking = connection->exchange(std::move(request), limits::max_frame_before_proof);
    auto answer = co_await std::move(asking);
    if (!answer) co_return answer.error();
    if (answer->status != 200) co_return answer->error();
    co_return std::move(answer->body);
}

asio::awaitable<Result<v1::HelloReply>> greet(std::shared_ptr<HttpsConnection> connection,
                                              v1::Hello hello) {
    auto asking = post(connection, "/v1/hello", hello.SerializeAsString());
    const auto body = co_await std::move(asking);
    if (!body) co_return body.error();
    v1::HelloReply reply;
    if (!reply.ParseFromString(*body)) co_return Error{Errc::bad_frame, "hello reply"};
    co_return reply;
}

/// Opens the connection and begins a proof on it.
asio::awaitable<Result<Proof>> begin(std::shared_ptr<HttpsConnection> connection,
                                     const Identity& identity, crypto::Random& random) {
    auto opening = connection->open(identity.relay);
    const auto opened = co_await std::move(opening);
    if (!opened) co_return opened.error();
    const auto exporter = connection->exporter();
    if (!exporter) co_return Error{Errc::unreachable, "no TLS exporter"};
    std::array<std::uint8_t, 32> nonce{};
    random.fill(nonce);
    co_return Proof(identity, *exporter, nonce);
}

}  // namespace

asio::awaitable<Result<void>> prove_https(std::shared_ptr<HttpsConnection> connection,
                                          Identity identity, crypto::Random& random) {
    auto beginning = begin(connection, identity, random);
    auto proof = co_await std::move(beginning);
    if (!proof) co_return proof.error();
    auto greeting = greet(connection, proof->hello());
    const auto reply = co_await std::move(greeting);
    if (!reply) co_return reply.error();
    const auto proved = proof->answer(*reply);
    if (!proved) co_return proved.error();
    auto proving = post(connection, "/v1/prove", proved->SerializeAsString());
    const auto ready = co_await std::move(proving);
    if (!ready) co_return ready.error();
    co_return Result<void>();
}

asio::awaitable<Result<PublicKey>> ask_relay_key(std::shared_ptr<HttpsConnection> connection,
                                                 RelayAddress relay, crypto::Random& random) {
    Identity nobody;
    nobody.relay = std::move(relay);
    nobody.kind = ClientKind::founder;
    auto beginning = begin(connection, nobody, random);
    auto proof = co_await std::move(beginning);
    if (!proof) co_return proof.error();
    auto greeting = greet(connection, proof->hello());
    const auto reply = co_await std::move(greeting);
    if (!reply) co_return reply.error();
    co_return proof->proved_key(*reply);
}

}  // namespace huecry::net
