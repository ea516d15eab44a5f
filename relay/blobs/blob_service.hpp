#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <variant>
#include <vector>

#include "auth/environment.hpp"
#include "auth/handshake.hpp"
#include "huecry/result.hpp"
#include "huecry/wire/header.hpp"
#include "store/store.hpp"

// Encrypted photos, documents and snapshots as files: what the HTTPS handlers call.
namespace huecry::relay {

/// An error with the place where an upload must go on (meaningful with offset_mismatch).
struct BlobError {
    Errc code = Errc::internal;
    std::uint64_t offset = 0;
};

/// What HEAD answers. `received` == `size` when complete; of an upload that is under way only its
/// own uploader learns anything.
struct BlobInfo {
    std::uint64_t size = 0;
    std::uint64_t received = 0;
    std::uint64_t expiry_ms = 0;
    Digest digest;
    bool complete = false;
};

/// One PUT. All but offset and body must be the same in each part of one upload.
struct BlobPart {
    BlobId blob;
    /// Who may fetch it: a channel's readers, or the directory's (all devices and open invites:
    /// agreements).
    StreamRef audience;
    std::uint64_t size = 0;  // of the whole blob; 1 … max_blob
    Digest digest;           // SHA-256 of the whole blob
    std::uint64_t expiry_ms = 0;
    std::uint64_t offset = 0;  // where `body` begins
    BytesView body;            // at most max_blob_request
};

/// The same readers: a channel that begins anew between two tries of an upload keeps them.
[[nodiscard]] inline bool same_readers(const StreamRef& a, const StreamRef& b) {
    return a.kind == b.kind && a.id == b.id;
}

/// What the directories say about blobs; the delivery core gives it.
class BlobRights {
public:
    virtual ~BlobRights() = default;
    [[nodiscard]] virtual bool may_write(const Principal& who, const StreamRef& audience) const = 0;
    [[nodiscard]] virtual bool may_read(const Principal& who, const StreamRef& audience) const = 0;
    /// The relay's time: what expiry is judged by.
    [[nodiscard]] virtual std::uint64_t now_ms() const = 0;
    /// Bytes that the partnership may still store.
    [[nodiscard]] virtual std::uint64_t room(const PartnershipId& partnership) const = 0;
    /// The disk's last room is for what must be deleted.
    [[nodiscard]] virtual bool low_room() const { return false; }
};

/// Files: ROOT/<partnership hex>/<blob hex>, and <blob hex>.<device hex>.part while uploading.
/// Called on the core's thread, except `commit_files`. Memory: one row per blob, no bytes.
class BlobService {
public:
    /// `done` is called on the core's thread, after the blob is durable (or has failed).
    using Done = std::function<void(std::variant<BlobInfo, BlobError>)>;
    struct Finished {
        BlobRow row;
        DeviceId uploader;
        Done done;
        std::optional<Errc> failure;  // set by commit_files
    };

    BlobService(std::filesystem::path root, const Clock& clock);

    /// Set by the core before anything else.
    void attach(const BlobRights& rights);
    /// Start: finished blobs from the store; partial files and files without a row are removed.
    [[nodiscard]] Result<void> load(std::vector<BlobRow> rows);

    /// Errors: not_found (also no right), expired.
    [[nodiscard]] Result<BlobInfo> head(const Principal& who, const BlobId& blob) const;
    /// Stores one part. Answers through `done`: at once for a part in between (complete == false)
    /// and for errors; after the next commit for the last part.
    /// Errors: not_permitted, invalid_argument, too_large, expired, quota_exceeded,
    /// offset_mismatch, digest_mismatch (the upload starts again at 0), id_reused, busy, no_room,
    /// io_failed.
    void put(const Principal& who, const BlobPart& part, Done done);
    /// At most `length` bytes from `offset` (fewer at the end, and never above max_blob_request).
    /// Errors: not_found (also no right), expired, invalid_argument (offset beyond the end),
    /// io_failed.
    [[nodiscard]] Result<Bytes> get(const Principal& who, const BlobId& blob, std::uint64_t offset,
                                    std::uint64_t length) const;

    // For the core.
    [[nodiscard]] std::vector<Finished> take_finished();
    [[nodiscard]] bool has_finished() const { return !finished_.empty(); }
    /// Any thread: digest, fsync, rename. Sets `failure`.
    void commit_files(std::vector<Finished>& finished) const;
    /// After the store's commit (ok) or its failure.
    void conclude(std::vector<Finished> finished, std::optional<Errc> store_failure);
    /// Removes what expired at `now_ms`; returns the rows to delete from the store.
    [[nodiscard]] std::vector<BlobRow> expire(std::uint64_t now_ms);
    /// Hides one that `find` has given: nobody is given it any more, and its id is busy. Its file
    /// goes with `erase_hidden`, once its row is durably gone, or it is back with `restore_hidden`.
    [[nodiscard]] BlobRow hide(BlobRow row);
    void erase_hidden(const BlobRow& row);
    void restore_hidden(const BlobRow& row);
    [[nodiscard]] const BlobRow* find(const PartnershipId& partnership, const BlobId& blob) const;
    /// Finished and partial bytes of a partnership.
    [[nodiscard]] std::uint64_t used(const PartnershipId& partnership) const;

private:
    using Key = std::pair<PartnershipId, BlobId>;
    struct Partial {
        BlobRow row;
        std::uint64_t received = 0;
        std::uint64_t touched_ms = 0;
        bool finishing = false;
    };

    [[nodiscard]] std::filesystem::path folder(const PartnershipId& partnership) const;
    [[nodiscard]] std::filesystem::path final_path(const Key& key) const;
    [[nodiscard]] std::filesystem::path part_path(const Key& key, const DeviceId& device) const;
    [[nodiscard]] Result<const BlobRow*> readable(const Principal& who, const BlobId& blob) const;
    [[nodiscard]] std::optional<BlobError> check(const Principal& who, const BlobPart& part) const;
    [[nodiscard]] std::optional<BlobError> write_part(const Key& key, const DeviceId& device,
                                                      const BlobPart& part, Partial& partial);
    void forget_partial(const Key& key);
    void count(const BlobRow& row);
    void uncount(const BlobRow& row);

    struct Used {
        std::uint64_t bytes = 0;
        std::uint64_t blobs = 0;
    };
    std::filesystem::path root_;
    const Clock& clock_;
    const BlobRights* rights_ = nullptr;
    std::map<Key, BlobRow> blobs_;
    std::map<Key, Partial> partials_;
    std::set<Key> hidden_;
    std::map<PartnershipId, Used> used_;
    std::vector<Finished> finished_;
};

}  // namespace huecry::relay
