#include "domain/key_stock.hpp"

#include "huecry/wire/join_info.hpp"

namespace huecry::domain {

Result<mls::NewKeyPackage> KeyStock::make(bool last_resort) {
    const auto now_s = context_.clock.now_ms() / 1000;
    mls::KeyPackageOptions options{
        .leaf = {.identity = credential_identity(context_.self.partnership, context_.self.device)},
        // An hour back, for clocks that are behind.
        .lifetime = {now_s - 3600, now_s + limits::key_package_days * 86400},
        .last_resort = last_resort,
    };
    HUECRY_TRY_ASSIGN(auto made, mls::make_key_package(context_.mls(), options));
    const auto secrets = made.secrets.save();
    HUECRY_TRY(
        store_.add_key_package({made.ref, made.message, to_bytes(secrets.view()), last_resort},
                               options.lifetime.not_after * 1000));
    return made;
}

Result<void> KeyStock::add(bool last_resort) {
    HUECRY_TRY(make(last_resort));
    return {};
}

Result<Bytes> KeyStock::for_rejoin() {
    HUECRY_TRY_ASSIGN(auto made, make(false));
    HUECRY_TRY(store_.set_key_package_uploaded(made.ref));
    return std::move(made.message);
}

Result<std::optional<v1::PutKeyPackages>> KeyStock::refill(std::uint32_t left,
                                                           bool has_last_resort) {
    HUECRY_TRY_ASSIGN(auto transaction, context_.db.begin());
    HUECRY_TRY(store_.erase_key_packages_before(context_.clock.erase_time()));
    HUECRY_TRY_ASSIGN(const auto kept, store_.key_packages());
    // A relay that loses them again and again gets no more.
    if (kept.size() > 10 * limits::key_package_stock) return std::optional<v1::PutKeyPackages>{};
    HUECRY_TRY_ASSIGN(auto waiting, store_.key_packages_not_uploaded());
    bool last_resort = has_last_resort;
    std::size_t stock = left;
    for (const auto& one : waiting) {
        if (one.last_resort)
            last_resort = true;
        else
            ++stock;
    }
    if (stock < limits::key_package_stock / 2)
        for (; stock < limits::key_package_stock; ++stock) HUECRY_TRY(add(false));
    if (!last_resort) HUECRY_TRY(add(true));
    HUECRY_TRY_ASSIGN(waiting, store_.key_packages_not_uploaded());
    HUECRY_TRY(transaction.commit());
    if (waiting.empty()) return std::optional<v1::PutKeyPackages>{};
    v1::PutKeyPackages out;
    for (const auto& one : waiting) {
        if (one.last_resort)
            out.set_last_resort(to_string(one.message));
        else
            out.add_packages(to_string(one.message));
    }
    return std::optional<v1::PutKeyPackages>(std::move(out));
}

Result<void> KeyStock::uploaded() { return store_.set_key_packages_uploaded(); }

}  // namespace huecry::domain
