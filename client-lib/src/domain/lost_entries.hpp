#pragma once

#include "domain/directory_sync.hpp"
#include "huecry/directory/statement.hpp"

// What the relay lost of the directory when its store was put back to a backup, and how it gets it
// back: from whoever still has it. Statements that saw only what is left are handed in as they are;
// others are signed again by their authors. Who was removed first.
namespace huecry::domain {

class LostEntries {
public:
    LostEntries(Context& context, SyncStore& store, const DirectorySync& directory)
        : context_(context), store_(store), directory_(directory) {}

    struct Offer {
        Bytes header;  // names the entry that was lost
        std::optional<directory::SignedStatement> as_signed;
        std::optional<directory::Body> again;  // to be signed anew by this device
    };
    /// The next to hand in. What the directory has again, or can no longer take, is forgotten.
    Result<std::optional<Offer>> next();
    /// The directory has it, or has refused it for good.
    Result<void> done(BytesView header);
    /// Entries have been lost since.
    void more() { any_.reset(); }
    /// Nothing is sent while something is left: a removal may be among it.
    [[nodiscard]] bool any();

private:
    struct Entry {
        Bytes header, body;
        directory::SignedStatement signed_statement;
        directory::Statement statement;
        DeviceId author;
    };
    Result<std::optional<Offer>> offer(const Entry& entry) const;
    Result<std::vector<Entry>> entries();

    Context& context_;
    SyncStore& store_;
    const DirectorySync& directory_;
    std::optional<bool> any_;
};

}  // namespace huecry::domain
