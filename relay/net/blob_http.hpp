#pragma once

#include <optional>
#include <string_view>

#include "blobs/blob_service.hpp"
#include "net/http_request.hpp"
#include "net/http_response.hpp"
#include "net/network.hpp"

namespace huecry::relay {

/// HEAD, PUT and GET of /v1/blobs/<id>, for one connection whose client has proved itself.
///
///   PUT   Content-Range: bytes FIRST-LAST/SIZE      body: that part, at most max_blob_request
///         Huecry-Channel: directory | CHANNEL.INCARNATION   (32 hex digits, decimal)
///         Huecry-Lifetime: milliseconds             Huecry-Digest: SHA-256 of the whole, hex
///         → 202 (go on from Huecry-Offset), 201 (complete and durable), 409 offset_mismatch
///           with the place to go on from in Huecry-Offset
///   HEAD  → 200 with Huecry-Offset (received), Huecry-Size, Huecry-Digest, Huecry-Expiry
///   GET   → 200, or 206 for Range: bytes=FIRST-[LAST]; 416 for another range
class BlobHttp {
public:
    BlobHttp(Network& network, TlsStream& stream, HttpReader& reader)
        : network_(network), stream_(stream), reader_(reader) {}

    /// The answer; one of status 0 has been sent already.
    asio::awaitable<HttpResponse> answer(const Principal& who, const HttpHead& head,
                                         std::string_view id);

private:
    asio::awaitable<HttpResponse> put(const Principal& who, const HttpHead& head,
                                      const BlobId& blob);
    asio::awaitable<HttpResponse> get(const Principal& who, const HttpHead& head,
                                      const BlobId& blob);
    [[nodiscard]] HttpResponse info(const Principal& who, const BlobId& blob) const;

    Network& network_;
    TlsStream& stream_;
    HttpReader& reader_;
};

/// "bytes FIRST-LAST/SIZE" with FIRST ≤ LAST < SIZE.
struct ContentRange {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    std::uint64_t size = 0;
    [[nodiscard]] static std::optional<ContentRange> parse(std::string_view text);
};
/// "bytes=FIRST-" or "bytes=FIRST-LAST" of a blob with `size` bytes: first and length.
[[nodiscard]] std::optional<std::pair<std::uint64_t, std::uint64_t>> parse_range(
    std::string_view text, std::uint64_t size);
/// The value of Huecry-Channel.
[[nodiscard]] std::optional<StreamRef> parse_audience(std::string_view text);

}  // namespace huecry::relay
