#pragma once

#include <functional>
#include <map>
#include <memory>

#include "store/store.hpp"

// The relay's store as plain maps: what the SQLCipher store means, without its cost. A copy is a
// snapshot: bodies are shared.
namespace huecry::sim {

class MemoryStore final : public relay::Store {
public:
    /// Commits fail with it while it is set.
    std::optional<Errc> failure;

    Result<void> commit(std::span<const relay::Write> writes) override;
    Result<bool> truncate_log() override { return true; }
    Result<std::vector<PartnershipId>> partnerships() override;
    Result<relay::PartnershipRows> load(const PartnershipId& p) override;
    Result<std::vector<relay::StoredEntry>> entries(const PartnershipId& p, const StreamRef& stream,
                                                    std::uint64_t from, std::size_t max_entries,
                                                    std::size_t max_bytes) override;
    Result<std::uint64_t> body_bytes(const PartnershipId& p, const StreamRef& stream,
                                     std::uint64_t first, std::uint64_t last) override;
    Result<std::optional<relay::AcceptanceRow>> acceptance(const PartnershipId& p,
                                                           const StreamRef& stream,
                                                           const DeviceId& device,
                                                           const MessageId& id) override;
    Result<std::optional<Bytes>> key_package(const PartnershipId& p, const DeviceId& device,
                                             const Digest& digest) override;
    Result<std::vector<relay::BlobRow>> blobs() override;
    Result<std::vector<relay::DueEntry>> due(std::uint64_t now_ms, std::size_t max) override;
    Result<std::optional<std::uint64_t>> code(const Digest& digest) override;
    Result<std::optional<std::uint64_t>> meta(std::string_view name) override;
    Result<void> check() override { return {}; }

private:
    struct Row {
        Header header;
        Bytes header_bytes;
        Digest previous;
        std::shared_ptr<const Bytes> body;  // null once it is gone
    };
    using Rows = std::map<std::uint64_t, Row>;
    struct Partnership {
        std::uint64_t created_ms = 0;
        std::map<StreamRef, Rows> streams;
        std::map<std::pair<StreamRef, DeviceId>, relay::ReaderRow> readers;
        struct Accepted {
            relay::AcceptanceRow row;
            std::uint64_t number = 0;  // in their order; a mailbox that was emptied counts anew
        };
        std::map<std::tuple<StreamRef, DeviceId, MessageId>, Accepted> acceptances;
        std::uint64_t accepted = 0;
        std::map<std::pair<DeviceId, Digest>, std::pair<relay::KeyPackageRow, Bytes>> packages;
        std::map<BlobId, relay::BlobRow> blobs;
        std::map<MessageId, std::shared_ptr<const Bytes>> shared;  // of the commit under way
        std::vector<relay::write::LeaseAccess> accesses;
    };

    void apply(const relay::write::Partnership& w);
    void apply(const relay::write::Entry& w);
    void apply(const relay::write::SharedBody& w);
    void apply(const relay::write::DropBodies& w);
    void apply(const relay::write::DropEntries& w);
    void apply(const relay::write::Reader& w);
    void apply(const relay::write::DropReader& w);
    void apply(const relay::write::DropDevice& w);
    void apply(const relay::write::Acceptance& w);
    void apply(const relay::write::KeyPackage& w);
    void apply(const relay::write::DropKeyPackage& w);
    void apply(const relay::write::Blob& w);
    void apply(const relay::write::DropBlob& w);
    void apply(const relay::write::LeaseAccess& w);
    void apply(const relay::write::Code& w);
    void apply(const relay::write::DropCode& w);
    void apply(const relay::write::Meta& w);
    void apply(const relay::write::Prune& w);
    [[nodiscard]] const Rows* rows(const PartnershipId& p, const StreamRef& stream) const;

    std::map<PartnershipId, Partnership> partnerships_;
    std::map<Digest, std::uint64_t> codes_;
    std::map<std::string, std::uint64_t, std::less<>> meta_;
};

}  // namespace huecry::sim
