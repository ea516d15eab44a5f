#include <doctest/doctest.h>

#include <optional>

#include "huecry/limits.hpp"
#include "huecry/v1/session.pb.h"
#include "huecry/wire/signing.hpp"
#include "net/blob_job.hpp"

using namespace huecry;
using net::BlobJob;
using net::HttpAnswer;

namespace {

Bytes pattern(std::size_t size) {
    Bytes out(size);
    for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<std::uint8_t>(i * 31 + i / 257);
    return out;
}

net::BlobUpload upload(std::size_t size) {
    net::BlobUpload out;
    out.id = BlobId(std::array<std::uint8_t, 16>{0xab});
    out.owner = StreamRef::channel(ChannelId(std::array<std::uint8_t, 16>{0xcd}), 2);
    out.lifetime = std::chrono::hours(1);
    out.bytes = std::make_shared<const Bytes>(pattern(size));
    out.digest = sha256(*out.bytes);
    return out;
}

HttpAnswer answer(unsigned status, std::map<std::string, std::string> headers = {}) {
    return {status, std::move(headers), {}};
}

HttpAnswer refusal(unsigned status, Errc code, std::map<std::string, std::string> headers = {}) {
    v1::Failure failure;
    failure.set_code(static_cast<std::uint32_t>(code));
    return {status, std::move(headers), failure.SerializeAsString()};
}

BlobJob put_job(std::size_t size) {
    return {upload(size), [](Result<void>) {}};
}

net::BlobDownload download(const Bytes& bytes) {
    return {BlobId(std::array<std::uint8_t, 16>{0xab}), sha256(bytes), limits::max_blob, 0};
}

HttpAnswer range_of(const Bytes& all, std::size_t first, std::size_t count) {
    HttpAnswer out = answer(206);
    out.headers["content-range"] = "bytes " + std::to_string(first) + "-" +
                                   std::to_string(first + count - 1) + "/" +
                                   std::to_string(all.size());
    out.body = to_string(BytesView(all).subspan(first, count));
    return out;
}

}  // namespace

TEST_CASE("an upload goes in pieces that name their place") {
    const std::size_t size = BlobJob::piece + 10;
    auto job = put_job(size);
    REQUIRE(job.check().ok());
    auto request = job.next();
    CHECK(request.method == "PUT");
    CHECK(request.target == "/v1/blobs/ab000000000000000000000000000000");
    CHECK(request.headers["Content-Range"] == "bytes 0-262143/262154");
    CHECK(request.headers["Huecry-Channel"] == "cd000000000000000000000000000000.2");
    CHECK(request.headers["Huecry-Lifetime"] == "3600000");
    CHECK(request.headers["Huecry-Digest"] == sha256(pattern(size)).hex());
    CHECK(request.body.size() == BlobJob::piece);

    auto more = job.take(answer(202, {{"huecry-offset", "262144"}}));
    REQUIRE(more.ok());
    CHECK(!*more);
    request = job.next();
    CHECK(request.headers["Content-Range"] == "bytes 262144-262153/262154");
    CHECK(to_bytes(view(request.body)) ==
          to_bytes(BytesView(pattern(size)).subspan(BlobJob::piece)));
    auto last = job.take(answer(201));
    REQUIRE(last.ok());
    CHECK(*last);
}

TEST_CASE("after a broken connection an upload asks and goes on from there") {
    const std::size_t size = BlobJob::piece * 2;
    auto job = put_job(size);
    job.broken();
    CHECK(job.next().method == "HEAD");
    std::map<std::string, std::string> state{{"huecry-size", std::to_string(size)},
                                             {"huecry-digest", sha256(pattern(size)).hex()},
                                             {"huecry-offset", "100"}};
    REQUIRE(job.take(answer(200, state)).ok());
    CHECK(job.next().headers["Content-Range"].starts_with("bytes 100-"));

    job.broken();
    REQUIRE(job.take(answer(404)).ok());
    CHECK(job.next().headers["Content-Range"].starts_with("bytes 0-"));

    // Everything has arrived: only the answer to its last byte says that it is durable.
    job.broken();
    state["huecry-offset"] = std::to_string(size);
    const auto all = job.take(answer(200, state));
    REQUIRE(all.ok());
    CHECK(!*all);
    CHECK(job.next().body.size() == 1);
    CHECK(*job.take(answer(201)));

    job.broken();
    state["huecry-digest"] = sha256(pattern(1)).hex();
    CHECK(job.take(answer(200, state)).error().code == Errc::id_reused);
}

