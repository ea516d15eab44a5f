#include "domain/alerts.hpp"

// What opens an alert's photos.
namespace huecry::domain {

Result<Projection::PhotoKey> Alerts::photo_key(std::int64_t number, std::size_t photo) {
    auto row = around_.db.prepare(
        "SELECT item, sealed, expiry_ms FROM photo WHERE alert = ? AND number = ?");
    HUECRY_TRY_ASSIGN(const bool known,
                      row.bind(number).bind(static_cast<std::uint64_t>(photo)).step());
    if (!known) return Error{Errc::not_found, "the alert has no photo with this number"};
    Projection::PhotoKey out;
    out.expiry_ms = row.unsigned_integer(2);
    if (row.is_null(0) || out.expiry_ms <= around_.clock.hide_time()) return Errc::photo_gone;
    HUECRY_TRY_ASSIGN(const auto content, items_.open(row.integer(0), row.blob(1)));
    content::v1::Photo body;
    if (!body.ParseFromArray(content.view().data(), static_cast<int>(content.size())))
        return Errc::store_damaged;
    const auto blob = id_in<BlobId>(body.blob());
    const auto share_hash = id_in<Digest>(body.share_hash());
    const auto digest = id_in<Digest>(body.digest());
    if (!blob || !share_hash || !digest) return Errc::store_damaged;
    out.blob = *blob;
    out.secret = SecretBytes(view(body.secret()));
    out.share_hash = *share_hash;
    out.digest = *digest;
    out.size = body.size();
    return out;
}

}  // namespace huecry::domain
