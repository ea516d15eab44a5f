#include "domain/engine.hpp"

// Uploads: a message waits until its photos and their shares are at the relay.
namespace huecry::domain {
namespace {

using namespace std::chrono_literals;

constexpr auto request_timeout = std::chrono::seconds(limits::request_timeout_s);
constexpr auto upload_retry = 2s;

}  // namespace

void Engine::pump_uploads() {
    if (uploading_ || upload_timer_) return;
    auto next = store_.next_upload();
    if (!next) return report(next.error());
    if (!*next) return;
    auto row = std::move(**next);
    uploading_ = true;
    if (row.stored) return put_lease(row);
    const auto digest = sha256(row.bytes);
    net::BlobUpload upload{
        row.blob, {}, row.lifetime, digest, std::make_shared<const Bytes>(std::move(row.bytes))};
    const auto* target = channel(row.channel);
    upload.owner = StreamRef::channel(row.channel, target ? target->row().incarnation : 1);
    auto shared = std::make_shared<UploadRow>(std::move(row));
    upload_ = blobs_->put(std::move(upload), [this, shared](Result<void> done) {
        upload_done(*shared, std::move(done));
    });
}

void Engine::upload_done(const UploadRow& row, Result<void> result) {
    context_.scheduler.post([this, alive = alive_] {
        if (*alive) upload_.reset();
    });
    if (result) {
        if (auto kept = store_.set_upload_stored(row.blob); !kept) {
            uploading_ = false;
            upload_later();
            return report(kept.error());
        }
        return put_lease(row);
    }
    uploading_ = false;
    context_.trace(1, "a photo could not be uploaded: " + result.error().text());
    if (retryable(result.error().code)) return upload_later();
    refuse_message(row.message, result.error());
    pump_soon();
}

/// Quota, rate, a broken line: not at once again.
void Engine::upload_later() {
    upload_timer_ = context_.scheduler.after(upload_retry, [this] {
        upload_timer_.reset();
        pump_soon();
    });
}

void Engine::put_lease(const UploadRow& row) {
    v1::Frame frame;
    auto& put = *frame.mutable_put_lease();
    const auto* target = channel(row.channel);
    put.mutable_channel()->set_kind(static_cast<std::uint32_t>(StreamKind::channel));
    put.mutable_channel()->set_id(to_string(row.channel.view()));
    put.mutable_channel()->set_incarnation(target ? target->row().incarnation : 1);
    put.set_blob(to_string(row.blob.view()));
    put.set_share(to_string(row.share.view()));
    put.set_expiry_ms(context_.clock.now_ms() + static_cast<std::uint64_t>(row.lifetime.count()));
    session_.request(
        std::move(frame), request_timeout,
        [this, alive = alive_, blob = row.blob, message = row.message](Result<v1::Frame> answer) {
            if (!*alive) return;
            uploading_ = false;
            if (answer) {
                if (auto gone = store_.erase_upload(blob); !gone) report(gone.error());
            } else if (!retryable(answer.error().code)) {
                refuse_message(message, answer.error());
            } else {
                upload_later();
            }
            pump_soon();
        });
}

}  // namespace huecry::domain
