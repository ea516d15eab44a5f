#pragma once

#include "mls/cipher_suite.hpp"

namespace huecry::test {

/// MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519 (0x0001) with OpenSSL's AES: for vectors that exist
/// for no other suite. The product does not have it.
const mls::CipherSuite& aes128gcm_suite();
const crypto::Aead& aes128gcm();

}  // namespace huecry::test
