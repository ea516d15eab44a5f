#include "commands/installation.hpp"

#include <limits>

namespace huecry::relay {
namespace {

std::uint64_t free_bytes(const std::filesystem::path& folder) {
    std::error_code error;
    const auto space = std::filesystem::space(folder, error);
    return error ? std::numeric_limits<std::uint64_t>::max() : std::uint64_t{space.available};
}

/// Which file it is about, and what the operator can do.
Error about(const char* what, const Error& error) {
    if (error.code == Errc::passphrase_wrong || error.code == Errc::store_damaged)
        return Error{Errc::store_damaged,
                     std::string(what) +
                         ": its first page is damaged or its key file is another's; nothing was "
                         "changed. Stop the relay, keep a copy of the folder, restore a backup, "
                         "and run huecry-relay check"};
    return Error{error.code, std::string(what) + (error.detail.empty() ? "" : ": ") + error.detail};
}

/// The store is made before the one of the leases: where that is, it was there. An empty one in its
/// place would deny every client what was acknowledged.
Result<void> still_there(const DataFolder& folder) {
    std::error_code error;
    if (std::filesystem::exists(folder.file("relay.db"), error) ||
        !std::filesystem::exists(folder.file("leases.db"), error))
        return {};
    return Error{Errc::store_damaged,
                 "relay.db is missing from a relay that has been in use; nothing was changed. Put "
                 "it back, or restore a backup into an empty folder (huecry-relay restore)"};
}

}  // namespace

Result<std::unique_ptr<Installation>> Installation::open(const Settings& settings,
                                                         DataFolder folder, const Logger& log) {
    std::unique_ptr<Installation> out(new Installation(std::move(folder)));
    auto lock = out->folder_.lock();
    if (!lock) return lock.error();
    out->lock_.emplace(std::move(lock).value());
    HUECRY_TRY(still_there(out->folder_));
    auto store =
        open_sqlcipher_store(out->folder_.file("relay.db"), out->folder_.store_key().view());
    if (!store) return about("relay.db", store.error());
    out->store_ = std::move(store).value();
    auto leases = LeaseStore::open(out->folder_.file("leases.db"), out->folder_.lease_key().view(),
                                   out->random_);
    if (!leases) return about("leases.db", leases.error());
    out->leases_ = std::move(leases).value();
    out->blobs_ = std::make_unique<BlobService>(out->folder_.file("blobs"), out->clock_);
    CoreOptions options;
    options.identity = out->folder_.identity().clone();
    options.open_on_loopback = settings.creation_open_on_loopback();
    options.partnership_bytes = settings.partnership_bytes;
    options.submissions_per_minute = settings.submissions_per_minute;
    options.statements_per_minute = settings.statements_per_minute;
    auto core = Core::open({std::move(options), out->clock_, out->random_, *out->store_,
                            *out->leases_, *out->blobs_, log.callback(),
                            [folder = out->folder_.file("")] { return free_bytes(folder); }});
    if (!core) return about("relay.db", core.error());
    out->core_ = std::move(core).value();
    return out;
}

}  // namespace huecry::relay
