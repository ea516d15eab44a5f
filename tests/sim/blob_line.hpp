#pragma once

#include "net/blob_transfer.hpp"
#include "sim/wire.hpp"

namespace huecry::sim {

/// The client's blob transfers, straight to the relay's blob service with the line's latency.
class SimBlobs final : public net::BlobTransfer {
public:
    SimBlobs(NodeScheduler& scheduler, SeededRandom& network, Line& line, net::Identity identity)
        : scheduler_(scheduler), network_(network), line_(line), identity_(std::move(identity)) {}

    [[nodiscard]] std::unique_ptr<net::Transfer> put(net::BlobUpload upload, Stored done) override;
    [[nodiscard]] std::unique_ptr<net::Transfer> get(net::BlobDownload download,
                                                     Fetched done) override;

private:
    [[nodiscard]] Result<relay::Principal> principal() const;
    [[nodiscard]] Moment latency();

    NodeScheduler& scheduler_;
    SeededRandom& network_;
    Line& line_;
    net::Identity identity_;
};

}  // namespace huecry::sim
