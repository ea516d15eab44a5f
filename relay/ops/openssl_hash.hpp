#pragma once

namespace huecry::relay {

/// Hashes with OpenSSL from here on, which knows the processor's SHA instructions; the relay hashes
/// each body that it takes. Without effect where OpenSSL has no SHA-256.
void hash_with_openssl();

}  // namespace huecry::relay
