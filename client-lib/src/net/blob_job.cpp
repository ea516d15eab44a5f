#include "net/blob_job.hpp"

#include <algorithm>
#include <charconv>

#include "huecry/limits.hpp"
#include "huecry/wire/signing.hpp"

namespace huecry::net {
namespace {

/// A relay that always names another place to go on from would keep us busy for ever.
constexpr int max_corrections = 8;

std::string target(const BlobId& id) { return "/v1/blobs/" + id.hex(); }

std::string owner_text(const StreamRef& owner) {
    if (owner.kind == StreamKind::directory) return "directory";
    return to_hex(owner.id) + "." + std::to_string(owner.incarnation);
}

struct ContentRange {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    std::uint64_t total = 0;
};

/// "bytes FIRST-LAST/TOTAL" (RFC 9110 section 14.4).
std::optional<ContentRange> content_range(std::string_view text) {
    ContentRange out;
    const auto number = [&text](std::uint64_t& into, std::string_view after) {
        const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), into);
        if (failure != std::errc()) return false;
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        if (!text.starts_with(after)) return false;
        text.remove_prefix(after.size());
        return true;
    };
    constexpr std::string_view unit = "bytes ";
    if (!text.starts_with(unit)) return std::nullopt;
    text.remove_prefix(unit.size());
    if (!number(out.first, "-") || !number(out.last, "/") || !number(out.total, "")) return {};
    if (!text.empty() || out.first > out.last || out.last >= out.total) return std::nullopt;
    return out;
}

}  // namespace

BlobJob::BlobJob(BlobUpload upload, BlobTransfer::Stored done)
    : job_(Up{std::move(upload), std::move(done)}) {}
BlobJob::BlobJob(BlobDownload download, BlobTransfer::Fetched done)
    : job_(Down{std::move(download), std::move(done)}) {}

Result<void> BlobJob::check() const {
    if (const auto* down = std::get_if<Down>(&job_)) {
        if (down->blob.max_size == 0 || down->blob.size > down->blob.max_size)
            return Error{Errc::too_large, "blob"};
        return {};
    }
    const auto& blob = std::get<Up>(job_).blob;
    if (!blob.bytes || blob.bytes->empty()) return Error{Errc::invalid_argument, "empty blob"};
    if (blob.bytes->size() > limits::max_blob) return Error{Errc::too_large, "blob"};
    if (blob.lifetime.count() <= 0) return Error{Errc::invalid_argument, "lifetime of a blob"};
    if (blob.owner.kind == StreamKind::mailbox)
        return Error{Errc::invalid_argument, "owner of a blob"};
    if (sha256(*blob.bytes) != blob.digest) return Error{Errc::digest_mismatch, "blob"};
    return {};
}

HttpRequest BlobJob::next() const {
    HttpRequest out;
    if (const auto* down = std::get_if<Down>(&job_)) {
        auto last = offset_ + piece - 1;
        if (down->total != 0) last = std::min(last, down->total - 1);
        out.method = "GET";
        out.target = target(down->blob.id);
        out.headers["Range"] = "bytes=" + std::to_string(offset_) + "-" + std::to_string(last);
        return out;
    }
    const auto& up = std::get<Up>(job_);
    out.target = target(up.blob.id);
    out.method = up.ask ? "HEAD" : "PUT";
    if (up.ask) return out;
    const auto size = up.blob.bytes->size();
    const auto count = std::min<std::uint64_t>(piece, size - offset_);
    out.headers["Content-Range"] = "bytes " + std::to_string(offset_) + "-" +
                                   std::to_string(offset_ + count - 1) + "/" + std::to_string(size);
    out.headers["Content-Type"] = "application/octet-stream";
    out.headers["Huecry-Channel"] = owner_text(up.blob.owner);
    out.headers["Huecry-Lifetime"] = std::to_string(up.blob.lifetime.count());
    out.headers["Huecry-Digest"] = up.blob.digest.hex();
    out.body = to_string(BytesView(*up.blob.bytes).subspan(offset_, count));
    return out;
}

