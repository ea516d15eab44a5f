#pragma once

#include <memory>
#include <string>

#include "huecry/result.hpp"

struct ssl_ctx_st;
struct ssl_st;

namespace huecry::relay {

/// What all TLS connections of the relay share: certificate, key and the rules of the protocol.
/// TLS 1.3 only; no tickets, no early data, no renegotiation, no compression, no session cache.
/// Used from the network thread only.
class TlsContext {
public:
    /// Both files are PEM; the certificate file may hold a chain. Errors: io_failed (missing or
    /// unreadable), malformed (they do not belong together, or OpenSSL cannot use them).
    static Result<TlsContext> from_files(const std::string& certificate, const std::string& key);

    [[nodiscard]] ssl_ctx_st* native() const { return context_.get(); }

private:
    struct Free {
        void operator()(ssl_ctx_st* context) const;
    };
    std::unique_ptr<ssl_ctx_st, Free> context_;
};

}  // namespace huecry::relay
