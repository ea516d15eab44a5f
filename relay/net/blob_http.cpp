#include "net/blob_http.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <charconv>

#include "huecry/limits.hpp"

namespace huecry::relay {
namespace {

constexpr auto awaited = asio::as_tuple(asio::use_awaitable);
constexpr std::uint64_t piece_size = 65536;  // of a GET: read, sent, then the next is read
constexpr std::string_view octets = "application/octet-stream";

std::optional<std::uint64_t> number(std::string_view text) {
    std::uint64_t out = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (text.empty() || error != std::errc() || end != text.data() + text.size())
        return std::nullopt;
    return out;
}

/// Counts a number in for as long as it lives.
class Counted {
public:
    Counted(std::uint64_t& total, std::uint64_t size) : total_(total), size_(size) {
        total_ += size_;
    }
    ~Counted() { total_ -= size_; }
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;

private:
    std::uint64_t& total_;
    std::uint64_t size_;
};

/// Waits for BlobService's `done`, which may come at once or after the next commit.
struct Outcome {
    explicit Outcome(TlsStream::executor_type executor) : arrived(std::move(executor)) {
        arrived.expires_at(asio::steady_timer::time_point::max());
    }
    asio::steady_timer arrived;
    std::optional<std::variant<BlobInfo, BlobError>> value;
};

HttpResponse put_response(const std::variant<BlobInfo, BlobError>& outcome) {
    if (const auto* error = std::get_if<BlobError>(&outcome)) {
        auto out = failure_response(error->code);
        if (error->code == Errc::offset_mismatch || error->code == Errc::digest_mismatch)
            out.fields = {{"Huecry-Offset", std::to_string(error->offset)}};
        return out;
    }
    const auto& info = std::get<BlobInfo>(outcome);
    HttpResponse out;
    out.status = info.complete ? 201 : 202;
    out.fields = {{"Huecry-Offset", std::to_string(info.received)},
                  {"Huecry-Expiry", std::to_string(info.expiry_ms)}};
    return out;
}

std::optional<BlobPart> parse_part(const HttpHead& head, const BlobId& blob, std::uint64_t now) {
    const auto range = ContentRange::parse(head.field("content-range"));
    const auto audience = parse_audience(head.field("huecry-channel"));
    const auto lifetime = number(head.field("huecry-lifetime"));
    Bytes digest;
    if (!range || !audience || !lifetime || *lifetime == 0 ||
        !from_hex(head.field("huecry-digest"), digest) || digest.size() != Digest::size ||
        head.content_length != range->last - range->first + 1)
        return std::nullopt;
    // Refused by its number, also when its body has taken a while; the sum cannot overflow.
    constexpr std::uint64_t too_long = limits::max_life_s * 2000;
    BlobPart part;
    part.blob = blob;
    part.audience = *audience;
    part.size = range->size;
    part.digest = *Digest::from(digest);
    part.expiry_ms = now + std::min(*lifetime, too_long);
    part.offset = range->first;
    return part;
}

}  // namespace

std::optional<ContentRange> ContentRange::parse(std::string_view text) {
    if (!text.starts_with("bytes ")) return std::nullopt;
    text.remove_prefix(6);
    const auto dash = text.find('-');
    const auto slash = text.find('/');
    if (dash == text.npos || slash == text.npos || slash < dash) return std::nullopt;
    const auto first = number(text.substr(0, dash));
    const auto last = number(text.substr(dash + 1, slash - dash - 1));
    const auto size = number(text.substr(slash + 1));
    if (!first || !last || !size || *first > *last || *last >= *size) return std::nullopt;
    return ContentRange{*first, *last, *size};
}

std::optional<std::pair<std::uint64_t, std::uint64_t>> parse_range(std::string_view text,
                                                                   std::uint64_t size) {
    if (!text.starts_with("bytes=")) return std::nullopt;
    text.remove_prefix(6);
    const auto dash = text.find('-');
    if (dash == text.npos) return std::nullopt;
    const auto first = number(text.substr(0, dash));
    const auto rest = text.substr(dash + 1);
    const auto last = rest.empty() ? std::optional<std::uint64_t>(size - 1) : number(rest);
    if (!first || !last || *first >= size || *last < *first) return std::nullopt;
    return std::pair(*first, std::min(*last, size - 1) - *first + 1);
}

std::optional<StreamRef> parse_audience(std::string_view text) {
    if (text == "directory") return StreamRef::directory();
    const auto dot = text.find('.');
    if (dot == text.npos) return std::nullopt;
    Bytes id;
    const auto incarnation = number(text.substr(dot + 1));
    if (!from_hex(text.substr(0, dot), id) || !incarnation || *incarnation > UINT32_MAX)
        return std::nullopt;
    const auto channel = ChannelId::from(id);
    if (!channel) return std::nullopt;
    return StreamRef::channel(*channel, static_cast<std::uint32_t>(*incarnation));
}

asio::awaitable<HttpResponse> BlobHttp::answer(const Principal& who, const HttpHead& head,
                                               std::string_view id) {
    HttpResponse out = failure_response(Errc::not_found);
    Bytes bytes;
    const bool readable = from_hex(id, bytes) && bytes.size() == BlobId::size;
    const bool has_body = head.content_length.value_or(0) != 0;
    out.close = has_body;
    if (!readable) co_return out;
    const auto blob = *BlobId::from(bytes);
    if (head.method == "PUT") {
        out = co_await put(who, head, blob);
    } else if (has_body) {
        out = failure_response(Errc::bad_frame, "a body is not wanted here");
        out.close = true;
    } else if (head.method == "GET") {
        out = co_await get(who, head, blob);
    } else if (head.method == "HEAD") {
        out = info(who, blob);
    }
    co_return out;
}

asio::awaitable<HttpResponse> BlobHttp::put(const Principal& who, const HttpHead& head,
                                            const BlobId& blob) {
    auto part = parse_part(head, blob, network_.clock.wall_ms());
    if (!part) {
        auto out = failure_response(Errc::invalid_argument, "headers of a PUT");
        out.close = true;
        co_return out;
    }
    if (head.fields.contains("expect")) {
        stream_.queue("HTTP/1.1 100 Continue\r\n\r\n");
        stream_.flush();
    }
    // The lifetime counts from the first part; later parts and repeats never extend it.
    const auto known = network_.blobs.head(who, blob);
    if (known) part->expiry_ms = known->expiry_ms;
    const auto length = head.content_length.value_or(0);
    auto& reading = network_.counters.body_bytes;
    if (length <= limits::max_blob_request && reading + length > limits::body_bytes) {
        ++network_.counters.bodies_refused;
        auto out = failure_response(Errc::overloaded);
        out.close = true;
        co_return out;
    }
    const Counted counted(reading, length);
    const auto body = co_await reader_.body(limits::max_blob_request);
    if (!body) {
        auto out = failure_response(body.error().code);
        out.close = true;
        co_return out;
    }
    network_.counters.blob_bytes_in += body->size();
    part->body = view(*body);
    const auto outcome = std::make_shared<Outcome>(stream_.get_executor());
    network_.blobs.put(who, *part, [outcome](std::variant<BlobInfo, BlobError> value) {
        outcome->value = std::move(value);
        outcome->arrived.cancel();
    });
    network_.driver.kick();
    while (!outcome->value && stream_.is_open()) co_await outcome->arrived.async_wait(awaited);
    if (!outcome->value) co_return failure_response(Errc::timed_out);
    co_return put_response(*outcome->value);
}

HttpResponse BlobHttp::info(const Principal& who, const BlobId& blob) const {
    const auto found = network_.blobs.head(who, blob);
    HttpResponse out;
    if (!found) {
        // An answer to HEAD has no body; the code goes into a field.
        out.status = http_status(found.error().code);
        const auto code = static_cast<unsigned>(found.error().code);
        out.fields = {{"Huecry-Error", std::to_string(code)}};
        return out;
    }
    out.content_type = octets;
    out.announced = found->size;
    out.fields = {{"Huecry-Offset", std::to_string(found->received)},
                  {"Huecry-Size", std::to_string(found->size)},
                  {"Huecry-Digest", found->digest.hex()},
                  {"Huecry-Expiry", std::to_string(found->expiry_ms)},
                  {"Accept-Ranges", "bytes"}};
    return out;
}

asio::awaitable<HttpResponse> BlobHttp::get(const Principal& who, const HttpHead& head,
                                            const BlobId& blob) {
    const auto found = network_.blobs.head(who, blob);
    if (!found) co_return failure_response(found.error().code);
    if (!found->complete) co_return failure_response(Errc::not_found);
    HttpResponse out;
    std::uint64_t first = 0;
    std::uint64_t length = found->size;
    if (const auto wanted = head.field("range"); !wanted.empty()) {
        const auto range = parse_range(wanted, found->size);
        if (!range) {
            auto refused = failure_response(Errc::invalid_argument, "Range");
            refused.status = 416;
            refused.fields = {{"Content-Range", "bytes */" + std::to_string(found->size)}};
            co_return refused;
        }
        std::tie(first, length) = *range;
        out.status = 206;
        out.fields = {{"Content-Range", "bytes " + std::to_string(first) + "-" +
                                            std::to_string(first + length - 1) + "/" +
                                            std::to_string(found->size)}};
    }
    out.fields.emplace_back("Huecry-Digest", found->digest.hex());
    out.content_type = octets;
    out.announced = length;
    bool begun = false;
    while (length > 0) {
        const auto piece = network_.blobs.get(who, blob, first, std::min(length, piece_size));
        if (!piece && !begun) co_return failure_response(piece.error().code);
        if (!piece || piece->empty()) {
            stream_.close();  // half an answer: only a broken connection says so
            break;
        }
        if (!begun) stream_.queue(out.text());
        begun = true;
        stream_.queue(to_string(*piece));
        stream_.flush();
        network_.counters.blob_bytes_out += piece->size();
        first += piece->size();
        length -= piece->size();
        const auto failed = co_await stream_.drained();
        if (failed) break;
    }
    out.status = 0;
    co_return out;
}

}  // namespace huecry::relay
