#include "store/sqlcipher_store.hpp"

#include "store/migrations.hpp"
#include "store/store_parts.hpp"
#include "store/sync_times.hpp"

namespace huecry::relay {
namespace {

constexpr std::uint64_t page_bytes = 4096;  // SQLCipher 4's

/// Two connections to one file: commits on one, reads on the other, so that neither waits.
class SqlcipherStore final : public Store {
public:
    SqlcipherStore(std::unique_ptr<SyncTimes> times, std::unique_ptr<Database> writer,
                   std::unique_ptr<Database> reader, std::unique_ptr<AcceptanceIndex> acceptances)
        : times_(std::move(times)),
          writer_(std::move(writer)),
          reader_(std::move(reader)),
          acceptances_(std::move(acceptances)),
          write_(*writer_, *acceptances_),
          read_(*reader_, *acceptances_) {}

    Result<void> commit(std::span<const Write> writes) override {
        if (writes.empty()) return {};
        write_.begin();
        auto done = transaction(*writer_, [&]() -> Result<void> {
            for (const auto& w : writes) HUECRY_TRY(write_.apply(w));
            return write_.end();
        });
        if (done) {
            write_.committed();
        } else {
            write_.rolled_back();
        }
        return done;
    }
    Result<bool> truncate_log() override { return writer_->truncate_log(); }
    std::vector<std::uint64_t> take_sync_times() override { return times_->take(); }
    std::uint64_t reusable_bytes() override {
        auto q = writer_->query("PRAGMA freelist_count");
        const auto row = q.step();
        return row && *row ? q.number(0) * page_bytes : 0;
    }

    Result<std::vector<PartnershipId>> partnerships() override { return read_.partnerships(); }
    Result<PartnershipRows> load(const PartnershipId& p) override { return read_.load(p); }
    Result<std::uint64_t> body_bytes(const PartnershipId& p, const StreamRef& stream,
                                     std::uint64_t first, std::uint64_t last) override {
        return read_.body_bytes(p, stream, first, last);
    }
    Result<std::vector<StoredEntry>> entries(const PartnershipId& p, const StreamRef& stream,
                                             std::uint64_t from, std::size_t max_entries,
                                             std::size_t max_bytes) override {
        return read_.entries(p, stream, from, max_entries, max_bytes);
    }
    Result<std::optional<AcceptanceRow>> acceptance(const PartnershipId& p, const StreamRef& stream,
                                                    const DeviceId& device,
                                                    const MessageId& id) override {
        return read_.acceptance(p, stream, device, id);
    }
    Result<std::optional<Bytes>> key_package(const PartnershipId& p, const DeviceId& device,
                                             const Digest& digest) override {
        return read_.key_package(p, device, digest);
    }
    Result<std::vector<BlobRow>> blobs() override { return read_.blobs(); }
    Result<std::vector<DueEntry>> due(std::uint64_t now_ms, std::size_t max) override {
        return read_.due(now_ms, max);
    }
    Result<std::optional<std::uint64_t>> code(const Digest& digest) override {
        return read_.code(digest);
    }
    Result<std::optional<std::uint64_t>> meta(std::string_view name) override {
        return read_.meta(name);
    }
    Result<void> check() override {
        // After a power cut the file may hold half a page that the log holds whole.
        HUECRY_TRY_ASSIGN(const bool whole, reader_->truncate_log());
        if (!whole) return Errc::busy;
        return reader_->check();
    }

private:
    std::unique_ptr<SyncTimes> times_;
    std::unique_ptr<Database> writer_;
    std::unique_ptr<Database> reader_;
    std::unique_ptr<AcceptanceIndex> acceptances_;
    StoreWriter write_;
    StoreReader read_;
};

}  // namespace

Result<std::unique_ptr<Store>> open_sqlcipher_store(const std::filesystem::path& file,
                                                    BytesView key) {
    auto times = std::make_unique<SyncTimes>();
    HUECRY_TRY_ASSIGN(auto writer, Database::open(file, key, Database::Mode::writer, times->vfs()));
    HUECRY_TRY(migrate_store(*writer));
    HUECRY_TRY_ASSIGN(auto reader, Database::open(file, key, Database::Mode::reader));
    auto acceptances = std::make_unique<AcceptanceIndex>(key);
    HUECRY_TRY(acceptances->load(*reader));
    return std::unique_ptr<Store>(std::make_unique<SqlcipherStore>(
        std::move(times), std::move(writer), std::move(reader), std::move(acceptances)));
}

Result<std::string> dump_schema(const std::filesystem::path& file, BytesView key) {
    HUECRY_TRY_ASSIGN(auto db, Database::open(file, key, Database::Mode::reader));
    return schema_text(*db);
}

}  // namespace huecry::relay
