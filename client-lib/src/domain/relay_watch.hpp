#pragma once

#include "domain/directory_sync.hpp"
#include "huecry/directory/evidence.hpp"

// Keeps the relay honest: gathers what it signed that does not fit together, one evidence file for
// each stream, and notices when nothing fresh has been signed for too long. What it returns is a
// sentence for the user, or nothing when there is nothing new to say.
namespace huecry::domain {

class RelayWatch {
public:
    RelayWatch(Context& context, SyncStore& store, const DirectorySync& directory)
        : context_(context), store_(store), directory_(directory) {}

    Result<void> load();

    using Said = Result<std::optional<std::string>>;
    /// A head with the relay's signature that does not fit this device's stream. `ours`: what this
    /// device holds from that place on, and the newest head that the relay signed for it.
    Said contradicted(const SignedHead& theirs, directory::Stretch ours,
                      const std::optional<SignedHead>& head);
    /// A member saw another past than this device. Its word against the relay's.
    Said disputed(const directory::Claim& claim, directory::Stretch ours,
                  const std::optional<SignedHead>& head);
    /// Disputed so far, from this place on: a newer head may prove it.
    [[nodiscard]] std::optional<std::uint64_t> open(const StreamRef& stream) const;
    Said confirmed(directory::Stretch ours, const SignedHead& head);

    struct Stand {
        ChannelId channel;
        std::uint32_t incarnation = 1;
    };
    /// Signs of a relay that withholds: no fresh head, no anchor of a channel. Each is said once.
    Result<std::vector<std::string>> stale(const std::vector<Stand>& channels);

private:
    struct Case {
        SyncStore::EvidenceRow row;
        directory::Evidence evidence;
        std::uint64_t place = UINT64_MAX;  // the lowest in question
    };
    Case& at(const StreamRef& stream);
    Said settle(Case& known, const directory::Stretch& ours, const std::optional<SignedHead>& head);
    /// True the first time.
    Result<bool> once(const std::string& key, std::uint64_t about);
    Result<std::uint64_t> first_seen(const Stand& stand, std::uint64_t now);

    Context& context_;
    SyncStore& store_;
    const DirectorySync& directory_;
    std::map<StreamRef, Case> cases_;
};

}  // namespace huecry::domain
