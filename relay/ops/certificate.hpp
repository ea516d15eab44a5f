#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "huecry/result.hpp"

namespace huecry::relay {

/// Makes a self-signed certificate (ECDSA P-256, SHA-256, valid for ten years) for `name`, a host
/// name or an IP address, and its key, unless both files are there. Clients of ours trust the
/// relay's identity key, not the certificate; it is there because TLS wants one.
/// Errors: internal, no_room, io_failed.
Result<void> make_certificate(const std::filesystem::path& certificate,
                              const std::filesystem::path& key, const std::string& name);

/// Seconds until the certificate in this PEM file expires; negative afterwards.
/// Errors: io_failed, malformed.
Result<std::int64_t> certificate_seconds_left(const std::filesystem::path& certificate);

}  // namespace huecry::relay
