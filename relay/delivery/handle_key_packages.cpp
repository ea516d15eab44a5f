#include <algorithm>

#include "delivery/core_impl.hpp"
#include "delivery/private_message.hpp"
#include "huecry/limits.hpp"

// The stock of key packages: filled by its device, each handed out once.
namespace huecry::relay {
namespace {

void count(const std::vector<KeyPackageRow>& stock, v1::KeyPackageCount& out) {
    for (const auto& row : stock) {
        if (row.last_resort) {
            out.set_has_last_resort(true);
        } else {
            out.set_left(out.left() + 1);
        }
    }
}

}  // namespace

void CoreImpl::tell_low_stock(PartnershipState& p, const DeviceId& device) {
    auto* c = device_connection(p.id, device);
    if (c == nullptr) return;
    v1::Frame frame;
    count(p.packages[device], *frame.mutable_key_package_count());
    if (frame.key_package_count().left() < limits::key_package_stock / 2) send(*c, frame);
}

void CoreImpl::handle_put_key_packages(Connection& c, std::uint64_t request,
                                       const v1::PutKeyPackages& put) {
    if (draining_) return refuse(c, request, {Errc::draining});
    auto& p = *partnership(c.who->partnership);
    const auto device = c.who->device;
    if (auto refused = rate(p, device, &DeviceLimits::requests, limits::submissions_per_minute))
        return refuse(c, request, *refused);
    auto& stock = p.packages[device];
    const auto ready =
        std::count_if(stock.begin(), stock.end(), [](const auto& row) { return !row.last_resort; });
    std::size_t added = 0;
    for (const auto& package : put.packages()) {
        if (package.size() > limits::max_key_package) return refuse(c, request, {Errc::too_large});
        if (!has_format(view(package), MlsFormat::key_package))
            return refuse(c, request, {Errc::mls_malformed});
        const auto digest = sha256(view(package));
        if (std::none_of(stock.begin(), stock.end(),
                         [&](const auto& row) { return row.digest == digest; }))
            ++added;
    }
    if (static_cast<std::size_t>(ready) + added > limits::key_package_stock)
        return refuse(c, request, {Errc::quota_exceeded});
    if (put.last_resort().size() > limits::max_key_package)
        return refuse(c, request, {Errc::too_large});
    if (!put.last_resort().empty() && !has_format(view(put.last_resort()), MlsFormat::key_package))
        return refuse(c, request, {Errc::mls_malformed});

    const auto add = [&](const std::string& package, bool last_resort) {
        const KeyPackageRow row{device, sha256(view(package)), last_resort};
        if (last_resort) std::erase_if(stock, [](const auto& r) { return r.last_resort; });
        for (const auto& other : stock)
            if (other.digest == row.digest) return;
        stock.push_back(row);
        current_->writes.emplace_back(write::KeyPackage{p.id, row, to_bytes(view(package))});
    };
    for (const auto& package : put.packages()) add(package, false);
    if (!put.last_resort().empty()) add(put.last_resort(), true);
    current_->touched.insert(p.id);
    auto& later = answer_later(c, request);
    count(stock, *later.frame.mutable_key_package_count());
}

void CoreImpl::handle_take_key_packages(Connection& c, std::uint64_t request,
                                        const v1::TakeKeyPackages& take) {
    const auto ref = stream_from(take.channel());
    auto& p = *partnership(c.who->partnership);
    if (!ref || ref->kind != StreamKind::channel)
        return refuse(c, request, {Errc::invalid_argument});
    if (static_cast<std::uint64_t>(take.devices_size()) > limits::max_welcome_devices)
        return refuse(c, request, {Errc::too_large});
    if (auto refused =
            rate(p, c.who->device, &DeviceLimits::requests, limits::submissions_per_minute))
        return refuse(c, request, *refused);
    if (!subscribes(*c.who, *ref)) return refuse(c, request, {Errc::not_permitted});
    const auto* known = p.find(*ref);
    if (known == nullptr) return refuse(c, request, {Errc::not_permitted});
    const auto& s = *known;
    const auto self = s.readers.find(c.who->device);
    if (self == s.readers.end() || !self->second.member)
        return refuse(c, request, {Errc::not_permitted});
    const auto now = parts_.clock.steady_ms();
    v1::Frame frame;
    auto& out = *frame.mutable_key_packages();
    for (const auto& wanted : take.devices()) {
        const auto device = DeviceId::from(view(wanted));
        if (!device) return refuse(c, request, {Errc::bad_frame});
        if (*device == c.who->device || !p.directory.reads(*device, ChannelId(ref->id))) continue;
        // An ordinary one that nobody holds; then the one of last resort.
        const KeyPackageRow* chosen = nullptr;
        for (const auto& row : p.packages[*device]) {
            const auto held = p.reservations.find({*device, row.digest});
            const bool free = held == p.reservations.end() || held->second.until_steady_ms <= now ||
                              (held->second.by == c.who->device && held->second.channel == *ref);
            if (row.last_resort ? chosen == nullptr
                                : free && (chosen == nullptr || chosen->last_resort))
                chosen = &row;
        }
        if (chosen == nullptr) continue;
        const auto package = parts_.store.key_package(p.id, *device, chosen->digest);
        if (!package) return refuse(c, request, {package.error().code});
        if (!*package) continue;  // on its way to the disk
        if (!chosen->last_resort)
            p.reservations[{*device, chosen->digest}] = {c.who->device, *ref,
                                                         now + limits::reservation_s * 1000};
        auto& one = *out.add_packages();
        one.set_device(wanted);
        one.set_package(to_string(**package));
        one.set_last_resort(chosen->last_resort);
    }
    answer(c, request, std::move(frame));
}

}  // namespace huecry::relay
