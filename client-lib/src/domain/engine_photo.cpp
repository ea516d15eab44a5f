#include "domain/engine.hpp"
#include "photos/seal.hpp"

// Opening a photo: the relay's share, the ciphertext, and only then the picture.
namespace huecry::domain {
namespace {

constexpr auto request_timeout = std::chrono::seconds(limits::request_timeout_s);

v1::Stream stream_of(const StreamRef& ref) {
    v1::Stream out;
    out.set_kind(static_cast<std::uint32_t>(ref.kind));
    out.set_id(to_string(BytesView(ref.id)));
    out.set_incarnation(ref.incarnation);
    return out;
}

}  // namespace

void Engine::fetch_photo(Projection::PhotoKey key, std::function<void(Result<SecretBytes>)> done) {
    v1::Frame frame;
    frame.mutable_take_leases()->add_blobs(to_string(key.blob.view()));
    auto shared = std::make_shared<Projection::PhotoKey>(std::move(key));
    session_.request(
        std::move(frame), request_timeout,
        [this, alive = alive_, shared, done = std::move(done)](Result<v1::Frame> answer) {
            if (!*alive) return;
            if (!answer) return done(answer.error());
            if (!answer->has_leases() || answer->leases().leases_size() != 1)
                return done(Error{Errc::photo_gone});
            auto share = std::make_shared<SecretBytes>(view(answer->leases().leases(0).share()));
            if (photos::share_hash(*share) != shared->share_hash)
                return done(Error{Errc::photo_tampered, "the relay's share is not the sender's"});
            const auto number = next_fetch_++;
            net::BlobDownload download{shared->blob, shared->digest, limits::max_blob,
                                       shared->size};
            photo_fetches_[number] = blobs_->get(
                download, [this, alive, number, shared, share, done](Result<Bytes> blob) {
                    context_.scheduler.post([this, alive, number] {
                        if (*alive) photo_fetches_.erase(number);
                    });
                    if (!blob)
                        return done(blob.error().code == Errc::not_found ? Error{Errc::photo_gone}
                                                                         : blob.error());
                    done(photos::open(*blob, *share, shared->secret, shared->digest));
                });
        });
}

void Engine::delivery(const MessageId& id, std::function<void(Result<Counts>)> done) {
    auto entry = store_.own_entry(id);
    if (!entry) return done(entry.error());
    if (!*entry) return done(Error{Errc::not_found});
    v1::Frame frame;
    *frame.mutable_delivery_query()->mutable_stream() = stream_of((*entry)->stream);
    frame.mutable_delivery_query()->add_seqs((*entry)->seq);
    session_.request(
        std::move(frame), request_timeout,
        [alive = alive_, done = std::move(done)](Result<v1::Frame> answer) {
            if (!*alive) return;
            if (!answer) return done(answer.error());
            if (!answer->has_delivery_counts() || answer->delivery_counts().counts_size() != 1)
                return done(Error{Errc::not_found});
            const auto& count = answer->delivery_counts().counts(0);
            done(Counts{count.readers(), count.delivered()});
        });
}

}  // namespace huecry::domain
