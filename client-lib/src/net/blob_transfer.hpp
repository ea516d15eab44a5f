#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "huecry/result.hpp"
#include "huecry/wire/bytes.hpp"
#include "huecry/wire/header.hpp"
#include "huecry/wire/ids.hpp"

// Bringing encrypted blobs to the relay and back, over HTTPS, resumed after a broken connection.
namespace huecry::net {

/// A blob on its way to the relay. It is ciphertext: the relay may see every byte of it.
struct BlobUpload {
    BlobId id;        // random, chosen by the uploader
    StreamRef owner;  // the channel whose readers may fetch it, or the directory
    std::chrono::milliseconds lifetime{};  // from when it is complete at the relay; more than 0
    Digest digest;                         // SHA-256 of `bytes`
    std::shared_ptr<const Bytes> bytes;    // 1 to max_blob bytes; shared, never changed
};

/// A blob to fetch.
struct BlobDownload {
    BlobId id;
    std::optional<Digest> digest;  // SHA-256 that the bytes must have, where it is known
    std::uint64_t max_size = 0;    // bytes; more than that is refused before it is read
    std::uint64_t size = 0;        // bytes, where known: another length is refused. 0: not known
};

/// A transfer on its way. Destroying it cancels: its function is not called any more.
class Transfer {
public:
    virtual ~Transfer() = default;
};

/// Made by Runtime::make_blobs, or by a simulation. Used on the scheduler's thread only; transfers
/// run one after the other over one connection. Destroying it cancels all of them.
class BlobTransfer {
public:
    virtual ~BlobTransfer() = default;

    /// Called once, on the scheduler's thread, never inside `put`. Repeating a finished upload is
    /// harmless. Errors: unreachable (retries used up), wrong_relay, not_permitted, quota_exceeded,
    /// too_large, digest_mismatch, id_reused, expired, and whatever else the relay answers.
    using Stored = std::function<void(Result<void>)>;
    [[nodiscard]] virtual std::unique_ptr<Transfer> put(BlobUpload upload, Stored done) = 0;

    /// As above. Errors also: not_found (gone or never there), too_large, digest_mismatch.
    using Fetched = std::function<void(Result<Bytes>)>;
    [[nodiscard]] virtual std::unique_ptr<Transfer> get(BlobDownload download, Fetched done) = 0;
};

}  // namespace huecry::net
