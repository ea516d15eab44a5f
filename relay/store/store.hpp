#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "huecry/result.hpp"
#include "huecry/wire/header.hpp"
#include "huecry/wire/ids.hpp"

// What the relay keeps, behind one small interface.
//
// Key space (P = partnership, always first; S = stream: kind, id, incarnation):
//
// clang-format off
//   partnership  P                        → created                      by genesis; never deleted
//   entry        P S seq                  → header, hash before, body?   by submissions; the body goes when all have it
//                                           or at expiry, the row header_retention later (directory entries never)
//   body_group   P S first seq            → bodies of entries that   by submissions to a channel; goes with the last body
//                                           came together           in it; the entries of such a row have none themselves
//   shared_body  P id                     → a Welcome's body             with it; goes with the last mailbox entry naming it
//   reader       P S device               → cursor, join, chain_from     by Welcomes (channels) and acknowledgements; with
//                                           the device's removal
//   acceptance   P S device message_id    → digest, answer, accepted     by submissions; dedup_days later; found by
//                                           AcceptanceIndex, in memory
//   key_package  P device digest          → package, last_resort         by its device; goes when a Welcome uses it or with
//                                           the device
//   blob         P id                     → row (bytes are files)        by uploads; at expiry
//   lease_access P seq                    → device, blob, time           before a share is released; lease_log_retention later
//   code         digest                   → until                        by the operator; when used
//   meta         name                     → value                        restored, clock marks
// clang-format on
//
// Shares themselves are in a store of their own: blobs/lease_store.hpp.
namespace huecry::relay {

/// One entry of a stream. `body` is empty with `has_body` false once it is gone.
struct StoredEntry {
    std::uint64_t seq = 0;
    Bytes header;
    Digest previous;  // running hash before this entry
    Bytes body;
    bool has_body = false;
};

/// Of one reader of one stream.
struct ReaderRow {
    StreamRef stream;
    DeviceId device;
    std::uint64_t cursor = 0;      // everything up to it has been acknowledged
    bool member = false;           // channels: named by a Welcome, or the creator
    std::uint64_t joined = 0;      // seq of the commit that added it: bodies from there
    std::uint64_t chain_from = 0;  // first header it needs is the next one
};

/// A submission's memory: the digest of all of it, and its answer.
struct AcceptanceRow {
    StreamRef stream;
    DeviceId device;
    MessageId message_id;
    Digest digest;  // of the whole submission
    Bytes answer;   // v1::SubmitResult without its head
    std::uint64_t seq = 0;
    std::uint64_t accepted_ms = 0;
};

struct KeyPackageRow {
    DeviceId device;
    Digest digest;
    bool last_resort = false;
};

struct BlobRow {
    PartnershipId partnership;
    BlobId blob;
    DeviceId uploader;
    StreamRef audience;
    std::uint64_t size = 0;
    std::uint64_t expiry_ms = 0;
    Digest digest;
};

// Changes. A list of them is one transaction, applied in order.
namespace write {

struct Partnership {
    PartnershipId partnership;
    std::uint64_t created_ms = 0;
};
struct Entry {
    PartnershipId partnership;
    Header header;
    Bytes header_bytes;
    Digest previous;                    // running hash before it
    Bytes body;                         // empty when `shared` is set
    std::optional<MessageId> shared{};  // the shared body that it stands for
};
/// Stands before the entries of the same list that name it.
struct SharedBody {
    PartnershipId partnership;
    MessageId id;
    Bytes body;
};
/// Deletes the bodies of entries first…last. `kinds`: bit (1 << EntryKind).
struct DropBodies {
    PartnershipId partnership;
    StreamRef stream;
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    unsigned kinds = 0;
    /// Bodies of a channel that are stored together with one after `last` may stay; they go with
    /// the next call, whose range begins where this one ends. Cheaper.
    bool roughly = false;
};
/// Deletes whole rows first…last.
struct DropEntries {
    PartnershipId partnership;
    StreamRef stream;
    std::uint64_t first = 0;
    std::uint64_t last = 0;
};
struct Reader {
    PartnershipId partnership;
    ReaderRow row;
};
struct DropReader {
    PartnershipId partnership;
    StreamRef stream;
    DeviceId device;
};
/// The device's reader rows, mailbox and key packages.
struct DropDevice {
    PartnershipId partnership;
    DeviceId device;
};
struct Acceptance {
    PartnershipId partnership;
    AcceptanceRow row;
};
struct KeyPackage {
    PartnershipId partnership;
    KeyPackageRow row;
    Bytes package;
};
struct DropKeyPackage {
    PartnershipId partnership;
    DeviceId device;
    Digest digest;
};
struct Blob {
    BlobRow row;
};
struct DropBlob {
    PartnershipId partnership;
    BlobId blob;
};
struct LeaseAccess {
    PartnershipId partnership;
    DeviceId device;
    BlobId blob;
    std::uint64_t time_ms = 0;
};
struct Code {
    Digest digest;
    std::uint64_t until_ms = 0;
};
struct DropCode {
    Digest digest;
};
struct Meta {
    std::string name;
    std::uint64_t value = 0;
};
/// Acceptances, header rows, lease accesses and codes that are older than these times. 0: none.
/// Header rows: all that were accepted before are read, so less often than the others.
struct Prune {
    std::uint64_t acceptances_before_ms = 0;
    std::uint64_t headers_expired_before_ms = 0;
    std::uint64_t accesses_before_ms = 0;
    std::uint64_t codes_before_ms = 0;
};

}  // namespace write

using Write = std::variant<write::Partnership, write::Entry, write::SharedBody, write::DropBodies,
                           write::DropEntries, write::Reader, write::DropReader, write::DropDevice,
                           write::Acceptance, write::KeyPackage, write::DropKeyPackage, write::Blob,
                           write::DropBlob, write::LeaseAccess, write::Code, write::DropCode,
                           write::Meta, write::Prune>;

/// The newest entry of a stream and what the relay must know of it at start.
struct StreamRow {
    StreamRef stream;
    std::uint64_t seq = 0;
    Digest chain;
    std::uint64_t accepted_ms = 0;
    std::uint64_t last_handshake = 0;
    std::uint64_t bytes = 0;  // of bodies still kept
};

struct PartnershipRows {
    std::vector<StreamRow> streams;
    std::vector<ReaderRow> readers;
    std::vector<AcceptanceRow> accepted;  // the newest of each device in each channel
    std::vector<KeyPackageRow> key_packages;
};

/// An entry whose body has reached its expiry.
struct DueEntry {
    PartnershipId partnership;
    StreamRef stream;
    std::uint64_t seq = 0;
    std::uint32_t length = 0;
};

/// All calls: store_damaged (a page or row fails its check: nothing of it is served),
/// store_failed, no_room. After a failed `commit` nothing of it is in the store.
class Store {
public:
    virtual ~Store() = default;

