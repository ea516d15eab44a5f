#include "blobs/lease_store.hpp"

#include <sodium.h>

#include "huecry/wire/codec.hpp"
#include "store/database.hpp"
#include "store/migrations.hpp"

namespace huecry::relay {
namespace {

constexpr std::uint64_t day_ms = 86'400'000;
constexpr std::size_t nonce_size = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t tag_size = crypto_aead_xchacha20poly1305_ietf_ABYTES;

/// A share is good for its own row only.
Bytes associated(const Lease& l) {
    Writer w;
    w.opaque(view("huecry/1 lease")).raw(l.partnership.view()).raw(l.blob.view());
    w.raw(l.uploader.view()).u8(static_cast<std::uint8_t>(l.audience.kind)).raw(l.audience.id);
    w.u32(l.audience.incarnation).u64(l.expiry_ms);
    return w.take();
}

}  // namespace

LeaseStore::LeaseStore(std::unique_ptr<Database> writer, std::unique_ptr<Database> reader,
                       Random& random)
    : writer_(std::move(writer)), reader_(std::move(reader)), random_(random) {}
LeaseStore::~LeaseStore() = default;

Result<std::unique_ptr<LeaseStore>> LeaseStore::open(const std::filesystem::path& file,
                                                     BytesView key, Random& random) {
    HUECRY_TRY_ASSIGN(auto writer, Database::open(file, key, Database::Mode::writer));
    HUECRY_TRY(migrate_leases(*writer));
    HUECRY_TRY_ASSIGN(auto reader, Database::open(file, key, Database::Mode::reader));
    return std::unique_ptr<LeaseStore>(
        new LeaseStore(std::move(writer), std::move(reader), random));
}

Result<SecretBytes> LeaseStore::day_key(std::uint64_t day) {
    {
        auto q = writer_->query("SELECT key FROM day_key WHERE day = ?");
        HUECRY_TRY_ASSIGN(const bool row, q.bind(day).step());
        if (row) return SecretBytes(q.bytes(0));
    }
    SecretBytes key(32);
    random_.fill(key.span());
    auto q = writer_->query("INSERT INTO day_key (day, key) VALUES (?, ?)");
    HUECRY_TRY(q.bind(day).bind(key.view()).run());
    return key;
}

Result<void> LeaseStore::put(const Lease& lease) {
    if (lease.share.size() != 32) return Errc::invalid_argument;
    HUECRY_TRY_ASSIGN(const auto key, day_key(lease.expiry_ms / day_ms));
    std::array<std::uint8_t, nonce_size> nonce{};
    random_.fill(nonce);
    std::array<std::uint8_t, 32 + tag_size> sealed{};
    const auto ad = associated(lease);
    crypto_aead_xchacha20poly1305_ietf_encrypt(sealed.data(), nullptr, lease.share.view().data(),
                                               lease.share.size(), ad.data(), ad.size(), nullptr,
                                               nonce.data(), key.view().data());
    // The first share of a blob stays: a repeat changes nothing.
    auto q = writer_->query(
        "INSERT OR IGNORE INTO lease (partnership, blob, uploader, kind, stream, incarnation, "
        "expiry, nonce, sealed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
    q.bind(lease.partnership).bind(lease.blob).bind(lease.uploader);
    q.bind(static_cast<std::uint64_t>(lease.audience.kind)).bind(BytesView(lease.audience.id));
    q.bind(std::uint64_t{lease.audience.incarnation}).bind(lease.expiry_ms);
    return q.bind(BytesView(nonce)).bind(BytesView(sealed)).run();
}

Result<void> LeaseStore::commit(std::span<const Change> changes) {
    if (changes.empty()) return {};
    return transaction(*writer_, [&]() -> Result<void> {
        for (const auto& change : changes) {
            if (const auto* lease = std::get_if<Lease>(&change)) {
                HUECRY_TRY(put(*lease));
            } else if (const auto* drop = std::get_if<Drop>(&change)) {
                auto q = writer_->query("DELETE FROM lease WHERE partnership = ? AND blob = ?");
                HUECRY_TRY(q.bind(drop->partnership).bind(drop->blob).run());
            } else {
                const auto now = std::get<Expire>(change).now_ms;
                auto leases = writer_->query("DELETE FROM lease WHERE expiry <= ?");
                HUECRY_TRY(leases.bind(now).run());
                auto keys = writer_->query("DELETE FROM day_key WHERE day < ?");
                HUECRY_TRY(keys.bind(now / day_ms).run());
            }
        }
        return {};
    });
}

Result<bool> LeaseStore::truncate_log() { return writer_->truncate_log(); }

Result<std::optional<Lease>> LeaseStore::find(const PartnershipId& partnership,
                                              const BlobId& blob) {
    auto q = reader_->query(
        "SELECT l.uploader, l.kind, l.stream, l.incarnation, l.expiry, l.nonce, l.sealed, d.key "
        "FROM lease l LEFT JOIN day_key d ON d.day = l.expiry / 86400000 WHERE l.partnership = ? "
        "AND l.blob = ?");
    HUECRY_TRY_ASSIGN(const bool row, q.bind(partnership).bind(blob).step());
    if (!row) return std::optional<Lease>{};
    Lease lease;
    lease.partnership = partnership;
    lease.blob = blob;
    lease.uploader = q.id<DeviceId>(0);
    lease.audience.kind = static_cast<StreamKind>(q.number(1));
    const auto stream = q.bytes(2);
    if (stream.size() != 16) return Errc::store_damaged;
    std::copy(stream.begin(), stream.end(), lease.audience.id.begin());
    lease.audience.incarnation = static_cast<std::uint32_t>(q.number(3));
    lease.expiry_ms = q.number(4);
    const auto nonce = q.bytes(5);
    const auto sealed = q.bytes(6);
    const auto key = q.bytes(7);
    if (q.damaged() || nonce.size() != nonce_size || sealed.size() != 32 + tag_size ||
        key.size() != 32)
        return Errc::store_damaged;
    lease.share = SecretBytes(32);
    const auto ad = associated(lease);
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(lease.share.span().data(), nullptr, nullptr,
                                                   sealed.data(), sealed.size(), ad.data(),
                                                   ad.size(), nonce.data(), key.data()) != 0)
        return Errc::store_damaged;
    return std::optional(std::move(lease));
}

Result<std::size_t> LeaseStore::due(std::uint64_t now_ms) {
    auto q = reader_->query("SELECT count(*) FROM lease WHERE expiry <= ?");
    HUECRY_TRY_ASSIGN(const bool row, q.bind(now_ms).step());
    return row ? static_cast<std::size_t>(q.number(0)) : std::size_t{0};
}

}  // namespace huecry::relay
