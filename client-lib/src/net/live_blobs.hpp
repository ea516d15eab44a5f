#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <memory>

#include "crypto/random.hpp"
#include "net/blob_transfer.hpp"
#include "net/link.hpp"

namespace huecry::net {

class BlobRun;

/// Transfers over one HTTPS connection at a time, opened when there is something to do and closed
/// soon after. As with LiveLink, what runs keeps itself alive.
class LiveBlobs final : public BlobTransfer {
public:
    LiveBlobs(const boost::asio::any_io_executor& executor, crypto::Random& random,
              Identity identity);
    ~LiveBlobs() override;

    [[nodiscard]] std::unique_ptr<Transfer> put(BlobUpload upload, Stored done) override;
    [[nodiscard]] std::unique_ptr<Transfer> get(BlobDownload download, Fetched done) override;

private:
    std::shared_ptr<BlobRun> run_;
};

}  // namespace huecry::net
