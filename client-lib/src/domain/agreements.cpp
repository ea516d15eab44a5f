#include "domain/agreements.hpp"

#include "huecry/directory/document_key.hpp"
#include "huecry/limits.hpp"

namespace huecry::domain {

std::uint32_t Agreements::current() const {
    return around_.directory && around_.directory->agreement()
               ? around_.directory->agreement()->version
               : 0;
}

Result<std::vector<Agreements::Candidate>> Agreements::candidates(std::uint32_t version) {
    std::vector<Candidate> out;
    auto rows = around_.db.prepare(
        "SELECT blob, secret FROM agreement_key WHERE version = ? ORDER BY rowid");
    rows.bind(version);
    for (;;) {
        HUECRY_TRY_ASSIGN(const bool row, rows.step());
        if (!row) return out;
        out.push_back({id_at<BlobId>(rows, 0), SecretBytes(rows.blob(1))});
    }
}

Result<std::optional<std::string>> Agreements::text(std::uint32_t version) {
    auto row = around_.db.prepare("SELECT text FROM agreement_text WHERE version = ?");
    HUECRY_TRY_ASSIGN(const bool known, row.bind(version).step());
    if (!known) return std::optional<std::string>{};
    return std::optional(row.text(0));
}

std::optional<SecretBytes> Agreements::proved(const std::vector<Candidate>& keys,
                                              std::string_view text) {
    for (const auto& candidate : keys)
        if (directory::document_digest(candidate.key, text) ==
            around_.directory->agreement()->text_digest)
            return candidate.key.clone();
    return std::nullopt;
}

Result<void> Agreements::keep_key(std::uint32_t version, const BlobId& blob, BytesView key) {
    if (key.size() != directory::document_key_size || version == 0)
        return Error{Errc::invalid_argument, "an agreement's key"};
    // The key may come before the directory's entry, but not long before.
    if (around_.directory && (version < current() || version > current() + 1)) return {};
    HUECRY_TRY_ASSIGN(const auto known, candidates(version));
    if (known.size() >= max_keys) return {};
    return around_.db
        .prepare(
            "INSERT INTO agreement_key (version, blob, secret) VALUES (?, ?, ?) "
            "ON CONFLICT DO NOTHING")
        .bind(version)
        .bind(blob.view())
        .bind(key)
        .run();
}

Result<void> Agreements::keep_text(std::uint32_t version, std::string_view text) {
    if (text.size() > limits::max_agreement) return Errc::too_large;
    if (version < current() || version == 0) return {};
    if (version == current()) {
        HUECRY_TRY_ASSIGN(const auto keys, candidates(version));
        const auto key = proved(keys, text);
        if (!key) return Error{Errc::digest_mismatch, "the agreement's text"};
        HUECRY_TRY(around_.db.prepare("DELETE FROM agreement_key WHERE version = ? AND secret <> ?")
                       .bind(version)
                       .bind(key->view())
                       .run());
    }
    return around_.db
        .prepare(
            "INSERT INTO agreement_text (version, text) VALUES (?, ?) "
            "ON CONFLICT (version) DO UPDATE SET text = excluded.text")
        .bind(version)
        .bind(text)
        .run();
}

Result<void> Agreements::recheck() {
    const auto version = current();
    HUECRY_TRY(
        around_.db.prepare("DELETE FROM agreement_key WHERE version < ?").bind(version).run());
    HUECRY_TRY(
        around_.db.prepare("DELETE FROM agreement_text WHERE version < ?").bind(version).run());
    // A text that was kept before its entry came is checked now.
    HUECRY_TRY_ASSIGN(const auto kept, text(version));
    if (!kept) return {};
    HUECRY_TRY_ASSIGN(const auto keys, candidates(version));
    if (proved(keys, *kept)) return {};
    return around_.db.prepare("DELETE FROM agreement_text WHERE version = ?").bind(version).run();
}

Result<void> Agreements::erase_all() {
    HUECRY_TRY(around_.db.execute("DELETE FROM agreement_key"));
    return around_.db.execute("DELETE FROM agreement_text");
}

std::optional<Projection::AgreementKey> Agreements::to_fetch() {
    const auto version = current();
    if (version == 0) return std::nullopt;
    const auto kept = text(version);
    if (!kept || *kept) return std::nullopt;
    auto keys = candidates(version);
    if (!keys) return std::nullopt;
    std::erase_if(*keys, [&](const Candidate& candidate) {
        return candidate.blob != around_.directory->agreement()->blob;
    });
    if (keys->empty()) return std::nullopt;
    auto& next = (*keys)[turn_++ % keys->size()];
    return Projection::AgreementKey{version, next.blob, std::move(next.key)};
}

std::optional<SecretBytes> Agreements::key(std::uint32_t version) {
    auto keys = candidates(version);
    if (!keys || keys->empty()) return std::nullopt;
    if (version == current())
        if (const auto kept = text(version); kept && *kept)
            if (auto key = proved(*keys, **kept)) return key;
    return std::move(keys->front().key);
}

AgreementInfo Agreements::info() {
    AgreementInfo out;
    out.version = current();
    if (out.version == 0) return out;
    const auto& agreement = *around_.directory->agreement();
    out.published_ms = agreement.published_ms;
    out.deadline_ms = agreement.deadline_ms;
    if (const auto kept = text(out.version); kept && *kept) out.text = **kept;
    const auto* member = around_.directory->member_of(around_.self);
    out.accepted_by_me = member && member->accepted_version == out.version;
    return out;
}

}  // namespace huecry::domain
