#pragma once

#include <map>

#include "store/acceptance_index.hpp"
#include "store/body_groups.hpp"
#include "store/database.hpp"
#include "store/store.hpp"

// The two halves of the SQLCipher store: each has a connection of its own.
namespace huecry::relay {

/// entry.key of a stream's seq.
constexpr unsigned seq_bits = 40;
constexpr std::uint64_t entry_key(std::uint64_t stream, std::uint64_t seq) {
    return (stream << seq_bits) | seq;
}
constexpr std::uint64_t seq_of(std::uint64_t key) {
    return key & ((std::uint64_t{1} << seq_bits) - 1);
}
constexpr std::uint64_t max_seq = (std::uint64_t{1} << seq_bits) - 1;

/// Streams' numbers as one connection has seen them. Numbers are never given twice.
class StreamNumbers {
public:
    explicit StreamNumbers(Database& db) : db_(db) {}
    /// 0: there is no such stream, and so no row of it.
    [[nodiscard]] Result<std::uint64_t> find(const PartnershipId& p, const StreamRef& s);
    [[nodiscard]] Result<std::uint64_t> find_or_make(const PartnershipId& p, const StreamRef& s);
    /// After a rollback.
    void forget() { known_.clear(); }

private:
    Database& db_;
    std::map<std::pair<PartnershipId, StreamRef>, std::uint64_t> known_;
};

/// Applies changes inside a transaction that the caller holds.
class StoreWriter {
public:
    StoreWriter(Database& db, AcceptanceIndex& acceptances)
        : db_(db), numbers_(db), bodies_(db), acceptances_(acceptances) {}
    [[nodiscard]] Result<void> apply(const Write& change);
    void begin() {
        shared_.clear();
        held_.clear();
        bodies_.begin();
        mailbox_bodies_went_ = false;
    }
    /// Last of the transaction: bodies that were gathered, shared ones that no entry names any
    /// more.
    [[nodiscard]] Result<void> end();
    void committed() { acceptances_.publish(); }
    void rolled_back() {
        numbers_.forget();
        acceptances_.discard();
    }

private:
    [[nodiscard]] Result<void> one(const write::Partnership& w);
    [[nodiscard]] Result<void> one(const write::Entry& w);
    [[nodiscard]] Result<void> one(const write::SharedBody& w);
    [[nodiscard]] Result<void> one(const write::DropBodies& w);
    [[nodiscard]] Result<void> one(const write::DropEntries& w);
    [[nodiscard]] Result<void> one(const write::Reader& w);
    [[nodiscard]] Result<void> one(const write::DropReader& w);
    [[nodiscard]] Result<void> one(const write::DropDevice& w);
    [[nodiscard]] Result<void> one(const write::Acceptance& w);
    [[nodiscard]] Result<void> one(const write::KeyPackage& w);
    [[nodiscard]] Result<void> one(const write::DropKeyPackage& w);
    [[nodiscard]] Result<void> one(const write::Blob& w);
    [[nodiscard]] Result<void> one(const write::DropBlob& w);
    [[nodiscard]] Result<void> one(const write::LeaseAccess& w);
    [[nodiscard]] Result<void> one(const write::Code& w);
    [[nodiscard]] Result<void> one(const write::DropCode& w);
    [[nodiscard]] Result<void> one(const write::Meta& w);
    [[nodiscard]] Result<void> one(const write::Prune& w);
    enum class BodyPlace { row, group };
    [[nodiscard]] Result<void> insert(std::uint64_t stream, const write::Entry& w, BodyPlace place);
    [[nodiscard]] Result<void> write_held();
    [[nodiscard]] Result<void> prune_acceptances(std::uint64_t before_ms);
    [[nodiscard]] Result<void> prune_headers(std::uint64_t before_ms);
    [[nodiscard]] Result<std::vector<std::uint64_t>> old_headers(std::uint64_t stream,
                                                                 std::uint64_t before_ms);

    Database& db_;
    StreamNumbers numbers_;
    /// A channel's first entries of this transaction, until it is known whether they are few.
    struct Held {
        std::vector<const write::Entry*> entries;
        bool many = false;
    };
    std::map<std::uint64_t, Held> held_;  // by stream
    BodyWriter bodies_;
    AcceptanceIndex& acceptances_;
    std::map<MessageId, std::uint64_t> shared_;  // of this transaction
    bool mailbox_bodies_went_ = false;
};

/// Reads what has been committed.
class StoreReader {
public:
    StoreReader(Database& db, const AcceptanceIndex& acceptances)
        : db_(db), numbers_(db), acceptances_(acceptances) {}

    [[nodiscard]] Result<std::vector<PartnershipId>> partnerships();
    [[nodiscard]] Result<PartnershipRows> load(const PartnershipId& p);
    [[nodiscard]] Result<std::uint64_t> body_bytes(const PartnershipId& p, const StreamRef& stream,
                                                   std::uint64_t first, std::uint64_t last);
    [[nodiscard]] Result<std::vector<StreamRow>> streams(const PartnershipId& p);
    [[nodiscard]] Result<std::vector<ReaderRow>> readers(const PartnershipId& p);
    [[nodiscard]] Result<std::vector<AcceptanceRow>> last_accepted(const PartnershipId& p);
    [[nodiscard]] Result<std::vector<KeyPackageRow>> key_packages(const PartnershipId& p);
    [[nodiscard]] Result<std::vector<StoredEntry>> entries(const PartnershipId& p,
                                                           const StreamRef& stream,
                                                           std::uint64_t from,
                                                           std::size_t max_entries,
                                                           std::size_t max_bytes);
    [[nodiscard]] Result<std::optional<AcceptanceRow>> acceptance(const PartnershipId& p,
                                                                  const StreamRef& stream,
                                                                  const DeviceId& device,
                                                                  const MessageId& id);
    [[nodiscard]] Result<std::optional<Bytes>> key_package(const PartnershipId& p,
                                                           const DeviceId& device,
                                                           const Digest& digest);
    [[nodiscard]] Result<std::vector<BlobRow>> blobs();
    [[nodiscard]] Result<std::vector<DueEntry>> due(std::uint64_t now_ms, std::size_t max);
    [[nodiscard]] Result<std::optional<std::uint64_t>> code(const Digest& digest);
    [[nodiscard]] Result<std::optional<std::uint64_t>> meta(std::string_view name);

private:
    [[nodiscard]] Result<void> newest(std::uint64_t number, StreamRow& row);
    /// `lengths`: of each entry, as its row has it.
    [[nodiscard]] Result<void> add_bodies(std::uint64_t stream,
                                          std::span<const std::uint64_t> lengths,
                                          std::vector<StoredEntry>& entries);
    using Due = std::pair<std::uint64_t, DueEntry>;  // with its time
    [[nodiscard]] Result<void> due_in_groups(std::uint64_t now_ms, std::size_t max,
                                             std::vector<Due>& out);

    Database& db_;
    StreamNumbers numbers_;
    const AcceptanceIndex& acceptances_;
};

}  // namespace huecry::relay