    /// One transaction, on disk when this returns. May run on a thread of its own while the
    /// reading calls run on another; one commit at a time.
    [[nodiscard]] virtual Result<void> commit(std::span<const Write> writes) = 0;
    /// Empties the write-ahead log. False: a reader was in the way, try again. Same thread as
    /// commit.
    [[nodiscard]] virtual Result<bool> truncate_log() = 0;
    /// What can be written before the store must grow on its disk. Same thread as commit.
    [[nodiscard]] virtual std::uint64_t reusable_bytes() { return 0; }
    /// Microseconds of each sync by `commit` and `truncate_log` since the last call. Their thread.
    [[nodiscard]] virtual std::vector<std::uint64_t> take_sync_times() { return {}; }

    // Reading: what has been committed. One thread.
    [[nodiscard]] virtual Result<std::vector<PartnershipId>> partnerships() = 0;
    /// What the core holds in memory of one partnership, its directory's entries apart.
    [[nodiscard]] virtual Result<PartnershipRows> load(const PartnershipId& p) = 0;
    /// Entries with seq > from, in order; stops after `max_entries`, or when bodies and headers
    /// pass `max_bytes` (the first is always given).
    [[nodiscard]] virtual Result<std::vector<StoredEntry>> entries(const PartnershipId& p,
                                                                   const StreamRef& stream,
                                                                   std::uint64_t from,
                                                                   std::size_t max_entries,
                                                                   std::size_t max_bytes) = 0;
    /// Bytes of the bodies that entries first…last still have.
    [[nodiscard]] virtual Result<std::uint64_t> body_bytes(const PartnershipId& p,
                                                           const StreamRef& stream,
                                                           std::uint64_t first,
                                                           std::uint64_t last) = 0;
    [[nodiscard]] virtual Result<std::optional<AcceptanceRow>> acceptance(const PartnershipId& p,
                                                                          const StreamRef& stream,
                                                                          const DeviceId& device,
                                                                          const MessageId& id) = 0;
    [[nodiscard]] virtual Result<std::optional<Bytes>> key_package(const PartnershipId& p,
                                                                   const DeviceId& device,
                                                                   const Digest& digest) = 0;
    [[nodiscard]] virtual Result<std::vector<BlobRow>> blobs() = 0;
    /// Entries whose expiry is at or before `now_ms` and whose body is still there.
    [[nodiscard]] virtual Result<std::vector<DueEntry>> due(std::uint64_t now_ms,
                                                            std::size_t max) = 0;
    [[nodiscard]] virtual Result<std::optional<std::uint64_t>> code(const Digest& digest) = 0;
    [[nodiscard]] virtual Result<std::optional<std::uint64_t>> meta(std::string_view name) = 0;
    /// Reads everything and checks it, the log emptied before. Slow. Errors also: busy.
    [[nodiscard]] virtual Result<void> check() = 0;
};

}  // namespace huecry::relay