std::uint64_t BlobJob::max_body() const {
    const bool down = std::holds_alternative<Down>(job_);
    return down ? std::max<std::uint64_t>(piece, limits::max_frame_before_proof)
                : limits::max_frame_before_proof;
}

Result<bool> BlobJob::take(const HttpAnswer& answer) {
    if (auto* down = std::get_if<Down>(&job_)) return take_get(*down, answer);
    auto& up = std::get<Up>(job_);
    return up.ask ? take_head(up, answer) : take_put(up, answer);
}

void BlobJob::broken() {
    if (auto* up = std::get_if<Up>(&job_)) up->ask = true;
}

Result<bool> BlobJob::take_head(Up& up, const HttpAnswer& answer) {
    up.ask = false;
    if (answer.status == 404) {
        offset_ = 0;
        return false;
    }
    if (answer.status != 200) {
        // An answer to HEAD has no body: the code stands in a header.
        const auto number = answer.number("huecry-error").value_or(0);
        const auto code = error_from_number(static_cast<std::uint32_t>(number));
        return code ? Error{*code, "by the relay"} : answer.error();
    }
    const auto size = answer.number("huecry-size");
    if (size != up.blob.bytes->size() || answer.header("huecry-digest") != up.blob.digest.hex())
        return Error{Errc::id_reused, "blob"};
    if (answer.number("huecry-offset") == size) {
        // All of it has arrived, but it may not be durable yet: the answer to its last byte tells.
        offset_ = *size - 1;
        return false;
    }
    return go_on(up, answer);
}

Result<bool> BlobJob::take_put(Up& up, const HttpAnswer& answer) {
    const auto size = up.blob.bytes->size();
    if (answer.status == 201) {
        offset_ = size;
        return true;
    }
    if (answer.status == 202) {
        const auto offset = answer.number("huecry-offset");
        if (!offset || *offset <= offset_ || *offset >= size)
            return Error{Errc::bad_frame, "place to go on from"};
        offset_ = *offset;
        return false;
    }
    const auto error = answer.error();
    if (error.code != Errc::offset_mismatch) return error;
    return go_on(up, answer);
}

Result<bool> BlobJob::go_on(Up& up, const HttpAnswer& answer) {
    const auto offset = answer.number("huecry-offset");
    if (!offset || *offset >= up.blob.bytes->size() || ++corrections_ > max_corrections)
        return Error{Errc::bad_frame, "place to go on from"};
    offset_ = *offset;
    return false;
}

Result<bool> BlobJob::take_get(Down& down, const HttpAnswer& answer) {
    if (answer.status >= 400) return answer.error();
    const auto range = content_range(answer.header("content-range"));
    if (answer.status != 206 || !range || range->first != offset_ ||
        answer.body.size() != range->last - range->first + 1)
        return Error{Errc::bad_frame, "range of a blob"};
    if (range->total > down.blob.max_size) return Error{Errc::too_large, "blob"};
    if ((down.blob.size != 0 && range->total != down.blob.size) ||
        (down.total != 0 && range->total != down.total))
        return Error{Errc::digest_mismatch, "size of a blob"};
    down.total = range->total;
    const auto bytes = view(answer.body);
    down.bytes.insert(down.bytes.end(), bytes.begin(), bytes.end());
    offset_ = down.bytes.size();
    if (offset_ < down.total) return false;
    if (down.blob.digest && sha256(down.bytes) != *down.blob.digest)
        return Error{Errc::digest_mismatch, "blob"};
    return true;
}

void BlobJob::succeed() {
    if (auto* up = std::get_if<Up>(&job_)) return up->done(Result<void>());
    auto& down = std::get<Down>(job_);
    down.done(std::move(down.bytes));
}

void BlobJob::fail(const Error& error) {
    if (auto* up = std::get_if<Up>(&job_)) return up->done(error);
    std::get<Down>(job_).done(error);
}

}  // namespace huecry::net
