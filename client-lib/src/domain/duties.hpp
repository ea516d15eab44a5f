#pragma once

#include <map>
#include <memory>
#include <set>

#include "domain/channel.hpp"
#include "domain/key_stock.hpp"
#include "domain/lost_entries.hpp"

// What this device is to sign in the directory by itself: its own way back into a group that it
// lost, and what falls to any reader's or to a coordinator's device. Decides only; the engine
// sends.
namespace huecry::domain {

class Duties {
public:
    using Channels = std::map<ChannelId, std::unique_ptr<Channel>>;

    Duties(Context& context, SyncStore& store, const DirectorySync& directory, KeyStock& keys)
        : context_(context),
          store_(store),
          directory_(directory),
          keys_(keys),
          lost_(context, store, directory) {}

    struct Duty {
        directory::Body body;
        /// Only this device can do it; anything else waits a moment, differently long on each
        /// device, so that one does it and the others find it done.
        bool own = false;
        std::vector<ChannelId> rejoining{};  // of a rejoin request
        /// Instead of `body`: what others have signed, and the relay lost.
        std::optional<directory::SignedStatement> as_signed{};
        Bytes lost{};  // header of the lost entry that this brings back
    };
    /// The first thing due. The directory is caught up; `settled`: so is everything else.
    Result<std::optional<Duty>> next(const Channels& channels, bool settled);
    /// The directory has the rejoin request as entry `index`.
    Result<void> asked(const Channels& channels, const Duty& duty, std::uint64_t index);
    /// The directory has, or will never have, what the relay had lost.
    Result<void> brought_back(const Duty& duty) { return lost_.done(duty.lost); }
    void relay_lost_more() { lost_.more(); }
    /// Something that the relay lost is still to be brought back: nothing is sent before.
    [[nodiscard]] bool bringing_back() { return lost_.any(); }
    /// The store was put back, or the relay replaced, since this incarnation began: its stream has
    /// lost what nobody knows, and is begun anew.
    [[nodiscard]] bool stream_lost(const ChannelId& channel) const;
    /// A Welcome could not be used: any channel that this device reads and is not in may be meant.
    Result<void> welcome_unusable(const Channels& channels);

private:
    [[nodiscard]] bool complained(const ChannelId& channel, const MessageId& commit) const;
    [[nodiscard]] bool allowed(const directory::Body& body) const;
    std::optional<Duty> complaint(const Channels& channels) const;
    Result<std::optional<Duty>> rejoin(const Channels& channels);
    Result<std::optional<Duty>> restart(const Channels& channels);
    Result<std::optional<Duty>> of_coordinator(const Channels& channels, bool settled);
    [[nodiscard]] bool wedged(const directory::ChannelRecord& record) const;
    [[nodiscard]] bool confirmed(const directory::ChannelRecord& record,
                                 const directory::Complaint& complaint) const;
    std::optional<Duty> bar() const;
    std::optional<Duty> anchor(const Channels& channels) const;
    Result<std::vector<DeviceId>> dormant();
    Result<Trouble> trouble_in(const Channels& channels, const ChannelId& channel);

    Context& context_;
    SyncStore& store_;
    const DirectorySync& directory_;
    KeyStock& keys_;
    LostEntries lost_;
};

}  // namespace huecry::domain
