#pragma once

#include "crypto/random.hpp"
#include "net/https.hpp"
#include "net/link.hpp"

namespace huecry::net {

/// Opens `connection` and lets both sides prove themselves on it: POST /v1/hello, /v1/prove.
/// Errors: unreachable, wrong_relay, and what the relay answers.
boost::asio::awaitable<Result<void>> prove_https(std::shared_ptr<HttpsConnection> connection,
                                                 Identity identity, crypto::Random& random);

/// The key that the relay at an address without one proves to hold. Nothing of ours is told: the
/// hello names nobody. It says who answers there now, not whether that is the right one; a person
/// has to compare it.
boost::asio::awaitable<Result<PublicKey>> ask_relay_key(std::shared_ptr<HttpsConnection> connection,
                                                        RelayAddress relay, crypto::Random& random);

}  // namespace huecry::net
