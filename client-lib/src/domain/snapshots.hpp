#pragma once

#include <map>
#include <set>

#include "domain/context.hpp"
#include "domain/directory_sync.hpp"
#include "domain/sync_store.hpp"

// Records of before this device came into a channel, and its alerts of the gap after a rejoin:
// asked from a coordinator's device, or from two devices, so that none of them alone can leave out
// what it likes. What comes is judged by its authors' signatures. Decides only; the engine sends.
namespace huecry::domain {

class Snapshots {
public:
    Snapshots(Context& context, SyncStore& store, const DirectorySync& directory)
        : context_(context), store_(store), directory_(directory) {}

    Result<void> load();
    /// (tx) This device has been let into the channel.
    Result<void> want(const ChannelId& channel);
    /// It reads for itself what was accepted from then on.
    Result<void> joined(const ChannelId& channel, std::uint64_t joined_ms);
    [[nodiscard]] std::uint64_t until_ms(const ChannelId& channel) const;
    /// Everything that the device had has come.
    Result<void> heard(const ChannelId& channel, const DeviceId& device);
    Result<void> forget(const ChannelId& channel);

    struct Ask {
        ChannelId channel;
        std::vector<DeviceId> devices;
    };
    /// Whom to ask now; counted as asked.
    std::vector<Ask> due();
    /// Until the next; nothing when nothing is wanted.
    [[nodiscard]] std::optional<std::chrono::milliseconds> wait() const;
    [[nodiscard]] bool asked(const ChannelId& channel, const DeviceId& device) const;

private:
    struct Want {
        std::uint64_t until_ms = 0;  // 0: it has not joined yet
        std::set<DeviceId> heard, asked;
        unsigned tries = 0;
        std::chrono::milliseconds next{};  // by the scheduler
    };
    [[nodiscard]] bool satisfied(const ChannelId& channel, const Want& want) const;
    [[nodiscard]] std::vector<DeviceId> choose(const ChannelId& channel, const Want& want);
    Want begin() const;
    Result<void> keep();

    Context& context_;
    SyncStore& store_;
    const DirectorySync& directory_;
    std::map<ChannelId, Want> wanted_;
};

}  // namespace huecry::domain
