#include "domain/items.hpp"

#include "crypto/aead.hpp"

namespace huecry::domain {
namespace {

constexpr std::array<std::uint8_t, 12> only_use{};
constexpr std::string_view label = "huecry/1 item";

}  // namespace

Result<Items::Sealed> Items::seal(BytesView content) {
    const auto key = around_.random.secret(32);
    auto insert = around_.db.prepare("INSERT INTO item_key (secret) VALUES (?) RETURNING id");
    HUECRY_TRY_ASSIGN(const bool row, insert.bind(key.view()).step());
    if (!row) return Errc::internal;
    Sealed out;
    out.item = insert.integer(0);
    HUECRY_TRY(insert.run());
    out.bytes = crypto::chacha20_poly1305().seal(key.view(), only_use, view(label), content);
    return out;
}

Result<SecretBytes> Items::open(std::int64_t item, BytesView sealed) {
    auto read = around_.db.prepare("SELECT secret FROM item_key WHERE id = ?");
    HUECRY_TRY_ASSIGN(const bool row, read.bind(item).step());
    if (!row) return Errc::store_damaged;
    const SecretBytes key(read.blob(0));
    if (key.size() != 32) return Errc::store_damaged;
    auto content = crypto::chacha20_poly1305().open(key.view(), only_use, view(label), sealed);
    if (!content) return Errc::store_damaged;
    return std::move(*content);
}

Result<void> Items::erase(std::int64_t item) {
    return around_.db.prepare("DELETE FROM item_key WHERE id = ?").bind(item).run();
}

Result<void> Items::erase_all() { return around_.db.execute("DELETE FROM item_key"); }

}  // namespace huecry::domain
