#include "api/enrolment.hpp"

#include "domain/directory_sync.hpp"

namespace huecry::api {

struct Enrolment::Shared {
    std::optional<std::promise<Result<void>>> connected;
    std::optional<std::promise<Result<directory::State>>> directory;
    std::optional<directory::State> state;
    PartnershipId partnership;
    PublicKey relay;

    void finish(Result<directory::State> result) {
        if (!directory) return;
        directory->set_value(std::move(result));
        directory.reset();
    }
};

Enrolment::Enrolment(net::Identity identity, crypto::Random& random)
    : runtime_(random), identity_(std::move(identity)), shared_(std::make_unique<Shared>()) {
    session_ = std::unique_ptr<net::Session>(new net::Session(runtime_, *this));
    link_ = runtime_.make_link(identity_, session_->listener());
    session_->attach(*link_);
    blobs_ = runtime_.make_blobs(identity_);
}

Enrolment::~Enrolment() {
    runtime_.stop();
    transfer_.reset();
    blobs_.reset();
    link_.reset();
    session_.reset();
}

template <class T>
Result<T> Enrolment::await(std::future<Result<T>> future, std::chrono::milliseconds limit) {
    if (future.wait_for(limit) != std::future_status::ready) return Error{Errc::timed_out};
    return future.get();
}

Result<void> Enrolment::connect(std::chrono::milliseconds limit) {
    std::promise<Result<void>> promise;
    auto future = promise.get_future();
    auto shared = std::make_shared<std::promise<Result<void>>>(std::move(promise));
    runtime_.post([this, shared] {
        shared_->connected = std::move(*shared);
        link_->start();
    });
    auto result = await(std::move(future), limit);
    if (!result && result.error().code == Errc::timed_out) return Error{Errc::unreachable};
    return result;
}

Result<v1::Frame> Enrolment::request(v1::Frame frame, std::chrono::milliseconds limit) {
    auto promise = std::make_shared<std::promise<Result<v1::Frame>>>();
    auto future = promise->get_future();
    runtime_.post([this, promise, limit, frame = std::move(frame)] {
        session_->request(frame, limit, [promise](Result<v1::Frame> answer) {
            promise->set_value(std::move(answer));
        });
    });
    return await(std::move(future), limit + std::chrono::seconds(1));
}

Result<directory::State> Enrolment::fetch_directory(const PartnershipId& partnership,
                                                    const PublicKey& relay,
                                                    std::chrono::milliseconds limit) {
    auto promise = std::make_shared<std::promise<Result<directory::State>>>();
    auto future = promise->get_future();
    runtime_.post([this, promise, partnership, relay] {
        shared_->partnership = partnership;
        shared_->relay = relay;
        shared_->directory = std::move(*promise);
        v1::Frame frame;
        auto& stream = *frame.mutable_subscribe()->mutable_stream();
        stream.set_kind(static_cast<std::uint32_t>(StreamKind::directory));
        stream.set_id(to_string(BytesView(StreamRef::directory().id)));
        if (!session_->send(std::move(frame))) shared_->finish(Error{Errc::unreachable});
    });
    return await(std::move(future), limit);
}

Result<Bytes> Enrolment::fetch_document(const BlobId& id, std::chrono::milliseconds limit) {
    auto promise = std::make_shared<std::promise<Result<Bytes>>>();
    auto future = promise->get_future();
    runtime_.post([this, promise, id] {
        net::BlobDownload download{id, {}, limits::max_agreement + 1024, 0};
        transfer_ = blobs_->get(
            download, [promise](Result<Bytes> blob) { promise->set_value(std::move(blob)); });
    });
    return await(std::move(future), limit);
}

void Enrolment::up(const v1::Ready&, std::uint64_t) {
    if (!shared_->connected) return;
    shared_->connected->set_value(Result<void>{});
    shared_->connected.reset();
}

void Enrolment::down(const Error& why, bool will_retry, std::chrono::milliseconds) {
    shared_->finish(why);
    if (!shared_->connected || (will_retry && why.code == Errc::rate_limited)) return;
    const bool unknown =
        identity_.kind == ClientKind::invite &&
        (why.code == Errc::not_authenticated || why.code == Errc::unknown_partnership);
    shared_->connected->set_value(unknown ? Error{Errc::invite_unknown, why.detail} : why);
    shared_->connected.reset();
}

void Enrolment::frame(const v1::Frame& frame) {
    if (frame.has_queue_empty()) {
        SignedHead kept;
        const auto head = domain::verified_head(frame.queue_empty().head(), shared_->relay,
                                                shared_->partnership, kept);
        if (!head) return shared_->finish(head.error());
        // The link's key signed the head: what the directory says of its relay must agree.
        if (shared_->state && shared_->state->relay_key() != shared_->relay)
            return shared_->finish(Error{Errc::wrong_relay, "the directory names another relay"});
        if (!shared_->state || head->seq != shared_->state->index() ||
            head->hash != shared_->state->running_hash())
            return shared_->finish(Error{Errc::relay_rejected_chain});
        return shared_->finish(std::move(*shared_->state));
    }
    if (!frame.has_deliver()) return;
    for (const auto& entry : frame.deliver().entries()) {
        if (!shared_->state) {
            auto state = directory::State::from_genesis(view(entry.header()), view(entry.body()));
            if (!state) return shared_->finish(state.error());
            if (state->partnership() != shared_->partnership)
                return shared_->finish(Error{Errc::wrong_relay, "another partnership"});
            shared_->state = std::move(*state);
            continue;
        }
        auto applied = shared_->state->apply(view(entry.header()), view(entry.body()));
        if (!applied) return shared_->finish(applied.error());
    }
}

}  // namespace huecry::api