TEST_CASE("a relay that knows another place is followed, but not for ever") {
    auto job = put_job(BlobJob::piece * 3);
    const auto mismatch = refusal(409, Errc::offset_mismatch, {{"huecry-offset", "5"}});
    int followed = 0;
    while (job.take(mismatch).ok() && followed < 100) ++followed;
    CHECK(followed == 8);
    CHECK(job.offset() == 5);
    CHECK(!put_job(10).take(answer(202, {{"huecry-offset", "0"}})).ok());   // no progress
    CHECK(!put_job(10).take(answer(202, {{"huecry-offset", "11"}})).ok());  // beyond the end
    CHECK(!put_job(10).take(answer(202, {{"huecry-offset", "5x"}})).ok());
    CHECK(!put_job(10).take(answer(202)).ok());
}

TEST_CASE("what the relay refuses carries its code") {
    CHECK(put_job(10).take(refusal(413, Errc::quota_exceeded)).error().code ==
          Errc::quota_exceeded);
    CHECK(put_job(10).take(refusal(403, Errc::not_permitted)).error().code == Errc::not_permitted);
    CHECK(put_job(10).take(answer(502)).error().code == Errc::unreachable);
    auto job = put_job(10);
    job.broken();
    CHECK(job.take(answer(403, {{"huecry-error", "109"}})).error().code == Errc::not_permitted);
}

TEST_CASE("uploads that cannot be right are not begun") {
    const auto code = [](net::BlobUpload u) {
        return BlobJob(std::move(u), [](Result<void>) {}).check().error().code;
    };
    auto u = upload(10);
    u.digest = Digest{};
    CHECK(code(u) == Errc::digest_mismatch);
    u = upload(10);
    u.lifetime = {};
    CHECK(code(u) == Errc::invalid_argument);
    u = upload(10);
    u.bytes = std::make_shared<const Bytes>();
    CHECK(code(u) == Errc::invalid_argument);
    CHECK(code(upload(limits::max_blob + 1)) == Errc::too_large);
    u = upload(10);
    u.owner = StreamRef::mailbox(DeviceId());
    CHECK(code(u) == Errc::invalid_argument);
}

TEST_CASE("a download goes in pieces and is whole only with its digest") {
    const auto bytes = pattern(BlobJob::piece + 7);
    std::optional<Bytes> got;
    BlobJob job(download(bytes), [&](Result<Bytes> r) {
        REQUIRE(r.ok());
        got = std::move(r).value();
    });
    CHECK(job.next().headers["Range"] == "bytes=0-262143");
    auto more = job.take(range_of(bytes, 0, BlobJob::piece));
    REQUIRE(more.ok());
    CHECK(!*more);
    job.broken();
    CHECK(job.next().method == "GET");
    CHECK(job.next().headers["Range"] == "bytes=262144-262150");
    auto last = job.take(range_of(bytes, BlobJob::piece, 7));
    REQUIRE(last.ok());
    CHECK(*last);
    job.succeed();
    CHECK(got == bytes);
}

TEST_CASE("answers to a download that do not fit are refused") {
    const auto bytes = pattern(1000);
    const auto code = [](net::BlobDownload d, const HttpAnswer& a) {
        return BlobJob(d, [](Result<Bytes>) {}).take(a).error().code;
    };
    auto d = download(bytes);
    d.digest = Digest{};
    CHECK(code(d, range_of(bytes, 0, 1000)) == Errc::digest_mismatch);
    d = download(bytes);
    d.max_size = 999;
    CHECK(code(d, range_of(bytes, 0, 1000)) == Errc::too_large);
    d = download(bytes);
    d.size = 1001;
    CHECK(code(d, range_of(bytes, 0, 1000)) == Errc::digest_mismatch);
    d = download(bytes);
    CHECK(code(d, range_of(bytes, 1, 999)) == Errc::bad_frame);
    CHECK(code(d, refusal(404, Errc::not_found)) == Errc::not_found);
    CHECK(code(d, refusal(404, Errc::expired)) == Errc::expired);
    for (const auto* range :
         {"", "bytes 0-999", "bytes 0-999/", "bytes 999-0/1000", "bytes 0-1000/1000",
          "bytes 0-999/1000x", "items 0-999/1000", "bytes 0-999/99999999999999999999999"}) {
        auto a = range_of(bytes, 0, 1000);
        a.headers["content-range"] = range;
        CAPTURE(range);
        CHECK(code(d, a) == Errc::bad_frame);
    }
    auto short_body = range_of(bytes, 0, 1000);
    short_body.body.pop_back();
    CHECK(code(d, short_body) == Errc::bad_frame);
    auto whole = range_of(bytes, 0, 1000);
    whole.status = 200;
    CHECK(code(d, whole) == Errc::bad_frame);
}
