#include "api/profile.hpp"

#include "domain/sync_store.hpp"
#include "store/key_file.hpp"

namespace huecry::api {
namespace {

constexpr auto key_name = "profile.key";
constexpr auto database_name = "profile.db";

store::Unlock unlock(const ProfileSecret& secret) {
    return {secret.passphrase.view(), secret.key.view()};
}

Result<void> write_settings(store::Database& db, const NewProfile& p) {
    domain::SyncStore store(db);
    HUECRY_TRY(store.set_setting("partnership", p.partnership.view()));
    HUECRY_TRY(store.set_setting("relay", view(p.relay.text())));
    HUECRY_TRY(store.set_setting("device_seed", p.device.seed.view()));
    HUECRY_TRY(store.set_setting("sealing_key", p.sealing_key.view()));
    if (p.root_seed) HUECRY_TRY(store.set_setting("root_seed", p.root_seed->view()));
    if (p.next_root_seed) HUECRY_TRY(store.set_setting("next_root_seed", p.next_root_seed->view()));
    return {};
}

/// Names and the agreement's key go through the projection, which knows their tables.
Result<void> write_said(store::Database& db, const NewProfile& p, crypto::Random& random) {
    domain::Clock clock(db, [] { return std::uint64_t{0}; }, [] { return std::uint64_t{0}; });
    domain::Projection projection(db, clock, random, p.device);
    for (const auto& name : p.names) {
        content::v1::NameRecord record;
        record.set_kind(name.kind);
        record.set_id(to_string(name.id));
        record.set_salt(to_string(name.salt));
        record.set_name(name.name);
        HUECRY_TRY(projection.keep_name(record));
    }
    if (p.document_key)
        HUECRY_TRY(projection.keep_agreement_key(p.agreement_version, p.agreement_blob,
                                                 p.document_key->view()));
    return {};
}

template <class IdType>
Result<IdType> id_setting(domain::SyncStore& store, std::string_view key) {
    HUECRY_TRY_ASSIGN(const auto value, store.setting(key));
    const auto id = value ? IdType::from(*value) : std::nullopt;
    if (!id) return Error{Errc::store_damaged, std::string(key)};
    return *id;
}

}  // namespace

Result<void> check_no_profile(const std::filesystem::path& folder) {
    std::error_code ec;
    if (std::filesystem::exists(folder / key_name, ec) ||
        std::filesystem::exists(folder / database_name, ec))
        return Error{Errc::profile_exists};
    return {};
}

void erase_profile(const std::filesystem::path& folder) {
    std::error_code ec;
    for (const auto* name : {"profile.db", "profile.db-wal", "profile.db-shm", "profile.key"})
        std::filesystem::remove(folder / name, ec);
    std::filesystem::remove(folder, ec);  // only when it is empty
}

Result<void> write_profile(const std::filesystem::path& folder, const ProfileSecret& secret,
                           const NewProfile& profile, crypto::Random& random) {
    HUECRY_TRY(check_no_profile(folder));
    std::error_code ec;
    std::filesystem::create_directories(folder, ec);
    if (ec) return Error{Errc::io_failed, "the profile's folder cannot be made"};
    std::filesystem::permissions(folder, std::filesystem::perms::owner_all, ec);
    const auto write = [&]() -> Result<void> {
        HUECRY_TRY_ASSIGN(const auto key,
                          store::create_key_file(folder / key_name, unlock(secret), random));
        HUECRY_TRY_ASSIGN(auto db, store::Database::create(folder / database_name, key));
        HUECRY_TRY_ASSIGN(auto transaction, db.begin());
        HUECRY_TRY(write_settings(db, profile));
        HUECRY_TRY(write_said(db, profile, random));
        return transaction.commit();
    };
    auto written = write();
    if (!written) erase_profile(folder);
    return written;
}

Result<Identified> read_self(store::Database& db) {
    domain::SyncStore store(db);
    domain::Self self;
    HUECRY_TRY_ASSIGN(self.partnership, id_setting<PartnershipId>(store, "partnership"));
    HUECRY_TRY_ASSIGN(const auto seed, store.setting("device_seed"));
    HUECRY_TRY_ASSIGN(const auto sealing, store.setting("sealing_key"));
    HUECRY_TRY_ASSIGN(const auto relay_text, store.setting("relay"));
    if (!seed || !sealing || !relay_text) return Error{Errc::store_damaged, "profile settings"};
    const SecretBytes wiped(*seed);
    self.sealing_key = SecretBytes(*sealing);
    self.key = std::make_shared<const SigningKey>(signing_key_from_seed(wiped.view()));
    auto mls_key = crypto::SigningKey::from_seed(wiped.view());
    if (!mls_key) return Error{Errc::store_damaged, "device key"};
    self.mls_key = std::move(*mls_key);
    self.device = device_id_of(self.key->public_key);
    HUECRY_TRY_ASSIGN(auto relay, RelayAddress::parse(to_string(*relay_text)));
    if (!relay.key) return Error{Errc::store_damaged, "relay address"};
    self.relay_key = *relay.key;
    return Identified{std::move(self), std::move(relay)};
}

Result<OpenProfile> open_profile(const std::filesystem::path& folder, const ProfileSecret& secret) {
    HUECRY_TRY(check_no_profile(folder).ok() ? Result<void>(Errc::no_profile) : Result<void>());
    HUECRY_TRY_ASSIGN(const auto key, store::open_key_file(folder / key_name, unlock(secret)));
    HUECRY_TRY_ASSIGN(auto db, store::Database::open(folder / database_name, key));
    HUECRY_TRY_ASSIGN(auto identified, read_self(db));
    return OpenProfile{std::move(db), std::move(identified.self), std::move(identified.relay)};
}

Result<void> change_profile_secret(const std::filesystem::path& folder, const ProfileSecret& now,
                                   const ProfileSecret& next, crypto::Random& random) {
    // Opening proves the passphrase and that no other process owns the profile.
    HUECRY_TRY(open_profile(folder, now));
    return store::change_key_file(folder / key_name, unlock(now), unlock(next), random);
}

}  // namespace huecry::api
