#include "net/tls_context.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <filesystem>
#include <string_view>

namespace huecry::relay {
namespace {

std::string openssl_reason() {
    const auto code = ERR_peek_last_error();
    const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
    ERR_clear_error();
    return reason == nullptr ? "unknown reason" : reason;
}

// A client that names protocols must name ours; one that names none is taken as HTTP/1.1.
int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* offered, unsigned int offered_size, void*) {
    static constexpr std::string_view ours = "http/1.1";
    for (unsigned int at = 0; at < offered_size;) {
        const unsigned int size = offered[at++];
        if (size > offered_size - at) break;
        const std::string_view name(reinterpret_cast<const char*>(offered + at), size);
        if (name == ours) {
            *out = offered + at;
            *out_size = static_cast<unsigned char>(size);
            return SSL_TLSEXT_ERR_OK;
        }
        at += size;
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

bool apply_rules(SSL_CTX* context) {
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION |
                                     SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                     SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    // TlsStream reads and writes for OpenSSL and has no wait in the middle of a record; idle
    // connections give their buffers back. The certificates sent are the file's: there is no store
    // in which to look for an issuer at each handshake.
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
    SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
    return SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1 &&
           SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) == 1 &&
           SSL_CTX_set_num_tickets(context, 0) == 1 &&
           SSL_CTX_set_max_early_data(context, 0) == 1 &&
           SSL_CTX_set_ciphersuites(context,
                                    "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256:"
                                    "TLS_AES_256_GCM_SHA384") == 1 &&
           SSL_CTX_set1_groups_list(context, "X25519:P-256") == 1;
}

Result<void> readable(const std::string& path) {
    std::error_code ec;
    if (std::filesystem::is_regular_file(path, ec)) return {};
    return Error{Errc::io_failed, "cannot read " + path};
}

}  // namespace

void TlsContext::Free::operator()(ssl_ctx_st* context) const { SSL_CTX_free(context); }

Result<TlsContext> TlsContext::from_files(const std::string& certificate, const std::string& key) {
    HUECRY_TRY(readable(certificate));
    HUECRY_TRY(readable(key));
    TlsContext out;
    out.context_.reset(SSL_CTX_new(TLS_server_method()));
    auto* context = out.context_.get();
    if (context == nullptr || !apply_rules(context))
        return Error{Errc::internal, "OpenSSL: " + openssl_reason()};
    if (SSL_CTX_use_certificate_chain_file(context, certificate.c_str()) != 1)
        return Error{Errc::malformed, "certificate " + certificate + ": " + openssl_reason()};
    if (SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1)
        return Error{Errc::malformed, "key " + key + ": " + openssl_reason()};
    if (SSL_CTX_check_private_key(context) != 1)
        return Error{Errc::malformed, "the key does not belong to the certificate"};
    return out;
}

}  // namespace huecry::relay
