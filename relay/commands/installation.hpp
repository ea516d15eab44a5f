#pragma once

#include <memory>
#include <optional>

#include "blobs/blob_service.hpp"
#include "blobs/lease_store.hpp"
#include "delivery/core.hpp"
#include "ops/clock.hpp"
#include "ops/data_folder.hpp"
#include "ops/log.hpp"
#include "ops/settings.hpp"
#include "store/sqlcipher_store.hpp"

namespace huecry::relay {

/// A relay's folder, locked, with its stores and core open: what `serve` runs and what `allow`
/// uses while no relay does. Not movable: the core refers to the other members.
class Installation {
public:
    /// Errors: those of DataFolder, Store, LeaseStore and Core::open; busy.
    static Result<std::unique_ptr<Installation>> open(const Settings& settings, DataFolder folder,
                                                      const Logger& log);

    [[nodiscard]] DataFolder& folder() { return folder_; }
    [[nodiscard]] Core& core() { return *core_; }
    [[nodiscard]] BlobService& blobs() { return *blobs_; }
    [[nodiscard]] SystemClock& clock() { return clock_; }
    [[nodiscard]] SystemRandom& random() { return random_; }

private:
    explicit Installation(DataFolder folder) : folder_(std::move(folder)) {}

    DataFolder folder_;
    std::optional<DataFolder::Lock> lock_;
    SystemClock clock_;
    SystemRandom random_;
    std::unique_ptr<Store> store_;
    std::unique_ptr<LeaseStore> leases_;
    std::unique_ptr<BlobService> blobs_;
    std::unique_ptr<Core> core_;
};

}  // namespace huecry::relay
