#pragma once

#include <future>

#include "api/profile.hpp"
#include "huecry/directory/state.hpp"
#include "net/runtime.hpp"
#include "net/session.hpp"

// The short conversations with a relay before there is a profile: founding a partnership, and
// redeeming an invite. Each blocks its caller; nothing is shared with a Client.
namespace huecry::api {

/// One connection as founder or invite, used by one thread that waits for each answer.
class Enrolment final : net::LinkListener {
public:
    Enrolment(net::Identity identity, crypto::Random& random);
    ~Enrolment();
    Enrolment(const Enrolment&) = delete;
    Enrolment& operator=(const Enrolment&) = delete;

    /// Errors: unreachable, wrong_relay, invite_unknown (not_authenticated as an invite), …
    Result<void> connect(std::chrono::milliseconds limit);
    Result<v1::Frame> request(v1::Frame frame, std::chrono::milliseconds limit);
    /// The whole directory, verified from its beginning.
    Result<directory::State> fetch_directory(const PartnershipId& partnership,
                                             const PublicKey& relay,
                                             std::chrono::milliseconds limit);
    Result<Bytes> fetch_document(const BlobId& id, std::chrono::milliseconds limit);

private:
    void up(const v1::Ready& ready, std::uint64_t relay_time_ms) override;
    void frame(const v1::Frame& frame) override;
    void down(const Error& why, bool will_retry, std::chrono::milliseconds retry_in) override;
    struct Shared;
    template <class T>
    Result<T> await(std::future<Result<T>> future, std::chrono::milliseconds limit);

    net::Runtime runtime_;
    net::Identity identity_;
    std::unique_ptr<Shared> shared_;
    std::unique_ptr<net::Session> session_;
    std::unique_ptr<net::Link> link_;
    std::unique_ptr<net::BlobTransfer> blobs_;
    std::unique_ptr<net::Transfer> transfer_;
};

}  // namespace huecry::api
